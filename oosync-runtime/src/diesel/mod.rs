//! Diesel for generated tables, on SQLite and on Postgres.
//!
//! ```ignore
//! use diesel::prelude::*;
//! use diesel_sqlite::todos;
//! use oosync_runtime::diesel::val;
//!
//! let open: Vec<Todo> = todos::table
//!     .filter(todos::done.eq(false).and(todos::priority.ge(val(3))))
//!     .select(Todo::as_select())
//!     .load(&mut connection)?;
//! ```
//!
//! # Types of columns
//!
//! Diesel reads SQLite as SQLite lets it: an integer that is too large for its type is cut, `NaN` is null, a
//! `numeric` goes through a float. So a column has Diesel's own SQL type only where nothing can be lost, which also
//! gives it all of Diesel's operators; everywhere else it has the marker of [`sql`](crate::sql), whose values go
//! through [`Field`](crate::Field), as everywhere in this crate.
//!
//! | Postgres | `table!` for SQLite | `table!` for Postgres |
//! | --- | --- | --- |
//! | `boolean`, `bigint`, `text`, `bytea` | Diesel's `Bool`, `BigInt`, `Text`, `Binary` | the same |
//! | `smallint`, `integer`, `oid`, `real`, `double precision`, `uuid` | markers | Diesel's own |
//! | `numeric`, times, `json`, `jsonb`, `money`, enums, arrays of those with one binary form | markers | markers |
//! | composite types, and all that is held in Postgres's own text form | markers | none: the table is left out |
//!
//! Rows are read and written through `Field` whatever the column's type is.
//!
//! # Values in queries
//!
//! Types of this crate and generated enums and structs stand in queries as they are: `.eq(numeric)`. Types of
//! other crates cannot, where the column has a marker (only Diesel may say what `i32` is in a query): [`val`] wraps
//! them, `.eq(val(3))`, and so does `Some(…)` on a nullable column. Read alone, a column gives `i32`, `Uuid` and so
//! on as usual; what Diesel cannot read so (`jiff`, `rust_decimal`, a wrapper type) is read as [`Exact`]. Both check what they read.
//!
//! # What SQLite does not know
//!
//! `numeric` is text there: `.eq` compares digit by digit (`1.10` is not `1.1`), and `.lt`, `.gt` and `order` compare
//! text. Types that sort so have no `SqlOrd`, but Diesel does not ask for it in comparisons.

mod bind;
mod columns;
mod exact;
mod impls;
mod markers;
mod postgres;
pub mod sql_types;
mod sqlite;

pub use self::bind::Bind;
pub use self::exact::{Encode, Exact, ExactRef, LeasedRef, NullRef, StoredAs, val};
pub use self::postgres::{PgBinary, PgElement};

#[doc(hidden)]
pub mod __private {
    pub use super::postgres::{read as read_postgres, write as write_postgres};
    pub use super::sqlite::{read as read_sqlite, write as write_sqlite};
    pub use ::diesel;
    // Without it no list of rows is inserted; Diesel's own derive names it in this way.
    pub use ::diesel::internal::derives::insertable::UndecoratedInsertRecord;
}
