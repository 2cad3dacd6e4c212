//! Rust from the plan: rows, keys, forms, enums, metadata.
//!
//! - `names`: what everything is called
//! - `types`: Rust types, markers and metadata of column types
//! - `docs`: what the database says, as comments that can do no harm
//! - `table`: one table's structs and impls; `metadata`: its static data
//! - `enums`: enums, composite types and tags
//! - `files`: text, one file a table and an index
//!
//! Text from the database goes through `names` to become an identifier or through `quote` to become a literal, and
//! in no other way: a hostile name cannot inject code.

mod docs;
mod enums;
mod files;
mod metadata;
mod names;
mod table;
mod types;

pub use self::files::{File, Layout, Options, generate};
