//! Facts that are not there: the message says which command makes them.

use oosync_runtime::Syncable;
use oosync_runtime::types::Uuid;

#[derive(Syncable)]
#[syncable(table = "notes", facts = "nowhere/oosync.facts.json")]
struct Note {
    id: Uuid,
}

fn main() {}
