//! Diesel and rusqlite on one file.

#![allow(clippy::unwrap_used, reason = "tests")]

use diesel::prelude::*;
use oosync_runtime::diesel::val;
use oosync_runtime::prelude::*;
use oosync_runtime::sqlite;
use oosync_runtime::types::new_v7;
use todo::schema::diesel_sqlite::{lists, todos};
use todo::schema::{List, ListInsert, SCHEMA, Todo, TodoInsert, TodoPatch, UserInsert};

#[test]
fn each_reads_what_the_other_wrote() {
    let path = std::env::temp_dir().join(format!("todo-with-diesel-{}.db", std::process::id()));
    let connection = oosync_runtime::rusqlite::Connection::open(&path).unwrap();
    sqlite::register(&connection).unwrap();
    sqlite::create(&connection, &SCHEMA).unwrap();
    let mut diesel = SqliteConnection::establish(path.to_str().unwrap()).unwrap();

    let user = UserInsert::new("ada@example.org".to_owned(), "Ada".to_owned()).insert(&connection).unwrap();
    let list: List = diesel::insert_into(lists::table)
        .values(&ListInsert { id: new_v7().into(), ..ListInsert::new(user.id, "Garden".to_owned()) })
        .returning(List::as_returning())
        .get_result(&mut diesel)
        .unwrap();
    let form = TodoInsert {
        budget: Some("NaN".parse().unwrap()),
        details: Some(oosync_runtime::types::Json::from_raw("{\"a\": 1, \"a\": 2}").unwrap()),
        ..TodoInsert::new(list.id, "Cut the hedge".to_owned())
    };
    let written = form.insert(&connection).unwrap();
    let read: Todo = todos::table.find(val(written.id)).select(Todo::as_select()).first(&mut diesel).unwrap();
    assert_eq!(read, written);

    let patch = TodoPatch { done: Some(true), budget: Some(None), ..TodoPatch::default() };
    diesel::update(&read).set(&patch).execute(&mut diesel).unwrap();
    let after = Todo::get(&connection, &read.id).unwrap().unwrap();
    assert_eq!(after, Todo { done: true, budget: None, ..read });

    let of_list: Vec<Todo> = Todo::belonging_to(&list).select(Todo::as_select()).load(&mut diesel).unwrap();
    assert_eq!(of_list, std::slice::from_ref(&after));
    diesel::delete(&after).execute(&mut diesel).unwrap();
    assert_eq!(Todo::query().count(&connection).unwrap(), 0);
    std::fs::remove_file(path).unwrap();
}
