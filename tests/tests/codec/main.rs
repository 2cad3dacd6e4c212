//! Every value of every type, from Postgres to the device and back: what arrives is not distinct from what left.
//!
//! One table has a column for each [`Case`](cases::Case). Its rows are read in the form that the codec asks for and
//! as text and JSON, held in the column's Rust type on the way, written back through `json_populate_recordset`, and compared
//! by Postgres.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod cases;
mod copy;
mod numeric;
mod rust_types;

use std::fmt::Write as _;

use oosync_runtime::Value;
use oosync_runtime::codec::{self, Wire};
use oosync_runtime::protocol::JsonRow;
use oosync_runtime::schema::ColumnType;
use oosync_tests::TestDatabase;
use postgres::Client;

use self::cases::{Case, SCHEMA, cases};

/// As the server side pins it.
const SESSION: &str =
    "set datestyle = iso; set intervalstyle = iso_8601; set timezone = utc; set extra_float_digits = 1;
    set bytea_output = hex; set lc_monetary = 'C'; set search_path = public; select setseed(0.5)";

/// Rows are sent back in parts of this size.
const CHUNK: usize = 250;

#[test]
fn every_value_comes_back_as_it_left() {
    let database = TestDatabase::with_schema(SCHEMA);
    let mut client = database.client();
    client.batch_execute(SESSION).unwrap();
    let cases = known_to(&mut client, cases());
    fill(&mut client, &cases);

    let original = read(&mut client, &cases, |case, column| match Wire::of(&case.ty) {
        Wire::Binary => column.to_owned(),
        Wire::Text => format!("{column}::text"),
    });
    let rows: Vec<Vec<Value<'_>>> = original
        .iter()
        .map(|row| cases.iter().zip(row).map(|(case, bytes)| value(case, bytes.as_deref())).collect())
        .collect();

    text_says_the_same(&mut client, &cases, &rows);
    json_says_the_same(&mut client, &cases, &rows);
    rust_types_hold_it(&cases, &rows);
    push(&mut client, &cases, &rows);
    compare(&mut client, &cases);
    println!("{} rows of {} columns", rows.len(), cases.len());
}

/// Postgres 13 has no multiranges, and no infinite `numeric`.
fn known_to(client: &mut Client, mut cases: Vec<Case>) -> Vec<Case> {
    let version: i32 =
        client.query_one("select current_setting('server_version_num')::int", &[]).unwrap().get(0);
    if version < 140_000 {
        cases.retain(|case| !case.sql.ends_with("multirange"));
        for case in cases.iter_mut().filter(|case| case.sql.starts_with("num")) {
            case.values.retain(|value| !value.contains("Infinity"));
        }
    }
    cases
}

/// What the device stores.
fn value<'a>(case: &Case, bytes: Option<&'a [u8]>) -> Value<'a> {
    bytes.map_or(Value::Null, |bytes| {
        codec::from_wire(&case.ty, bytes)
            .unwrap_or_else(|error| panic!("{}: {error}: {:?}", case.sql, String::from_utf8_lossy(bytes)))
    })
}

/// A column for each case; its first rows hold the chosen values, the others random ones, or null.
fn fill(client: &mut Client, cases: &[Case]) {
    let mut columns = String::new();
    let mut joins = String::new();
    let mut definitions = String::new();
    let mut push_definitions = String::new();
    for (place, case) in cases.iter().enumerate() {
        let sql = case.sql;
        client.batch_execute(&format!("create table s{place} (id serial primary key, value {sql})")).unwrap();
        let values: Vec<&str> = case.values.iter().map(|value| &**value).collect();
        // Through the input function: a cast from text may do something else.
        let insert = format!(
            "insert into s{place} (value) select (json_populate_record(null::s{place}, json_build_object('value', v))).value
             from unnest($1::text[]) v"
        );
        let insert = match case.ty {
            ColumnType::Json | ColumnType::Jsonb => {
                format!("insert into s{place} (value) select v::{sql} from unnest($1::text[]) v")
            }
            _ => insert,
        };
        if let Err(error) = client.execute(&insert, &[&values]) {
            panic!("{sql}: {error}: {:?}", error.as_db_error());
        }
        if !case.random.is_empty() {
            let insert = format!(
                "insert into s{place} (value) select ({})::{sql} from generate_series(1, 1500) g",
                case.random
            );
            if let Err(error) = client.batch_execute(&insert) {
                panic!("{sql}: {error}: {:?}", error.as_db_error());
            }
        }
        let push = if matches!(case.ty, ColumnType::Json | ColumnType::Jsonb) { "text" } else { sql };
        write!(columns, ", s{place}.value").unwrap();
        write!(joins, " left join s{place} using (id)").unwrap();
        write!(definitions, ", c{place} {sql}").unwrap();
        write!(push_definitions, ", c{place} {push}").unwrap();
    }
    client
        .batch_execute(&format!(
            "create table everything (id int primary key{definitions});
             create table back (id int primary key{definitions});
             create type push as (id int{push_definitions});
             insert into everything select id{columns} from generate_series(1, 1600) id {joins}"
        ))
        .unwrap();
}

fn read(
    client: &mut Client,
    cases: &[Case],
    column: impl Fn(&Case, &str) -> String,
) -> Vec<Vec<Option<Vec<u8>>>> {
    let columns: Vec<_> =
        cases.iter().enumerate().map(|(place, case)| column(case, &format!("c{place}"))).collect();
    copy::rows(client, &format!("select {} from everything order by id", columns.join(", ")), columns.len())
}

