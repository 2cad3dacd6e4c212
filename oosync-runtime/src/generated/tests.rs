//! A table as its module says it, and what the runtime makes of that.

use super::{Pass, Record, debug_insert, debug_row, same};
use crate::row::{Insert, Row, RowReader, RowWriter, Syncable};
use crate::schema::{Access, Column, ColumnDefault, ColumnType, Conflict, Owner, Push, Rules, Table};
use crate::{Defaulted, Error, RowSource, ServerFilled, Value, ValueError, sql};

const fn column(name: &'static str, ty: ColumnType, nullable: bool) -> Column {
    Column { name, ty, nullable, default: ColumnDefault::None, access: Access::PLAIN }
}

static TABLE: Table = Table {
    pg_schema: "public",
    pg_name: "readings",
    name: "readings",
    columns: &[
        column("id", ColumnType::Int8, false),
        column("value", ColumnType::Float8, false),
        column("unit", ColumnType::Text, true),
        column("number", ColumnType::Int4, true),
    ],
    primary_key: &[0],
    foreign_keys: &[],
    rules: Rules {
        owner: Owner::Everyone,
        bucket: None,
        push: Push::Disabled,
        deny_delete: false,
        confirmed: false,
        conflict: Conflict::ServerWins,
        created: None,
        updated: None,
        deleted: None,
        conflict_target: &[0],
        order: 1,
        change_category: None,
        normalize_datetime: &[],
    },
    ddl: "",
};

/// As it would be of a table that is too long for one list.
type SqlTypes = sql::Groups<((sql::Int8, sql::Float8), (sql::Nullable<sql::Text>, sql::Nullable<sql::Int4>))>;

struct Reading {
    id: i64,
    value: f64,
    unit: Option<String>,
    number: Option<i32>,
}

impl Record for Reading {
    const TABLE: &'static Table = &TABLE;
    type Key = i64;

    fn read(row: &mut RowReader<'_>) -> Result<Self, Error> {
        match row.take_all::<_, SqlTypes>() {
            Ok(((id, value), (unit, number))) => Ok(Self { id, value, unit, number }),
            Err(error) => Err(error),
        }
    }

    fn key(&self) -> i64 {
        self.id
    }

    fn write_key<'v>(key: &'v i64, row: &mut RowWriter<'v>) {
        row.put::<sql::Int8, _>(0, key);
    }

    fn pass<'v>(&'v self, other: &'v Self, pass: Pass<'_, 'v>) {
        pass.fields::<SqlTypes, _>(
            ((&self.id, &self.value), (&self.unit, &self.number)),
            ((&other.id, &other.value), (&other.unit, &other.number)),
        );
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        debug_row(self, "Reading", f)
    }
}

/// The number is not null in Postgres, which fills it.
struct ReadingInsert {
    id: Defaulted<i64>,
    unit: Option<String>,
    number: ServerFilled<i32>,
}

impl Insert for ReadingInsert {
    type Row = Reading;

    fn write<'v>(&'v self, row: &mut RowWriter<'v>) {
        row.put_all::<SqlTypes, _, _>(((&self.id, ()), (&self.unit, &self.number)));
    }
}

impl std::fmt::Debug for ReadingInsert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        debug_insert(self, "ReadingInsert", f)
    }
}

/// The values of a row, as a query gives them.
struct Source(Vec<Value<'static>>);

impl RowSource for Source {
    fn value(&self, place: usize) -> Result<Value<'_>, ValueError> {
        self.0.as_slice().value(place)
    }
}

fn reading(value: f64) -> Reading {
    Reading { id: 7, value, unit: Some("K".to_owned()), number: None }
}

#[test]
fn a_row_is_written_and_read_again() {
    let row = reading(1.5);
    let mut writer = RowWriter::new(&TABLE);
    Syncable::write(&row, &mut writer);
    let values = writer.into_values().unwrap();
    let places: Vec<usize> = values.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, Reading::COLUMNS);
    let values = values.into_iter().map(|(_, value)| value.into_owned()).collect();
    let source = Source(values);
    let again = <Reading as Row>::read(&mut RowReader::new::<Reading>(&source)).unwrap();
    assert!(same(&row, &again));
}

#[test]
fn rows_are_equal_where_all_their_fields_are() {
    assert!(same(&reading(0.0), &reading(-0.0)));
    assert!(!same(&reading(0.0), &reading(1.0)));
    assert!(!same(&reading(f64::NAN), &reading(f64::NAN)), "as fields of this type are");
    assert!(!same(&reading(0.0), &Reading { unit: None, ..reading(0.0) }));
}

#[test]
fn a_row_is_shown_as_its_fields_show_themselves() {
    assert_eq!(
        format!("{:?}", reading(1.0)),
        r#"Reading { id: 7, value: 1.0, unit: Some("K"), number: None }"#
    );
}

#[test]
fn a_form_writes_what_it_has_in_the_columns_they_are_of() {
    let form = ReadingInsert { id: Defaulted::Default, unit: None, number: ServerFilled::Value(3) };
    let mut writer = RowWriter::new(&TABLE);
    form.write(&mut writer);
    assert_eq!(writer.into_values().unwrap(), [(2, Value::Null), (3, Value::Integer(3))]);
    assert_eq!(format!("{form:?}"), "ReadingInsert { unit: None, number: 3 }");
}
