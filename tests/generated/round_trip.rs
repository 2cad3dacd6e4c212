//! Copied into every crate that the test `generated` makes: takes all rows of a schema from Postgres to SQLite, through
//! the generated structs into a second SQLite file, and compares what would be pushed from there with what is stored.
//!
//! Reads `OOSYNC_DATABASE_URL`; prints a line per table, and ends with an error if any value differs.

#![deny(warnings)]

use std::error::Error;
use std::fmt::Write as _;

use oosync_runtime::codec::{Wire, from_wire, to_push_json};
use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::{Connection, params_from_iter};
use oosync_runtime::schema::{Column, ColumnDefault, ColumnType, Table};
use oosync_runtime::{Insert, Syncable, Value, sqlite};
use postgres::types::{FromSql, Type};
use postgres::{Client, NoTls};

mod schema;
mod tables;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Both files of a device.
pub struct Devices {
    /// What came from Postgres.
    from: Connection,
    /// What the structs made of it.
    to: Connection,
}

impl Devices {
    /// Takes every row of a table through its struct.
    pub fn copy<R: Syncable + Insert<Row = R>>(&self) -> Result<()> {
        self.to.execute_batch("BEGIN")?;
        R::query().for_each(&self.from, |row| {
            let stored = row.insert(&self.to)?;
            let found = R::get(&self.to, &stored.key())?;
            assert!(found.is_some(), "a row is found by its key");
            assert!(stored.update(&self.to)?, "a row is changed by its key");
            Ok(())
        })?;
        self.to.execute_batch("COMMIT")?;
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut client = Client::connect(&std::env::var("OOSYNC_DATABASE_URL")?, NoTls)?;
    client.batch_execute(
        "set datestyle = 'ISO'; set intervalstyle = 'iso_8601'; set timezone = 'UTC'; \
         set extra_float_digits = 1; set bytea_output = 'hex'; set lc_monetary = 'C'; set search_path = ''",
    )?;
    let devices = Devices { from: device()?, to: device()? };
    for table in schema::SCHEMA.tables {
        load(&mut client, &devices.from, table).map_err(|error| format!("{}: load: {error:?}", table.name))?;
    }
    tables::copy_all(&devices)?;
    let mut failures = 0;
    for table in schema::SCHEMA.tables {
        let (rows, wrong) =
            compare(&mut client, &devices.to, table).map_err(|error| format!("{}: compare: {error:?}", table.name))?;
        println!("{}: {rows} rows", table.name);
        failures += wrong;
    }
    if failures > 0 { Err(format!("{failures} rows differ").into()) } else { Ok(()) }
}

fn device() -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    sqlite::register(&connection)?;
    sqlite::create(&connection, &schema::SCHEMA)?;
    Ok(connection)
}

