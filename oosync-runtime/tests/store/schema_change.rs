//! A new version of the app opens the file of an older one.

use std::sync::atomic::{AtomicU32, Ordering};

use oosync_runtime::Value;
use oosync_runtime::client::StoreError;
use oosync_runtime::client::store::{InboxKind, OpenOptions, Outcome, Store};
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::schema::{Column, ColumnDefault, ColumnType, Schema, Table};

use crate::device::{Device, note, text};
use crate::schema::{COMMENTS, LISTS, MEMBERS, NOTES, SCHEMA, column, filled, required, table};

/// Leaks: a schema is static. Each has a hash of its own.
fn schema(tables: Vec<&'static Table>) -> &'static Schema {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let hash = format!("later {}", NEXT.fetch_add(1, Ordering::Relaxed)).leak();
    Box::leak(Box::new(Schema { tables: tables.leak(), hash }))
}

/// `notes` with other columns.
fn notes(columns: Vec<Column>, key: &'static [usize]) -> &'static Table {
    let declared: Vec<String> = columns
        .iter()
        .map(|column| {
            let ty = match column.ty {
                ColumnType::Int8 | ColumnType::Bool => "INTEGER",
                ColumnType::Float8 => "ANY",
                _ => "TEXT",
            };
            let null = if column.nullable { "" } else { " NOT NULL" };
            let default = if column.default == ColumnDefault::Sqlite { " DEFAULT 'default'" } else { "" };
            format!("\"{}\" {ty}{null}{default}", column.name)
        })
        .collect();
    let keys: Vec<String> = key.iter().map(|place| format!("\"{}\"", columns[*place].name)).collect();
    let ddl = format!(
        "CREATE TABLE \"notes\" ({}, PRIMARY KEY ({})) STRICT;\nCREATE INDEX notes_title ON notes (title);\n",
        declared.join(", "),
        keys.join(", ")
    );
    Box::leak(Box::new(table("notes", columns.leak(), key, ddl.leak())))
}

/// The columns of `notes` as it was.
fn columns() -> Vec<Column> {
    NOTES.columns.to_vec()
}

/// A device with three notes: one changed here, one deleted here, one as the server has it, and one made here.
fn device() -> Device {
    let mut device = Device::new(&SCHEMA);
    device.pull("notes", &[&note("a", "a"), &note("b", "b"), &note("c", "c")], &[], 0);
    device.sql(
        "UPDATE notes SET title = 'mine', weight = 1.5 WHERE id = 'a'; DELETE FROM notes WHERE id = 'b';
         INSERT INTO notes (id, title) VALUES ('d', 'new'); UPDATE notes SET draft = 'draft' WHERE id = 'c'",
    );
    device
}

const PENDING: [&str; 3] =
    ["update notes a: title a>mine, weight ->1.5", "insert notes d: title new", "delete notes b"];

#[test]
fn a_column_is_added_and_pending_changes_are_kept() {
    for added in [
        column("extra", ColumnType::Text),
        required("extra", ColumnType::Text),
        Column { nullable: false, ..filled("extra", ColumnType::Text, ColumnDefault::Sqlite) },
        required("extra", ColumnType::Int8),
    ] {
        let mut later = columns();
        later.insert(1, added);
        let later = schema(vec![&LISTS, notes(later, &[0]), &MEMBERS, &COMMENTS]);
        let mut device = device().reopened(later);
        assert!(device.store.opened().migrated);
        assert_eq!(device.store.to_fetch().unwrap(), ["notes"]);
        assert_eq!(device.pending(), PENDING);
        assert_eq!(device.rows("SELECT draft FROM notes WHERE id = 'c'"), ["draft"]);
        assert_eq!(device.inbox(), []);
        // The deleted row's new column was never seen here, so nothing is said of its base.
        let pending = device.store.pending(10).unwrap();
        assert!(pending.changes[2].changed.iter().all(|column| column.name != "extra"));
        let mut row = note("a", "a");
        let theirs =
            if later.tables[1].columns[1].ty == ColumnType::Int8 { Value::Integer(7) } else { text("7") };
        row.insert(1, theirs);
        device.pull("notes", &[&row], &[], 0);
        assert_eq!(device.rows("SELECT title, extra FROM notes WHERE id = 'a'"), ["mine|7"]);
        assert_eq!(device.pending(), PENDING);
        device.store.fetched("notes").unwrap();
        assert_eq!(device.store.to_fetch().unwrap(), [""; 0]);
        assert!(!device.reopened(later).store.opened().migrated);
    }
}

#[test]
fn a_value_written_to_a_column_that_is_gone_goes_to_the_inbox() {
    let mut later = columns();
    later.remove(3);
    let later = schema(vec![&LISTS, notes(later, &[0]), &MEMBERS, &COMMENTS]);
    let mut device = device().reopened(later);
    assert_eq!(device.store.opened().not_kept, 1);
    assert_eq!(device.pending()[0], "update notes a: title a>mine");
    let [item] = device.inbox().try_into().unwrap();
    assert_eq!(item.kind, InboxKind::NotKept);
    assert_eq!(item.column("weight").unwrap().mine, Value::Real(1.5));
    assert!(item.column("weight").unwrap().lost && !item.column("title").unwrap().lost);
    assert_eq!(device.store.to_fetch().unwrap(), [""; 0]);
}

#[test]
fn values_of_another_type_are_converted_where_they_are_the_same() {
    let mut device = Device::new(&SCHEMA);
    let mut row = note("a", "7");
    row[4] = Value::Integer(3);
    device.pull("notes", &[&row], &[], 0);
    device.sql("UPDATE notes SET title = '8'; INSERT INTO notes (id, title) VALUES ('b', 'much')");
    let mut later = columns();
    later[2] = column("title", ColumnType::Numeric);
    later[4] = filled("size", ColumnType::Text, ColumnDefault::Generated);
    let later = schema(vec![&LISTS, notes(later, &[0]), &MEMBERS, &COMMENTS]);
    let mut device = device.reopened(later);
    assert_eq!(device.rows("SELECT id, title, size FROM notes"), ["a|8|3", "b|-|-"]);
    assert_eq!(device.pending(), ["update notes a: title 7>8", "insert notes b"]);
    assert_eq!(device.inbox()[0].column("title").unwrap().mine, text("much"));
    assert_eq!(device.store.to_fetch().unwrap(), ["notes"]);
}

#[test]
fn a_column_that_may_not_be_null_any_more_is_not_pushed_with_an_invented_value() {
    let mut later = columns();
    later[3] = required("weight", ColumnType::Float8);
    let later = schema(vec![&LISTS, notes(later, &[0]), &MEMBERS, &COMMENTS]);
    let mut device = device().reopened(later);
    assert_eq!(device.pending(), PENDING);
    assert_eq!(device.rows("SELECT id, weight FROM notes"), ["a|1.5", "c|0.0", "d|0.0"]);
}

#[test]
fn a_table_that_is_gone_leaves_its_changes_in_the_inbox() {
    let later = schema(vec![&LISTS, &MEMBERS, &COMMENTS]);
    let device = device().reopened(later);
    assert_eq!(device.store.opened().not_kept, 3);
    assert_eq!(device.inbox().len(), 3);
    assert_eq!(device.rows("SELECT name FROM sqlite_schema WHERE name LIKE '%notes%'"), [""; 0]);
}

#[test]
fn a_table_that_is_new_is_to_be_fetched() {
    static MORE: Table = table(
        "more",
        &[required("id", ColumnType::Text)],
        &[0],
        "CREATE TABLE \"more\" (\"id\" TEXT NOT NULL, PRIMARY KEY (\"id\")) STRICT;\n",
    );
    let later = schema(vec![&LISTS, &NOTES, &MEMBERS, &COMMENTS, &MORE]);
    let mut device = device().reopened(later);
    assert_eq!(device.store.to_fetch().unwrap(), ["more"]);
    device.sql("INSERT INTO more VALUES ('x')");
    assert_eq!(device.pending()[2], "insert more x");
}

#[test]
fn a_key_gets_another_column() {
    let mut later = columns();
    later[2] = required("title", ColumnType::Text);
    let later = schema(vec![&LISTS, notes(later, &[0, 2]), &MEMBERS, &COMMENTS]);
    let mut device = device().reopened(later);
    let pending = device.pending();
    assert_eq!(pending.len(), 4, "{pending:?}");
    assert!(pending.contains(&"insert notes a/mine: weight 1.5".to_owned()), "{pending:?}");
    assert!(pending.contains(&"insert notes d/new".to_owned()));
    assert!(pending.contains(&"delete notes a/a".to_owned()));
    assert!(pending.contains(&"delete notes b/b".to_owned()));
}

#[test]
fn a_column_of_the_device_becomes_a_synced_one() {
    let mut later = columns();
    later[6] = column("draft", ColumnType::Text);
    let later = schema(vec![&LISTS, notes(later, &[0]), &MEMBERS, &COMMENTS]);
    let mut device = device().reopened(later);
    assert!(device.pending().contains(&"update notes c: draft ->draft".to_owned()));
}

#[test]
fn what_was_sent_before_is_answered_after() {
    let mut device = Device::new(&SCHEMA);
    device.pull("notes", &[&note("a", "a")], &[], 0);
    device.sql("UPDATE notes SET title = 'mine', weight = 1.5");
    let sent = device.send();
    let mut later = columns();
    later.remove(3);
    let later = schema(vec![&LISTS, notes(later, &[0]), &MEMBERS, &COMMENTS]);
    let mut device = device.reopened(later);
    let batch = device.store.next_batch(10, |_| Err("not asked".to_owned())).unwrap().unwrap();
    assert_eq!((batch.schema_hash.as_str(), batch.unanswered.as_slice()), ("first", [sent[0].id].as_slice()));
    device.answer(sent[0].id, Outcome::Applied);
    assert_eq!(device.pending(), [""; 0]);
}

#[test]
fn the_apps_own_tables_indexes_and_triggers_survive() {
    let device = device();
    device.sql(
        "CREATE TABLE mine (id TEXT, title TEXT); CREATE INDEX mine_too ON notes (weight);
         CREATE INDEX gone ON notes (stamp); CREATE VIEW seen AS SELECT title FROM notes;
         CREATE TRIGGER own AFTER INSERT ON notes BEGIN INSERT INTO mine VALUES (NEW.id, NEW.title); END",
    );
    let mut later = columns();
    later.remove(5);
    let later = schema(vec![&LISTS, notes(later, &[0]), &MEMBERS, &COMMENTS]);
    let device = device.reopened(later);
    device.sql("INSERT INTO notes (id, title) VALUES ('e', 'e')");
    assert_eq!(device.rows("SELECT * FROM mine"), ["e|e"]);
    assert_eq!(device.rows("SELECT count(*) FROM seen"), ["4"]);
    assert_eq!(device.rows("SELECT name FROM sqlite_schema WHERE name = 'mine_too'"), ["mine_too"]);
    let opened = device.store.opened();
    assert_eq!(opened.not_restored.iter().map(|lost| lost.name.as_str()).collect::<Vec<_>>(), ["gone"]);
    assert_eq!(opened.app_triggers, ["own"]);
    assert!(device.reopened(later).store.opened().repaired.is_empty());
}

#[test]
fn a_file_of_a_newer_app_is_refused() {
    let later = schema(vec![&LISTS, &NOTES, &MEMBERS]);
    let device = device().reopened(later);
    let error = Store::open(device.folder.file(), &SCHEMA).unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { .. }), "{error}");
    let mut options = OpenOptions::default();
    options.allow_older = true;
    assert!(Store::open_with(device.folder.file(), &SCHEMA, &options).unwrap().opened().migrated);
    assert!(Store::open(device.folder.file(), later).unwrap().opened().migrated, "it is newer again");
}

