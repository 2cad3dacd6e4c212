//! What the replies to pull and snapshot have in common.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::RawJson;
use super::open_enum::open_enum;

/// The answer to a request that begins at a cursor or resume token: what was asked for, or that the device has to
/// load everything anew. In JSON, the one or the other in the same place, with HTTP status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<T> {
    /// What was asked for.
    Given(T),
    /// The server cannot tell what changed since: `{"snapshot_required": {"reason": …}}`.
    SnapshotRequired(SnapshotRequired),
}

/// The name of the only field that a reply has if it is [`Reply::SnapshotRequired`].
#[derive(Serialize, Deserialize)]
struct Refusal<R> {
    snapshot_required: R,
}

impl<T: Serialize> Serialize for Reply<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(given) => given.serialize(serializer),
            Self::SnapshotRequired(required) => Refusal { snapshot_required: required }.serialize(serializer),
        }
    }
}

/// Only from serde_json.
impl<'de, T: de::DeserializeOwned> Deserialize<'de> for Reply<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Either {
            #[serde(default)]
            snapshot_required: Option<SnapshotRequired>,
        }

        let json = RawJson::deserialize(deserializer)?;
        let Either { snapshot_required } = serde_json::from_str(json.get()).map_err(de::Error::custom)?;
        match snapshot_required {
            Some(required) => Ok(Self::SnapshotRequired(required)),
            None => serde_json::from_str(json.get()).map(Self::Given).map_err(de::Error::custom),
        }
    }
}

/// Why a device loads everything anew. What it wrote and did not push stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRequired {
    /// What a program goes by.
    pub reason: SnapshotReason,
    /// What a person reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

open_enum! {
    /// Why the server cannot tell what changed.
    SnapshotReason {
        /// The device has no cursor yet.
        InitialSync = "initial_sync_required",
        /// The cursor is older than what the server remembers.
        CheckpointBeforeRetention = "checkpoint_before_retention",
        /// The server's log does not reach back, for another reason than age.
        HistoryUnavailable = "history_unavailable",
        /// The database is another one than before, or was restored from a backup.
        DatabaseRestored = "database_restored",
    }
}

/// How a reply goes on. In JSON, `{"has_more": true, "resume": …}` or `{"has_more": false, "cursor": …}`, beside the
/// other fields. Tokens are opaque, and valid for one client.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "NextJson")]
pub enum Next {
    /// There is more: the same request with this token goes on. What came so far is staged, since it is no state of
    /// the database yet.
    Resume(String),
    /// That was all: the next pull begins here. It is stored in the transaction that stores the rows.
    Cursor(String),
}

#[derive(Serialize, Deserialize)]
struct NextJson {
    has_more: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl Serialize for Next {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = match self.clone() {
            Self::Resume(token) => NextJson { has_more: true, resume: Some(token), cursor: None },
            Self::Cursor(token) => NextJson { has_more: false, resume: None, cursor: Some(token) },
        };
        json.serialize(serializer)
    }
}

impl TryFrom<NextJson> for Next {
    type Error = &'static str;

    fn try_from(json: NextJson) -> Result<Self, Self::Error> {
        match json {
            NextJson { has_more: true, resume: Some(token), cursor: None } => Ok(Self::Resume(token)),
            NextJson { has_more: false, resume: None, cursor: Some(token) } => Ok(Self::Cursor(token)),
            NextJson { has_more: true, .. } => Err("with `has_more` goes a `resume` token and no `cursor`"),
            NextJson { has_more: false, .. } => {
                Err("without `has_more` goes a `cursor` and no `resume` token")
            }
        }
    }
}

/// The buckets that a device gained or lost since its cursor; a bucket is `*`, `user:<id>` or `<bucket>:<key>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Buckets {
    /// Their rows are in the reply, whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Rows that are in no other bucket of the device are among the deleted ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

impl Buckets {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// The schema that a server serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaVersion {
    /// Counts the schemas that the server has had, from 1.
    pub version: u64,
    /// The hash, 64 hexadecimal digits.
    pub hash: String,
}
