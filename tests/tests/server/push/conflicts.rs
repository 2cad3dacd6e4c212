//! Two sides that change the same.

use oosync_runtime::protocol::{Kept, ReasonCode, Status};
use serde_json::{Value, json};

use super::support::{Device, conflicts, delete, id, insert, list, row, text, todo, update, with};
use crate::support::{Server, user};

/// A change of a todo's title from `todo 1`.
fn retitled(title: &str) -> Value {
    update("todos", json!({"id": id(3, 1)}), json!({"title": title}), json!({"title": "todo 1"}))
}

/// A server with one todo, whose conflicts are settled by this rule.
fn server(rule: &str) -> Server {
    let config = include_str!("../../../../Oosync.toml")
        .replace("[tables.todos]\n", &format!("[tables.todos]\nconflict = \"{rule}\"\n"));
    let server =
        Server::built(crate::support::SCHEMA, &config, |builder| builder.skew(std::time::Duration::ZERO));
    crate::support::people(&server);
    Device::new(&server, 0).applies(&[list(1, 0), todo(1, 1)]);
    server
}

#[test]
fn columns_that_only_one_side_changed_merge() {
    let server = server("reject");
    let mut device = Device::new(&server, 0);
    server.database.execute("update todos set done = true, budget = 5.0");
    device.applies(&[retitled("mine")]);
    assert_eq!(text(&server, "select concat_ws('|', title, done, budget) from todos"), "mine|t|5.00");
    // The same value from both sides is none either; and 5 is 5.00.
    let same = |base| update("todos", json!({"id": id(3, 1)}), json!({"done": true, "budget": "7"}), base);
    device.applies(&[same(json!({"done": false, "budget": "5"}))]);
    assert_eq!(text(&server, "select budget::text from todos"), "7.00");
}

#[test]
fn the_server_wins_where_the_rule_says_so() {
    let server = server("server_wins");
    let mut device = Device::new(&server, 0);
    server.database.execute("update todos set title = 'theirs'");
    let mut change = retitled("mine");
    change["values"]["done"] = json!(true);
    change["base"]["done"] = json!(false);
    let result = device.one(change);
    assert_eq!(
        (result.status.clone(), result.reason.clone()),
        (Status::Conflict, Some(ReasonCode::ColumnsChanged))
    );
    assert_eq!(
        conflicts(&result),
        [("title".into(), json!("todo 1"), json!("mine"), json!("theirs"), Kept::Theirs)]
    );
    assert_eq!(row(&result.row)["title"], "theirs");
    assert_eq!(text(&server, "select title || done from todos"), "theirstrue");
}

#[test]
fn the_device_wins_where_the_rule_says_so() {
    let server = server("client_wins");
    let mut device = Device::new(&server, 0);
    server.database.execute("update todos set title = 'theirs'");
    let result = device.one(retitled("mine"));
    assert_eq!(result.status, Status::Conflict);
    assert_eq!(
        conflicts(&result),
        [("title".into(), json!("todo 1"), json!("mine"), json!("theirs"), Kept::Mine)]
    );
    assert_eq!(text(&server, "select title from todos"), "mine");
}

#[test]
fn a_conflict_is_refused_where_the_rule_says_so() {
    let server = server("reject");
    let mut device = Device::new(&server, 0);
    server.database.execute("update todos set title = 'theirs'");
    let result = device.refuses(retitled("mine"));
    assert_eq!(result.reason, Some(ReasonCode::ConflictRejected));
    assert_eq!(
        conflicts(&result),
        [("title".into(), json!("todo 1"), json!("mine"), json!("theirs"), Kept::Theirs)]
    );
    assert_eq!(row(&result.row)["title"], "theirs");
    assert_eq!(text(&server, "select title from todos"), "theirs");
}

#[test]
fn the_later_edit_wins_at_the_microsecond() {
    let server = server("lww");
    server.database.execute("alter table todos disable trigger touch");
    let mut device = Device::new(&server, 0);
    for (edited_at, wins) in [
        ("2024-01-01 12:00:00.000001+00", true),
        ("2024-01-01 12:00:00.000000+00", true),
        ("2024-01-01 11:59:59.999999+00", false),
        ("2999-01-01 00:00:00+00", true),
        ("-infinity", false),
    ] {
        server.database.execute("update todos set title = 'theirs', updated_at = '2024-01-01 12:00:00+00'");
        let result = device.one(with(retitled("mine"), "edited_at", json!(edited_at)));
        assert_eq!(result.status, Status::Conflict, "{edited_at}");
        let expected = if wins { "mine" } else { "theirs" };
        assert_eq!(text(&server, "select title from todos"), expected, "{edited_at}");
    }
    // One that is in the future is one of now.
    server.database.execute("update todos set title = 'theirs', updated_at = now() + interval '1 hour'");
    let result = device.one(with(retitled("mine"), "edited_at", json!("2999-01-01 00:00:00+00")));
    assert_eq!(result.conflicts[0].kept, Kept::Theirs);
}

