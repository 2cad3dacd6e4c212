//! Todos on the command line, offline first: everything but `sync` and `live` works without a network.
//!
//! ```sh
//! export TODO_URL=http://127.0.0.1:8080
//! cargo run -p todo --bin todo-sync -- --device phone --as alice add Garden 'Cut the hedge'
//! cargo run -p todo --bin todo-sync -- --device phone --as alice sync
//! cargo run -p todo --bin todo-sync -- --device laptop --as alice sync     # another device of hers
//! cargo run -p todo --bin todo-sync -- --device laptop --as alice list
//! ```
//!
//! - here: the file, its sync, and what an app shows of it
//! - `edit`: what is written to the tables, offline or not
//! - `command_line`: what is asked for
//!
//! `scripts/demo.sh` runs it on three devices of two people.

mod command_line;
mod edit;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use oosync_runtime::Value;
use oosync_runtime::client::store::InboxItem;
use oosync_runtime::client::{Client, Event, StartOptions};
use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::Connection;
use todo::schema::{List, SCHEMA, Todo};

use crate::command_line::{Command, CommandLine, Keep};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    let CommandLine { device, file, user, server, command } = CommandLine::of_this_process()?;

    // The device's file is made if it is not there. Without a URL, nothing leaves it.
    let mut builder = Client::builder(file, &SCHEMA).device(device);
    if let Some(url) = server {
        builder = builder.url(url).header("x-user", user.to_string());
    }
    let client = builder.open()?;

    // From here on, an ordinary connection to ordinary tables: whatever writes to them is noted and sent.
    let connection = client.connection()?;
    match command {
        Command::Add { list, title } => edit::add(&connection, user, &list, title),
        Command::Rename { title, new } => edit::rename(&connection, &title, new),
        Command::Done { title } => edit::done(&connection, &title),
        Command::Share { list, team } => edit::share(&connection, &list, Some(&team)),
        Command::Unshare { list } => edit::share(&connection, &list, None),
        Command::List => show(&connection),
        Command::Sync => sync(&client),
        Command::Live { updates } => live(&client, &connection, updates),
        Command::Conflicts => conflicts(&client),
        Command::Resolve(keep) => resolve(&client, &connection, keep),
    }
}

/// Sends what was written here and receives what others wrote.
fn sync(client: &Client) -> Result {
    let began = Instant::now();
    let done = client.sync()?;
    let first = if done.bootstrapped { "loaded everything, " } else { "" };
    println!(
        "{first}sent {}, received {}, gone {}, in conflict {}, refused {}; {} ms",
        done.pushed,
        done.rows,
        done.deleted,
        done.conflicts,
        done.rejected,
        began.elapsed().as_millis()
    );
    Ok(())
}

/// Syncs by itself, and shows the lists whenever anybody has changed them.
fn live(client: &Client, connection: &Connection, updates: u32) -> Result {
    let events = client.events();
    let changes = client.watch(&["lists", "todos"])?;
    client.start(StartOptions::default())?;
    // What has gathered since the last time comes first.
    while !matches!(events.recv_timeout(Duration::from_secs(30))?, Event::Finished(_)) {}
    changes.changed();
    show(connection)?;
    println!("waiting for changes");
    for _ in 0..updates {
        if changes.wait(Duration::from_secs(30)).is_empty() {
            return Err("nothing has changed for 30 seconds".into());
        }
        show(connection)?;
    }
    client.stop();
    Ok(())
}

/// Every list with its todos, and how much that is.
fn show(connection: &Connection) -> Result {
    let lists =
        List::query().filter(List::DELETED_AT.is_null()).order_by(List::TITLE.asc()).load(connection)?;
    let mut todos = 0;
    for list in &lists {
        println!("{}{}", list.title, if list.team_id.is_some() { " (shared)" } else { "" });
        let of_list = Todo::query().filter(Todo::LIST_ID.eq(list.id)).filter(Todo::DELETED_AT.is_null());
        for todo in of_list.order_by(Todo::CREATED_AT.asc()).load(connection)? {
            println!("  [{}] {}", if todo.done { 'x' } else { ' ' }, todo.title);
            todos += 1;
        }
    }
    println!("{} lists, {todos} todos on this device", lists.len());
    Ok(())
}

/// What others changed too and what the server refused. It stays in the file until it is settled.
fn inbox(client: &Client) -> Result<Vec<InboxItem>> {
    Ok(client.conflicts()?.into_iter().chain(client.rejections()?).collect())
}

fn conflicts(client: &Client) -> Result {
    let items = inbox(client)?;
    for item in &items {
        let why = item.message.as_deref().unwrap_or("somebody else changed it, too");
        println!("{} in {}: {why}", item.kind.as_str(), item.table);
        for column in item.columns.iter().filter(|column| column.mine != column.theirs) {
            let [base, mine, theirs] = [&column.base, &column.mine, &column.theirs].map(shown);
            let stands = if column.lost { "theirs" } else { "mine" };
            println!("  {} was {base}: mine {mine}, theirs {theirs}; {stands} stands", column.name);
        }
    }
    println!("{} to settle", items.len());
    Ok(())
}

/// What does not stand is written as one more edit, made in full knowledge of the other.
fn resolve(client: &Client, connection: &Connection, keep: Keep) -> Result {
    for item in inbox(client)? {
        edit::settle(connection, &item, keep)?;
        client.dismiss(item.id)?;
    }
    Ok(())
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => format!("“{text}”"),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
