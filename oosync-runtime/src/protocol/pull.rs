//! `POST pull`: what changed since a cursor.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Buckets, Included, JsonRow, Next, PageLimit, RawJson, Reply, SchemaVersion, seconds};

/// A device asks what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    /// The device.
    pub client: Uuid,
    /// The hash of the schema that it was built with: the reply has its tables and columns.
    pub schema_hash: String,
    /// Where it stands; none leads to [`Reply::SnapshotRequired`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Goes on after a page; everything else is as in the request for the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// Rows and keys in a page. A reply in frames is never cut into pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<PageLimit>,
    /// Where nothing has changed, how long the server waits for something to change before it says so, in seconds.
    /// It may wait shorter, see [`Limits`](super::Limits).
    #[serde(default, with = "seconds::option", skip_serializing_if = "Option::is_none")]
    pub wait: Option<Duration>,
    /// The device has stored the answers to all its mutations up to this id: the server may forget them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<u64>,
}

/// The answer to [`Pull`] in JSON.
pub type PullReply = Reply<Changes>;

/// What leads from the state at the request's cursor to that at the reply's; a part of it where there are several
/// pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Whole rows as they are now, by table: new ones, changed ones, and those that the user may see only now. Each
    /// is an object that [`JsonRow`] reads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, Vec<RawJson>>,
    /// Keys of rows that are gone, or that the user may not see any more, by table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deletes: BTreeMap<String, Vec<JsonRow>>,
    /// In the first page.
    #[serde(default, skip_serializing_if = "Buckets::is_empty")]
    pub buckets: Buckets,
    /// What the server serves now; another hash than the device's says that there is an update to the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaVersion>,
    /// Which of the device's mutations are part of the state that the reply leads to.
    #[serde(default)]
    pub included: Included,
    /// Another page, or the cursor.
    #[serde(flatten)]
    pub next: Next,
}
