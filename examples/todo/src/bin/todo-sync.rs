//! Todos on the command line, offline first: every command works without a network, and `sync` or `live` brings devices
//! together.
//!
//! ```sh
//! export TODO_URL=http://127.0.0.1:7070 TODO_USER=00000000-0000-4000-8000-000000000001
//! cargo run -p todo --bin todo-sync -- add Cut the hedge
//! cargo run -p todo --bin todo-sync -- sync
//! TODO_FILE=phone.db cargo run -p todo --bin todo-sync -- sync      # another device
//! TODO_FILE=phone.db cargo run -p todo --bin todo-sync -- done Cut the hedge
//! ```

use std::error::Error;
use std::time::Duration;

use oosync_runtime::client::{Client, StartOptions};
use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::types::Uuid;
use todo::schema::{List, ListInsert, SCHEMA, Todo, TodoInsert};
use todo::{finish, open_todos};

const USAGE: &str = "todo-sync add TITLE | done TITLE | list | sync | live | conflicts

  TODO_URL   the sync server; without it, nothing leaves this device
  TODO_USER  the user's id, sent in the header `x-user` (a server that trusts it is for trying things out)
  TODO_FILE  the device's file; todo.db if nothing is said";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) =
        arguments.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let title = rest.join(" ");
    let user = std::env::var("TODO_USER").map_err(|_| USAGE)?;
    let file = std::env::var("TODO_FILE").unwrap_or_else(|_| "todo.db".to_owned());
    let mut client = Client::builder(file, &SCHEMA).device("command line");
    if let Ok(url) = std::env::var("TODO_URL") {
        client = client.url(url).header("x-user", user.clone());
    }
    let client = client.open()?;
    let connection = client.connection()?;
    match command {
        "add" => add(&connection, user.parse()?, title)?,
        "done" => done(&connection, &title)?,
        "list" => list(&connection)?,
        "sync" => {
            let summary = client.sync()?;
            println!("{} sent, {} came, {} gone", summary.pushed, summary.rows, summary.deleted);
        }
        "live" => live(&client, &connection)?,
        "conflicts" => conflicts(&client)?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn add(connection: &Connection, user: Uuid, title: String) -> Result<(), Box<dyn Error>> {
    let lists =
        List::query().filter(List::OWNER_ID.eq(user)).filter(List::DELETED_AT.is_null()).load(connection)?;
    let list = match lists.first() {
        Some(list) => list.id,
        None => ListInsert::new(user, "Todos".to_owned()).insert(connection)?.id,
    };
    TodoInsert::new(list, title).insert(connection)?;
    Ok(())
}

fn done(connection: &Connection, title: &str) -> Result<(), Box<dyn Error>> {
    for todo in Todo::query().filter(Todo::TITLE.eq(title.to_owned())).load(connection)? {
        finish(connection, todo.id)?;
    }
    Ok(())
}

fn list(connection: &Connection) -> Result<(), Box<dyn Error>> {
    for list in List::query().filter(List::DELETED_AT.is_null()).load(connection)? {
        println!("{}", list.title);
        for line in open_todos(connection, list.id)? {
            println!("  {}", line.title);
        }
    }
    Ok(())
}

/// Syncs by itself and shows the lists whenever anybody changes them, until it is stopped.
fn live(client: &Client, connection: &Connection) -> Result<(), Box<dyn Error>> {
    let changes = client.watch(&["lists", "todos"])?;
    client.start(StartOptions::default())?;
    loop {
        list(connection)?;
        while changes.wait(Duration::from_secs(60)).is_empty() {}
        println!("---");
    }
}

/// What others changed too and what the server refused, each shown once.
fn conflicts(client: &Client) -> Result<(), Box<dyn Error>> {
    for item in client.conflicts()?.into_iter().chain(client.rejections()?) {
        println!("{} {}: {}", item.kind.as_str(), item.table, item.message.unwrap_or_default());
        for column in item.columns.iter().filter(|column| column.mine != column.theirs) {
            println!("  {}: mine {:?}, the server's {:?}", column.name, column.mine, column.theirs);
        }
        client.dismiss(item.id)?;
    }
    Ok(())
}
