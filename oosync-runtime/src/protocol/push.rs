//! `POST push`: what was written on a device.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::{JsonRow, LeaseRequest};
use crate::types::Timestamptz;

/// A device sends what was written on it. The answer is a [`PushReply`](super::PushReply).
///
/// A push that got no answer is sent again as it was: each mutation is applied once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The device.
    pub client: Uuid,
    /// The hash of the schema that it was built with.
    pub schema_hash: String,
    /// In the order of their ids. All of a group are in one push.
    pub mutations: Vec<Mutation>,
    /// The device has stored the answers to all its mutations up to this id: the server may forget them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<u64>,
    /// Numbers that it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lease: Vec<LeaseRequest>,
}

/// One write to one row.
///
/// Values are as [`codec::to_push_json`](crate::codec::to_push_json) writes them, so that Postgres reads them by its
/// own input functions; [`JsonRow::of`] makes them. A mutation always has the same JSON, by which the server knows
/// it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    /// Which write of this client it is: 1 to 2^63 - 1, larger than all before it, never used twice.
    pub id: u64,
    /// The table, by its name on the device.
    pub table: String,
    /// What is done.
    pub op: Op,
    /// The primary key, whole.
    pub key: JsonRow,
    /// The columns that an insert sets beside the key, or that an update changes; none of the key. What an insert
    /// leaves out has its default.
    #[serde(default, skip_serializing_if = "JsonRow::is_empty")]
    pub values: JsonRow,
    /// What the device last knew of the server. Of an update, each column in `values`, and no other; of a delete, all
    /// columns whose change by somebody else is to be a conflict; of an insert none.
    #[serde(default, skip_serializing_if = "JsonRow::is_empty")]
    pub base: JsonRow,
    /// When it was written, by the device's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamptz>,
    /// Mutations with the same number are one group: either all of them are applied or none. The number is the id
    /// of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u64>,
}

/// What is done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// It is new.
    Insert,
    /// Columns of it change.
    Update,
    /// It goes.
    Delete,
}

impl Op {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Why a push is not of the form that it has to be of: a fault of the program that made it, answered with HTTP 400.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("mutation {id} {fault}")]
pub struct MalformedPush {
    /// The first mutation that is concerned.
    pub id: u64,
    /// What is wrong with it.
    pub fault: &'static str,
}

impl Push {
    /// Checks what can be checked without a schema: the ids, and which columns are where.
    ///
    /// # Errors
    ///
    /// The first mutation that is not as [`Mutation`] says.
    pub fn check(&self) -> Result<(), MalformedPush> {
        let mut last = 0;
        for (place, mutation) in self.mutations.iter().enumerate() {
            let faults = [
                (
                    mutation.id == 0 || i64::try_from(mutation.id).is_err(),
                    "has an id that is not in 1 to 2^63 - 1",
                ),
                (mutation.id <= last, "has an id that is not larger than the one before it"),
            ];
            let fault = faults.iter().find_map(|(found, fault)| found.then_some(*fault));
            let fault = fault
                .or_else(|| mutation.fault())
                .or_else(|| mutation.group_fault(&self.mutations[..=place]));
            if let Some(fault) = fault {
                return Err(MalformedPush { id: mutation.id, fault });
            }
            last = mutation.id;
        }
        Ok(())
    }
}

impl Mutation {
    fn fault(&self) -> Option<&'static str> {
        let columns_differ =
            || self.values.len() != self.base.len() || !self.values.names().eq(self.base.names());
        if self.key.is_empty() {
            return Some("has no key");
        }
        if self.values.names().any(|name| self.key.contains(name)) {
            return Some("has a column of the key among its values");
        }
        match self.op {
            Op::Insert if !self.base.is_empty() => Some("is an insert and has a base"),
            Op::Update if self.values.is_empty() => Some("is an update and changes nothing"),
            Op::Update if columns_differ() => {
                Some("is an update and has a base of other columns than it changes")
            }
            Op::Delete if !self.values.is_empty() => Some("is a delete and has values"),
            _ => None,
        }
    }

    /// `sent` ends with this mutation, and has ascending ids.
    fn group_fault(&self, sent: &[Self]) -> Option<&'static str> {
        let group = self.group?;
        let first = sent.binary_search_by_key(&group, |first| first.id);
        let found = first.is_ok_and(|first| sent[first].group == Some(group));
        (!found).then_some("is in a group whose number is not the id of its first mutation")
    }
}
