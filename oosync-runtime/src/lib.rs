//! What applications and servers link: schema metadata, types, row codec, protocol, client and server.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

pub mod codec;
mod field;
pub mod schema;
pub mod sql;
#[cfg(feature = "client")]
pub mod sqlite;
pub mod types;
mod value;

pub use self::field::{Element, Field};
pub use self::value::{Value, ValueError};