/// What the output functions print leads to the same values.
fn text_says_the_same(client: &mut Client, cases: &[Case], rows: &[Vec<Value<'_>>]) {
    let texts = read(client, cases, |_, column| {
        format!("case when {column} is distinct from null then concat({column}) end")
    });
    for (texts, row) in texts.iter().zip(rows) {
        for ((case, text), value) in cases.iter().zip(texts).zip(row) {
            let Some(text) = text else {
                assert_eq!(*value, Value::Null);
                continue;
            };
            let text = std::str::from_utf8(text).unwrap();
            let read =
                codec::from_text(&case.ty, text).unwrap_or_else(|error| panic!("{}: {error}", case.sql));
            // The cast to text keeps an XML declaration that the output function leaves out.
            if case.sql == "xml" && *value == Value::Text("<?xml version=\"1.0\"?><a/>".into()) {
                assert_eq!(read, Value::Text("<a/>".into()));
                continue;
            }
            assert!(same(&read, value), "{}: {text}: {value:?}", case.sql);
        }
    }
}

/// A row that a server makes JSON of, as it does for what is pushed, leads to the same values.
fn json_says_the_same(client: &mut Client, cases: &[Case], rows: &[Vec<Value<'_>>]) {
    let columns = cases.iter().enumerate().map(|(place, case)| {
        let cast = if codec::cast_in_json(&case.ty) { "::text" } else { "" };
        format!("c{place}{cast}")
    });
    let columns: Vec<String> = columns.collect();
    let query = format!(
        "select row_to_json(r)::text from (select {} from everything order by id) r",
        columns.join(", ")
    );
    // A cast has no name of its own: the name is that of the column.
    let texts = client.query(&query, &[]).unwrap();
    assert_eq!(texts.len(), rows.len());
    for (text, row) in texts.iter().zip(rows) {
        let json: JsonRow = serde_json::from_str(text.get(0)).unwrap();
        for (place, (case, value)) in cases.iter().zip(row).enumerate() {
            let json = json.get(&format!("c{place}")).unwrap().get();
            let read =
                codec::from_json(&case.ty, json).unwrap_or_else(|error| panic!("{}: {error}", case.sql));
            assert!(same(&read, value), "{}: {json}: {value:?}", case.sql);
        }
    }
}

/// Equal, with the sign of zero.
fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Real(left), Value::Real(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}

/// The column's Rust type reads each value, and writes it as it was.
fn rust_types_hold_it(cases: &[Case], rows: &[Vec<Value<'_>>]) {
    for row in rows {
        for (case, value) in cases.iter().zip(row) {
            if *value == Value::Null {
                continue;
            }
            for through in &case.through {
                let back = through(value).unwrap_or_else(|error| panic!("{}: {error}", case.sql));
                assert!(same(&back, value), "{}: {value:?} became {back:?}", case.sql);
            }
        }
    }
}

fn push(client: &mut Client, cases: &[Case], rows: &[Vec<Value<'_>>]) {
    let columns: String = (0..cases.len()).map(|place| format!(", c{place}")).collect();
    let casts: String =
        cases.iter().enumerate().map(|(place, case)| format!(", c{place}::{}", case.sql)).collect();
    let insert = client
        .prepare(&format!(
            "insert into back (id{columns}) select id{casts} from json_populate_recordset(null::push, $1::text::json)"
        ))
        .unwrap();
    for (chunk, rows) in rows.chunks(CHUNK).enumerate() {
        let mut json = "[".to_owned();
        for (place, row) in rows.iter().enumerate() {
            let id = chunk * CHUNK + place + 1;
            write!(json, "{}{{\"id\":{id}", if place > 0 { "," } else { "" }).unwrap();
            for (column, (case, value)) in cases.iter().zip(row).enumerate() {
                write!(json, ",\"c{column}\":").unwrap();
                codec::to_push_json(&case.ty, value, &mut json)
                    .unwrap_or_else(|error| panic!("{}: {error}: {value:?}", case.sql));
            }
            json.push('}');
        }
        json.push(']');
        if let Err(error) = client.execute(&insert, &[&json]) {
            panic!("{error}: {:?}", error.as_db_error());
        }
    }
}

/// By Postgres: by the type's equality where it has one, by the text of its output function, and cast to text.
fn compare(client: &mut Client, cases: &[Case]) {
    for (place, case) in cases.iter().enumerate() {
        let column = format!("c{place}");
        let equality = format!("e.{column} is distinct from b.{column}");
        let text = format!(
            "(e.{column} is distinct from null) <> (b.{column} is distinct from null) or concat(e.{column}) <> concat(b.{column})"
        );
        let cast = format!("e.{column}::text is distinct from b.{column}::text");
        let tests = if case.has_equality { vec![equality, text, cast] } else { vec![text, cast] };
        for test in tests {
            let different = client
                .query(
                    &format!(
                        "select id, left(concat(e.{column}), 200), left(concat(b.{column}), 200)
                         from everything e full join back b using (id) where {test} limit 5"
                    ),
                    &[],
                )
                .unwrap_or_else(|error| panic!("{}: {error}: {:?}", case.sql, error.as_db_error()));
            let different: Vec<(i32, String, String)> =
                different.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
            assert!(different.is_empty(), "{}: {different:?}", case.sql);
        }
    }
}
