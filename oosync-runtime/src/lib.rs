//! What applications and servers link: schema metadata, types, row codec, protocol, client and server.

mod field;
pub mod schema;
pub mod sql;
pub mod types;
mod value;

pub use self::field::{Element, Field};
pub use self::value::{Value, ValueError};
