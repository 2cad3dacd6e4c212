//! In which order mutations go in, and which go in together.

use oosync_runtime::protocol::{ReasonCode, Status};
use serde_json::{Value, json};

use super::support::{Device, count, delete, id, insert, list, reasons, text, todo, update, with};
use crate::support::{Server, people, user};

fn retitled(number: usize, from: &str, to: &str) -> Value {
    update("lists", json!({"id": id(2, number)}), json!({"title": to}), json!({"title": from}))
}

fn titles(server: &Server) -> String {
    text(server, "select string_agg(title, ',' order by id) from lists")
}

/// A server with lists whose titles are unique.
fn unique(titles: &[&str]) -> (Server, Vec<Value>) {
    let server = Server::todo();
    server.database.execute("create unique index one_title on lists (title)");
    let lists = titles.iter().enumerate().map(|(number, title)| {
        let mut made = list(number, 0);
        made["values"]["title"] = json!(title);
        made
    });
    let lists: Vec<Value> = lists.collect();
    (server, lists)
}

#[test]
fn parents_and_children_come_in_any_order() {
    let server = Server::todo();
    server.database.execute("insert into labels (id, name) values (1, 'red')");
    let mut device = Device::new(&server, 0);
    device.applies(&[
        insert("todo_labels", json!({"todo_id": id(3, 1), "label_id": 1}), json!({})),
        todo(1, 1),
        list(1, 0),
        update("todos", json!({"id": id(3, 1)}), json!({"done": true}), json!({"done": false})),
    ]);
    assert_eq!(count(&server, "todo_labels"), 1);
    assert_eq!(text(&server, "select done::text from todos"), "true");
}

#[test]
fn a_group_finds_its_parents_in_what_comes_after_it() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[with(todo(1, 1), "group", json!(1)), with(todo(2, 1), "group", json!(1)), list(1, 0)]);
    assert_eq!(count(&server, "todos"), 2);
}

#[test]
fn changes_of_one_row_are_applied_in_their_order() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[
        list(1, 0),
        retitled(1, "list 1", "a"),
        // Both what was sent before and what the server had is a base.
        retitled(1, "a", "b"),
        retitled(1, "list 1", "c"),
    ]);
    assert_eq!(titles(&server), "c");
    device.applies(&[retitled(1, "c", "d"), retitled(1, "c", "e"), delete("lists", json!({"id": id(2, 1)}))]);
    assert_eq!(text(&server, "select title || (deleted_at is not null) from lists"), "etrue");
}

#[test]
fn values_are_swapped_over_a_third() {
    let (server, lists) = unique(&["a", "b"]);
    let mut device = Device::new(&server, 0);
    device.applies(&lists);
    device.applies(&[retitled(0, "a", "x"), retitled(1, "b", "a"), retitled(0, "x", "b")]);
    assert_eq!(titles(&server), "b,a");
}

#[test]
fn values_are_swapped_by_two_changes_that_wait_for_each_other() {
    let (server, lists) = unique(&["a", "b", "c", "d", "e"]);
    let mut device = Device::new(&server, 0);
    device.applies(&lists);
    device.applies(&[retitled(0, "a", "b"), retitled(1, "b", "a")]);
    // A circle of three, and one that wants what another row keeps.
    let results = device.push(&[
        retitled(2, "c", "b"),
        retitled(3, "d", "e"),
        retitled(0, "b", "a"),
        retitled(1, "a", "c"),
    ]);
    assert_eq!(reasons(&results), [None, Some(ReasonCode::UniqueViolation), None, None], "{results:#?}");
    assert_eq!(titles(&server), "a,c,b,d,e");
    let first = device.next_id();
    device.applies(&[
        with(retitled(0, "a", "c"), "group", json!(first)),
        with(retitled(1, "c", "a"), "group", json!(first)),
    ]);
    assert_eq!(titles(&server), "c,a,b,d,e");
}

#[test]
fn values_are_shifted_along_a_unique_key_in_either_direction() {
    let names: Vec<String> = (10..40).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (server, lists) = unique(&names);
    let mut device = Device::new(&server, 0);
    device.applies(&lists);
    let shift = |from: usize, to: usize| -> Vec<Value> {
        (0..30).map(|n| retitled(n, &(n + from).to_string(), &(n + to).to_string())).collect()
    };
    device.applies(&shift(10, 11));
    device.applies(&shift(11, 10));
    assert_eq!(titles(&server), names.join(","));
}

