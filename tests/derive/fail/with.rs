//! A module that is not there, and one that has not what is needed.

use oosync_runtime::Syncable;
use oosync_runtime::types::Uuid;

mod empty {}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct NoModule {
    id: Uuid,
    #[syncable(with = "missing")]
    title: String,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct NoFunctions {
    id: Uuid,
    #[syncable(with = "empty")]
    title: String,
}

fn main() {}
