//! Pushes of nothing but new rows: they go in at once, and it cannot be told from going in one by one.

use oosync_runtime::protocol::{ReasonCode, Status};
use serde_json::{Value, json};

use super::support::{Device, count, id, insert, list, reasons, row, text, todo, with};
use crate::support::{Server, user};

const SCHEMA: &str = "
    create domain short as varchar(3);
    create table notes (id uuid primary key, user_id uuid not null, title varchar(5), price numeric(6, 2),
      about jsonb, tags text[], at timestamptz, name short, parent uuid references notes deferrable initially deferred,
      updated_at timestamptz not null default now());
    create table labels (id int primary key, user_id uuid not null, words text not null);
";

fn note(number: usize, values: Value) -> Value {
    let mut all = json!({"user_id": user(0)});
    all.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    insert("notes", json!({"id": id(1, number)}), all)
}

fn label(number: usize) -> Value {
    insert("labels", json!({"id": number}), json!({"user_id": user(0), "words": "a"}))
}

#[test]
fn values_are_read_and_refused_as_those_of_any_insert() {
    let server = Server::with(SCHEMA, "");
    let mut device = Device::new(&server, 0);
    let results = device.push(&[
        note(
            1,
            json!({"title": "12345", "price": "1.50", "about": "{\"a\": 1}", "tags": "{a,\"b c\",NULL}"}),
        ),
        note(2, json!({"title": null, "at": "2024-01-01 12:00:00.000000+00:00"})),
    ]);
    // A row comes back where it is not what was sent, however it is written.
    assert!(results.iter().all(|result| result.row.is_none()), "{results:?}");
    let sql = "select string_agg(concat_ws('|', title, price, about, tags, at at time zone 'UTC'), ';' order by id) from notes";
    assert_eq!(text(&server, sql), "12345|1.50|{\"a\": 1}|{a,\"b c\",NULL};2024-01-01 12:00:00");
    // Nothing is cut: not to the length of a column, nor to that of a domain.
    let results = device.push(&[
        note(3, json!({"title": "123456"})),
        note(4, json!({"name": "1234"})),
        note(5, json!({"price": "x"})),
        note(6, json!({"title": "fine", "name": "123"})),
        note(7, json!({"tags": ["a", "{b"]})),
    ]);
    assert_eq!(
        reasons(&results),
        [
            Some(ReasonCode::InvalidValue),
            Some(ReasonCode::InvalidValue),
            Some(ReasonCode::InvalidValue),
            None,
            None
        ]
    );
    assert_eq!(text(&server, "select tags[2] from notes where tags is not null and title is null"), "{b");
    let result = device.one(note(8, json!({"price": "1.005", "about": "{\"a\":1}"})));
    let shown = row(&result.row);
    assert_eq!(
        (result.status, &shown["price"], &shown["about"]),
        (Status::Applied, &json!("1.01"), &json!("{\"a\": 1}"))
    );
}

#[test]
fn one_that_is_there_or_fails_leaves_the_others_as_they_would_be_alone() {
    let server = Server::with(SCHEMA, "");
    let mut device = Device::new(&server, 0);
    device.applies(&[note(1, json!({"title": "first"})), label(1)]);
    let group = device.next_id() + 3;
    let results = device.push(&[
        note(1, json!({"title": "other"})),
        note(2, json!({"parent": id(1, 1)})),
        note(3, json!({"parent": id(1, 99)})),
        with(label(2), "group", json!(group)),
        with(note(4, json!({"price": "100000"})), "group", json!(group)),
        note(5, json!({})),
        note(5, json!({"title": "again"})),
    ]);
    assert_eq!(
        results.iter().map(|result| result.status.clone()).collect::<Vec<_>>(),
        [
            Status::Conflict,
            Status::Applied,
            Status::RejectedTerminal,
            Status::RejectedTerminal,
            Status::RejectedTerminal,
            Status::Applied,
            Status::Conflict
        ],
        "{results:?}"
    );
    assert_eq!(results[2].reason, Some(ReasonCode::ForeignKeyViolation));
    assert_eq!(results[3].reason, Some(ReasonCode::GroupFailed));
    assert_eq!((count(&server, "notes"), count(&server, "labels")), (3, 1));
}

#[test]
fn children_may_come_before_their_parents_and_groups_go_in_whole() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let group = device.next_id();
    let results = device.push(&[
        with(todo(1, 1), "group", json!(group)),
        with(list(1, 0), "group", json!(group)),
        todo(2, 2),
        list(2, 0),
    ]);
    assert!(results.iter().all(|result| result.status == Status::Applied), "{results:?}");
    assert_eq!((count(&server, "lists"), count(&server, "todos")), (2, 2));
}

#[test]
fn what_triggers_make_of_rows_afterwards_is_shown() {
    let server = Server::with(SCHEMA, "");
    server.database.execute(
        "create function note() returns trigger language plpgsql as $$ begin
           update public.labels set words = 'done' where words = 'a'; return null; end $$;
         create trigger z after insert on notes for each row execute function note();
         create trigger z after insert on labels for each row execute function note();",
    );
    let mut device = Device::new(&server, 0);
    let mut other = label(2);
    other["values"]["words"] = json!("b");
    // Whichever table comes first: by its own trigger, or that of the other.
    let results = device.push(&[note(1, json!({})), label(1), other]);
    assert_eq!(row(&results[1].row)["words"], "done");
    assert_eq!((&results[0].row, &results[2].row), (&None, &None));
}

#[test]
fn a_row_that_a_trigger_keeps_out_or_changes_the_key_of_is_not_taken_for_one_that_went_in() {
    let server = Server::with(SCHEMA, "");
    server.database.execute(
        "create function label() returns trigger language plpgsql as $$ begin
           if new.id = 2 then return null; end if;
           if new.id = 3 then new.id := 30; end if;
           return new; end $$;
         create trigger a before insert on labels for each row execute function label();",
    );
    let mut device = Device::new(&server, 0);
    let results = device.push(&[label(1), label(2)]);
    assert_eq!(reasons(&results), [None, Some(ReasonCode::NotAuthorized)]);
    let result = device.one(label(3));
    assert_eq!((result.status, result.row), (Status::Applied, None));
    assert_eq!(text(&server, "select string_agg(id::text, ',' order by id) from labels"), "1,30");
}

#[test]
fn a_row_that_its_writer_may_not_see_goes_in() {
    let server = Server::with(SCHEMA, "");
    server.database.execute("create policy hidden on labels as restrictive for select using (words <> 'a')");
    let mut device = Device::new(&server, 0);
    let result = device.one(label(1));
    assert_eq!((result.status, result.row), (Status::Applied, None));
    assert_eq!(count(&server, "labels"), 1);
}

#[test]
fn what_was_answered_is_forgotten_with_its_device() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let mut other = Device::new(&server, 1);
    device.applies(&[list(1, 0), list(2, 0)]);
    other.applies(&[list(3, 1)]);
    assert_eq!(count(&server, "oosync.mutation"), 3);
    server.database.execute(&format!("delete from oosync.client where id = '{}'", device.client));
    assert_eq!(count(&server, "oosync.mutation"), 1);
}
