//! What can go wrong with a row on its way to SQLite, from a server or to it.

use thiserror::Error;

use crate::ValueError;

/// Why a row could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A value does not fit its column or its field.
    #[error("{table}.{column} {source}")]
    Value {
        /// The table in SQLite.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Why.
        source: ValueError,
    },
    /// A column that a device does not push.
    #[error("{table}.{column} is not pushed: it exists on this device alone, or Postgres computes it")]
    NotPushed {
        /// The table in SQLite.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A value from a server for a column that no server has.
    #[error("{table}.{column} exists on this device alone, and the server sent it")]
    LocalColumn {
        /// The table in SQLite.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// SQLite refused.
    #[cfg(feature = "client")]
    #[error("{table}: {source}")]
    Sqlite {
        /// The table in SQLite.
        table: &'static str,
        /// What it said.
        source: rusqlite::Error,
    },
    /// The device has no number for a key that the server hands out in blocks.
    #[error("{table}.{column} has no number left: give one, or sync to lease a block of them")]
    NoLease {
        /// The table in SQLite.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}
