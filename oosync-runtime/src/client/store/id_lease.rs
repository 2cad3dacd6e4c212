//! Numbers that the server leased to this device, in blocks, for keys that a sequence makes.
//!
//! [`InsertRow::insert`](crate::sqlite::InsertRow::insert) takes the next number where a row leaves it out. For plain
//! SQL there is a view beside the table, `_oosync_comments__next`: `INSERT INTO comments (id, body) SELECT id, 'x' FROM
//! _oosync_comments__next`. A trigger sees to it that a number that was used is not given again. A row that leaves the
//! number out in plain SQL is refused where the key is an integer: SQLite would make one up, and a trigger cannot change
//! what an insert writes.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Store;
use crate::client::StoreError;
use crate::client::error::Doing as _;
use crate::schema::ColumnDefault;

impl Store {
    /// Adds a block of numbers, `first` and `last` among them.
    ///
    /// # Errors
    ///
    /// Where the column takes no leased numbers, where the block is empty, and what SQLite says.
    pub fn add_lease(&mut self, table: &str, column: &str, first: i64, last: i64) -> Result<(), StoreError> {
        let place = self.table_place(table)?;
        let found = self.layouts[place].table.columns.iter().find(|found| found.name == column);
        if !found.is_some_and(|found| found.default == ColumnDefault::Leased) {
            return Err(StoreError::UnknownColumn { table: table.to_owned(), column: column.to_owned() });
        }
        if first > last {
            let what = format!("a block of numbers for `{table}` goes from {first} to {last}: it is empty");
            return Err(StoreError::State { what });
        }
        let sql = "INSERT INTO _oosync_lease (tbl, col, next, last) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (tbl, col, last) DO NOTHING";
        self.connection
            .execute(sql, params![table, column, first, last])
            .doing(|| "adding leased numbers".to_owned())?;
        Ok(())
    }

    /// Gives all numbers up: the server may lease them to another device.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn forget_leases(&mut self) -> Result<(), StoreError> {
        let doing = || "giving leased numbers up".to_owned();
        self.connection.execute("DELETE FROM _oosync_lease", []).doing(doing)?;
        Ok(())
    }

    /// How many numbers are left.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn leases_left(&self, table: &str, column: &str) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(last - next + 1), 0) FROM _oosync_lease WHERE tbl = ?1 AND col = ?2 AND next <= last";
        let left: i64 = self
            .connection
            .query_row(sql, [table, column], |row| row.get(0))
            .doing(|| "counting leased numbers".to_owned())?;
        Ok(left.cast_unsigned())
    }
}

/// Takes the next number, on any connection; nothing where there is none, or where the file is no store.
pub(crate) fn take(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_oosync_lease'";
    if !connection.prepare_cached(sql)?.exists([])? {
        return Ok(None);
    }
    let sql = "UPDATE _oosync_lease SET next = next + 1 WHERE tbl = ?1 AND col = ?2 AND last = \
               (SELECT last FROM _oosync_lease WHERE tbl = ?1 AND col = ?2 AND next <= last ORDER BY last LIMIT 1) \
               RETURNING next - 1";
    connection.prepare_cached(sql)?.query_row([table, column], |row| row.get(0)).optional()
}
