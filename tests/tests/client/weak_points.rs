//! Where sync engines lose things: each of these is a promise.

use oosync_runtime::Value;
use oosync_runtime::client::store::InboxKind;
use oosync_runtime::protocol::{ErrorBody, ErrorCode};

use crate::network::{Action, Fault};
use crate::server::{Server, user};
use crate::support::{Device, blob, id, key, titles};

const CONFIG: &str = "
    [tables.notes]
    deny_delete = false
    conflict = \"server_wins\"
    [tables.lines]
    deny_delete = false
    ";

const SCHEMA: &str = "
    create table notes (
        id uuid primary key, user_id uuid not null, title text not null, body text, at timestamptz,
        deleted_at timestamptz
    );
    create table lines (id uuid primary key, note_id uuid not null references notes on delete cascade, line text);
    create index on lines (note_id);";

fn notes() -> Server {
    Server::with(SCHEMA, CONFIG)
}

fn add(device: &Device<'_>, note: usize, title: &str) {
    let owner = blob(&user(0));
    device.sql(&format!("INSERT INTO notes (id, user_id, title) VALUES ({}, {owner}, '{title}')", key(note)));
}

fn there(server: &Server, sql: &str) -> Vec<String> {
    let rows = server.database.client().query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_else(|| "∅".to_owned())).collect()
}

/// Somebody writes on the device after its push and before its pull.
fn during_the_pull(device: &Device<'_>, sql: &'static str) {
    let write = Action::sql(device.client.connection().unwrap(), sql);
    device.network.next("pull", Fault::After(write));
}

#[test]
fn a_parent_touched_after_its_child_is_still_sent_before_it() {
    let server = notes();
    let device = Device::synced(&server, 0);
    add(&device, 1, "Parent");
    device.sql(&format!("INSERT INTO lines VALUES ({}, {}, 'child')", key(2), key(1)));
    device.sql("UPDATE notes SET title = 'Parent, touched'");
    add(&device, 3, "Another");
    device.sql(&format!("UPDATE lines SET note_id = {}", key(3)));
    device.sql("UPDATE notes SET body = 'touched again'");
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.rejected, summary.retried), (3, 0, 0));
    assert_eq!(there(&server, "select n.title from lines l join notes n on n.id = l.note_id"), ["Another"]);
}

#[test]
fn a_row_deleted_on_both_sides_is_deleted_and_nobody_complains() {
    let server = notes();
    let (one, two) = (Device::synced(&server, 0), Device::synced(&server, 0));
    add(&one, 1, "Shared");
    one.sync();
    two.sync();
    one.sql("DELETE FROM notes");
    two.sql("DELETE FROM notes");
    one.sync();
    let summary = two.sync();
    assert_eq!((summary.rejected, two.pending()), (0, 0), "{summary:?}");
    one.sync();
    assert_eq!(two.client.rejections().unwrap(), []);
    let left = "SELECT title FROM notes WHERE deleted_at IS NULL";
    assert_eq!((one.rows(left), two.rows(left)), (vec![], vec![]));
    assert_eq!(there(&server, left), [""; 0]);
}

#[test]
fn a_row_deleted_and_undeleted_before_it_was_ever_sent_is_one_new_row() {
    let server = notes();
    let device = Device::synced(&server, 0);
    add(&device, 1, "Draft");
    device.sql("DELETE FROM notes");
    add(&device, 1, "Draft again");
    device.sql("UPDATE notes SET deleted_at = '2024-01-01 00:00:00.000000+00:00'");
    device.sql("UPDATE notes SET deleted_at = NULL");
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.conflicts, summary.rejected), (1, 0, 0));
    assert_eq!(there(&server, "select title from notes where deleted_at is null"), ["Draft again"]);
    device.sql("DELETE FROM notes");
    add(&device, 1, "After it was sent");
    device.sync();
    assert_eq!(there(&server, "select title from notes"), ["After it was sent"]);
    assert_eq!(device.client.conflicts().unwrap(), []);
}

#[test]
fn an_edit_after_a_push_whose_reply_was_lost_is_no_conflict_with_oneself() {
    let server = notes();
    let device = Device::synced(&server, 0);
    add(&device, 1, "One");
    device.sync();
    for round in 0..3 {
        device.sql(&format!("UPDATE notes SET title = 'Two {round}'"));
        device.network.next("push", Fault::ReplyLost);
        device.client.sync().unwrap_err();
        device.sql(&format!("UPDATE notes SET title = 'Three {round}', body = 'x'"));
        let device_lists = device.rows("SELECT title FROM notes");
        assert_eq!(device_lists, [format!("Three {round}")]);
        device.sync();
        assert_eq!(device.rows("SELECT title FROM notes"), [format!("Three {round}")]);
        device.sync();
        assert_eq!(there(&server, "select title from notes"), [format!("Three {round}")]);
    }
    assert_eq!(device.client.conflicts().unwrap(), []);
    assert_eq!(device.pending(), 0);
}

