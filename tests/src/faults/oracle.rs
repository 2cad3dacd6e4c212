//! What must be true once nothing goes on any more, asked of plain SQL on both sides.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use oosync_runtime::rusqlite::{Connection, OpenFlags};
use oosync_runtime::schema::{ColumnType, Schema, Table};
use postgres::{Client, NoTls};

use super::device::forbidden;
use super::world::{World, ask};
use crate::fire::user;

/// A device as it is left: whose it is, and its files.
#[derive(Debug)]
pub(super) struct Left<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whose it is.
    pub person: usize,
    /// Its file.
    pub file: &'a Path,
    /// What its app was built with: it has the tables and columns of that, and no others.
    pub schema: &'static Schema,
    /// What it has written down.
    pub journal: String,
    /// Its file was a copy, of itself or of another device: what it wrote may have been sent by two.
    pub is_copied: bool,
}

/// Everything that is wrong.
///
/// # Panics
///
/// Where one of the databases does not answer.
///
/// `taken_back` are texts that the server had been given before its database was replaced by an earlier copy: they may be
/// there or not.
pub(super) fn anomalies(world: &World, taken_back: &HashSet<String>, devices: &[Left<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    for device in devices {
        let connection = Connection::open_with_flags(device.file, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .expect("the device's file opens");
        let integrity: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("SQLite answers");
        if integrity != "ok" {
            all.push(format!("{}: the file is damaged: {integrity}", device.name));
        }
        for table in device.schema.tables {
            all.extend(converged(world, table, &connection, device));
        }
        if let Some(what) = forbidden(device.file, device.person) {
            all.push(format!("{}: a row of others is in the file: {what}", device.name));
        }
        all.extend(lost(world, taken_back, &connection, device));
    }
    all.extend(twice(world, devices));
    all
}

/// A column as the same text on both sides.
fn texts(name: &str, ty: &ColumnType) -> (String, String) {
    let quoted = format!("\"{name}\"");
    // `hex` of null is an empty text.
    let hex = format!("CASE WHEN {quoted} IS NOT NULL THEN lower(hex({quoted})) END");
    match ty {
        ColumnType::Uuid => (hex, format!("replace({quoted}::text, '-', '')")),
        ColumnType::Bytea => (hex, format!("encode({quoted}, 'hex')")),
        ColumnType::Bool => (quoted.clone(), format!("{quoted}::int::text")),
        ColumnType::Timestamptz => (
            quoted.clone(),
            format!("to_char({quoted} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00:00'"),
        ),
        ColumnType::Array(_) => (quoted.clone(), format!("array_to_json({quoted})::text")),
        _ => (quoted.clone(), format!("{quoted}::text")),
    }
}

/// The rows that a device has are those that its user sees.
fn converged(world: &World, table: &Table, device: &Connection, of: &Left<'_>) -> Option<String> {
    let columns: Vec<(String, String)> =
        table.columns.iter().map(|column| texts(column.name, &column.ty)).collect();
    let joined = |side: fn(&(String, String)) -> &String, null: &str| {
        let columns = columns.iter().map(|column| format!("coalesce({}, {null})", side(column)));
        columns.collect::<Vec<_>>().join(" || '|' || ")
    };
    let here = format!("SELECT {} FROM \"{}\"", joined(|column| &column.0, "'∅'"), table.name);
    let there = format!("select {} from \"{}\"", joined(|column| &column.1, "'∅'"), table.pg_name);
    let mut statement = device.prepare(&here).expect("the device has the table");
    let here: BTreeSet<String> = statement
        .query_map([], |row| row.get(0))
        .expect("SQLite answers")
        .collect::<Result<_, _>>()
        .expect("SQLite answers");
    let mut client =
        Client::connect(&world.database.url_as("oosync_server"), NoTls).expect("the server is up");
    let mut transaction = client.transaction().expect("Postgres answers");
    transaction
        .execute("select set_config('oosync.user_id', $1, true)", &[&user(of.person)])
        .expect("Postgres answers");
    let rows = transaction.query(&there, &[]).unwrap_or_else(|error| panic!("{there}: {error:?}"));
    let there: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    if here == there {
        return None;
    }
    let mut text = format!("{}: {} differs from what person {} sees:", of.name, table.name, of.person);
    let only = |left: &BTreeSet<String>, right: &BTreeSet<String>| -> (usize, Vec<String>) {
        let all: Vec<String> = left.difference(right).cloned().collect();
        (all.len(), all.into_iter().take(3).collect())
    };
    let _ = write!(text, " only here {:?}, only there {:?}", only(&here, &there), only(&there, &here));
    Some(text)
}

/// The last text that a device wrote into each row is on the server, or in the inbox, or its row was deleted after it.
fn lost(
    world: &World,
    taken_back: &HashSet<String>,
    connection: &Connection,
    device: &Left<'_>,
) -> Vec<String> {
    let mut last: HashMap<(&str, &str), Option<&str>> = HashMap::new();
    for line in device.journal.lines() {
        let mut fields = line.split('\t');
        let (Some(kind), Some(table), Some(key), Some(text)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        last.insert((table, key), (kind == "W").then_some(text));
    }
    let arrived = world.texts();
    let mut statement = connection
        .prepare("SELECT mine FROM _oosync_inbox_column WHERE typeof(mine) = 'text'")
        .expect("the file has an inbox");
    let told: HashSet<String> = statement
        .query_map([], |row| row.get(0))
        .expect("SQLite answers")
        .collect::<Result<_, _>>()
        .expect("SQLite answers");
    let mut lost: Vec<String> = last
        .into_iter()
        .filter_map(|((table, key), text)| Some((table, key, text?)))
        .filter(|(_, _, text)| {
            !arrived.contains(*text) && !told.contains(*text) && !taken_back.contains(*text)
        })
        .map(|(table, key, text)| format!("{}: lost: {text:?} in {table} {key}", device.name))
        .collect();
    lost.sort();
    lost
}

/// Nothing that a device wrote was applied twice.
fn twice(world: &World, devices: &[Left<'_>]) -> Vec<String> {
    let copied: Vec<String> = devices
        .iter()
        .filter(|device| device.is_copied)
        .map(|device| format!("w:{}-", device.name))
        .collect();
    let sql = "select value, count(*), string_agg(op || ' ' || tbl || ' ' || key, ', ' order by number)
               from books.written where value like 'w:%' group by value having count(*) > 1";
    let mut all = BTreeMap::new();
    for row in ask(&world.database).query(sql, &[]).expect("Postgres answers") {
        let (value, count, places): (String, i64, String) = (row.get(0), row.get(1), row.get(2));
        // A copy of a file has the writes of the other, who says its name in them.
        if !copied.iter().any(|name| value.starts_with(name.as_str())) {
            all.insert(value.clone(), format!("applied {count} times: {value:?}: {places}"));
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use oosync_runtime::client::Client as Device;
    use oosync_runtime::server::schema_of;

    use super::super::world::{cluster, project};
    use super::*;

    #[test]
    fn it_finds_rows_that_differ_texts_that_are_lost_and_what_was_applied_twice() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let folder = std::env::temp_dir().join(format!("oosync-oracle-{}-{now}", std::process::id()));
        let world = World::new(&cluster(), &folder, Path::new("none"), None);
        let schema = schema_of(&project(&folder).1);
        let file = folder.join("d0.db");
        let device = Device::builder(&file, schema).open().unwrap();
        let found = |journal: &str, is_copied: bool| {
            let journal = journal.to_owned();
            let left = Left { name: "d0", person: 2, file: &file, schema, journal, is_copied };
            anomalies(&world, &HashSet::new(), &[left])
        };
        // Person 2 has a user, a list, a todo and the labels, none of which is on the device.
        let differing = found("", false);
        let tables: Vec<&str> = differing.iter().filter_map(|what| what.split(' ').nth(1)).collect();
        assert_eq!(tables, ["labels", "users", "lists", "todos"], "{differing:#?}");

        world.database.execute(
            "truncate users, labels cascade; insert into books.written (tbl, op, key, value) values
             ('lists', 'INSERT', '', 'w:d0-1.1'), ('lists', 'INSERT', '', 'w:d0-1.2'), ('lists', 'UPDATE', '', 'w:d0-1.2')",
        );
        assert_eq!(found("W\tlists\t01\tw:d0-1.1\nW\tlists\t02\tw:d0-1.2\n", true), [""; 0]);
        let twice = found("W\tlists\t01\tw:d0-1.0\nW\tlists\t01\tw:d0-1.1\n", false);
        assert!(twice.len() == 1 && twice[0].contains("applied 2 times: \"w:d0-1.2\""), "{twice:?}");
        let lost = found("W\tlists\t01\tw:d0-1.1\nW\tlists\t03\tw:d0-1.3\n", true);
        assert!(lost.len() == 1 && lost[0].contains("lost: \"w:d0-1.3\" in lists 03"), "{lost:?}");
        assert_eq!(
            found("W\tlists\t03\tw:d0-1.3\nD\tlists\t03\t\n", true),
            [""; 0],
            "it was deleted after it"
        );

        let app = device.connection().unwrap();
        app.execute_batch(
            "INSERT INTO _oosync_inbox_column (item, place, name, is_key, lost, mine) VALUES (1, 1, 'title', 0, 1, 'w:d0-1.3')",
        )
        .unwrap();
        assert_eq!(found("W\tlists\t03\tw:d0-1.3\n", true), [""; 0], "the inbox has it");
        app.execute_batch("INSERT INTO labels (id, name) VALUES (7, '<only:0>')").unwrap();
        let others = found("", true);
        assert!(others.len() == 2 && others[1].contains("a row of others"), "{others:?}");
        drop((app, device));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
