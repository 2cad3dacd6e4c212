//! Answers and the server's rows meet what was written here.

use oosync_runtime::Value;
use oosync_runtime::client::StoreError;
use oosync_runtime::client::store::{Answer, InboxKind, Outcome, ServerRow};

use crate::device::{Device, note, text, theirs};
use crate::schema::SCHEMA;

/// A device with a note that the server has, too.
fn device() -> Device {
    let mut device = Device::new(&SCHEMA);
    device.pull("notes", &[&note("a", "old")], &[], 0);
    device
}

const TITLES: &str = "SELECT id, title, weight FROM notes ORDER BY id";

fn rejected(server: Option<ServerRow>) -> Outcome {
    Outcome::Rejected { code: "policy".to_owned(), message: "no".to_owned(), detail: None, server }
}

#[test]
fn what_the_server_took_is_clean_once_a_pull_includes_it() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'new'");
    let last = device.push_all();
    assert_eq!(device.pending(), [""; 0]);
    device.pull("notes", &[&note("a", "new")], &[], last);
    assert_eq!(device.rows("SELECT count(*) FROM _oosync_notes"), ["0"]);
    assert_eq!(device.rows(TITLES), ["a|new|-"]);
}

#[test]
fn a_pull_from_before_the_push_does_not_flicker_back() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'new'; INSERT INTO notes (id, title) VALUES ('b', 'b')");
    device.sql("UPDATE notes SET title = 'newer' WHERE id = 'a'");
    let last = device.push_all();
    device.pull("notes", &[&note("a", "old")], &[&[text("b")]], 0);
    assert_eq!(device.rows(TITLES), ["a|newer|-", "b|b|-"]);
    device.pull("notes", &[&note("a", "newer"), &note("b", "theirs")], &[], last);
    assert_eq!(device.rows(TITLES), ["a|newer|-", "b|theirs|-"]);
}

#[test]
fn a_deleted_row_does_not_flicker_back() {
    let mut device = device();
    device.sql("DELETE FROM notes");
    let last = device.push_all();
    device.pull("notes", &[&note("a", "old")], &[], last - 1);
    assert_eq!(device.rows(TITLES), [""; 0]);
    device.pull("notes", &[], &[&[text("a")]], last);
    assert_eq!(device.rows("SELECT count(*) FROM _oosync_notes"), ["0"]);
}

#[test]
fn an_edit_made_while_a_push_is_on_its_way_is_kept() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'sent'");
    let sent = device.send();
    device.sql("UPDATE notes SET title = 'later'");
    device.answer(sent[0].id, Outcome::Applied);
    assert_eq!(device.pending(), ["update notes a: title sent>later"]);
}

#[test]
fn a_batch_is_sent_again_word_for_word_until_it_is_answered() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'sent'");
    let first = device.store.next_batch(10, |_| Ok(b"body".to_vec())).unwrap().unwrap();
    device.sql("UPDATE notes SET title = 'later'");
    let mut device = device.reopened(&SCHEMA);
    let again = device.store.next_batch(10, |_| Err("not asked".to_owned())).unwrap().unwrap();
    assert_eq!(again, first);
    device.answer(first.id, Outcome::Applied);
    let next = device.store.next_batch(10, |changes| Ok(vec![changes.len() as u8])).unwrap().unwrap();
    assert!(next.id > first.id);
    assert_eq!(next.body, [1]);
}

#[test]
fn batches_follow_each_other_and_begin_anew_once_somebody_wrote() {
    let mut device = device();
    device.sql(
        "INSERT INTO lists VALUES ('l', 'L'); \
         INSERT INTO notes (id, list, title) VALUES ('1', 'l', 'one'), ('2', 'l', 'two'), ('3', 'l', 'three')",
    );
    assert_eq!(device.push_one(), "insert lists l");
    assert_eq!(device.push_one(), "insert notes 1");
    // A row that is still to be sent points at one that was not there yet.
    device.sql("INSERT INTO lists VALUES ('m', 'M'); UPDATE notes SET list = 'm' WHERE id = '2'");
    assert_eq!(device.push_one(), "insert lists m");
    device.sql("UPDATE notes SET title = 'later' WHERE id = '1'");
    assert_eq!(device.push_one(), "update notes 1");
    let sent = device.store.next_batch(1, |_| Ok(Vec::new())).unwrap().unwrap();
    device.answer(sent.id, Outcome::Retry);
    assert_eq!(device.push_one(), "insert notes 2");
    assert_eq!(device.push_one(), "insert notes 3");
    assert_eq!(device.push_one(), "");
    device.pull("notes", &[], &[&[text("3")]], sent.id);
    device.sql("DELETE FROM notes WHERE id = '1'");
    assert_eq!(device.push_one(), "delete notes 1");
}

