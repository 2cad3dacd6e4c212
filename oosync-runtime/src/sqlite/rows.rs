//! Reading and writing rows.

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::Query;
use super::statement::{assignments, insert, key_is, names, on_conflict, quoted};
use crate::client::store::take_leased;
use crate::row::{Insert, Patch, Row, RowReader, RowWriter, Syncable};
use crate::schema::{ColumnDefault, Table};
use crate::{Error, Value};

/// What SQLite gives and takes of a [`Row`] with a key.
pub trait SyncableRow: Syncable {
    /// The row with this key.
    ///
    /// # Errors
    ///
    /// What SQLite says, and a value that does not fit its field.
    fn get(connection: &Connection, key: &Self::Key) -> Result<Option<Self>, Error> {
        let table = Self::TABLE;
        let mut writer = RowWriter::new(table);
        Self::write_key(key, &mut writer);
        let columns = names(table, Self::COLUMNS.iter().copied());
        let sql = format!("SELECT {columns} FROM {} WHERE {}", quoted(table.name), key_is(table, 1));
        one(connection, table, &sql, writer.into_values()?)
    }

    /// Writes every column of the struct into the row that has its key; `false` if there is none.
    ///
    /// # Errors
    ///
    /// What SQLite says, and a value that does not fit its column.
    fn update(&self, connection: &Connection) -> Result<bool, Error> {
        let mut writer = RowWriter::new(Self::TABLE);
        self.write(&mut writer);
        change::<Self>(connection, &self.key(), writer)
    }

    /// Changes some columns of the row with this key; `false` if there is none.
    ///
    /// # Errors
    ///
    /// What SQLite says, and a value that does not fit its column.
    fn patch(
        connection: &Connection,
        key: &Self::Key,
        patch: &impl Patch<Row = Self>,
    ) -> Result<bool, Error> {
        let mut writer = RowWriter::new(Self::TABLE);
        patch.write(&mut writer);
        change::<Self>(connection, key, writer)
    }

    /// Deletes the row with this key; `false` if there is none.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    fn delete(connection: &Connection, key: &Self::Key) -> Result<bool, Error> {
        let table = Self::TABLE;
        let mut writer = RowWriter::new(table);
        Self::write_key(key, &mut writer);
        let sql = format!("DELETE FROM {} WHERE {}", quoted(table.name), key_is(table, 1));
        execute(connection, table, &sql, writer.into_values()?)
    }
}

impl<R: Syncable> SyncableRow for R {}

/// What SQLite takes of a new row.
pub trait InsertRow: Insert {
    /// Adds the row and gives it back as it is stored, defaults filled in.
    ///
    /// # Errors
    ///
    /// What SQLite says (a key that is there already), and a value that does not fit its column.
    fn insert(&self, connection: &Connection) -> Result<Self::Row, Error> {
        add::<Self::Row>(connection, self.values()?, |_, _| String::new())
    }

    /// Adds the row, or overwrites the columns given here if its key is there already.
    ///
    /// # Errors
    ///
    /// What SQLite says, and a value that does not fit its column.
    fn upsert(&self, connection: &Connection) -> Result<Self::Row, Error> {
        add::<Self::Row>(connection, self.values()?, on_conflict)
    }

    #[doc(hidden)]
    fn values(&self) -> Result<Vec<(usize, Value<'_>)>, Error> {
        let mut writer = RowWriter::new(Self::Row::TABLE);
        self.write(&mut writer);
        writer.into_values()
    }
}

impl<I: Insert> InsertRow for I {}

/// Queries of any row.
pub trait QueryRow: Row {
    /// All rows, to be narrowed, ordered and read.
    fn query() -> Query<Self> {
        Query::new()
    }

    /// Every row of the table, in the order of the key.
    ///
    /// # Errors
    ///
    /// What SQLite says, and a value that does not fit its field.
    fn all(connection: &Connection) -> Result<Vec<Self>, Error> {
        Query::new().load(connection)
    }
}

impl<R: Row> QueryRow for R {}

