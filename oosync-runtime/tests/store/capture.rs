//! Every write is noticed, whoever makes it.

use std::process::Command;

use oosync_runtime::rusqlite::Connection;

use crate::device::{Device, note};
use crate::schema::SCHEMA;

/// A device with two lists and a note that the server has, too.
fn device() -> Device {
    let mut device = Device::new(&SCHEMA);
    device.pull("lists", &[&crate::device::list("l", "List"), &crate::device::list("m", "More")], &[], 0);
    let mut row = note("a", "old");
    row[1] = crate::device::text("l");
    device.pull("notes", &[&row, &note("b", "other")], &[], 0);
    device
}

#[test]
fn a_new_row_is_pushed_with_what_it_has() {
    let mut device = device();
    device.sql("INSERT INTO notes (id, title) VALUES ('c', 'new')");
    assert_eq!(device.pending(), ["insert notes c: title new"]);
}

#[test]
fn a_change_is_pushed_by_column_with_its_base() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'x' WHERE id = 'a'; UPDATE notes SET title = 'new' WHERE id = 'a'");
    assert_eq!(device.pending(), ["update notes a: title old>new"]);
}

#[test]
fn a_delete_is_pushed() {
    let mut device = device();
    device.sql("DELETE FROM notes WHERE id = 'b'");
    assert_eq!(device.pending(), ["delete notes b"]);
}

#[test]
fn deleting_all_rows_is_noticed() {
    let mut device = device();
    device.sql("DELETE FROM notes");
    assert_eq!(device.pending(), ["delete notes a", "delete notes b"]);
}

#[test]
fn an_update_that_changes_nothing_makes_no_entry() {
    let device = device();
    device.sql("UPDATE notes SET title = title, weight = weight");
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}

#[test]
fn a_change_that_is_undone_is_not_pushed() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'x' WHERE id = 'a'");
    assert_eq!(device.store.dirty_count().unwrap(), 1);
    device.sql("UPDATE notes SET title = 'old' WHERE id = 'a'");
    assert_eq!(device.pending(), [""; 0]);
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}

#[test]
fn a_row_that_came_and_went_is_not_pushed() {
    let mut device = device();
    device.sql("INSERT INTO notes (id) VALUES ('c'); DELETE FROM notes WHERE id = 'c'");
    assert_eq!(device.pending(), [""; 0]);
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}

#[test]
fn a_row_that_went_and_came_is_an_update() {
    let mut device = device();
    device.sql("DELETE FROM notes WHERE id = 'b'; INSERT INTO notes (id, title) VALUES ('b', 'again')");
    assert_eq!(device.pending(), ["update notes b: title other>again"]);
}

#[test]
fn what_is_rolled_back_is_not_pushed() {
    let mut device = device();
    device.sql(
        "BEGIN; UPDATE notes SET title = 'kept' WHERE id = 'a'; SAVEPOINT s; UPDATE notes SET title = 'x'; \
         INSERT INTO notes (id) VALUES ('c'); ROLLBACK TO s; RELEASE s; COMMIT; BEGIN; DELETE FROM notes; ROLLBACK",
    );
    assert_eq!(device.pending(), ["update notes a: title old>kept"]);
}

#[test]
fn an_upsert_is_an_update_where_the_row_is_there() {
    let mut device = device();
    device.sql(
        "INSERT INTO notes (id, title) VALUES ('a', 'x'), ('c', 'y') \
         ON CONFLICT (id) DO UPDATE SET title = excluded.title",
    );
    device.sql("INSERT INTO notes (id, title) VALUES ('b', 'x') ON CONFLICT DO NOTHING");
    device.sql("INSERT OR IGNORE INTO notes (id, title) VALUES ('b', 'x')");
    assert_eq!(device.pending(), ["update notes a: title old>x", "insert notes c: title y"]);
    assert_eq!(device.store.dirty_count().unwrap(), 2);
}

#[test]
fn insert_or_replace_is_an_update_where_the_row_is_there() {
    for recursive in ["OFF", "ON"] {
        let mut device = device();
        device.sql(&format!("PRAGMA recursive_triggers = {recursive}"));
        device.sql("INSERT OR REPLACE INTO notes (id, title) VALUES ('a', 'x'), ('c', 'y')");
        device.sql("REPLACE INTO notes (id, title) VALUES ('a', 'z')");
        assert_eq!(device.pending(), ["update notes a: list l>-, title old>z", "insert notes c: title y"]);
    }
}

#[test]
fn a_row_replaced_twice_keeps_its_first_base() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'x' WHERE id = 'b'");
    device.sql("INSERT OR REPLACE INTO notes (id, title) VALUES ('b', 'y')");
    device.sql("INSERT OR REPLACE INTO notes (id, title) VALUES ('b', 'other')");
    assert_eq!(device.pending(), [""; 0]);
}

