//! Code of an application that settles conflicts.

use crate::protocol::{JsonRow, RawJson};
use crate::schema::{Column, Table};
use crate::types::Timestamptz;

/// A column that a device and somebody else changed, to different values.
///
/// Values are in the form of [`codec::to_push_json`](crate::codec::to_push_json).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Clash<'a> {
    /// The table.
    pub table: &'static Table,
    /// The key of the row, as the device sent it.
    pub key: &'a JsonRow,
    /// The column.
    pub column: &'static Column,
    /// What both began with; none where an insert meets a row that is there already.
    pub base: Option<&'a RawJson>,
    /// What the device sent; none where it deletes the row.
    pub mine: Option<&'a RawJson>,
    /// What the server has, as far as the user may see it.
    pub theirs: Option<&'a RawJson>,
    /// When the device's edit was made, if it says so; not later than the server's clock allows.
    pub edited_at: Option<Timestamptz>,
    /// The time of the last change of the row on the server, where the table has such a column.
    pub updated_at: Option<Timestamptz>,
}

/// How a conflict is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// As the table's rule says.
    ByRule,
    /// The device's value is written; a row that it deletes goes.
    Mine,
    /// The server's value stays.
    Theirs,
    /// This value is written. Of a row that the device deletes it means that the row stays as it is.
    Value(RawJson),
    /// The whole mutation is refused, with this message.
    Reject(String),
}

/// Settles conflicts in code, before the rule of the table.
///
/// It is asked for each column in conflict while rows are locked: it should not wait for anything.
pub trait Resolver: Send + Sync + 'static {
    /// How this conflict is settled.
    fn resolve(&self, clash: &Clash<'_>) -> Resolution;
}

impl<F: Fn(&Clash<'_>) -> Resolution + Send + Sync + 'static> Resolver for F {
    fn resolve(&self, clash: &Clash<'_>) -> Resolution {
        self(clash)
    }
}