#[test]
fn a_value_is_free_again_once_its_row_is_deleted_or_changed() {
    let config = include_str!("../../../../Oosync.toml")
        .replace(
            "[tables.users.columns.email]",
            "[tables.users.columns.name]\nowner_only = false\n\n[tables.users.columns.email]",
        )
        .replace("[tables.attachments]\n", "[tables.attachments]\ndeny_delete = false\n");
    let server = Server::with(crate::support::SCHEMA, &config);
    people(&server);
    server.database.execute("create unique index one_file on attachments (todo_id, file_name)");
    let mut device = Device::new(&server, 0);
    let file = |number: usize| {
        insert(
            "attachments",
            json!({"id": id(4, number)}),
            json!({"todo_id": id(3, 1), "file_name": "a.txt", "content": "\\x00ff"}),
        )
    };
    device.applies(&[list(1, 0), todo(1, 1), file(1)]);
    // Deletes come last, and the insert is tried again after them.
    device.applies(&[delete("attachments", json!({"id": id(4, 1)})), file(2)]);
    assert_eq!(text(&server, "select id::text from attachments"), id(4, 2));
    device.applies(&[
        delete("attachments", json!({"id": id(4, 2)})),
        file(2),
        delete("attachments", json!({"id": id(4, 2)})),
    ]);
    assert_eq!(count(&server, "attachments"), 0);
}

#[test]
fn what_follows_an_insert_that_was_refused_is_refused_too() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let mut bad = list(1, 0);
    bad["values"]["title"] = json!(null);
    let results = device.push(&[
        bad,
        retitled(1, "list 1", "a"),
        list(2, 0),
        insert("nothing", json!({"id": 1}), json!({})),
        delete("lists", json!({"id": id(2, 1)})),
    ]);
    let expected = [
        Some(ReasonCode::NotNullViolation),
        Some(ReasonCode::DependencyFailed),
        None,
        Some(ReasonCode::UnknownTable),
        Some(ReasonCode::DependencyFailed),
    ];
    assert_eq!(reasons(&results), expected);
}

#[test]
fn an_update_that_was_refused_holds_nothing_up() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    let key = || json!({"id": id(2, 1)});
    let results = device.push(&[
        update("lists", key(), json!({"position": "many"}), json!({"position": 0})),
        update("lists", key(), json!({"position": 4}), json!({"position": 0})),
    ]);
    assert_eq!(reasons(&results), [Some(ReasonCode::InvalidValue), None]);
    assert_eq!(text(&server, "select position::text from lists"), "4");
}

#[test]
fn a_group_goes_in_whole_or_not_at_all() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let grouped = |mutation: Value, group: u64| with(mutation, "group", json!(group));
    let mut bad = todo(2, 1);
    bad["values"]["budget"] = json!("-1");
    let results = device.push(&[
        list(1, 0),
        grouped(todo(1, 1), 2),
        list(2, 0),
        grouped(bad, 2),
        grouped(todo(3, 1), 5),
        grouped(todo(4, 2), 5),
        retitled(1, "list 1", "after"),
        update("todos", json!({"id": id(3, 1)}), json!({"done": true}), json!({"done": false})),
    ]);
    let expected = [
        None,
        Some(ReasonCode::GroupFailed),
        None,
        Some(ReasonCode::CheckViolation),
        None,
        None,
        None,
        Some(ReasonCode::DependencyFailed),
    ];
    assert_eq!(reasons(&results), expected, "{results:#?}");
    assert_eq!(results[1].failed_for, Some(4));
    assert_eq!(count(&server, "todos"), 2);
    // Refused at once, by the schema or by the key.
    for strange in
        [insert("nothing", json!({"id": 1}), json!({})), insert("todos", json!({"id": "no id"}), json!({}))]
    {
        let first = device.mutations(&[list(5, 0)])[0].id + 1;
        let results = device.push(&[grouped(todo(7, 1), first), grouped(strange, first)]);
        assert_eq!(results[0].reason, Some(ReasonCode::GroupFailed));
        assert_eq!(results[0].failed_for, Some(first + 1));
    }
    assert_eq!(count(&server, "todos"), 2);
}

#[test]
fn constraints_that_are_checked_at_the_end_let_in_what_is_right_then_and_refuse_the_rest() {
    let schema = "
        create table users (id uuid primary key, name text not null);
        create table nodes (id int primary key, user_id uuid not null references users, place int not null,
          next int references nodes deferrable initially deferred, unique (user_id, place) deferrable initially deferred);";
    let server = Server::with(schema, "[tables.users]\nowner_column = \"id\"\n");
    server.database.execute(&format!("insert into users values ('{}', 'a')", user(0)));
    let mut device = Device::new(&server, 0);
    let node = |number: i32, next: Option<i32>| {
        insert("nodes", json!({"id": number}), json!({"user_id": user(0), "place": number, "next": next}))
    };
    // A circle.
    device.applies(&[node(1, Some(2)), node(2, Some(1))]);
    let moved = |number: i32, from: i32, to: i32| {
        update("nodes", json!({"id": number}), json!({"place": to}), json!({"place": from}))
    };
    device.applies(&[moved(1, 1, 2), moved(2, 2, 1)]);
    let results = device.push(&[node(3, None), node(4, Some(77)), moved(3, 3, 1), node(5, Some(3))]);
    let expected = [None, Some(ReasonCode::ForeignKeyViolation), Some(ReasonCode::UniqueViolation), None];
    assert_eq!(reasons(&results), expected, "{results:#?}");
    assert_eq!(
        text(&server, "select string_agg(id || ':' || place, ',' order by id) from nodes"),
        "1:2,2:1,3:3,5:5"
    );
}

