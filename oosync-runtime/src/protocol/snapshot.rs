//! `POST snapshot`: everything that a user may see, in parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Buckets, Next, PageLimit, RawJson, Reply, SchemaVersion};

/// A device asks for all rows: tables in the order of the plan, rows in the order of keys or as [`Order`] says.
///
/// The rows are not of one state of the database: the cursor at the end is that of the moment before the first of
/// them was read, and the pull from there makes the device exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The device.
    pub client: Uuid,
    /// The hash of the schema that it was built with: the reply has its tables and columns.
    pub schema_hash: String,
    /// Goes on after a part; none begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// These tables alone: those that a newer app has and the older one had not, say. None is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<Vec<String>>,
    /// The cursor of a device that has other tables already. It comes back at the end, and is to be pulled from: it knows
    /// then what the user could see while these rows were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Rows in a page. A reply in frames may have any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<PageLimit>,
    /// The order of rows in frames; none is that of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// In which order the rows of a table come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// That of their keys: an index over these is made fastest so, and no row comes twice.
    Key,
    /// Any: the server need not sort. Where a body is gone on with, a row may come again as it is then.
    Any,
}

/// The answer to [`Snapshot`] in JSON.
pub type SnapshotReply = Reply<SnapshotPage>;

/// A part of all rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPage {
    /// Whole rows, by table. Each is an object that [`JsonRow`](super::JsonRow) reads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, Vec<RawJson>>,
    /// All of the user's buckets, as `added`; in the first page.
    #[serde(default, skip_serializing_if = "Buckets::is_empty")]
    pub buckets: Buckets,
    /// What the server serves now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaVersion>,
    /// The rows of this page and of all before it.
    pub rows: u64,
    /// About how many there are altogether, where the server knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated: Option<u64>,
    /// Another page, or the cursor to pull from.
    #[serde(flatten)]
    pub next: Next,
}