#[test]
fn a_row_made_then_edited_after_its_lost_reply_is_not_refused_as_made_twice() {
    let server = notes();
    let device = Device::synced(&server, 0);
    add(&device, 1, "One");
    device.network.next("push", Fault::ReplyLost);
    device.client.sync().unwrap_err();
    device.sql("UPDATE notes SET title = 'Two'");
    let device = device.restarted();
    device.sync();
    device.sync();
    assert_eq!(there(&server, "select title from notes"), ["Two"]);
    assert_eq!((device.client.rejections().unwrap(), device.client.conflicts().unwrap()), (vec![], vec![]));
}

#[test]
fn after_a_pull_changes_the_column_i_edit_undo_shows_theirs_and_a_conflict_keeps_both() {
    let server = notes();
    let device = Device::synced(&server, 0);
    add(&device, 1, "Base");
    device.sync();
    server.database.execute("update notes set title = 'Theirs'");
    during_the_pull(&device, "UPDATE notes SET title = 'Mine'");
    device.sync();
    assert_eq!(device.rows("SELECT title FROM notes"), ["Mine"], "what I write stays under my hands");
    assert_eq!(device.rows("SELECT title FROM notes__synced"), ["Theirs"]);
    let bytes: Vec<u8> = uuid::Uuid::parse_str(&id(1)).unwrap().into_bytes().to_vec();
    assert!(device.client.discard("notes", &[Value::Blob(bytes.into())]).unwrap());
    assert_eq!(device.rows("SELECT title FROM notes"), ["Theirs"], "undo gives theirs, not the base");
    assert_eq!(device.pending(), 0);
    // The same once more, and it is sent: the server's rule decides, and both values are told.
    server.database.execute("update notes set title = 'Theirs again'");
    during_the_pull(&device, "UPDATE notes SET title = 'Mine again'");
    device.sync();
    let summary = device.sync();
    assert_eq!(summary.conflicts, 1, "against the base, not against what was pulled since");
    let [item] = device.client.conflicts().unwrap().try_into().unwrap();
    let column = item.column("title").unwrap();
    assert_eq!(column.mine, Value::Text("Mine again".into()));
    assert_eq!(column.theirs, Value::Text("Theirs again".into()));
    assert_eq!(device.rows("SELECT title FROM notes"), there(&server, "select title from notes"));
}

#[test]
fn a_tombstone_over_a_dirty_row_removes_it_and_keeps_what_was_written() {
    let server = notes();
    let device = Device::synced(&server, 0);
    add(&device, 1, "Base");
    device.sync();
    server.database.execute("delete from notes");
    during_the_pull(&device, "UPDATE notes SET body = 'an hour of work'");
    device.sync();
    let device = device.restarted();
    device.sync();
    assert_eq!(device.rows("SELECT 1 FROM notes"), [""; 0]);
    let conflicts = device.client.conflicts().unwrap();
    let rejections = device.client.rejections().unwrap();
    let items: Vec<_> = conflicts.iter().chain(&rejections).collect();
    let [item] = items.as_slice() else { panic!("{items:?}") };
    assert!(matches!(item.kind, InboxKind::Conflict | InboxKind::Removed), "{item:?}");
    assert_eq!(item.column("body").unwrap().mine, Value::Text("an hour of work".into()));
}

#[test]
fn insert_or_replace_is_an_edit_on_the_server_and_not_a_delete() {
    let server = notes();
    let device = Device::synced(&server, 0);
    add(&device, 1, "One");
    device.sql(&format!("INSERT INTO lines VALUES ({}, {}, 'child')", key(2), key(1)));
    device.sync();
    device.sql("PRAGMA foreign_keys = OFF");
    let owner = blob(&user(0));
    device.sql(&format!(
        "INSERT OR REPLACE INTO notes (id, user_id, title) VALUES ({}, {owner}, 'Two')",
        key(1)
    ));
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.rejected, summary.conflicts), (1, 0, 0));
    assert_eq!(there(&server, "select title from notes"), ["Two"]);
    assert_eq!(there(&server, "select line from lines"), ["child"], "it would have gone with a delete");
}

