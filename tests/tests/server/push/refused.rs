//! What is refused, of each mutation alone.

use oosync_runtime::protocol::ReasonCode;
use serde_json::{Value, json};

use super::support::{Device, count, delete, id, insert, list, reasons, row, text, todo, update};
use crate::support::{Server, user};

#[test]
fn what_the_schema_does_not_have_is_refused_alone() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let key = || json!({"id": id(2, 9)});
    let mut strange = list(2, 0);
    strange["key"]["title"] = json!("x");
    strange["values"] = json!({"owner_id": user(0)});
    let results = device.push(&[
        list(1, 0),
        insert("nothing", key(), json!({})),
        insert("lists", key(), json!({"nothing": 1})),
        insert("todo_labels", json!({"todo_id": id(3, 1)}), json!({})),
        insert("lists", json!({"id": null}), json!({"title": "x"})),
        strange,
        insert("labels", json!({"id": 1}), json!({"name": "red"})),
        delete("teams", json!({"id": id(1, 1)})),
        insert("attachments", json!({"id": id(4, 1)}), json!({"size": 3})),
        todo(1, 1),
    ]);
    let expected = [
        None,
        Some(ReasonCode::UnknownTable),
        Some(ReasonCode::UnknownColumn),
        Some(ReasonCode::Malformed),
        Some(ReasonCode::Malformed),
        Some(ReasonCode::Malformed),
        Some(ReasonCode::ReadOnlyTable),
        Some(ReasonCode::DeleteDenied),
        Some(ReasonCode::GeneratedColumn),
        None,
    ];
    assert_eq!(reasons(&results), expected, "{results:#?}");
    assert_eq!(results[2].columns, ["nothing"]);
    assert_eq!(results[3].columns, ["label_id"]);
    assert_eq!((count(&server, "lists"), count(&server, "todos")), (1, 1));
}

#[test]
fn a_protected_column_is_set_on_insert_and_never_changed() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let mut made = list(1, 0);
    made["values"]["created_at"] = json!("2020-01-01 00:00:00+00");
    device.applies(&[made]);
    for (column, value, base) in [
        ("owner_id", json!(user(1)), json!(user(0))),
        ("created_at", json!("2021-01-01 00:00:00+00"), json!("2020-01-01 00:00:00+00")),
    ] {
        let result = device.refuses(update(
            "lists",
            json!({"id": id(2, 1)}),
            json!({column: value, "title": "new"}),
            json!({column: base, "title": "list 1"}),
        ));
        assert_eq!(result.reason, Some(ReasonCode::ProtectedColumn));
        assert_eq!(result.columns, [column]);
    }
    assert_eq!(text(&server, "select title || created_at::date from lists"), "list 12020-01-01");
}

/// What Postgres refuses, and in which words.
#[test]
fn what_postgres_refuses_is_refused_alone_with_its_columns() {
    let server = Server::todo();
    server.database.execute(
        "alter table todos add constraint short check (length(title) < 100000);
         create function forbid() returns trigger language plpgsql as $$ begin
           if new.title = 'forbidden' then raise 'not this one'; end if; return new; end $$;
         create trigger forbid before insert on todos for each row execute function forbid()",
    );
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    let make = |number: usize, values: Value| {
        let mut made = todo(number, 1);
        for (name, value) in values.as_object().unwrap() {
            made["values"][name] = value.clone();
        }
        made
    };
    let results = device.push(&[
        make(1, json!({})),
        make(2, json!({"budget": "-1"})),
        make(3, json!({"budget": "12345678901.00"})),
        make(4, json!({"title": null})),
        make(5, json!({"priority": "urgent"})),
        make(6, json!({"due_on": "2024-02-30"})),
        make(7, json!({"title": "forbidden"})),
        make(8, json!({"assignee_id": user(77)})),
        make(9, json!({"title": "a\u{0}b"})),
        make(10, json!({"details": "{"})),
        make(11, json!({"title": "x".repeat(1_000_000)})),
        make(12, json!({"list_id": id(2, 99)})),
        make(13, json!({"title": "'; drop table todos; --\\ \" \u{1}"})),
        make(14, json!({"title": "y".repeat(99_999)})),
    ]);
    let expected = [
        None,
        Some(ReasonCode::CheckViolation),
        Some(ReasonCode::InvalidValue),
        Some(ReasonCode::NotNullViolation),
        Some(ReasonCode::InvalidValue),
        Some(ReasonCode::InvalidValue),
        Some(ReasonCode::RaisedByDatabase),
        Some(ReasonCode::ForeignKeyViolation),
        Some(ReasonCode::InvalidValue),
        Some(ReasonCode::InvalidValue),
        Some(ReasonCode::CheckViolation),
        Some(ReasonCode::NotAuthorized),
        None,
        None,
    ];
    assert_eq!(reasons(&results), expected, "{results:#?}");
    let columns: Vec<&[String]> = results.iter().map(|result| result.columns.as_slice()).collect();
    assert_eq!(columns[1], ["budget"]);
    assert_eq!(columns[3], ["title"]);
    assert_eq!(columns[5], ["due_on"]);
    assert_eq!(columns[7], ["assignee_id"]);
    assert_eq!(results[6].message.as_deref(), Some("not this one"));
    assert_eq!(count(&server, "todos"), 3);
    assert_eq!(
        text(&server, &format!("select title from todos where id = '{}'", id(3, 13))),
        "'; drop table todos; --\\ \" \u{1}"
    );
}

