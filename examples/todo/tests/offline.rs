//! The app's own tests: a snapshot of the schema, SQLite in memory, no Postgres.

#![allow(clippy::unwrap_used, reason = "tests")]

use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::types::{Date, Numeric, Uuid};
use oosync_runtime::{Error, sqlite};
use todo::schema::{
    AttachmentInsert, CommentInsert, List, ListInsert, Priority, SCHEMA, TeamMember, TeamMemberInsert,
    TeamMemberKey, Todo, TodoInsert, TodoPatch, UserInsert,
};
use todo::{Line, finish, open_todos};

/// An empty device and a list on it.
fn device() -> (Connection, List) {
    let connection = Connection::open_in_memory().unwrap();
    sqlite::register(&connection).unwrap();
    sqlite::create(&connection, &SCHEMA).unwrap();
    let user = UserInsert::new("ada@example.org".to_owned(), "Ada".to_owned()).insert(&connection).unwrap();
    let list = ListInsert::new(user.id, "Garden".to_owned()).insert(&connection).unwrap();
    (connection, list)
}

fn todo(connection: &Connection, list: &List, title: &str) -> Todo {
    TodoInsert::new(list.id, title.to_owned()).insert(connection).unwrap()
}

#[test]
fn defaults_are_those_of_the_schema() {
    let (connection, list) = device();
    let row = todo(&connection, &list, "x");
    assert_eq!((row.done, row.priority, row.tags.len(), row.budget), (false, Priority::Normal, 0, None));
    assert_eq!(row.id.get_version_num(), 7, "keys made by the API are in the order of time");
    assert!(row.created_at.is_finite());
}

#[test]
fn plain_sql_gets_the_same_defaults() {
    let (connection, list) = device();
    connection
        .execute("INSERT INTO todos (list_id, title) VALUES (?1, 'by hand')", [list.id.as_bytes()])
        .unwrap();
    let rows = Todo::all(&connection).unwrap();
    assert_eq!((rows.len(), rows[0].title.as_str(), &rows[0].priority), (1, "by hand", &Priority::Normal));
    assert_eq!(rows[0].id.get_version_num(), 4);
}

#[test]
fn a_patch_changes_what_it_names_and_nothing_else() {
    let (connection, list) = device();
    let before = todo(&connection, &list, "x");
    let patch = TodoPatch {
        budget: Some(Some("10.50".parse().unwrap())),
        priority: Some(Priority::Unknown("urgent".to_owned())),
        ..TodoPatch::default()
    };
    assert!(Todo::patch(&connection, &before.id, &patch).unwrap());
    let after = Todo::get(&connection, &before.id).unwrap().unwrap();
    let expected =
        Todo { budget: patch.budget.flatten(), priority: Priority::Unknown("urgent".to_owned()), ..before };
    assert_eq!(after, expected);
    let nobody = Uuid::nil();
    assert!(!Todo::patch(&connection, &nobody, &TodoPatch::default()).unwrap());
    assert!(
        Todo::patch(&connection, &after.id, &TodoPatch::default()).unwrap(),
        "it is there; nothing changes"
    );
}

#[test]
fn numbers_are_compared_as_numbers() {
    let (connection, list) = device();
    for (title, budget) in [("a", "9.5"), ("b", "10"), ("c", "100.00")] {
        let budget: Option<Numeric> = Some(budget.parse().unwrap());
        TodoInsert { budget, ..TodoInsert::new(list.id, title.to_owned()) }.insert(&connection).unwrap();
    }
    let dear = Todo::query()
        .filter(Todo::BUDGET.ge(Some(Numeric::from(10))))
        .order_by(Todo::BUDGET.desc())
        .load(&connection)
        .unwrap();
    assert_eq!(dear.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    let hundred = Todo::query().filter(Todo::BUDGET.eq(Some(Numeric::from(100)))).count(&connection).unwrap();
    assert_eq!(hundred, 1, "100 is 100.00");
}

#[test]
fn filters_join_and_null_is_a_value() {
    let (connection, list) = device();
    let first = todo(&connection, &list, "first");
    let second = todo(&connection, &list, "second");
    finish(&connection, first.id).unwrap();
    let titles = |filter| -> Vec<String> {
        let rows = Todo::query().filter(filter).order_by(Todo::TITLE.asc()).load(&connection).unwrap();
        rows.into_iter().map(|row| row.title).collect()
    };
    assert_eq!(titles(Todo::DONE.eq(true)), ["first"]);
    assert_eq!(titles(!Todo::DONE.eq(true)), ["second"]);
    assert_eq!(titles(Todo::DONE.eq(true).or(Todo::TITLE.like("SEC%"))), ["first", "second"]);
    assert_eq!(titles(Todo::DUE_ON.is_null().and(Todo::ID.any_of([second.id]))), ["second"]);
    assert_eq!(titles(Todo::DUE_ON.eq(None::<Date>)), ["first", "second"]);
    assert_eq!(titles(Todo::ID.any_of(std::iter::empty::<Uuid>())), Vec::<String>::new());
    assert_eq!(open_todos(&connection, list.id).unwrap().len(), 1);
}

#[test]
fn composite_keys_and_upserts() {
    let (connection, list) = device();
    let team = todo::schema::TeamInsert::new(list.owner_id, "us".to_owned()).insert(&connection).unwrap();
    let member = TeamMemberInsert::new(team.id, list.owner_id).insert(&connection).unwrap();
    assert_eq!(member.role, "member");
    assert!(TeamMemberInsert::new(team.id, list.owner_id).insert(&connection).is_err(), "the key is taken");
    let admin = TeamMember { role: "admin".to_owned(), ..member };
    admin.upsert(&connection).unwrap();
    let key = TeamMemberKey { team_id: team.id, user_id: list.owner_id };
    assert_eq!(TeamMember::get(&connection, &key).unwrap(), Some(admin));
    assert!(TeamMember::delete(&connection, &key).unwrap());
    assert!(!TeamMember::delete(&connection, &key).unwrap());
}

#[test]
fn what_the_server_fills_is_null_until_then() {
    let (connection, list) = device();
    let row = todo(&connection, &list, "x");
    let file =
        AttachmentInsert::new(row.id, "a.txt".to_owned(), b"hello".to_vec()).insert(&connection).unwrap();
    assert_eq!(file.size, None, "Postgres computes it");
    let number = CommentInsert::new(row.id, list.owner_id, "x".to_owned()).insert(&connection).unwrap_err();
    assert!(matches!(number, Error::NoLease { .. }), "{number}");
}

#[test]
fn values_that_do_not_fit_are_errors_that_name_the_column() {
    let (connection, list) = device();
    let row = todo(&connection, &list, "x");
    connection.execute("UPDATE todos SET due_on = 'tomorrow' WHERE id = ?1", [row.id.as_bytes()]).unwrap();
    let error = Todo::get(&connection, &row.id).unwrap_err();
    assert_eq!(error.to_string(), "todos.due_on `tomorrow` is not a valid date");
}

#[test]
fn a_struct_of_our_own_reads_and_changes_its_columns() {
    let (connection, list) = device();
    let row = todo(&connection, &list, "x");
    let mut line = Line::get(&connection, &row.id).unwrap().unwrap();
    line.title = "y".to_owned();
    line.due = Date::from_ymd(2027, 1, 1);
    assert!(line.update(&connection).unwrap());
    let after = Todo::get(&connection, &row.id).unwrap().unwrap();
    assert_eq!((after.title.as_str(), after.due_on), ("y", line.due));
    assert_eq!(after.created_at, row.created_at);
}
