//! What the file says of itself: names and values.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension as _, ToSql};

use crate::client::StoreError;
use crate::client::error::Doing as _;

/// The value of this name.
pub(super) fn get<T: FromSql>(connection: &Connection, name: &str) -> Result<Option<T>, StoreError> {
    let sql = "SELECT value FROM _oosync_meta WHERE name = ?1 AND value IS NOT NULL";
    let mut statement = connection.prepare_cached(sql).doing(|| reading(name))?;
    statement.query_row([name], |row| row.get(0)).optional().doing(|| reading(name))
}

/// Sets the value of this name.
pub(super) fn set(connection: &Connection, name: &str, value: impl ToSql) -> Result<(), StoreError> {
    let sql = "INSERT INTO _oosync_meta (name, value) VALUES (?1, ?2) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    let mut statement = connection.prepare_cached(sql).doing(|| writing(name))?;
    statement.execute((name, value)).doing(|| writing(name))?;
    Ok(())
}

/// Forgets the value of this name.
pub(super) fn remove(connection: &Connection, name: &str) -> Result<(), StoreError> {
    connection.execute("DELETE FROM _oosync_meta WHERE name = ?1", [name]).doing(|| writing(name))?;
    Ok(())
}

fn reading(name: &str) -> String {
    format!("reading `{name}` of the file")
}

fn writing(name: &str) -> String {
    format!("writing `{name}` of the file")
}
