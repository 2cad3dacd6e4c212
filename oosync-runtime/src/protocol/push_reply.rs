//! What became of the mutations of a push.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::open_enum::open_enum;
use super::raw_json::{RawJson, present};
use super::{Lease, ReasonCode, seconds};

/// The answer to [`Push`](super::Push).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushReply {
    /// One for each mutation, in the order of the push.
    pub results: Vec<MutationResult>,
    /// The numbers asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lease: Vec<Lease>,
}

/// What became of one mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutationResult {
    /// The mutation.
    pub id: u64,
    /// Whether it counts.
    pub status: Status,
    /// Why, unless it was simply applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonCode>,
    /// What a person reads; it holds no data that the user may not see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The columns that the reason is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The row as it is on the server now, as far as this user may see it, whenever it is not what the device sent:
    /// after a conflict, with defaults filled in, or the other row that has a unique value. Two spellings of one value
    /// are the same, and so are rows that differ in the server's stamp of the last change alone: that comes with the
    /// pull that includes the mutation. An object that [`JsonRow`](super::JsonRow) reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<RawJson>,
    /// The columns that somebody else changed too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<ColumnConflict>,
    /// Of a group that failed: the mutation that it failed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_for: Option<u64>,
    /// Of what may be tried again: how long to wait before, in seconds.
    #[serde(default, with = "seconds::option", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
}

impl MutationResult {
    /// Applied as it was sent.
    pub fn applied(id: u64) -> Self {
        Self {
            id,
            status: Status::Applied,
            reason: None,
            message: None,
            columns: Vec::new(),
            row: None,
            conflicts: Vec::new(),
            failed_for: None,
            retry_after: None,
        }
    }

    /// Refused.
    pub fn rejected(id: u64, status: Status, reason: ReasonCode, message: impl Into<String>) -> Self {
        Self { status, reason: Some(reason), message: Some(message.into()), ..Self::applied(id) }
    }
}

open_enum! {
    /// Whether a mutation counts.
    Status {
        /// It is in the database as it was sent.
        Applied = "applied",
        /// Somebody else changed the same, and it was settled: `conflicts` says how, `row` is what came of it.
        Conflict = "conflict",
        /// It is not in the database, and never will be as it is.
        RejectedTerminal = "rejected_terminal",
        /// It is not in the database; the same mutation may be sent again.
        RejectedRetryable = "rejected_retryable",
    }
}

/// A column that two sides changed from the same base to different values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnConflict {
    /// The column.
    pub column: String,
    /// What it was when the device began to edit it, as the device sent it; none where it sent no base.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub base: Option<RawJson>,
    /// What the device sent; none for a delete.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub mine: Option<RawJson>,
    /// What the server had; none where the row is gone, or the user may not see it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub theirs: Option<RawJson>,
    /// Which of them is in the database now.
    pub kept: Kept,
}

open_enum! {
    /// Who won.
    Kept {
        /// The device's value.
        Mine = "mine",
        /// The server's value.
        Theirs = "theirs",
        /// A value that a resolver made of both; it is in `row`.
        Resolved = "resolved",
    }
}