#[test]
fn a_batch_that_cannot_be_written_down_is_not_sent() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'x'");
    let error = device.store.next_batch(10, |_| Err("too long".to_owned())).unwrap_err();
    assert_eq!(error.to_string(), "the batch could not be written down: too long");
    assert_eq!(device.pending(), ["update notes a: title old>x"]);
}

#[test]
fn an_answer_to_nothing_is_an_error_and_changes_nothing() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'x'");
    let id = device.send()[0].id;
    let answers =
        [Answer { id, outcome: Outcome::Applied }, Answer { id: id + 1, outcome: Outcome::Applied }];
    assert!(matches!(device.store.answer(&answers), Err(StoreError::NotSent { .. })));
    device.answer(id, Outcome::Applied);
    assert!(matches!(device.store.answer(&answers[..1]), Err(StoreError::NotSent { .. })));
}

#[test]
fn a_pull_overwrites_clean_columns_of_a_dirty_row_and_no_other() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    let mut row = note("a", "theirs");
    row[3] = Value::Real(2.5);
    device.pull("notes", &[&row], &[], 0);
    assert_eq!(device.rows(TITLES), ["a|mine|2.5"]);
    assert_eq!(device.pending(), ["update notes a: title old>mine"]);
    assert_eq!(device.rows("SELECT id, title, weight FROM notes__synced"), ["a|theirs|2.5"]);
}

#[test]
fn a_change_that_is_undone_shows_what_the_server_has_by_now() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    device.pull("notes", &[&note("a", "theirs")], &[], 0);
    device.sql("UPDATE notes SET title = 'old'");
    assert_eq!(device.pending(), [""; 0]);
    assert_eq!(device.rows(TITLES), ["a|theirs|-"]);
}

#[test]
fn both_sides_making_the_same_change_is_no_change() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'same'; INSERT INTO notes (id, title) VALUES ('b', 'b')");
    let mut row = note("b", "b");
    (row[4], row[5]) = (Value::Integer(1), text("stamped"));
    device.pull("notes", &[&note("a", "same"), &row], &[], 0);
    assert_eq!(device.pending(), [""; 0]);
    assert_eq!(device.rows("SELECT size, stamp FROM notes WHERE id = 'b'"), ["1|stamped"]);
}

#[test]
fn a_conflict_takes_the_servers_values_and_is_told_of() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine', weight = 1.5");
    let id = device.send()[0].id;
    device.answer(id, Outcome::Conflict { server: theirs(&[("title", "theirs")]) });
    assert_eq!(device.rows(TITLES), ["a|theirs|1.5"]);
    assert_eq!(device.pending(), [""; 0]);
    let [item] = device.inbox().try_into().unwrap();
    assert_eq!((item.kind, item.table.as_str(), item.mutation), (InboxKind::Conflict, "notes", Some(id)));
    let title = item.column("title").unwrap();
    assert_eq!((&title.base, &title.mine, &title.theirs), (&text("old"), &text("mine"), &text("theirs")));
    assert!(title.lost && !item.column("weight").unwrap().lost);
    assert!(device.store.dismiss(item.id).unwrap());
    assert!(!device.store.dismiss(item.id).unwrap());
    assert_eq!(device.inbox(), []);
}

#[test]
fn an_edit_after_the_one_that_lost_is_a_change_of_its_own() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    let id = device.send()[0].id;
    device.sql("UPDATE notes SET title = 'later'");
    device.answer(id, Outcome::Conflict { server: theirs(&[("title", "theirs")]) });
    assert_eq!(device.pending(), ["update notes a: title theirs>later"]);
}

#[test]
fn a_delete_that_lost_brings_the_row_back() {
    let mut device = device();
    device.sql("DELETE FROM notes");
    let id = device.send()[0].id;
    device.answer(id, Outcome::Conflict { server: theirs(&[("title", "theirs")]) });
    assert_eq!(device.rows(TITLES), ["a|theirs|-"]);
    assert_eq!(device.pending(), [""; 0]);
}