#[test]
fn times_in_milliseconds_become_those_of_the_server_and_are_no_conflict() {
    let server = notes();
    let device = Device::synced(&server, 0);
    add(&device, 1, "One");
    device.sql("UPDATE notes SET at = '2024-05-06 07:08:09.123+00:00'");
    device.sync();
    let stored = "2024-05-06 07:08:09.123000+00:00";
    assert_eq!(device.rows("SELECT at FROM notes"), [stored]);
    assert_eq!(device.pending(), 0, "the server's form of it is no edit");
    // Written once more in the short form, beside another edit: no conflict by the form alone.
    device.sql("UPDATE notes SET at = '2024-05-06 07:08:09.123+00:00', title = 'Two'");
    let summary = device.sync();
    assert_eq!((summary.conflicts, summary.rejected), (0, 0));
    device.sync();
    assert_eq!(device.rows("SELECT title, at FROM notes"), [format!("Two|{stored}")]);
    // What has more digits on the server keeps them.
    server.database.execute("update notes set at = '2024-05-06 07:08:09.123456+00'");
    device.sync();
    device.sql("UPDATE notes SET title = 'Three'");
    device.sync();
    assert_eq!(
        there(&server, "select at::text from notes where at = '2024-05-06 07:08:09.123456+00'").len(),
        1
    );
    assert!(device.client.verify().unwrap().is_right());
}

#[test]
fn a_queue_survives_restarts_and_every_loss_and_is_applied_once() {
    let server = notes();
    server.database.execute(
        "create schema audit; create table audit.written (title text);
         create function audit.note() returns trigger language plpgsql security definer as
           $$ begin insert into audit.written values (new.title); return new; end $$;
         create trigger note after insert or update on notes for each row execute function audit.note()",
    );
    let mut device = Device::synced(&server, 0);
    for number in 1..=30 {
        add(&device, number, &format!("Note {number}"));
        let fault = match number % 3 {
            0 => Fault::Lost,
            1 => Fault::ReplyLost,
            _ => Fault::Says(ErrorBody::new(ErrorCode::Unavailable, "busy")),
        };
        device.network.next("push", fault);
        device.client.sync().unwrap_err();
        device = device.restarted();
    }
    device.sync();
    assert_eq!(there(&server, "select title from notes").len(), 30);
    assert_eq!(there(&server, "select title from audit.written").len(), 30, "each of them once");
    assert_eq!(device.pending(), 0);
}

#[test]
fn everything_loaded_again_over_live_rows_keeps_edits_made_while_it_loads() {
    let server = notes();
    let device = Device::synced(&server, 0);
    for number in 1..=4 {
        add(&device, number, &format!("Note {number}"));
    }
    device.sync();
    server.database.execute(&format!("delete from notes where id = '{}'", id(4)));
    server.database.execute("update oosync.meta set incarnation = gen_random_uuid()");
    let sql = format!(
        "UPDATE notes SET title = 'Edited' WHERE id = {}; DELETE FROM notes WHERE id = {};
         INSERT INTO notes (id, user_id, title) VALUES ({}, {}, 'New')",
        key(1),
        key(2),
        key(9),
        blob(&user(0))
    );
    let edit = Action::sql(device.client.connection().unwrap(), sql);
    device.network.next("snapshot", Fault::After(edit));
    assert!(device.sync().bootstrapped);
    let here = ["Edited", "New", "Note 3"];
    assert_eq!(device.rows("SELECT title FROM notes WHERE deleted_at IS NULL ORDER BY title"), here);
    device.sync();
    assert_eq!(there(&server, "select title from notes where deleted_at is null order by title"), here);
    assert_eq!(device.client.conflicts().unwrap(), []);
}

#[test]
fn two_processes_write_one_file_and_every_write_arrives() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let second = crate::support::client(&server, 0, &device.network, &device.folder);
    let app = second.connection().unwrap();
    for number in 1..=20 {
        device.add_list(number, &format!("First {number:02}"));
        let owner = blob(&user(0));
        app.execute_batch(&format!(
            "INSERT INTO lists (id, owner_id, title) VALUES ({}, {owner}, 'Second {number:02}')",
            key(100 + number)
        ))
        .unwrap();
        if number % 7 == 0 {
            second.sync().unwrap();
        }
        if number % 5 == 0 {
            device.sync();
        }
    }
    device.sync();
    second.sync().unwrap();
    assert_eq!(titles(&server).len(), 40);
    let mut sent = device.sent();
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), 40, "no id is given twice");
}
