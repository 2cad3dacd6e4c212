//! Everything is downloaded, once or again.

use oosync_runtime::client::StoreError;
use oosync_runtime::client::store::{InboxKind, Outcome};

use crate::device::{Device, list, note, text};
use crate::schema::SCHEMA;

const NOTES: usize = 1;
const INDEXES: &str = "SELECT name FROM sqlite_schema WHERE name = 'notes_list'";
const TITLES: &str = "SELECT id, title FROM notes ORDER BY id";

fn load(device: &mut Device, rows: &[(&str, &str)], resume: &[u8]) {
    let mut load = device.store.begin_load().unwrap();
    for (id, title) in rows {
        load.row(NOTES, &note(id, title)).unwrap();
    }
    load.commit(resume).unwrap();
}

#[test]
fn the_first_download_goes_straight_into_the_tables_and_makes_indexes_at_the_end() {
    let mut device = Device::new(&SCHEMA);
    assert!(!device.store.begin_bootstrap(0).unwrap().staged);
    assert_eq!(device.rows(INDEXES), [""; 0]);
    load(&mut device, &[("a", "a")], b"one");
    // The app is in use meanwhile, and may be ended.
    device.sql(
        "UPDATE notes SET title = 'mine' WHERE id = 'a'; INSERT INTO notes (id, title) VALUES ('m', 'made')",
    );
    let mut device = device.reopened(&SCHEMA);
    assert_eq!(device.store.opened().repaired, [""; 0]);
    assert_eq!(device.store.bootstrap().unwrap().unwrap().resume, Some(b"one".to_vec()));
    load(&mut device, &[("b", "b")], b"two");
    device.store.finish_bootstrap(b"cursor").unwrap();
    assert_eq!(device.rows(INDEXES), ["notes_list"]);
    assert_eq!(device.store.cursor().unwrap(), Some(b"cursor".to_vec()));
    assert!(!device.store.is_ready().unwrap(), "the delta is missing");
    device.pull("notes", &[&note("c", "c")], &[], 0);
    assert!(device.store.is_ready().unwrap());
    assert_eq!(device.rows(TITLES), ["a|mine", "b|b", "c|c", "m|made"]);
    assert_eq!(device.pending(), ["update notes a: title a>mine", "insert notes m: title made"]);
    assert_eq!(device.reopened(&SCHEMA).store.opened().repaired, [""; 0]);
}

#[test]
fn what_was_made_before_the_first_download_is_kept() {
    let mut device = Device::new(&SCHEMA);
    device.sql("INSERT INTO notes (id, title) VALUES ('m', 'made')");
    assert!(!device.store.begin_bootstrap(0).unwrap().staged);
    load(&mut device, &[("a", "a")], b"");
    device.store.finish_bootstrap(b"cursor").unwrap();
    assert_eq!(device.pending(), ["insert notes m: title made"]);
}

#[test]
fn a_second_download_is_swapped_in_at_the_end() {
    let mut device = Device::new(&SCHEMA);
    let rows = ["a", "b", "c", "d", "e"].map(|id| note(id, id));
    let rows: Vec<&[_]> = rows.iter().map(Vec::as_slice).collect();
    device.pull("notes", &rows, &[], 0);
    device.sql(
        "UPDATE notes SET draft = 'draft' WHERE id = 'a'; UPDATE notes SET title = 'mine' WHERE id IN ('b', 'c');
         DELETE FROM notes WHERE id = 'd'; INSERT INTO notes (id, title) VALUES ('m', 'made')",
    );
    assert!(device.store.begin_bootstrap(0).unwrap().staged);
    load(&mut device, &[("a", "theirs"), ("b", "theirs")], b"one");
    assert_eq!(
        device.rows(TITLES),
        ["a|a", "b|mine", "c|mine", "e|e", "m|made"],
        "nothing is seen of it yet"
    );
    load(&mut device, &[("b", "theirs"), ("d", "theirs"), ("f", "f")], b"two");
    device.sql("INSERT INTO notes (id, title) VALUES ('n', 'made meanwhile')");
    device.store.finish_bootstrap(b"cursor").unwrap();
    assert_eq!(device.rows(TITLES), ["a|theirs", "b|mine", "f|f", "m|made", "n|made meanwhile"]);
    assert_eq!(device.rows("SELECT draft FROM notes WHERE id = 'a'"), ["draft"]);
    let [item] = device.inbox().try_into().unwrap();
    assert_eq!((item.kind, &item.column("title").unwrap().mine), (InboxKind::Removed, &text("mine")));
    let pending = [
        "update notes b: title b>mine",
        "insert notes m: title made",
        "insert notes n: title made meanwhile",
        "delete notes d: title d>-",
    ];
    assert_eq!(device.pending()[..3], pending[..3]);
    assert_eq!(
        device.rows("SELECT title FROM notes__synced ORDER BY id"),
        ["theirs", "theirs", "theirs", "f"]
    );
    assert_eq!(device.rows("SELECT name FROM sqlite_schema WHERE name LIKE '%staged%'"), [""; 0]);
}