#[test]
fn a_stamp_that_a_device_sends_is_the_time_of_its_edit_and_the_server_writes_its_own() {
    let server = server("lww");
    server.database.execute(
        "alter table todos disable trigger touch; update todos set title = 'theirs', updated_at = '2024-01-01 12:00:00+00'",
    );
    let mut device = Device::new(&server, 0);
    let stamped = |time: &str| {
        let mut change = retitled("mine");
        change["values"]["updated_at"] = json!(time);
        change["base"]["updated_at"] = json!("2023-01-01 00:00:00+00");
        change
    };
    assert_eq!(device.one(stamped("2024-01-01 11:00:00+00")).conflicts[0].kept, Kept::Theirs);
    let result = device.one(stamped("2024-01-01 13:00:00+00"));
    assert_eq!(result.conflicts[0].kept, Kept::Mine);
    assert_eq!(text(&server, "select (updated_at > now() - interval '1 minute')::text from todos"), "true");
}

#[test]
fn an_insert_that_came_before_is_applied_and_another_row_is_a_conflict() {
    let server = server("client_wins");
    let mut device = Device::new(&server, 0);
    // Under a new id, as a restored device sends it.
    device.applies(&[todo(1, 1)]);
    let mut other = todo(1, 1);
    other["values"]["title"] = json!("mine");
    let result = device.one(other);
    assert_eq!(
        (result.status.clone(), result.reason.clone()),
        (Status::Conflict, Some(ReasonCode::RowExists))
    );
    assert_eq!(
        conflicts(&result),
        [("title".into(), json!("-"), json!("mine"), json!("todo 1"), Kept::Mine)]
    );
    assert_eq!(text(&server, "select title from todos"), "mine");
}

#[test]
fn a_row_is_deleted_and_comes_back() {
    let server = server("lww");
    let mut device = Device::new(&server, 0);
    let key = || json!({"id": id(3, 1)});
    device.applies(&[delete("todos", key())]);
    let stamp = text(&server, "select deleted_at::text from todos");
    // Deleting it again changes nothing.
    device.applies(&[delete("todos", key())]);
    assert_eq!(text(&server, "select deleted_at::text from todos"), stamp);
    // A change of a deleted row goes in, and the device is told what became of the row.
    let result = device.one(retitled("mine"));
    assert_eq!(result.status, Status::Applied);
    assert!(row(&result.row)["deleted_at"].is_string());
    device.applies(&[update("todos", key(), json!({"deleted_at": null}), json!({"deleted_at": stamp}))]);
    assert_eq!(
        text(&server, "select title || coalesce(deleted_at::text, ' is back') from todos"),
        "mine is back"
    );
    // Deleted and made anew in one push.
    device.applies(&[delete("todos", key()), todo(1, 1)]);
    assert_eq!(text(&server, "select concat(title, deleted_at) from todos"), "todo 1");
}

#[test]
fn a_delete_meets_a_change() {
    for (rule, status, deleted) in [
        ("server_wins", Status::Conflict, "false"),
        ("client_wins", Status::Conflict, "true"),
        ("reject", Status::RejectedTerminal, "false"),
    ] {
        let server = server(rule);
        let mut device = Device::new(&server, 0);
        server.database.execute("update todos set title = 'theirs'");
        let gone =
            with(delete("todos", json!({"id": id(3, 1)})), "base", json!({"title": "todo 1", "done": false}));
        let result = device.one(gone);
        assert_eq!(result.status, status, "{rule}");
        assert_eq!(result.conflicts.len(), 1, "{rule}");
        assert_eq!(result.conflicts[0].mine, None);
        assert_eq!(text(&server, "select (deleted_at is not null)::text from todos"), deleted, "{rule}");
    }
}

#[test]
fn rows_go_for_good_where_there_is_no_mark() {
    let config = include_str!("../../../../Oosync.toml")
        .replace("[tables.comments]\n", "[tables.comments]\ndeny_delete = false\n");
    let server = Server::with(crate::support::SCHEMA, &config);
    crate::support::people(&server);
    let mut device = Device::new(&server, 0);
    let comment =
        insert("comments", json!({"id": 7}), json!({"todo_id": id(3, 1), "author_id": user(0), "body": "x"}));
    device.applies(&[list(1, 0), todo(1, 1), comment.clone()]);
    server.database.execute("update comments set body = 'theirs', updated_at = 'infinity'");
    server
        .database
        .execute("alter table comments disable trigger touch; update comments set updated_at = 'infinity'");
    let gone = |base: &str| {
        let gone = with(delete("comments", json!({"id": 7})), "base", json!({"body": base}));
        with(gone, "edited_at", json!("2024-01-01 00:00:00+00"))
    };
    let result = device.one(gone("x"));
    assert_eq!((result.status, result.reason), (Status::Conflict, Some(ReasonCode::ChangedAndDeleted)));
    device.applies(&[gone("theirs")]);
    assert_eq!(device.refuses(gone("theirs")).reason, Some(ReasonCode::RowMissing));
    assert_eq!(
        device
            .refuses(update("comments", json!({"id": 7}), json!({"body": "a"}), json!({"body": "b"})))
            .reason,
        Some(ReasonCode::RowMissing)
    );
    device.applies(std::slice::from_ref(&comment));
    device.applies(&[delete("comments", json!({"id": 7})), comment]);
    assert_eq!(text(&server, "select body from comments"), "x");
}
