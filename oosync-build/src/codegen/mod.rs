//! Rust from the plan: rows, keys, forms, enums, metadata.
//!
//! - `names`: what everything is called
//! - `types`: Rust types, markers and metadata of column types
//! - `docs`: what the database says, as comments that can do no harm
//! - `table`: one table's structs and impls; `metadata`: its static data
//! - `enums`: enums, composite types and tags
//! - `diesel`: the same rows for Diesel
//! - `hand_written`: what a column asks of a struct that a person wrote
//! - `text`: code as lines, for what is there once a table; the rest is tokens
//! - `files`: one file a table and an index
//!
//! Text from the database goes through `names` to become an identifier, through `text::literal` or `quote` to become a
//! literal, or through `docs` to become a comment of one line, and in no other way: a hostile name cannot inject code.

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
mod text;
mod types;

#[cfg(feature = "codegen")]
pub use self::diesel::DieselLeftOut;
#[cfg(feature = "codegen")]
pub use self::files::{File, Layout, Options, diesel_left_out, generate, generate_table};
pub(crate) use self::hand_written::{Asked, hand_written};

/// `pub static TABLE` as tokens.
pub(crate) fn metadata_of(
    plan: &crate::plan::Plan,
    table: &crate::plan::PlanTable,
) -> proc_macro2::TokenStream {
    text::tokens(&metadata::table(&crate::plan::LocalNames::new(plan), table, 0).into_text())
}