#[test]
fn an_update_of_a_row_that_is_gone_goes_to_the_inbox() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    let id = device.send()[0].id;
    device.sql("UPDATE notes SET weight = 3.5");
    device.answer(id, Outcome::Conflict { server: ServerRow::Gone });
    assert_eq!(device.rows(TITLES), [""; 0]);
    let items = device.inbox();
    assert!(
        items.iter().any(|item| item.column("weight").is_some_and(|column| column.mine == Value::Real(3.5)))
    );
    assert!(items.iter().any(|item| item.column("title").is_some_and(|column| column.mine == text("mine"))));
    assert_eq!(device.pending(), [""; 0]);
}

#[test]
fn a_refused_update_goes_back_to_the_servers_row() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    let id = device.send()[0].id;
    device.sql("UPDATE notes SET weight = 1.5");
    device.answer(id, rejected(None));
    assert_eq!(device.rows(TITLES), ["a|old|1.5"]);
    assert_eq!(device.pending(), ["update notes a: weight ->1.5"]);
    let [item] = device.inbox().try_into().unwrap();
    assert_eq!((item.kind, item.code.as_deref()), (InboxKind::Rejected, Some("policy")));
    assert_eq!(item.column("title").unwrap().mine, text("mine"));
}

#[test]
fn a_refused_row_vanishes_and_its_values_are_in_the_inbox() {
    let mut device = device();
    device.sql("INSERT INTO notes (id, title) VALUES ('b', 'mine')");
    let id = device.send()[0].id;
    device.answer(id, rejected(None));
    assert_eq!(device.rows(TITLES), ["a|old|-"]);
    assert_eq!(device.inbox()[0].column("title").unwrap().mine, text("mine"));
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}

#[test]
fn a_refused_row_that_was_mended_meanwhile_is_tried_again() {
    let mut device = device();
    device.sql("INSERT INTO notes (id, title) VALUES ('b', 'mine')");
    let id = device.send()[0].id;
    device.sql("UPDATE notes SET title = 'mended' WHERE id = 'b'");
    device.answer(id, rejected(None));
    assert_eq!(device.pending(), ["insert notes b: title mended"]);
}

#[test]
fn a_refused_delete_brings_the_row_back() {
    let mut device = device();
    device.sql("DELETE FROM notes");
    let id = device.send()[0].id;
    device.pull("notes", &[&note("a", "theirs")], &[], 0);
    device.answer(id, rejected(None));
    assert_eq!(device.rows(TITLES), ["a|theirs|-"]);
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}

#[test]
fn what_is_to_be_tried_again_stays() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    let id = device.send()[0].id;
    device.answer(id, Outcome::Retry);
    let again = device.send();
    assert!(again[0].id > id);
    assert_eq!(device.rows(TITLES), ["a|mine|-"]);
}

#[test]
fn a_tombstone_over_a_dirty_row_removes_it_and_keeps_its_values_in_the_inbox() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    device.pull("notes", &[], &[&[text("a")]], 0);
    assert_eq!(device.rows(TITLES), [""; 0]);
    let [item] = device.inbox().try_into().unwrap();
    assert_eq!((item.kind, &item.column("title").unwrap().mine), (InboxKind::Removed, &text("mine")));
    assert_eq!(device.pending(), [""; 0]);
}

#[test]
fn an_answer_about_a_row_that_is_gone_does_not_touch_its_successor() {
    for outcome in [Outcome::Applied, rejected(None), Outcome::Conflict { server: ServerRow::Gone }] {
        let mut device = device();
        device.sql("UPDATE notes SET title = 'mine'");
        let id = device.send()[0].id;
        device.pull("notes", &[], &[&[text("a")]], id - 1);
        device.sql("INSERT INTO notes (id, title) VALUES ('a', 'successor')");
        device.answer(id, outcome);
        assert_eq!(device.pending(), ["insert notes a: title successor"]);
    }
}

#[test]
fn a_pull_that_knows_the_answer_first_is_kept_until_the_answer_is_there() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    let id = device.send()[0].id;
    let mut row = note("a", "resolved");
    row[3] = Value::Real(4.5);
    device.pull("notes", &[&row], &[], id);
    assert_eq!(device.rows(TITLES), ["a|mine|-"]);
    device.answer(id, Outcome::Applied);
    assert_eq!(device.rows(TITLES), ["a|resolved|4.5"]);
    assert_eq!(device.rows("SELECT count(*) FROM _oosync_notes"), ["0"]);
}

