//! What a struct lacks is said where it is used.

use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::types::Uuid;
use oosync_runtime::{Error, Insert, Syncable};

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Title {
    title: String,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Line {
    id: Uuid,
    title: String,
}

fn take_key<R: Syncable>() {}
fn take_new<I: Insert>() {}

fn use_them(connection: &Connection) -> Result<(), Error> {
    take_key::<Title>();
    take_new::<Line>();
    Line::all(connection)?;
    Ok(())
}

fn main() {}