fn add<R: Syncable>(
    connection: &Connection,
    mut values: Vec<(usize, Value<'_>)>,
    conflict: impl Fn(&Table, &[usize]) -> String,
) -> Result<R, Error> {
    let table = R::TABLE;
    for (place, column) in table.columns.iter().enumerate() {
        let missing = || values.iter().all(|(put, _)| *put != place);
        match column.default {
            // Version 7 keys arrive in the order of time: an index takes them twice as fast as random ones.
            ColumnDefault::Uuid if missing() => {
                let uuid = uuid::Uuid::now_v7();
                values.push((place, uuid_value(table, place, uuid)));
            }
            ColumnDefault::Leased if missing() => {
                let number = take_leased(connection, table.name, column.name).map_err(sqlite(table))?;
                let Some(number) = number else {
                    return Err(Error::NoLease { table: table.name, column: column.name });
                };
                values.push((place, leased_value(table, place, number)));
            }
            _ => {}
        }
    }
    let columns: Vec<usize> = values.iter().map(|(column, _)| *column).collect();
    let returned = names(table, R::COLUMNS.iter().copied());
    let sql = format!("{}{} RETURNING {returned}", insert(table, &columns), conflict(table, &columns));
    let row = one(connection, table, &sql, values)?;
    row.ok_or_else(|| sqlite(table)(rusqlite::Error::QueryReturnedNoRows))
}

fn leased_value(table: &Table, place: usize, number: i64) -> Value<'static> {
    match table.columns[place].ty {
        crate::schema::ColumnType::Numeric => Value::Text(number.to_string().into()),
        _ => Value::Integer(number),
    }
}

fn uuid_value(table: &Table, place: usize, uuid: uuid::Uuid) -> Value<'static> {
    match table.columns[place].ty {
        crate::schema::ColumnType::UuidText => Value::Text(uuid.hyphenated().to_string().into()),
        _ => Value::Blob(uuid.into_bytes().to_vec().into()),
    }
}

fn change<R: Syncable>(connection: &Connection, key: &R::Key, writer: RowWriter<'_>) -> Result<bool, Error> {
    let table = R::TABLE;
    let mut values = writer.into_values()?;
    let mut at = RowWriter::new(table);
    R::write_key(key, &mut at);
    let at = at.into_values()?;
    if values.is_empty() {
        let sql = format!("SELECT 1 FROM {} WHERE {}", quoted(table.name), key_is(table, 1));
        return exists(connection, table, &sql, at);
    }
    let columns: Vec<usize> = values.iter().map(|(column, _)| *column).collect();
    let (set, key) = (assignments(table, &columns), key_is(table, columns.len() + 1));
    let sql = format!("UPDATE {} SET {set} WHERE {key}", quoted(table.name));
    values.extend(at);
    execute(connection, table, &sql, values)
}

fn execute(
    connection: &Connection,
    table: &'static Table,
    sql: &str,
    values: Vec<(usize, Value<'_>)>,
) -> Result<bool, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(sqlite(table))?;
    let changed = statement.execute(params_from_iter(values.into_iter().map(|(_, value)| value)));
    changed.map(|rows| rows > 0).map_err(sqlite(table))
}

fn exists(
    connection: &Connection,
    table: &'static Table,
    sql: &str,
    values: Vec<(usize, Value<'_>)>,
) -> Result<bool, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(sqlite(table))?;
    statement.exists(params_from_iter(values.into_iter().map(|(_, value)| value))).map_err(sqlite(table))
}

fn one<R: Row>(
    connection: &Connection,
    table: &'static Table,
    sql: &str,
    values: Vec<(usize, Value<'_>)>,
) -> Result<Option<R>, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(sqlite(table))?;
    let parameters = params_from_iter(values.into_iter().map(|(_, value)| value));
    let row = statement.query_row(parameters, |row| Ok(R::read(&mut RowReader::new::<R>(row))));
    row.optional().map_err(sqlite(table))?.transpose()
}

pub(super) fn sqlite(table: &'static Table) -> impl Fn(rusqlite::Error) -> Error {
    move |source| Error::Sqlite { table: table.name, source }
}