#[test]
fn a_row_moves_to_another_parent_where_both_allow_it() {
    let server = Server::todo();
    let (mut mine, mut other) = (Device::new(&server, 0), Device::new(&server, 1));
    mine.applies(&[list(1, 0), list(2, 0), todo(1, 1)]);
    other.applies(&[list(3, 1)]);
    let moved = |from: usize, to: usize| {
        update(
            "todos",
            json!({"id": id(3, 1)}),
            json!({"list_id": id(2, to)}),
            json!({"list_id": id(2, from)}),
        )
    };
    mine.applies(&[moved(1, 2)]);
    let result = mine.one(moved(2, 3));
    assert_eq!((result.status, result.reason), (Status::RejectedTerminal, Some(ReasonCode::NotAuthorized)));
    assert_eq!(other.refuses(moved(2, 3)).reason, Some(ReasonCode::RowMissing));
    assert_eq!(text(&server, "select list_id::text from todos"), id(2, 2));
}

#[test]
fn parents_are_deleted_after_their_children_and_not_with_those_that_move_away() {
    let schema = "
        create table users (id uuid primary key, name text not null);
        create table boxes (id int primary key, user_id uuid not null references users);
        create table things (id int primary key, box_id int not null references boxes on delete cascade);
        create table parts (id int primary key, thing_id int not null references things on delete restrict);";
    let config = "[sync]\ndeny_delete = false\n[tables.users]\nowner_column = \"id\"\n";
    let server = Server::with(schema, config);
    server.database.execute(&format!("insert into users values ('{}', 'a')", user(0)));
    let mut device = Device::new(&server, 0);
    let made = |table: &str, number: i32, column: &str, value: Value| {
        insert(table, json!({"id": number}), json!({column: value}))
    };
    let gone = |table: &str, number: i32| delete(table, json!({"id": number}));
    device.applies(&[
        made("parts", 1, "thing_id", json!(1)),
        made("things", 1, "box_id", json!(1)),
        made("things", 2, "box_id", json!(1)),
        made("boxes", 1, "user_id", json!(user(0))),
        made("boxes", 2, "user_id", json!(user(0))),
    ]);
    // The box goes with what is in it, and one thing has been taken out.
    device.applies(&[
        gone("boxes", 1),
        update("things", json!({"id": 2}), json!({"box_id": 2}), json!({"box_id": 1})),
        gone("things", 1),
        gone("parts", 1),
    ]);
    assert_eq!(text(&server, "select string_agg(id || ' in ' || box_id, ',') from things"), "2 in 2");
    device.applies(&[made("parts", 2, "thing_id", json!(2))]);
    let result = device.refuses(gone("things", 2));
    assert_eq!(result.reason, Some(ReasonCode::ForeignKeyViolation));
    assert_eq!(result.message.as_deref(), Some("other rows refer to this one"));
}

#[test]
fn what_was_pushed_is_part_of_the_next_pull() {
    use oosync_runtime::protocol::{Next, Pull, Reply, Snapshot};
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let hash = server.engine.schema().hash;
    let snapshot = Snapshot {
        client: device.client,
        schema_hash: hash.to_owned(),
        resume: None,
        tables: None,
        cursor: None,
        limit: None,
        order: None,
    };
    let Reply::Given(page) = server.wait(server.engine.snapshot(&device.identity, &snapshot)).unwrap() else {
        panic!("a snapshot is given")
    };
    let Next::Cursor(cursor) = page.next else { panic!("there is little") };
    let results = device.push(&[list(1, 0), todo(1, 1), todo(2, 9)]);
    assert_eq!(results[2].status, Status::RejectedTerminal);
    let pull = Pull {
        client: device.client,
        schema_hash: hash.to_owned(),
        cursor: Some(cursor),
        resume: None,
        limit: None,
        wait: None,
        acknowledged: None,
    };
    let Reply::Given(changes) = server.wait(server.engine.pull(&device.identity, &pull)).unwrap() else {
        panic!("the cursor is known")
    };
    assert!((1..=3).all(|id| changes.included.contains(id)) && !changes.included.contains(4));
    assert_eq!(changes.records["todos"].len(), 1);
}
