//! What the frames of a body say in JSON: `H` at its beginning, `P` on the way, `E` at its end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::open_enum::open_enum;
use super::{Buckets, Included, Next, SchemaVersion};

/// The payload of the `H` frame: how to read what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`PROTOCOL_VERSION`](super::PROTOCOL_VERSION).
    pub protocol: u32,
    /// What the body is.
    pub mode: Mode,
    /// The hash of the schema whose tables and columns it has: the device's.
    pub schema_hash: String,
    /// What the server serves now; another hash than the device's says that there is an update to the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaVersion>,
    /// The tables that `T` frames number, from 0.
    pub tables: Vec<TableHeader>,
    /// What the device gained and lost; of a snapshot, all buckets, as gained.
    #[serde(default, skip_serializing_if = "Buckets::is_empty")]
    pub buckets: Buckets,
    /// About how many rows and keys there will be, those of earlier bodies of a snapshot included; where the server
    /// knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated: Option<u64>,
}

open_enum! {
    /// What a body is.
    Mode {
        /// From one state of the database to another: applied as one, or not at all.
        Delta = "delta",
        /// All rows, from the first. What came before a `P` frame may be kept, even if the body breaks off.
        Snapshot = "snapshot",
        /// All rows, from where a resume token said.
        Chunk = "chunk",
    }
}

/// How to read the tuples of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableHeader {
    /// The table, by its name on the device.
    pub name: String,
    /// The columns of the tuples of `R` frames. Columns that the user's role may not read are not among them.
    pub columns: Vec<String>,
    /// The columns of the tuples of `D` frames: the primary key, in its order.
    pub key: Vec<String>,
    /// Those of the columns that travel as text; all others are as Postgres's binary send functions write them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
}

/// The payload of a `P` frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Goes on after everything that came before this frame.
    pub resume: String,
    /// The rows so far, those of earlier bodies of the same snapshot included.
    pub rows: u64,
    /// About how many there are altogether, where the server knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated: Option<u64>,
}

/// The payload of the `E` frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Another body, or the cursor.
    #[serde(flatten)]
    pub next: Next,
    /// What the body held, by table; tables of which it held nothing are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, Counts>,
    /// A digest of the bytes of all frames before this one: the algorithm, a colon, hexadecimal digits, as
    /// in `sha256:…`. For devices that know the algorithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Which of the device's mutations are part of the state that the body leads to.
    #[serde(default)]
    pub included: Included,
}

/// How many tuples of a table there are in a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// In `R` frames.
    pub rows: u64,
    /// In `D` frames.
    pub deletes: u64,
}
