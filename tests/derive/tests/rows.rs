//! Structs of a person's own as rows of SQLite tables.

#![allow(clippy::unwrap_used, reason = "tests")]

use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::types::{Date, Json, Numeric, PgEnum, Timestamptz, Uuid};
use oosync_runtime::{Error, Row, Syncable};

/// A database with the table of `R`.
fn database<R: Row>() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(R::TABLE.ddl).unwrap();
    connection
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// All that a new row needs, and a bit more.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(table = "notes", insert)]
struct Note {
    id: Uuid,
    user_id: Uuid,
    title: String,
    body: Option<String>,
    stars: i32,
    due_on: Option<Date>,
    created_at: Timestamptz,
    tags: Vec<String>,
    options: Option<Json>,
    mood: String,
}

impl Note {
    fn new(number: u128) -> Self {
        Self {
            id: id(number),
            user_id: id(9),
            title: "Hedge".to_owned(),
            body: None,
            stars: 3,
            due_on: Date::from_ymd(2027, 3, 1),
            created_at: "2026-01-02 03:04:05+00".parse().unwrap(),
            tags: vec!["a".to_owned(), "b,\"c".to_owned()],
            options: Some(Json::from_raw("{\"size\": 2}").unwrap()),
            mood: "sad".to_owned(),
        }
    }
}

#[test]
fn a_whole_struct_is_inserted_and_read_again() -> Result<(), Error> {
    let connection = database::<Note>();
    let note = Note::new(1);
    assert_eq!(note.insert(&connection)?, note);
    assert_eq!(Note::get(&connection, &id(1))?, Some(note.clone()));
    assert_eq!(Note::get(&connection, &id(2))?, None);
    let longer = Note { body: Some("more".to_owned()), ..note };
    assert_eq!(longer.upsert(&connection)?, longer);
    assert_eq!(Note::all(&connection)?, [longer]);
    Ok(())
}

/// Some columns, in an order of their own, under names of their own.
#[derive(Debug, PartialEq, Syncable)]
#[syncable(table = "notes")]
struct Line {
    #[syncable(column = "stars")]
    rating: i64,
    #[syncable(skip)]
    selected: bool,
    title: String,
    id: Uuid,
}

#[test]
fn a_part_of_a_row_is_read_updated_and_deleted_by_key() -> Result<(), Error> {
    let connection = database::<Note>();
    let note = Note::new(1).insert(&connection)?;
    Note::new(2).insert(&connection)?;
    let mut line = Line::get(&connection, &id(1))?.unwrap();
    assert_eq!(line, Line { rating: 3, selected: false, title: "Hedge".to_owned(), id: id(1) });

    line.title = "Lawn".to_owned();
    line.selected = true;
    assert!(line.update(&connection)?);
    let changed = Note { title: "Lawn".to_owned(), ..note };
    assert_eq!(Note::get(&connection, &id(1))?.unwrap(), changed, "columns it does not have stay");

    assert!(Line::delete(&connection, &line.key())?);
    assert!(!Line::delete(&connection, &line.key())?);
    assert!(!line.update(&connection)?);
    assert_eq!(Line::query().count(&connection)?, 1);
    Ok(())
}

/// Without the whole key a struct is a row that can be read.
#[derive(Debug, PartialEq, Syncable)]
#[syncable(table = "notes")]
struct Title {
    title: String,
}

#[test]
fn a_struct_without_the_key_can_be_read() -> Result<(), Error> {
    let connection = database::<Note>();
    Note::new(1).insert(&connection)?;
    assert_eq!(Title::all(&connection)?, [Title { title: "Hedge".to_owned() }]);
    Ok(())
}

/// What a new row needs and nothing else: the rest are defaults.
#[derive(Debug, PartialEq, Syncable)]
#[syncable(table = "notes", insert)]
struct Draft {
    id: Uuid,
    user_id: Uuid,
    title: String,
}

#[test]
fn a_new_row_has_defaults_where_the_struct_has_nothing() -> Result<(), Error> {
    let connection = database::<Note>();
    Draft { id: id(1), user_id: id(9), title: "x".to_owned() }.insert(&connection)?;
    let note = Note::get(&connection, &id(1))?.unwrap();
    assert_eq!((note.stars, note.tags.len(), note.mood.as_str(), note.body), (0, 0, "happy", None));
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(table = "stock", insert)]
struct Stock {
    amount: i64,
    item: i32,
    user_id: Uuid,
    place: String,
}