#[test]
fn a_file_of_a_newer_format_is_refused() {
    let device = device();
    device.sql("UPDATE _oosync_meta SET value = 99 WHERE name = 'format'");
    let error = Store::open(device.folder.file(), &SCHEMA).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file has format 99, and this program knows formats up to 1: update the program"
    );
}

#[test]
fn a_synced_table_altered_by_hand_is_refused() {
    for sql in
        ["ALTER TABLE notes ADD COLUMN own TEXT", "DROP TABLE members", "ALTER TABLE lists RENAME TO other"]
    {
        let device = device();
        device.sql(sql);
        let error = Store::open(device.folder.file(), &SCHEMA).unwrap_err();
        assert!(matches!(error, StoreError::Altered { .. }), "{sql}: {error}");
    }
    let device = device();
    device.sql("CREATE UNIQUE INDEX titles ON notes (title)");
    let error = Store::open(device.folder.file(), &SCHEMA).unwrap_err();
    assert!(matches!(error, StoreError::UniqueIndex { .. }), "{error}");
}

#[test]
fn triggers_views_and_indexes_are_mended() {
    let device = device();
    device.sql("DROP TRIGGER _oosync_update_notes; DROP VIEW lists__synced; DROP INDEX notes_list");
    let mut device = device.reopened(&SCHEMA);
    assert_eq!(device.store.opened().repaired, ["lists__synced", "_oosync_update_notes", "notes_list"]);
    device.sql("UPDATE notes SET title = 'x' WHERE id = 'c'");
    assert_eq!(device.pending().len(), 4);
}

#[test]
fn a_table_of_the_apps_own_in_the_way_is_an_error() {
    let folder = crate::device::Folder::new();
    let app = Connection::open(folder.file()).unwrap();
    app.execute_batch("CREATE TABLE Notes (id INTEGER)").unwrap();
    let error = Store::open(folder.file(), &SCHEMA).unwrap_err();
    assert!(matches!(error, StoreError::Occupied { .. }), "{error}");
    app.execute_batch("DROP TABLE notes; CREATE TABLE other (id INTEGER)").unwrap();
    assert!(Store::open(folder.file(), &SCHEMA).unwrap().opened().created);
}

#[test]
fn a_migration_that_fails_leaves_the_file_as_it_was() {
    let device = device();
    let broken = table(
        "notes",
        columns().leak(),
        &[0],
        "CREATE TABLE notes (id TEXT); CREATE TABLE notes (id TEXT);\n",
    );
    let later = schema(vec![&LISTS, Box::leak(Box::new(broken)), &MEMBERS, &COMMENTS]);
    assert!(Store::open(device.folder.file(), later).is_err());
    let mut device = device.reopened(&SCHEMA);
    assert!(!device.store.opened().migrated);
    assert_eq!(device.pending(), PENDING);
}
