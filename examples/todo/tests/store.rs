//! The app's file as a store: what the generated rows and Diesel write is captured.

#![allow(clippy::unwrap_used, reason = "tests")]

use diesel::prelude::*;
use oosync_runtime::client::store::{Delta, Op, Store, TableDelta};
use oosync_runtime::diesel::val;
use oosync_runtime::prelude::*;
use oosync_runtime::types::Json;
use oosync_runtime::{Error, Value};
use todo::finish;
use todo::schema::diesel_sqlite::{lists, todos};
use todo::schema::{CommentInsert, List, ListInsert, SCHEMA, Todo, TodoInsert, UserInsert};

/// What is to be pushed: op, table, and the columns that changed.
fn pending(store: &mut Store) -> Vec<String> {
    let pending = store.pending(usize::MAX).unwrap();
    let words = |op: Op, table: &str, columns: Vec<&str>| match op {
        Op::Update => format!("update {table}: {}", columns.join(", ")),
        op => format!("{} {table}", op.as_str()),
    };
    let changes = pending.changes.iter();
    changes
        .map(|change| {
            words(change.op, change.table, change.changed.iter().map(|column| column.name).collect())
        })
        .collect()
}

/// Everything in a table, as the server would send it.
fn server_rows(connection: &oosync_runtime::rusqlite::Connection, table: &str) -> TableDelta {
    let columns = SCHEMA.table(table).unwrap().columns.len();
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let rows = statement.query_map([], |row| (0..columns).map(|place| row.get(place)).collect());
    let rows = rows.unwrap().collect::<Result<Vec<Vec<Value<'static>>>, _>>().unwrap();
    TableDelta { table: table.to_owned(), rows, deleted: Vec::new() }
}

#[test]
fn generated_rows_and_diesel_are_captured() {
    let path = std::env::temp_dir().join(format!("todo-store-{}.db", std::process::id()));
    let mut store = Store::open(&path, &SCHEMA).unwrap();
    let app = store.connect().unwrap();
    let mut diesel = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query("PRAGMA busy_timeout = 5000").execute(&mut diesel).unwrap();

    let user = UserInsert::new("ada@example.org".to_owned(), "Ada".to_owned()).insert(&app).unwrap();
    let list = ListInsert::new(user.id, "Garden".to_owned()).insert(&app).unwrap();
    let form = TodoInsert {
        details: Some(Json::from_raw("{}").unwrap()),
        ..TodoInsert::new(list.id, "x".to_owned())
    };
    let todo = form.insert(&app).unwrap();
    assert_eq!(pending(&mut store), ["insert users", "insert lists", "insert todos"]);

    // As if all of that had come from the server.
    let tables = ["users", "lists", "todos"].map(|table| server_rows(&app, table)).to_vec();
    store.apply(&Delta { tables, cursor: b"cursor".to_vec(), through: 0 }).unwrap();
    assert_eq!(store.dirty_count().unwrap(), 0);

    finish(&app, todo.id).unwrap();
    diesel::update(todos::table.find(val(todo.id))).set(todos::title.eq("y")).execute(&mut diesel).unwrap();
    diesel::update(lists::table.find(val(list.id))).set(lists::title.eq("z")).execute(&mut diesel).unwrap();
    assert_eq!(pending(&mut store), ["update lists: title", "update todos: title, done"]);

    let comment = || CommentInsert::new(todo.id, user.id, "x".to_owned());
    assert!(matches!(comment().insert(&app), Err(Error::NoLease { .. })));
    store.add_lease("comments", "id", 40, 41).unwrap();
    assert_eq!(comment().insert(&app).unwrap().id, 40);
    CommentInsert { id: 41.into(), ..comment() }.insert(&app).unwrap();
    assert!(matches!(comment().insert(&app), Err(Error::NoLease { .. })));

    // What hangs on the list goes with it, by its foreign keys.
    List::delete(&app, &list.id).unwrap();
    assert_eq!(Todo::query().count(&app).unwrap(), 0);
    assert_eq!(pending(&mut store), ["delete todos", "delete lists"]);
    drop((store, app, diesel));
    for end in ["db", "db-wal", "db-shm"] {
        let _ = std::fs::remove_file(path.with_extension(end));
    }
}
