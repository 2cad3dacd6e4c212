//! Values of every type, from Postgres to a device and back.

use std::collections::BTreeMap;

use oosync_runtime::protocol::{JsonRow, Next, ReasonCode, Reply, Snapshot, Status};
use oosync_runtime::schema::ColumnDefault;
use serde_json::{Value, json};

use super::support::{Device, id};
use crate::support::{Server, user};

/// The tables of the schema of extremes that are of types and keys.
const TABLES: [&str; 11] = [
    "scalars",
    "collections",
    "text_forms",
    "key_text",
    "key_bytea",
    "key_date",
    "key_timestamptz",
    "key_bool",
    "key_mood",
    "key_many",
    "key_inet",
];

fn server() -> Server {
    let extremes = include_str!("../../../generated/extremes.sql");
    let (schema, _) = extremes.split_once("create table key_made").unwrap();
    let owned: String = TABLES
        .iter()
        .map(|table| format!("alter table {table} add column user_id uuid not null default '{}';\n", user(0)))
        .collect();
    let config = "[sync]\nexclude = [\"key_of_13\", \"key_ltree\"]\n";
    let server = Server::with(&format!("{schema}\n{owned}"), config);
    let data = include_str!("../../../generated/extremes.data.sql");
    let (data, _) = data.split_once("insert into key_ltree").unwrap();
    server.database.execute(data);
    server
}

/// All rows of a device's tables.
fn rows(device: &Device<'_>) -> BTreeMap<String, Vec<JsonRow>> {
    let mut request = Snapshot {
        client: device.client,
        schema_hash: device.server.engine.schema().hash.to_owned(),
        resume: None,
        tables: None,
        cursor: None,
        limit: None,
        order: None,
    };
    let mut rows: BTreeMap<String, Vec<JsonRow>> = BTreeMap::new();
    loop {
        let reply = device.server.wait(device.server.engine.snapshot(&device.identity, &request)).unwrap();
        let Reply::Given(page) = reply else { panic!("a snapshot is given") };
        for (table, records) in page.records {
            let records = records.iter().map(|row| serde_json::from_str(row.get()).unwrap());
            rows.entry(table).or_default().extend(records);
        }
        match page.next {
            Next::Resume(token) => request.resume = Some(token),
            Next::Cursor(_) => return rows,
        }
    }
}

/// A row as a mutation: a `Value` would lose digits, so it is text.
fn mutation(device: &Device<'_>, table: &str, row: &JsonRow, id: u64, update: bool) -> String {
    let of = device.server.engine.schema().table(table).unwrap();
    let (mut key, mut values) = (JsonRow::new(), JsonRow::new());
    for (place, column) in of.columns.iter().enumerate() {
        let Some(value) = row.get(column.name) else { continue };
        if of.primary_key.contains(&place) {
            key.insert(column.name, value.clone());
        } else if column.default != ColumnDefault::Generated && !(update && column.access.protected) {
            values.insert(column.name, value.clone());
        }
    }
    let text = |row: &JsonRow| serde_json::to_string(row).unwrap();
    let (op, base) = if update { ("update", text(&values)) } else { ("insert", "{}".to_owned()) };
    format!(
        r#"{{"id":{id},"table":"{table}","op":"{op}","key":{},"values":{},"base":{base}}}"#,
        text(&key),
        text(&values)
    )
}

#[test]
fn every_value_comes_back_as_it_was_and_is_no_conflict_with_itself() {
    let server = server();
    let mut device = Device::new(&server, 0);
    let all = rows(&device);
    assert_eq!(all.len(), TABLES.len(), "{:?}", all.keys());
    for table in TABLES {
        server
            .database
            .execute(&format!("create table public.was_{table} as table {table}; delete from {table}"));
    }
    for update in [false, true] {
        for (table, rows) in &all {
            let of = server.engine.schema().table(table).unwrap();
            if update && of.columns.iter().all(|column| column.access.protected) {
                continue;
            }
            let mut mutations = Vec::new();
            for row in rows {
                let text = mutation(&device, table, row, device.next_id(), update);
                mutations.extend(device.texts(&[text]));
            }
            let results = device.send(&device.request(mutations)).unwrap().results;
            for (result, row) in results.iter().zip(rows) {
                let shown: String = format!("{row:?}").chars().take(2_000).collect();
                assert_eq!(result.status, Status::Applied, "{table}: {result:?}\n{shown}");
                assert_eq!(result.row, None, "{table}: it is what was sent\n{shown}");
            }
            let changed = format!(
                "select t.n, w.n from (select t::text n from {table} t) t full join (select w::text n from was_{table} w) w \
                 on t.n = w.n where t.n is null or w.n is null"
            );
            let changed = server.database.client().query(&changed, &[]).unwrap();
            let changed: Vec<(Option<String>, Option<String>)> =
                changed.iter().map(|row| (row.get(0), row.get(1))).collect();
            assert!(changed.is_empty(), "{table}: {changed:?}");
        }
    }
}