/// The columns that Postgres has too.
fn synced(table: &Table) -> impl Iterator<Item = (usize, &Column)> {
    table.columns.iter().enumerate().filter(|(_, column)| column.default != ColumnDefault::Local)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn pg_name(table: &Table) -> String {
    format!("{}.{}", quoted(table.pg_schema), quoted(table.pg_name))
}

/// The table in a query of its own rows: those of tables that inherit from it are theirs, those of partitions its own.
fn own_rows(client: &mut Client, table: &Table) -> Result<String> {
    let name = pg_name(table);
    let partitioned =
        client.query_one("select relkind = 'p' from pg_class where oid = $1::text::regclass", &[&name])?;
    Ok(if partitioned.get(0) { name } else { format!("only {name}") })
}

/// The bytes of a value, whatever its type.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Postgres to SQLite.
fn load(client: &mut Client, device: &Connection, table: &Table) -> Result<()> {
    let columns: Vec<&Column> = synced(table).map(|(_, column)| column).collect();
    let list: Vec<String> = columns
        .iter()
        .map(|column| match Wire::of(&column.ty) {
            Wire::Text => format!("{}::text", quoted(column.name)),
            _ => quoted(column.name),
        })
        .collect();
    let names: Vec<String> = columns.iter().map(|column| quoted(column.name)).collect();
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    let insert = format!("INSERT INTO {} ({}) VALUES ({})", quoted(table.name), names.join(", "), places.join(", "));
    device.execute_batch("BEGIN")?;
    let mut statement = device.prepare(&insert)?;
    let own = own_rows(client, table)?;
    for row in client.query(&format!("select {} from {own}", list.join(", ")), &[])? {
        let mut values = Vec::with_capacity(columns.len());
        for (place, column) in columns.iter().enumerate() {
            let Raw(bytes) = row.try_get(place)?;
            values.push(match bytes {
                Some(bytes) => from_wire(&column.ty, bytes).map_err(|error| format!("{}: {error}", column.name))?,
                None => Value::Null,
            });
        }
        statement.execute(params_from_iter(values))?;
    }
    device.execute_batch("COMMIT")?;
    Ok(())
}

/// SQLite to Postgres: how many rows there are, and how many of them differ.
fn compare(client: &mut Client, device: &Connection, table: &Table) -> Result<(i64, i64)> {
    let own = own_rows(client, table)?;
    let stored: i64 = client.query_one(&format!("select count(*) from {own}"), &[])?.get(0);
    let held: i64 =
        device.query_row(&format!("SELECT count(*) FROM {}", quoted(table.name)), [], |row| row.get(0))?;
    let mut wrong = (stored - held).abs();
    let columns: Vec<(usize, &Column)> = synced(table).collect();
    let types = client.query(
        "select attname::text, format_type(atttypid, atttypmod) from pg_attribute
         where attrelid = $1::text::regclass and attnum > 0 and not attisdropped",
        &[&pg_name(table)],
    )?;
    let type_of = |name: &str| -> String {
        types.iter().find(|row| row.get::<_, String>(0) == name).map(|row| row.get(1)).unwrap_or_default()
    };
    let is_json = |column: &Column| matches!(column.ty, ColumnType::Json | ColumnType::Jsonb);
    let mut declared = Vec::new();
    let mut equal = Vec::new();
    for (_, column) in &columns {
        let (name, ty) = (quoted(column.name), type_of(column.name));
        // A document travels as a string and is cast by the server.
        declared.push(format!("{name} {}", if is_json(column) { "text" } else { &ty }));
        equal.push(format!("\"the pushed\".{name}::{ty}::text is not distinct from \"the stored\".{name}::text"));
    }
    let key: Vec<String> = table
        .primary_key
        .iter()
        .map(|place| quoted(table.columns[*place].name))
        // Not by `=`: that of an extension's type is in no schema of the empty search path.
        .map(|name| format!("\"the pushed\".{name}::text = \"the stored\".{name}::text"))
        .collect();
    let sql = format!(
        "select \"the pushed\"::text, \"the stored\"::text from json_to_recordset($1::text::json) \"the pushed\"({}) \
         left join {own} \"the stored\" on {} where not ({})",
        declared.join(", "),
        key.join(" and "),
        equal.join(" and "),
    );
    let names: Vec<String> = columns.iter().map(|(_, column)| quoted(column.name)).collect();
    let mut statement = device.prepare(&format!("SELECT {} FROM {}", names.join(", "), quoted(table.name)))?;
    let mut rows = statement.query([])?;
    let mut batch = String::from("[");
    loop {
        let row = rows.next()?;
        if let Some(row) = row {
            batch.push_str(if batch.len() > 1 { ",{" } else { "{" });
            for (place, (_, column)) in columns.iter().enumerate() {
                let value = Value::from_rusqlite(row.get_ref(place)?)?;
                let comma = if place > 0 { "," } else { "" };
                write!(batch, "{comma}{}:", serde_json::to_string(column.name)?)?;
                to_push_json(&column.ty, &value, &mut batch).map_err(|error| format!("{}: {error}", column.name))?;
            }
            batch.push('}');
        }
        let ended = row.is_none();
        if ended || batch.len() > 1_000_000 {
            batch.push(']');
            for row in client.query(&sql, &[&batch])? {
                wrong += 1;
                let text = |place| row.get::<_, Option<String>>(place).unwrap_or_default();
                println!("{}: pushed {:.300}, stored {:.300}", table.name, text(0), text(1));
            }
            batch = String::from("[");
        }
        if ended {
            return Ok((stored, wrong));
        }
    }
}