#[test]
fn one_bad_row_among_hundreds_is_refused_and_the_rest_go_in() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    let mut mutations: Vec<Value> = (0..500).map(|number| todo(number, 1)).collect();
    for bad in [0, 77, 499] {
        mutations[bad]["values"]["budget"] = json!("-1");
    }
    let results = device.push(&mutations);
    let bad: Vec<usize> = (0..500).filter(|at| results[*at].reason.is_some()).collect();
    assert_eq!(bad, [0, 77, 499]);
    assert_eq!(count(&server, "todos"), 497);
}

#[test]
fn nobody_writes_rows_of_others_and_is_told_no_more_than_they_may_see() {
    let server = Server::todo();
    let (mut owner, mut other) = (Device::new(&server, 0), Device::new(&server, 1));
    owner.applies(&[list(1, 0), todo(1, 1)]);
    // A list in the name of somebody else; a row of somebody else.
    assert_eq!(other.refuses(list(2, 0)).reason, Some(ReasonCode::NotAuthorized));
    let change =
        update("todos", json!({"id": id(3, 1)}), json!({"title": "mine"}), json!({"title": "todo 1"}));
    let hidden = other.refuses(change.clone());
    assert_eq!(hidden.reason, Some(ReasonCode::RowMissing));
    let missing =
        other.refuses(update("todos", json!({"id": id(3, 5)}), json!({"title": "a"}), json!({"title": "b"})));
    assert_eq!((missing.reason, missing.message, missing.row), (hidden.reason, hidden.message, hidden.row));
    assert_eq!(other.refuses(delete("todos", json!({"id": id(3, 1)}))).reason, Some(ReasonCode::RowMissing));
    let taken = other.refuses(list(1, 1));
    assert_eq!((taken.reason, taken.row), (Some(ReasonCode::RowExists), None));
    assert!(!format!("{:?}", taken.message).contains("list 1"));
    // A member of the team may see and write.
    server.database.execute(&format!(
        "insert into teams (id, owner_id, name) values ('{0}', '{1}', 'team');
         insert into team_members (team_id, user_id) values ('{0}', '{2}');
         update lists set team_id = '{0}'",
        id(1, 1),
        user(0),
        user(1)
    ));
    assert_eq!(other.one(change).reason, None);
    assert_eq!(text(&server, "select title from todos"), "mine");
}

#[test]
fn a_unique_value_is_refused_with_the_row_that_has_it_if_the_user_sees_it() {
    let server = Server::todo();
    server.database.execute("create unique index one_title on lists (title)");
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    let mut twin = list(2, 0);
    twin["values"]["title"] = json!("list 1");
    let result = device.refuses(twin.clone());
    assert_eq!(result.reason, Some(ReasonCode::UniqueViolation));
    assert_eq!(result.columns, ["title"]);
    assert_eq!(row(&result.row)["id"], json!(id(2, 1)));
    let mut other = Device::new(&server, 1);
    twin["values"]["owner_id"] = json!(user(1));
    let result = other.refuses(twin);
    assert_eq!((result.reason, result.row), (Some(ReasonCode::UniqueViolation), None));
    assert!(!result.message.unwrap().contains("list 1"));
}
