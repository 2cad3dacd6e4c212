//! Columns: unknown, on the server only, twice, missing for a new row; each is one error, also where the struct is used.

use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::types::Uuid;
use oosync_runtime::{Error, Syncable};

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Mistyped {
    id: Uuid,
    titel: String,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct MistypedAttribute {
    id: Uuid,
    #[syncable(column = "stas")]
    rating: i32,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct NothingNear {
    id: Uuid,
    weather: String,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct OnTheServer {
    id: Uuid,
    spam_score: Option<f32>,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Twice {
    id: Uuid,
    title: String,
    #[syncable(column = "title")]
    heading: String,
}

#[derive(Syncable)]
#[syncable(table = "notes", rename_all = "camelCase")]
struct WrongStyle {
    id: Uuid,
    #[syncable(column = "user_id")]
    user_id: Uuid,
    created_at: String,
}

#[derive(Syncable)]
#[syncable(table = "notes", insert)]
struct LacksColumns {
    id: Uuid,
    body: Option<String>,
}

#[derive(Syncable)]
#[syncable(table = "stock", insert)]
struct LacksOneColumn {
    place: String,
    item: i32,
    user_id: Uuid,
}

/// What uses a struct with an error is not wrong because of it.
fn use_them(connection: &Connection, id: Uuid) -> Result<(), Error> {
    Mistyped::get(connection, &id)?;
    Twice::delete(connection, &id)?;
    let new = LacksColumns { id, body: None };
    new.insert(connection)?;
    new.update(connection)?;
    Ok(())
}

fn main() {}
