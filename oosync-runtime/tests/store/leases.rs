//! Leased numbers, and the right to sync.

use std::time::Duration;

use oosync_runtime::client::StoreError;
use oosync_runtime::client::store::Store;

use crate::device::{Device, text};
use crate::schema::SCHEMA;

#[test]
fn plain_sql_takes_the_next_number_from_a_view() {
    let mut device = Device::new(&SCHEMA);
    device.store.add_lease("comments", "id", 100, 101).unwrap();
    device.store.add_lease("comments", "id", 200, 200).unwrap();
    for body in ["a", "b", "c"] {
        device
            .sql(&format!("INSERT INTO comments (id, body) SELECT id, '{body}' FROM _oosync_comments__next"));
    }
    assert_eq!(device.rows("SELECT id, body FROM comments"), ["100|a", "101|b", "200|c"]);
    assert_eq!(device.store.leases_left("comments", "id").unwrap(), 0);
    assert_eq!(device.rows("SELECT id FROM _oosync_comments__next"), ["-"]);
}

#[test]
fn a_number_that_was_used_is_not_given_again() {
    let mut device = Device::new(&SCHEMA);
    device.store.add_lease("comments", "id", 100, 109).unwrap();
    device.sql("INSERT INTO comments (id) VALUES (104), (7)");
    assert_eq!(device.store.leases_left("comments", "id").unwrap(), 5);
    device.sql("BEGIN; INSERT INTO comments (id) SELECT id FROM _oosync_comments__next; ROLLBACK");
    assert_eq!(device.store.leases_left("comments", "id").unwrap(), 5, "it was not used");
}

#[test]
fn sqlite_does_not_make_numbers_up() {
    let device = Device::new(&SCHEMA);
    for sql in
        ["INSERT INTO comments (body) VALUES ('x')", "INSERT INTO comments (id, body) VALUES (NULL, 'x')"]
    {
        let error = device.app.execute_batch(sql).unwrap_err();
        assert!(error.to_string().contains("comments.id has no number"), "{error}");
    }
    assert_eq!(device.rows("SELECT count(*) FROM comments"), ["0"]);
}

#[test]
fn a_lease_is_of_a_column_that_takes_one() {
    let mut device = Device::new(&SCHEMA);
    let error = device.store.add_lease("comments", "body", 1, 2).unwrap_err();
    assert!(matches!(error, StoreError::UnknownColumn { .. }));
    assert!(device.store.add_lease("comments", "id", 2, 1).is_err());
}

#[test]
fn one_process_syncs() {
    let mut device = Device::new(&SCHEMA);
    let mut other = Store::open(device.folder.file(), &SCHEMA).unwrap();
    let minute = Duration::from_secs(60);
    assert!(device.store.hold("one", minute).unwrap());
    assert!(device.store.hold("one", minute).unwrap());
    assert!(!other.hold("two", minute).unwrap());
    assert_eq!(other.holder().unwrap().as_deref(), Some("one"));
    device.store.release("one").unwrap();
    assert!(other.hold("two", Duration::ZERO).unwrap());
    assert!(device.store.hold("one", minute).unwrap(), "its time was over");
    // As if the clock had been a year ahead.
    device.sql("UPDATE _oosync_holder SET until = until + 31536000000");
    assert!(other.hold("two", minute).unwrap());
}

#[test]
fn a_process_that_ended_without_giving_the_right_back_is_not_waited_for() {
    let mut device = Device::new(&SCHEMA);
    let mut other = Store::open(device.folder.file(), &SCHEMA).unwrap();
    let minute = Duration::from_secs(60);
    assert!(other.hold("one", minute).unwrap());
    assert!(!device.store.hold("two", minute).unwrap());
    // What the system does with the files of a process that is killed.
    drop(other);
    assert_eq!(device.store.holder().unwrap().as_deref(), Some("one"), "the row is still there");
    assert!(device.store.hold("two", minute).unwrap());
}

#[test]
fn a_file_is_one_users() {
    let mut device = Device::new(&SCHEMA);
    assert_eq!(device.store.identity().unwrap(), None);
    device.store.register("client", "ada").unwrap();
    device.store.remember("incarnation", "7").unwrap();
    device.sql("INSERT INTO notes (id) VALUES ('a')");
    assert!(matches!(device.store.register("client", "bob"), Err(StoreError::State { .. })));
    device.store.register("client", "ada").unwrap();
    let first = device.send()[0].id;
    device.store.register("another", "ada").unwrap();
    assert!(device.send()[0].id > first, "a new client sends again");
    device.store.wipe().unwrap();
    assert_eq!(device.store.remembered("incarnation").unwrap(), None);
    assert_eq!(device.rows("SELECT count(*) FROM notes"), ["0"]);
    device.store.register("client", "bob").unwrap();
    assert_eq!(device.reopened(&SCHEMA).store.identity().unwrap().unwrap().user, "bob");
}

#[test]
fn a_change_is_discarded() {
    let mut device = Device::new(&SCHEMA);
    device.pull("notes", &[&crate::device::note("a", "old"), &crate::device::note("b", "b")], &[], 0);
    device.sql(
        "UPDATE notes SET title = 'mine' WHERE id = 'a'; DELETE FROM notes WHERE id = 'b';
         INSERT INTO notes (id) VALUES ('c')",
    );
    device.pull("notes", &[&crate::device::note("a", "theirs")], &[], 0);
    for id in ["a", "b", "c"] {
        assert!(device.store.discard("notes", &[text(id)]).unwrap());
        assert!(!device.store.discard("notes", &[text(id)]).unwrap());
    }
    assert_eq!(device.rows("SELECT id, title FROM notes"), ["a|theirs", "b|b"]);
    assert_eq!(device.pending(), [""; 0]);
}

#[test]
fn a_process_that_ended_early_holds_nothing() {
    let device = Device::new(&SCHEMA);
    let minute = Duration::from_secs(60);
    let mut killed = Store::open(device.folder.file(), &SCHEMA).unwrap();
    assert!(killed.hold("killed", minute).unwrap());
    let mut next = Store::open(device.folder.file(), &SCHEMA).unwrap();
    assert!(!next.hold("next", minute).unwrap(), "it lives");
    // It does not say that it goes.
    drop(killed);
    assert!(next.hold("next", minute).unwrap());
    assert_eq!(next.holder().unwrap().as_deref(), Some("next"));
    let mut third = device.store;
    assert!(!third.hold("third", minute).unwrap());
    next.release("next").unwrap();
    assert!(third.hold("third", minute).unwrap());
}

#[test]
fn one_that_hangs_holds_it_until_its_time_is_over_and_one_without_a_lock_too() {
    let device = Device::new(&SCHEMA);
    let minute = Duration::from_secs(60);
    let (mut hangs, mut next) = (device.store, Store::open(device.folder.file(), &SCHEMA).unwrap());
    assert!(hangs.hold("hangs", Duration::ZERO).unwrap());
    assert!(next.hold("next", minute).unwrap(), "the time of the first is over, though it has the lock");
    drop(hangs);
    let mut third = Store::open(device.folder.file(), &SCHEMA).unwrap();
    assert!(!third.hold("third", minute).unwrap(), "the second had no lock when it began, and lives");
}
