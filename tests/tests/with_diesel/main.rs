//! Generated code with Diesel and with rusqlite, on the same SQLite file; and Diesel's bytes against those of Postgres.
//!
//! The code in `schema/` is generated from `diesel/schema.sql`. After a change that is meant:
//! `OOSYNC_UPDATE=1 cargo test -p oosync-tests --test with_diesel golden`, and then all of them, to run what it wrote.

#![allow(clippy::unwrap_used, reason = "tests")]

mod golden;
mod names;
mod postgres;
mod rows;
#[allow(unreachable_pub, reason = "the generated code is written for a library")]
#[rustfmt::skip]
mod schema;
mod values;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::prelude::*;
use oosync_runtime::rusqlite;

/// A file with the tables, open twice.
struct Device {
    diesel: SqliteConnection,
    rusqlite: rusqlite::Connection,
    path: PathBuf,
}

impl Device {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("device-{}-{}.db", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_file(&path);
        let rusqlite = rusqlite::Connection::open(&path).unwrap();
        oosync_runtime::sqlite::create(&rusqlite, &schema::SCHEMA).unwrap();
        let diesel = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        Self { diesel, rusqlite, path }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
