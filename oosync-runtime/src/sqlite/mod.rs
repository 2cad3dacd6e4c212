//! Rows in a local SQLite file, by rusqlite, and Postgres's arithmetic of `numeric` in SQL.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let connection = rusqlite::Connection::open_in_memory()?;
//! oosync_runtime::sqlite::register(&connection)?;
//! let sum = "select decimal_sum(column1) from (values ('0.10'), ('0.2'))";
//! let total: String = connection.query_row(sum, [], |row| row.get(0))?;
//! assert_eq!(total, "0.30");
//! # Ok(())
//! # }
//! ```
//!
//! - `value`, `fields`: values and own types in and out
//! - `decimal`: the collation and functions of `numeric`
//! - `statement`, `rows`: the SQL of rows, and running it
//! - `query`: typed queries

mod decimal;
mod fields;
mod query;
mod rows;
mod statement;
mod value;

use rusqlite::Connection;

pub use self::query::{Condition, Filter, Order, Ordered, Query};
pub use self::rows::{InsertRow, QueryRow, SyncableRow};
use crate::schema::Schema;

/// Makes SQL on this connection know `numeric`:
///
/// - the collation `decimal` orders the text of numbers as Postgres does: `9` before `10`, `1.10` equal to `1.1`, NaN
///   above Infinity. Text that is no number comes after all numbers.
/// - `decimal_cmp(a, b)` is -1, 0 or 1 in the same order; null if one is null
/// - `decimal_sum(x)` is exact, with the largest scale of its summands; null where there are none, as in Postgres
///
/// The functions take text and integers; a real is an error, since it has been rounded already.
///
/// # Errors
///
/// Where the connection is in use.
pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    decimal::register(connection)
}

/// Makes the tables and indexes of `schema` in an empty database, in one transaction.
///
/// # Errors
///
/// What SQLite says: a table that is there already, a disk that is full.
pub fn create(connection: &Connection, schema: &Schema) -> Result<(), rusqlite::Error> {
    connection.execute_batch(&format!("BEGIN;\n{}COMMIT;", schema.ddl())).inspect_err(|_| {
        // Nothing to roll back where BEGIN itself failed.
        let _ = connection.execute_batch("ROLLBACK");
    })
}
