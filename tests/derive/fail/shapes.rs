//! What is no struct with named fields cannot be a row.

use oosync_runtime::Syncable;
use oosync_runtime::types::Uuid;

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Tuple(Uuid, String);

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Unit;

#[derive(Syncable)]
#[syncable(table = "notes")]
enum Choice {
    Note { id: Uuid },
}

#[derive(Syncable)]
#[syncable(table = "notes")]
union Either {
    id: u64,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Generic<T> {
    id: T,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Borrowed<'a> {
    title: &'a str,
}

fn main() {}