#[test]
fn a_row_that_was_taken_and_deleted_before_the_answer_arrived_is_gone() {
    let mut device = device();
    device.sql("INSERT INTO notes (id, title) VALUES ('b', 'mine')");
    let id = device.send()[0].id;
    device.pull("notes", &[], &[&[text("b")]], id);
    device.answer(id, Outcome::Applied);
    assert_eq!(device.rows(TITLES), ["a|old|-"]);
    assert_eq!(device.rows("SELECT count(*) FROM _oosync_notes"), ["0"]);
}

#[test]
fn a_row_that_the_server_fills_is_filled_once_it_is_taken() {
    let mut device = device();
    device.sql("INSERT INTO notes (id, title) VALUES ('b', 'mine')");
    let last = device.push_all();
    let mut row = note("b", "mine");
    (row[4], row[5]) = (Value::Integer(4), text("stamped"));
    device.pull("notes", &[&row], &[], last);
    assert_eq!(device.rows("SELECT size, stamp FROM notes WHERE id = 'b'"), ["4|stamped"]);
    assert_eq!(device.store.dirty_count().unwrap(), 0);
}

#[test]
fn columns_of_the_device_survive_the_servers_rows() {
    let mut device = device();
    device.sql("UPDATE notes SET draft = 'mine'");
    device.pull("notes", &[&note("a", "theirs")], &[], 0);
    assert_eq!(device.rows("SELECT title, draft FROM notes"), ["theirs|mine"]);
}

#[test]
fn the_view_of_the_server_leaves_out_what_was_made_here() {
    let mut device = device();
    device.pull("notes", &[&note("b", "b"), &note("c", "c")], &[], 0);
    device.sql("UPDATE notes SET title = 'mine' WHERE id = 'a'; DELETE FROM notes WHERE id = 'b'");
    device.sql("INSERT INTO notes (id, title) VALUES ('d', 'd')");
    assert_eq!(device.rows("SELECT id, title FROM notes__synced ORDER BY id"), ["a|old", "b|b", "c|c"]);
}

#[test]
fn a_delta_that_fails_leaves_nothing() {
    let mut device = device();
    let mut apply = device.store.begin_apply(0).unwrap();
    apply.upsert(1, &note("b", "b")).unwrap();
    assert!(apply.upsert(1, &[text("c")]).is_err());
    drop(apply);
    assert_eq!(device.rows(TITLES), ["a|old|-"]);
    assert_eq!(device.store.cursor().unwrap(), Some(b"cursor".to_vec()));
    device.sql("UPDATE notes SET title = 'captured'");
    assert_eq!(device.pending(), ["update notes a: title old>captured"]);
}

#[test]
fn what_was_sent_is_sent_again_by_a_client_that_registers_anew() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    let id = device.send()[0].id;
    device.store.unsend().unwrap();
    let again = device.send();
    assert!(again[0].id > id);
    assert_eq!(again.len(), 1);
}

#[test]
fn parents_are_added_before_children_and_deleted_after_them() {
    let mut device = Device::new(&SCHEMA);
    device.sql(
        "BEGIN; INSERT INTO notes (id, list) VALUES ('n', 'l'); INSERT INTO lists VALUES ('l', 'x'); COMMIT",
    );
    assert_eq!(device.pending(), ["insert lists l: name x", "insert notes n: list l"]);
    device.push_all();
    device.sql("BEGIN; DELETE FROM notes; DELETE FROM lists; COMMIT");
    assert_eq!(device.pending(), ["delete notes n", "delete lists l"]);
}

#[test]
fn a_row_that_is_removed_while_its_change_is_on_its_way_is_told_of_once() {
    let mut device = device();
    device.sql("UPDATE notes SET title = 'mine'");
    let id = device.send()[0].id;
    device.sql("UPDATE notes SET weight = 2.5");
    device.pull("notes", &[], &[&[text("a")]], 0);
    device.answer(id, rejected(Some(ServerRow::Gone)));
    let inbox = device.inbox();
    let [item] = inbox.as_slice() else { panic!("{inbox:?}") };
    assert_eq!(
        (item.kind, item.mutation, item.code.as_deref()),
        (InboxKind::Removed, Some(id), Some("policy"))
    );
    assert_eq!(item.column("title").unwrap().mine, text("mine"));
    assert_eq!(item.column("weight").unwrap().mine, Value::Real(2.5));
    assert_eq!(device.rows("SELECT count(*) FROM notes"), ["0"]);
    // The next change of such a row is another matter.
    device.sql("INSERT INTO notes (id, title) VALUES ('a', 'again')");
    let id = device.send()[0].id;
    device.answer(id, rejected(None));
    assert_eq!(device.inbox().len(), 2);
}
