//! Rows that go with the one they point at.

use oosync_runtime::Value;
use oosync_runtime::client::store::{InboxKind, Outcome, ServerRow};

use crate::device::{Device, list, text};
use crate::schema::SCHEMA;

/// A note of a list as the server has it.
fn note(id: &str, of: &str, title: &str) -> Vec<Value<'static>> {
    vec![text(id), text(of), text(title), Value::Null, Value::Null, Value::Null]
}

/// Two lists, a note in each.
fn device() -> Device {
    let mut device = Device::new(&SCHEMA);
    device.pull("lists", &[&list("a", "A"), &list("b", "B")], &[], 0);
    device.pull("notes", &[&note("1", "a", "one"), &note("2", "b", "two")], &[], 0);
    device
}

const NOTES: &str = "SELECT id, list, title FROM notes ORDER BY id";

fn refused() -> Outcome {
    Outcome::Rejected { code: "held".to_owned(), message: "no".to_owned(), detail: None, server: None }
}

#[test]
fn they_wait_for_its_answer_and_go_with_it() {
    let mut device = device();
    device.sql("DELETE FROM lists WHERE id = 'a'");
    assert_eq!(device.pending(), ["delete lists a"]);
    let last = device.push_all();
    assert_eq!(device.pending(), [""; 0]);
    // What does not include the deletion brings nothing back.
    device.pull("notes", &[&note("1", "a", "changed")], &[], last - 1);
    assert_eq!(device.rows(NOTES), ["2|b|two"]);
    device.pull("notes", &[], &[&[text("1")]], last);
    assert_eq!(device.rows(NOTES), ["2|b|two"]);
    assert_eq!(device.rows("SELECT count(*) FROM _oosync_notes"), ["0"]);
    assert_eq!(device.rows("SELECT count(*) FROM _oosync_notes__server"), ["0"]);
    assert_eq!(device.inbox(), []);
}

#[test]
fn they_come_back_as_they_were_with_what_the_server_changed_meanwhile() {
    let mut device = device();
    device
        .sql("UPDATE notes SET weight = 1.5 WHERE id = '1'; INSERT INTO notes (id, list) VALUES ('3', 'a')");
    device.sql("DELETE FROM lists WHERE id = 'a'");
    let id = device.send()[0].id;
    device.pull("notes", &[&note("1", "a", "theirs")], &[], 0);
    assert_eq!(device.rows(NOTES), ["2|b|two"]);
    device.answer(id, refused());
    assert_eq!(device.rows(NOTES), ["1|a|theirs", "2|b|two", "3|a|-"]);
    let kinds: Vec<(InboxKind, String)> =
        device.inbox().into_iter().map(|item| (item.kind, item.table)).collect();
    assert_eq!(kinds, [(InboxKind::Rejected, "lists".to_owned())]);
    assert_eq!(device.pending(), ["update notes 1: weight ->1.5", "insert notes 3: list a"]);
}

#[test]
fn a_row_that_is_made_again_elsewhere_is_the_users_change() {
    let mut device = device();
    device.sql(
        "DELETE FROM lists WHERE id = 'a'; INSERT INTO notes (id, list, title) VALUES ('1', 'b', 'moved')",
    );
    assert_eq!(device.pending(), ["update notes 1: list a>b, title one>moved", "delete lists a"]);
    let sent = device.send();
    device.answer(sent[1].id, refused());
    assert_eq!(device.rows(NOTES), ["1|b|moved", "2|b|two"]);
}

#[test]
fn a_later_deletion_of_a_row_that_came_back_is_the_users_own() {
    let mut device = device();
    device.sql("DELETE FROM lists WHERE id = 'a'");
    let id = device.send()[0].id;
    device.answer(id, refused());
    device.sql("DELETE FROM notes WHERE id = '1'");
    assert_eq!(device.pending().len(), 1);
    assert!(device.pending()[0].starts_with("delete notes 1"), "{:?}", device.pending());
}

#[test]
fn a_row_of_which_the_parent_is_not_here_is_deleted_by_the_user() {
    let mut device = Device::new(&SCHEMA);
    device.pull("notes", &[&note("1", "hidden", "one")], &[], 0);
    device.sql("DELETE FROM notes");
    assert_eq!(device.pending().len(), 1);
}

#[test]
fn a_list_that_was_never_sent_takes_its_own_with_it_and_the_rest_is_sent() {
    let mut device = device();
    device.sql(
        "INSERT INTO lists VALUES ('c', 'C'); INSERT INTO notes (id, list) VALUES ('3', 'c');
         UPDATE notes SET list = 'c' WHERE id = '1'; DELETE FROM lists WHERE id = 'c'",
    );
    let pending = device.pending();
    assert!(pending.len() == 1 && pending[0].starts_with("delete notes 1"), "{pending:?}");
    assert_eq!(device.rows("SELECT count(*) FROM _oosync_notes"), ["1"]);
}

#[test]
fn a_deletion_that_found_nothing_takes_them_along_too() {
    let mut device = device();
    device.sql("DELETE FROM lists WHERE id = 'a'");
    let id = device.send()[0].id;
    device.answer(id, Outcome::Conflict { server: ServerRow::Gone });
    assert_eq!(device.pending(), [""; 0]);
    device.pull("notes", &[], &[&[text("1")]], id);
    assert_eq!(device.rows(NOTES), ["2|b|two"]);
}