#[test]
fn a_key_of_several_columns_is_a_tuple_in_the_order_of_the_key() -> Result<(), Error> {
    let connection = database::<Stock>();
    let stock = Stock { amount: 4, item: 7, user_id: id(9), place: "shed".to_owned() };
    stock.insert(&connection)?;
    let key: (String, i32) = stock.key();
    assert_eq!(key, ("shed".to_owned(), 7));
    assert_eq!(Stock::get(&connection, &key)?, Some(stock.clone()));
    assert_eq!(Stock::get(&connection, &("shed".to_owned(), 8))?, None);
    assert!(Stock { amount: 5, ..stock }.update(&connection)?);
    assert_eq!(Stock::get(&connection, &key)?.unwrap().amount, 5);
    assert!(Stock::delete(&connection, &key)?);
    Ok(())
}

/// Renamed one by one, since the columns of a table have one style, and these have all.
mod styles {
    use super::*;

    #[derive(Syncable)]
    #[syncable(table = "\"Styles\"", insert)]
    pub(super) struct All {
        #[syncable(column = "rowId")]
        pub(super) id: i64,
        pub(super) user_id: Uuid,
        #[syncable(column = "firstName")]
        pub(super) first: String,
        #[syncable(column = "LastName")]
        pub(super) last: String,
        #[syncable(column = "MIDDLE_NAME")]
        pub(super) middle: String,
        #[syncable(column = "nick-name")]
        pub(super) nick: String,
        pub(super) surname: String,
        #[syncable(column = "TITLE")]
        pub(super) title: String,
        pub(super) r#type: String,
    }

    macro_rules! style {
        ($name:ident $style:literal $field:ident) => {
            #[derive(Syncable)]
            #[syncable(table = "Styles", rename_all = $style)]
            pub(super) struct $name {
                pub(super) $field: String,
            }
        };
    }

