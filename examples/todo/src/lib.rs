//! A task app over a local SQLite file, offline.

pub mod schema;

use oosync_runtime::rusqlite::Connection;
use oosync_runtime::types::{Date, Uuid};
use oosync_runtime::{Error, Syncable, prelude::*};

use crate::schema::{Todo, TodoPatch};

/// What a list on a small screen shows of a todo: a struct of our own, checked against the schema while it compiles.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(table = "todos")]
pub struct Line {
    /// The todo's key.
    pub id: Uuid,
    /// What is to be done.
    pub title: String,
    /// Whether it is done.
    pub done: bool,
    /// By when.
    #[syncable(column = "due_on")]
    pub due: Option<Date>,
}

/// The open todos of a list, the next one due first.
///
/// # Errors
///
/// What SQLite says.
pub fn open_todos(connection: &Connection, list: Uuid) -> Result<Vec<Line>, Error> {
    let open = Todo::query()
        .filter(Todo::LIST_ID.eq(list))
        .filter(Todo::DONE.eq(false))
        .filter(Todo::DELETED_AT.is_null())
        .order_by(Todo::DUE_ON.asc());
    let mut lines = Vec::new();
    open.for_each(connection, |todo| {
        lines.push(Line { id: todo.id, title: todo.title, done: todo.done, due: todo.due_on });
        Ok(())
    })?;
    Ok(lines)
}

/// Marks a todo as done; `false` if there is none.
///
/// # Errors
///
/// What SQLite says.
pub fn finish(connection: &Connection, todo: Uuid) -> Result<bool, Error> {
    Todo::patch(connection, &todo, &TodoPatch { done: Some(true), ..TodoPatch::default() })
}