#[test]
fn a_value_in_another_form_is_the_same_value() {
    let server = server();
    let mut device = Device::new(&server, 0);
    server.database.execute(
        "update scalars set numeric = 1.50, timestamptz = '2024-01-01 00:00:00+00', jsonb = '{\"a\": 1}', char = 'ab', interval = '1 day'
           where id = 0",
    );
    let base: Value = json!({
        "numeric": "1.5", "timestamptz": "2024-01-01 05:30:00+05:30", "jsonb": "{\"a\":1}", "char": "ab   ", "interval": "P1D"
    });
    let values: Value =
        json!({"numeric": "2", "timestamptz": null, "jsonb": "null", "char": "c", "interval": "PT0S"});
    device.applies(&[
        json!({"table": "scalars", "op": "update", "key": {"id": 0}, "values": values, "base": base}),
    ]);
    let row = server
        .database
        .client()
        .query_one("select concat_ws('|', numeric, timestamptz, jsonb, interval, length(char)) from scalars where id = 0", &[])
        .unwrap();
    assert_eq!(row.get::<_, String>(0), "2|null|00:00:00|1");
}

#[test]
fn names_are_names_whatever_is_in_them() {
    let schema = r#"
        create schema "other ""schema""";
        create type "other ""schema"""."a mood" as enum ('a''b', '"; drop');
        create table """); drop table x; --" ("""); --" int, "it's $1" text, "r" uuid, "t" text, "{}" "other ""schema"""."a mood",
          "user_id" uuid not null, "Some" text unique, "k0" int, "updated_at" timestamp, "deleted" bool not null default false,
          primary key ("it's $1", """); --"));"#;
    let config = "[sync]\nconflict = \"server_wins\"\n";
    let server = Server::with(schema, config);
    let mut device = Device::new(&server, 0);
    let table = "\"); drop table x; --";
    let key = |text: &str| json!({"\"); --": 1, "it's $1": text});
    let row = json!({
        "r": id(1, 1), "t": "$oosync$", "{}": "a'b", "user_id": user(0), "Some": "{\"n\": 1}", "k0": 3, "deleted": false
    });
    let made = |text: &str| json!({"table": table, "op": "insert", "key": key(text), "values": row});
    device.applies(&[made("'; select 1; --")]);
    let twin = device.refuses(made("\\"));
    assert_eq!(twin.reason, Some(ReasonCode::UniqueViolation));
    assert_eq!(twin.columns, ["Some"]);
    assert!(twin.row.is_some());
    let change = json!({
        "table": table, "op": "update", "key": key("'; select 1; --"),
        "values": {"{}": "\"; drop", "t": null, "updated_at": "2024-01-01 00:00:00"},
        "base": {"{}": "a'b", "t": "other", "updated_at": null}
    });
    let result = device.one(change);
    assert_eq!((result.status, result.columns), (Status::Conflict, vec!["t".to_owned()]));
    device.applies(&[
        json!({"table": table, "op": "delete", "key": key("'; select 1; --"), "base": {"k0": 3}}),
    ]);
    let sql =
        r#"select concat_ws('|', "t", "{}", deleted, updated_at is not null) from """); drop table x; --""#;
    let row = server.database.client().query_one(sql, &[]).unwrap();
    assert_eq!(row.get::<_, String>(0), "$oosync$|\"; drop|t|t");
}
