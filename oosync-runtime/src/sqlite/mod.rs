//! Rows in a local SQLite file, by rusqlite.
//!
//! - `value`: values in and out
//! - `statement`: the SQL of a row's statements
//! - `rows`: reading and writing rows
//! - `query`: typed queries

mod query;
mod rows;
mod statement;
mod value;

pub use self::query::{Condition, Filter, Order, Ordered, Query};
pub use self::rows::{InsertRow, QueryRow, SyncableRow};

use rusqlite::Connection;

use crate::schema::Schema;

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
