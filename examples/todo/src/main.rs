//! Adds, finds, changes and deletes todos in a local SQLite file, with no network: by rusqlite, and by Diesel beside it.
//!
//! `cargo run -p todo -- app.db` keeps the file.

use std::error::Error;
use std::path::{Path, PathBuf};

use diesel::{Connection as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::sqlite;
use oosync_runtime::types::{Array, Date, Json, Numeric, new_v7};
use todo::schema::diesel_sqlite::{lists, todos};
use todo::schema::{
    Comment, CommentInsert, List, ListInsert, Priority, SCHEMA, Todo, TodoInsert, TodoPatch, UserInsert,
};
use todo::{Line, finish, open_todos};

fn main() -> Result<(), Box<dyn Error>> {
    let kept = std::env::args_os().nth(1).map(PathBuf::from);
    let path =
        kept.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("todo-{}.db", std::process::id())));
    let result = run(&path);
    if kept.is_none() {
        std::fs::remove_file(&path)?;
    }
    result
}

fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let connection = Connection::open(path)?;
    sqlite::register(&connection)?;
    sqlite::create(&connection, &SCHEMA)?;

    let me = UserInsert::new("ada@example.org".to_owned(), "Ada".to_owned()).insert(&connection)?;
    let list = ListInsert::new(me.id, "Garden".to_owned()).insert(&connection)?;
    println!("list {:?}, position {}, made {}", list.title, list.position, list.created_at);

    let hedge = TodoInsert {
        priority: Priority::High.into(),
        budget: Some("120.50".parse()?),
        tags: Array::from(vec!["outside".to_owned(), "spring".to_owned()]).into(),
        details: Some(Json::new(&["ladder", "shears"])?.cast()),
        due_on: Date::from_ymd(2027, 3, 1),
        ..TodoInsert::new(list.id, "Cut the hedge".to_owned())
    };
    let hedge = hedge.insert(&connection)?;
    let bulbs = TodoInsert::new(list.id, "Plant bulbs".to_owned()).insert(&connection)?;
    // Numbers for comments come from the server; offline and before any sync, a device has none of its own.
    let comment =
        CommentInsert { id: 1.into(), ..CommentInsert::new(hedge.id, me.id, "Mind the nest".to_owned()) };
    comment.insert(&connection)?;

    for line in open_todos(&connection, list.id)? {
        println!("open: {}{}", line.title, line.due.map_or_else(String::new, |due| format!(", due {due}")));
    }
    let dear = Todo::query().filter(Todo::BUDGET.gt(Some("99.9".parse::<Numeric>()?))).load(&connection)?;
    println!("dearer than 99.9: {:?}", dear.iter().map(|todo| &todo.title).collect::<Vec<_>>());

    finish(&connection, hedge.id)?;
    let later = TodoPatch { due_on: Some(Date::from_ymd(2027, 10, 1)), ..TodoPatch::default() };
    Todo::patch(&connection, &bulbs.id, &later)?;
    println!("by key: {:?}", Line::get(&connection, &bulbs.id)?);
    println!("open after that: {}", open_todos(&connection, list.id)?.len());

    let mut diesel = diesel::SqliteConnection::establish(&path.to_string_lossy())?;
    let shared: Vec<(String, String)> = todos::table
        .inner_join(lists::table)
        .filter(todos::done.eq(false))
        .select((lists::title, todos::title))
        .load(&mut diesel)?;
    println!("the same file, by Diesel: {shared:?}");

    List::delete(&connection, &list.id)?;
    println!(
        "todos and comments of a deleted list: {}, {}",
        Todo::query().count(&connection)?,
        Comment::all(&connection)?.len()
    );
    assert!(Todo::get(&connection, &new_v7())?.is_none(), "a key that nobody has");
    Ok(())
}
