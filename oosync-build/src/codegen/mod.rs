//! Rust from the plan: rows, keys, forms, enums, metadata.
//!
//! - `names`: what everything is called
//! - `types`: Rust types, markers and metadata of column types
//! - `docs`: what the database says, as comments that can do no harm
//! - `table`: one table's structs and impls; `metadata`: its static data
//! - `enums`: enums, composite types and tags
//! - `diesel`: the same rows for Diesel
//! - `hand_written`: what a column asks of a struct that a person wrote
//! - `files`: text, one file a table and an index
//!
//! Text from the database goes through `names` to become an identifier or through `quote` to become a literal, and
//! in no other way: a hostile name cannot inject code.

#[cfg(feature = "codegen")]
mod diesel;
#[cfg(feature = "codegen")]
mod docs;
#[cfg(feature = "codegen")]
mod enums;
#[cfg(feature = "codegen")]
mod files;
mod hand_written;
mod metadata;
#[cfg(feature = "codegen")]
mod names;
#[cfg(feature = "codegen")]
mod table;
mod types;

#[cfg(feature = "codegen")]
pub use self::diesel::DieselLeftOut;
#[cfg(feature = "codegen")]
pub use self::files::{File, Layout, Options, diesel_left_out, generate, generate_table};
pub(crate) use self::hand_written::{Asked, hand_written};
pub(crate) use self::metadata::table as metadata_of;
