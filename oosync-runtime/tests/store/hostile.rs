//! Names that mean something in SQL, and tables as wide as Postgres allows.

use oosync_runtime::Value;
use oosync_runtime::schema::{Column, ColumnType, Schema, Table};

use crate::device::{Device, text};
use crate::schema::{column, required, table};

/// Leaks: a schema is static.
fn made(name: &str, columns: Vec<Column>, key: &'static [usize]) -> &'static Table {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let declared: Vec<String> = columns
        .iter()
        .map(|column| {
            format!("{} TEXT{}", quoted(column.name), if column.nullable { "" } else { " NOT NULL" })
        })
        .collect();
    let keys: Vec<String> = key.iter().map(|place| quoted(columns[*place].name)).collect();
    let ddl = format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({})) STRICT;\n",
        quoted(name),
        declared.join(", "),
        keys.join(", ")
    );
    let (name, ddl) = (name.to_owned().leak(), ddl.leak());
    Box::leak(Box::new(table(name, columns.leak(), key, ddl)))
}

fn schema(tables: Vec<&'static Table>) -> &'static Schema {
    Box::leak(Box::new(Schema { tables: tables.leak(), hash: "hostile" }))
}

const NAMES: [&str; 16] = [
    "select",
    "a \"quoted\" 'name'; --",
    "Überschrift 🦀",
    "seq",
    "rev",
    "existed",
    "sent",
    "awaiting",
    "changed_at",
    "base_title",
    "key_id",
    "present",
    "through",
    "rowid",
    "_oosync_meta",
    "new",
];

#[test]
fn names_that_mean_something_else_are_only_names() {
    let tables =
        ["meta", "meta_", "order", "a \"b\" 'c'; --", "sent", "x.sent", "x__sent", "x", "x__server", "old"];
    let columns = || {
        let mut columns = vec![required("id", ColumnType::Text), required("Key two", ColumnType::Text)];
        columns.extend(NAMES.iter().map(|name| column(name, ColumnType::Text)));
        columns
    };
    let tables: Vec<_> = tables.iter().map(|name| made(name, columns(), &[1, 0])).collect();
    let schema = schema(tables.clone());
    let mut device = Device::new(schema);
    let mut expected = Vec::new();
    for table in &tables {
        let mut row = vec![text("1"), text("2")];
        row.extend(NAMES.iter().map(|name| text(name)));
        device.pull(table.name, &[&row], &[], 0);
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        for name in NAMES {
            device.sql(&format!("UPDATE {} SET {} = 'mine'", quoted(table.name), quoted(name)));
        }
        let changes: Vec<String> = NAMES.iter().map(|name| format!("{name} {name}>mine")).collect();
        expected.push(format!("update {} 2/1: {}", table.name, changes.join(", ")));
        row[3] = text("theirs");
        device.pull(table.name, &[&row], &[], 0);
    }
    assert_eq!(device.pending(), expected);
    let mut device = device.reopened(schema);
    let last = device.push_all();
    for table in &tables {
        device.pull(table.name, &[], &[&[text("2"), text("1")]], last);
    }
    assert_eq!(device.store.dirty_count().unwrap(), 0);
    assert_eq!(device.inbox(), []);
}

#[test]
fn a_table_of_1600_columns_is_synced() {
    let names: Vec<String> = (0..1600).map(|number| format!("c{number}")).collect();
    let mut columns: Vec<Column> =
        names.iter().map(|name| column(name.clone().leak(), ColumnType::Text)).collect();
    columns[0].nullable = false;
    let wide = made("wide", columns, &[0]);
    let mut device = Device::new(schema(vec![wide]));
    let row: Vec<Value<'static>> = names.iter().map(|name| text(name)).collect();
    device.pull("wide", &[&row], &[], 0);
    device.sql("UPDATE wide SET c1599 = 'mine'");
    let mut later = row.clone();
    later[1] = text("theirs");
    later[1599] = text("theirs");
    device.pull("wide", &[&later], &[], 0);
    assert_eq!(device.pending(), ["update wide c0: c1599 c1599>mine"]);
    assert_eq!(device.rows("SELECT c1, c1599 FROM wide"), ["theirs|mine"]);
    assert_eq!(device.rows("SELECT c1, c1599 FROM wide__synced"), ["theirs|theirs"]);
    device.sql("INSERT OR REPLACE INTO wide (c0) VALUES ('c0'); UPDATE wide SET c0 = 'other'");
    let last = device.push_all();
    device.pull("wide", &[], &[], last);
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}