    style! { Camel "camelCase" first_name }
    style! { Pascal "PascalCase" last_name }
    style! { Screaming "SCREAMING_SNAKE_CASE" middle_name }
    style! { Kebab "kebab-case" nick_name }
    style! { Lower "lowercase" surname }
    style! { Upper "UPPERCASE" title }
    style! { Snake "snake_case" r#type }
}

#[test]
fn fields_are_renamed_in_every_style() -> Result<(), Error> {
    let connection = database::<styles::All>();
    let all = styles::All {
        id: 1,
        user_id: id(9),
        first: "camel".to_owned(),
        last: "pascal".to_owned(),
        middle: "screaming".to_owned(),
        nick: "kebab".to_owned(),
        surname: "lower".to_owned(),
        title: "upper".to_owned(),
        r#type: "snake".to_owned(),
    };
    all.insert(&connection)?;
    assert_eq!(styles::Camel::all(&connection)?[0].first_name, "camel");
    assert_eq!(styles::Pascal::all(&connection)?[0].last_name, "pascal");
    assert_eq!(styles::Screaming::all(&connection)?[0].middle_name, "screaming");
    assert_eq!(styles::Kebab::all(&connection)?[0].nick_name, "kebab");
    assert_eq!(styles::Lower::all(&connection)?[0].surname, "lower");
    assert_eq!(styles::Upper::all(&connection)?[0].title, "upper");
    assert_eq!(styles::Snake::all(&connection)?[0].r#type, "snake");
    let all = styles::All::get(&connection, &1)?.unwrap();
    assert_eq!((all.id, all.first.as_str(), all.last.as_str()), (1, "camel", "pascal"));
    assert_eq!((all.middle.as_str(), all.nick.as_str(), all.user_id), ("screaming", "kebab", id(9)));
    assert_eq!((all.surname.as_str(), all.title.as_str(), all.r#type.as_str()), ("lower", "upper", "snake"));
    Ok(())
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Options {
    size: u32,
}

#[derive(Debug, Clone, PartialEq)]
enum Mood {
    Happy,
    Sad,
    Unknown(String),
}

impl PgEnum for Mood {
    const NAME: &'static str = "public.mood";

    fn as_label(&self) -> &str {
        match self {
            Self::Happy => "happy",
            Self::Sad => "sad",
            Self::Unknown(label) => label,
        }
    }

    fn from_label(label: &str) -> Self {
        match label {
            "happy" => Self::Happy,
            "sad" => Self::Sad,
            label => Self::Unknown(label.to_owned()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct NoteId(Uuid);

mod note_id {
    use oosync_runtime::sql;
    use oosync_runtime::types::Uuid;
    use oosync_runtime::{Field, Value, ValueError};

    use super::NoteId;

    pub(super) fn decode(value: Value<'_>) -> Result<NoteId, ValueError> {
        <Uuid as Field<sql::Uuid>>::decode(value).map(NoteId)
    }

    pub(super) fn encode(id: &NoteId) -> Result<Value<'_>, ValueError> {
        <Uuid as Field<sql::Uuid>>::encode(&id.0)
    }
}

/// Types of a person's own, also as the key.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(table = "notes")]
struct Typed {
    #[syncable(with = "note_id")]
    id: NoteId,
    options: Option<Json<Options>>,
    mood: Mood,
    tags: Vec<Option<String>>,
}

#[test]
fn types_of_a_persons_own_are_fields_and_keys() -> Result<(), Error> {
    let connection = database::<Note>();
    Note::new(1).insert(&connection)?;
    let mut typed = Typed::get(&connection, &NoteId(id(1)))?.unwrap();
    assert_eq!(typed.options.as_ref().unwrap().get().unwrap(), Options { size: 2 });
    assert_eq!(typed.mood, Mood::Sad);
    typed.options = Some(Json::new(&Options { size: 3 }).unwrap());
    typed.mood = Mood::Unknown("curious".to_owned());
    typed.tags.push(None);
    assert!(typed.update(&connection)?);
    assert_eq!(Typed::get(&connection, &typed.key())?, Some(typed));
    Ok(())
}

#[test]
fn a_value_that_has_no_place_in_a_field_is_an_error_that_names_the_column() -> Result<(), Error> {
    let connection = database::<Note>();
    Note::new(1).insert(&connection)?;
    let mut typed = Typed::get(&connection, &NoteId(id(1)))?.unwrap();
    typed.tags.push(None);
    typed.update(&connection)?;
    let error = Note::get(&connection, &id(1)).unwrap_err().to_string();
    assert_eq!(error, "notes.tags is null, and an element cannot be");
    Ok(())
}

/// Types of other crates are written as they are; their features are on here.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(table = "shapes")]
struct Foreign {
    id: Uuid,
    a_numeric: oosync_runtime::rust_decimal::Decimal,
    a_timestamptz: oosync_runtime::chrono::DateTime<oosync_runtime::chrono::Utc>,
    a_timestamp: oosync_runtime::jiff::civil::DateTime,
    a_date: oosync_runtime::time::Date,
    a_time: oosync_runtime::chrono::NaiveTime,
}

#[derive(Syncable)]
#[syncable(table = "shapes")]
struct Own {
    id: Uuid,
    a_numeric: Numeric,
    a_timestamptz: Timestamptz,
}

#[test]
fn types_of_other_crates_are_fields() -> Result<(), Error> {
    let connection = database::<Foreign>();
    let names = Foreign::TABLE.columns.iter().map(|column| format!("\"{}\"", column.name));
    let values = Foreign::TABLE.columns.iter().map(|column| match column.name {
        "id" => "X'00000000000000000000000000000001'",
        "a_numeric" => "'12.50'",
        "a_timestamptz" => "'2026-01-02 03:04:05.000000+00:00'",
        "a_timestamp" => "'2026-01-02 03:04:05.000000'",
        "a_date" => "'2026-01-02'",
        "a_time" => "'03:04:05.000000'",
        "user_id" | "a_bytea" => "X''",
        name if connection_takes_number(name) => "1",
        _ => "''",
    });
    let (names, values): (Vec<_>, Vec<_>) = (names.collect(), values.collect());
    let insert = format!("INSERT INTO shapes ({}) VALUES ({})", names.join(", "), values.join(", "));
    connection.execute(&insert, []).unwrap();

    let foreign = Foreign::get(&connection, &id(1))?.unwrap();
    assert_eq!(foreign.a_numeric.to_string(), "12.50");
    assert_eq!(foreign.a_timestamptz.timestamp(), 1_767_323_045);
    assert_eq!(foreign.a_timestamp.to_string(), "2026-01-02T03:04:05");
    assert_eq!(foreign.a_date.ordinal(), 2);
    let later =
        Foreign { a_timestamptz: foreign.a_timestamptz + std::time::Duration::from_secs(1), ..foreign };
    assert!(later.update(&connection)?);
    let own = Own::get(&connection, &later.id)?.unwrap();
    assert_eq!(own.a_timestamptz.to_string(), "2026-01-02 03:04:06.000000+00:00");
    assert_eq!((own.id, own.a_numeric.to_string().as_str()), (id(1), "12.50"));
    Ok(())
}

fn connection_takes_number(column: &str) -> bool {
    [
        "a_boolean",
        "a_smallint",
        "an_integer",
        "a_bigint",
        "an_oid",
        "a_real",
        "a_double",
        "a_money",
        "a_percent",
    ]
    .contains(&column)
}