#[test]
fn a_change_of_key_is_a_row_that_goes_and_one_that_comes() {
    let mut device = device();
    device.sql("UPDATE notes SET id = 'z' WHERE id = 'b'");
    assert_eq!(device.pending(), ["insert notes z: title other", "delete notes b"]);
    device.sql("UPDATE notes SET id = 'b' WHERE id = 'z'");
    assert_eq!(device.pending(), [""; 0]);
}

#[test]
fn a_change_of_key_may_replace_a_row() {
    for recursive in ["OFF", "ON"] {
        let mut device = device();
        device.sql(&format!("PRAGMA recursive_triggers = {recursive}"));
        device.sql("UPDATE OR REPLACE notes SET id = 'a' WHERE id = 'b'");
        let pending = ["update notes a: list l>-, title old>other", "delete notes b"];
        assert_eq!(device.pending(), pending);
    }
}

#[test]
fn a_part_of_a_composite_key_may_change() {
    let mut device = device();
    device.sql("INSERT INTO members VALUES ('l', 1, 'owner')");
    let last = device.push_all();
    device.sql("UPDATE members SET person = 2, role = 'guest'");
    assert_eq!(device.pending(), ["insert members l/2: role guest", "delete members l/1"]);
    assert_eq!(last, 1);
}

#[test]
fn rows_deleted_by_a_foreign_key_are_noticed_and_left_to_the_servers_own() {
    let mut device = device();
    device.sql("DELETE FROM lists WHERE id = 'l'");
    assert_eq!(device.pending(), ["delete lists l"]);
    assert_eq!(device.rows("SELECT key_id FROM _oosync_notes"), ["a"]);
}

#[test]
fn numbers_of_another_type_or_sign_are_a_change() {
    let mut device = device();
    device.sql("UPDATE notes SET weight = 1.0 WHERE id = 'a'; UPDATE notes SET weight = 0.0 WHERE id = 'b'");
    device.push_all();
    device.sql("UPDATE notes SET weight = 1 WHERE id = 'a'; UPDATE notes SET weight = -0.0 WHERE id = 'b'");
    assert_eq!(device.pending(), ["update notes a: weight 1.0>1", "update notes b: weight 0.0>-0.0"]);
}

#[test]
fn columns_of_the_device_and_of_postgres_are_not_pushed() {
    let mut device = device();
    device.sql("UPDATE notes SET draft = 'mine', size = 3");
    assert_eq!(device.store.dirty_count().unwrap(), 0);
    device.sql("INSERT INTO notes (id, title, draft, size) VALUES ('c', 'new', 'mine', 3)");
    assert_eq!(device.pending(), ["insert notes c: title new"]);
}

#[test]
fn every_conflict_clause_leaves_bases_alone() {
    for clause in ["ABORT", "FAIL", "ROLLBACK", "IGNORE", "REPLACE"] {
        let mut device = device();
        device.sql(&format!("UPDATE OR {clause} notes SET title = 'x' WHERE id = 'a'"));
        device.sql(&format!("UPDATE OR {clause} notes SET title = 'y' WHERE id = 'a'"));
        device.sql(&format!("INSERT OR {clause} INTO notes (id, title) VALUES ('c', 'new')"));
        device.sql(&format!("UPDATE OR {clause} notes SET title = 'newer' WHERE id = 'c'"));
        let pending = ["update notes a: title old>y", "insert notes c: title newer"];
        assert_eq!(device.pending(), pending, "{clause}");
    }
}

#[test]
fn a_failed_statement_leaves_nothing() {
    let mut device = device();
    assert!(device.app.execute_batch("INSERT INTO notes (id, title) VALUES ('c', 'x'), ('a', 'y')").is_err());
    assert!(device.app.execute_batch("UPDATE notes SET id = 'a'").is_err());
    assert_eq!(device.pending(), [""; 0]);
}

#[test]
fn a_connection_without_our_settings_is_captured_too() {
    let mut device = device();
    let plain = Connection::open(device.folder.file()).unwrap();
    plain
        .execute_batch("UPDATE notes SET title = 'x' WHERE id = 'a'; DELETE FROM notes WHERE id = 'b'")
        .unwrap();
    assert_eq!(device.pending(), ["update notes a: title old>x", "delete notes b"]);
}

#[test]
fn the_command_line_program_is_captured_too() {
    let mut device = device();
    let sql = "INSERT OR REPLACE INTO notes (id, title) VALUES ('a', 'x'); UPDATE notes SET title = 'y' WHERE id = 'a';
        UPDATE OR REPLACE notes SET id = 'a' WHERE id = 'b'; INSERT OR IGNORE INTO notes (id) VALUES ('a');
        INSERT INTO notes (id, title) VALUES ('c', 'z') ON CONFLICT (id) DO UPDATE SET title = 'w';";
    let run = Command::new("sqlite3").arg(device.folder.file()).arg(sql).output();
    // Not every machine has it.
    let Ok(run) = run else { return };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let pending = ["update notes a: list l>-, title old>other", "insert notes c: title z", "delete notes b"];
    assert_eq!(device.pending(), pending);
}