#[test]
fn a_row_that_waits_for_a_pull_is_not_undone_by_an_older_download() {
    let mut device = Device::new(&SCHEMA);
    device.pull("notes", &[&note("a", "a")], &[], 0);
    device.sql("UPDATE notes SET title = 'pushed'; INSERT INTO notes (id, title) VALUES ('m', 'made')");
    let last = device.push_all();
    device.store.begin_bootstrap(last - 2).unwrap();
    load(&mut device, &[("a", "a")], b"");
    device.store.finish_bootstrap(b"cursor").unwrap();
    assert_eq!(device.rows(TITLES), ["a|pushed", "m|made"]);
    device.pull("notes", &[&note("a", "pushed"), &note("m", "made")], &[], last);
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}

#[test]
fn a_download_that_is_begun_anew_leaves_nothing_of_the_one_before() {
    let mut device = Device::new(&SCHEMA);
    device.store.begin_bootstrap(0).unwrap();
    load(&mut device, &[("a", "a"), ("gone", "gone")], b"one");
    assert!(device.store.begin_bootstrap(0).unwrap().staged);
    assert_eq!(device.rows(INDEXES), ["notes_list"]);
    load(&mut device, &[("a", "a")], b"one");
    device.store.finish_bootstrap(b"cursor").unwrap();
    assert_eq!(device.rows(TITLES), ["a|a"]);
}

#[test]
fn a_chunk_that_fails_leaves_nothing_and_writes_are_still_captured() {
    let mut device = Device::new(&SCHEMA);
    device.store.begin_bootstrap(0).unwrap();
    let mut load = device.store.begin_load().unwrap();
    // So many that triggers have been dropped.
    for number in 0..5_000 {
        load.row(NOTES, &note(&format!("n{number}"), "x")).unwrap();
    }
    drop(load);
    assert_eq!(device.rows("SELECT count(*) FROM notes"), ["0"]);
    device.sql("INSERT INTO notes (id) VALUES ('m')");
    assert_eq!(device.pending(), ["insert notes m"]);
}

#[test]
fn triggers_are_back_after_many_rows() {
    let mut device = Device::new(&SCHEMA);
    device.store.begin_bootstrap(0).unwrap();
    let mut load = device.store.begin_load().unwrap();
    for number in 0..5_000 {
        load.row(NOTES, &note(&format!("n{number}"), "x")).unwrap();
    }
    load.commit(b"").unwrap();
    assert_eq!(device.store.dirty_count().unwrap(), 0);
    device.sql("UPDATE notes SET title = 'y' WHERE id = 'n7'");
    assert_eq!(device.pending(), ["update notes n7: title x>y"]);
}

#[test]
fn a_chunk_needs_a_download() {
    let mut device = Device::new(&SCHEMA);
    assert!(matches!(device.store.begin_load(), Err(StoreError::State { .. })));
    assert!(matches!(device.store.finish_bootstrap(b""), Err(StoreError::State { .. })));
}

#[test]
fn some_tables_are_fetched_beside_the_others_and_the_cursor_comes_back() {
    let mut device = Device::new(&SCHEMA);
    assert!(matches!(device.store.begin_fetch(0, &["notes"]), Err(StoreError::State { .. })));
    device.pull("lists", &[&list("l", "List")], &[], 0);
    device.pull("notes", &[&note("a", "a"), &note("b", "b"), &note("c", "c")], &[], 0);
    // A row of another table was taken by the server, and no pull has included that yet.
    device.sql("UPDATE lists SET name = 'Mine'; UPDATE notes SET title = 'mine' WHERE id = 'b'");
    let sent = device.send();
    for change in &sent {
        device.answer(change.id, Outcome::Applied);
    }
    let through = sent.last().unwrap().id;
    assert!(matches!(device.store.begin_fetch(0, &["nothing"]), Err(StoreError::UnknownTable { .. })));
    let begun = device.store.begin_fetch(through, &["notes"]).unwrap();
    assert_eq!((begun.staged, begun.tables.as_deref()), (true, Some(["notes".to_owned()].as_slice())));
    load(&mut device, &[("a", "other")], b"one");
    let mut device = device.reopened(&SCHEMA);
    assert_eq!(device.store.bootstrap().unwrap().unwrap().resume, Some(b"one".to_vec()));
    assert_eq!(device.rows(TITLES), ["a|a", "b|mine", "c|c"]);
    load(&mut device, &[("b", "mine"), ("n", "new")], b"two");
    device.store.finish_bootstrap(b"given back").unwrap();
    assert_eq!(device.rows(TITLES), ["a|other", "b|mine", "n|new"]);
    assert_eq!(device.store.cursor().unwrap().as_deref(), Some(b"given back".as_slice()));
    assert_eq!(device.store.bootstrap().unwrap(), None);
    assert_eq!(device.store.to_fetch().unwrap(), [""; 0]);
    // An older state of the other table does not flicker back.
    device.pull("lists", &[&list("l", "List")], &[], 0);
    assert_eq!(device.rows("SELECT name FROM lists"), ["Mine"]);
    device.pull("lists", &[&list("l", "Mine")], &[], through);
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}
