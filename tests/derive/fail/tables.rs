//! The table: unknown, ambiguous, not synced and why.

use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::types::Uuid;
use oosync_runtime::{Error, Syncable};

#[derive(Syncable)]
#[syncable(table = "note")]
struct Mistyped {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "weather")]
struct NothingNear {
    id: Uuid,
}

/// Without a name, the table is called as the struct.
#[derive(Syncable)]
struct Note {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "archive.report")]
struct MistypedWithSchema {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "reports")]
struct InTwoSchemas {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "a.b.c")]
struct TooManyDots {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "")]
struct Empty {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "secrets")]
struct Excluded {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "orphans")]
struct BelongsToNobody {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "log_lines")]
struct WithoutKey {
    line: String,
}

#[derive(Syncable)]
#[syncable(table = "note_titles")]
struct View {
    id: Uuid,
}

/// What uses a struct with an error is not wrong because of it.
fn use_them(connection: &Connection, id: Uuid) -> Result<(), Error> {
    Mistyped::get(connection, &id)?;
    Mistyped { id }.insert(connection)?;
    Excluded::all(connection)?;
    Ok(())
}

fn main() {}
