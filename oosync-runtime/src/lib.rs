//! What applications and servers link: schema metadata, types, row codec, protocol, client and server.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

#[cfg(feature = "client")]
pub mod client;
pub mod codec;
#[cfg(feature = "diesel")]
pub mod diesel;
#[cfg(any(feature = "client", feature = "server"))]
mod digest;
mod error;
mod field;
mod generated;
pub mod protocol;
mod row;
pub mod schema;
#[cfg(feature = "server")]
pub mod server;
pub mod sql;
#[cfg(feature = "client")]
pub mod sqlite;
pub mod types;
mod value;

pub use self::error::Error;
pub use self::field::{Element, Field};
pub use self::generated::{
    FieldRefs, Fields, FormRefs, Pass, Record, debug_insert, debug_patch, debug_row, kinds, same,
};
pub use self::row::{
    Defaulted, Insert, Patch, Row, RowColumn, RowReader, RowSource, RowWriter, ServerFilled, Syncable,
};
pub use self::value::{Value, ValueError};

#[cfg(feature = "derive")]
pub use oosync_macros::Syncable;

#[cfg(feature = "bigdecimal")]
pub use bigdecimal;
#[cfg(feature = "chrono")]
pub use chrono;
#[cfg(feature = "jiff")]
pub use jiff;
#[cfg(feature = "client")]
pub use rusqlite;
#[cfg(feature = "rust_decimal")]
pub use rust_decimal;
#[cfg(feature = "time")]
pub use time;

/// The traits that rows are used through: `use oosync_runtime::prelude::*;`.
pub mod prelude {
    pub use crate::row::{Insert as _, Patch as _, Row as _, Syncable as _};
    #[cfg(feature = "client")]
    pub use crate::sqlite::{InsertRow as _, QueryRow as _, SyncableRow as _};
}
