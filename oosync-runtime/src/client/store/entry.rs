//! Rows and their entries in the shadow, read and written by key.

use rusqlite::{Connection, params, params_from_iter};

use super::image::{self, Image, owned};
use super::layout::Layout;
use super::sql::quoted;
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// A dirty row: what is known beside the row itself.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its place in the shadow, in the order in which rows became dirty.
    pub(super) seq: i64,
    pub(super) key: Vec<Value<'static>>,
    /// Whether the row existed before the first change, or exists on the server by its own word.
    pub(super) existed: bool,
    /// Grows by each change.
    pub(super) rev: i64,
    /// Milliseconds since 1970.
    pub(super) changed_at: i64,
    /// The mutation that is on its way.
    pub(super) sent: Option<u64>,
    /// The last mutation that was answered, until a pull includes it: older news of the row would undo it here.
    pub(super) awaiting: Option<u64>,
    /// The row as it was. For a row that did not exist, what the store itself put into columns, which nobody wrote.
    pub(super) base: Image,
    /// Columns, separated by line feeds, whose value on the server this device has not seen: a new version of the app
    /// added or changed them while the row was dirty.
    pub(super) unknown: Option<String>,
    pub(super) server: ServerImage,
    pub(super) taken: Option<Taken>,
    /// Whether the file has something in the entry's place beside it, and in the same place below zero.
    pub(super) beside: [bool; 2],
}

/// What the deletion of another row took along, or cut off from it.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// The row as it was.
    pub(super) row: Image,
    /// The entry's `rev` by then; nothing where the row stayed.
    pub(super) rev: Option<i64>,
}

/// What is kept beside an entry.
struct Beside {
    /// None where it is that there is no row.
    row: Option<Image>,
    number: Option<i64>,
}

impl Entry {
    /// Whether the server's value of this column has not been seen here.
    pub(super) fn is_unknown(&self, column: &str) -> bool {
        self.unknown.as_deref().is_some_and(|unknown| unknown.split('\n').any(|name| name == column))
    }
}

/// What the server has.
#[derive(Debug, Clone)]
pub(super) enum ServerImage {
    /// The base.
    AsBase,
    /// Another row, or none.
    Other {
        /// The row, if it is there.
        row: Option<Image>,
        /// Set where the row already includes the mutation that is on its way: it is looked at again when that is
        /// answered.
        through: Option<u64>,
    },
}

/// A table of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) connection: &'a Connection,
    pub(super) layout: &'a Layout,
}

impl Rows<'_> {
    fn table(&self) -> &str {
        &self.layout.names.table
    }

    fn doing(&self, what: &str) -> impl FnOnce() -> String + use<'_> {
        let what = what.to_owned();
        move || format!("{what} `{}`", self.table())
    }

    /// The row with this key.
    pub(super) fn current(&self, key: &[Value<'_>]) -> Result<Option<Image>, StoreError> {
        let sql = &self.layout.sql.select;
        let mut statement = self.connection.prepare_cached(sql).doing(self.doing("reading"))?;
        let mut rows = statement.query(params_from_iter(key)).doing(self.doing("reading"))?;
        match rows.next().doing(self.doing("reading"))? {
            Some(row) => image::read(self.table(), row, 0, self.layout.places.len()).map(Some),
            None => Ok(None),
        }
    }

    /// Writes a row, new or not; columns that only the device has stay.
    pub(super) fn write(&self, row: &[Value<'_>]) -> Result<(), StoreError> {
        let sql = &self.layout.sql.upsert;
        let mut statement = self.connection.prepare_cached(sql).doing(self.doing("writing"))?;
        statement.execute(params_from_iter(row)).doing(self.doing("writing"))?;
        Ok(())
    }

    /// Removes a row; whether it was there.
    pub(super) fn remove(&self, key: &[Value<'_>]) -> Result<bool, StoreError> {
        let sql = &self.layout.sql.delete;
        let mut statement = self.connection.prepare_cached(sql).doing(self.doing("deleting from"))?;
        let count = statement.execute(params_from_iter(key)).doing(self.doing("deleting from"))?;
        Ok(count > 0)
    }

    /// Whether no row is dirty.
    pub(super) fn is_clean(&self) -> Result<bool, StoreError> {
        let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM {})", quoted(&self.layout.names.shadow));
        self.connection.query_row(&sql, [], |row| row.get(0)).doing(self.doing("reading the shadow of"))
    }

    /// The entry of the row with this key.
    pub(super) fn entry(&self, key: &[Value<'_>]) -> Result<Option<Entry>, StoreError> {
        self.one_entry(&self.layout.sql.entry_of_key, key)
    }

    /// The entry whose mutation is on its way.
    pub(super) fn entry_sent(&self, mutation: u64) -> Result<Option<Entry>, StoreError> {
        let sql = format!("{} WHERE s.sent = ?1", self.layout.sql.entry);
        self.one_entry(&sql, &[integer(mutation)])
    }

    /// The entry in this place.
    pub(super) fn entry_at(&self, seq: i64) -> Result<Option<Entry>, StoreError> {
        let sql = format!("{} WHERE s.seq = ?1", self.layout.sql.entry);
        self.one_entry(&sql, &[Value::Integer(seq)])
    }

    /// The first entry after this place of which nothing is on its way.
    pub(super) fn next_unsent(&self, after: i64) -> Result<Option<Entry>, StoreError> {
        let sql =
            format!("{} WHERE s.seq > ?1 AND s.sent IS NULL ORDER BY s.seq LIMIT 1", self.layout.sql.entry);
        self.one_entry(&sql, &[Value::Integer(after)])
    }

    /// The places of all entries.
    pub(super) fn places(&self) -> Result<Vec<i64>, StoreError> {
        self.places_where("1", [])
    }

    /// The places of the entries that wait for a pull which includes mutation `through`, or an earlier one.
    pub(super) fn places_awaiting(&self, through: u64) -> Result<Vec<i64>, StoreError> {
        self.places_where("awaiting IS NOT NULL AND awaiting <= ?1", [integer(through)])
    }

    fn places_where<const N: usize>(
        &self,
        condition: &str,
        values: [Value<'_>; N],
    ) -> Result<Vec<i64>, StoreError> {
        let shadow = quoted(&self.layout.names.shadow);
        self.numbers(&format!("SELECT seq FROM {shadow} WHERE {condition} ORDER BY seq"), values)
    }

    fn numbers<const N: usize>(&self, sql: &str, values: [Value<'_>; N]) -> Result<Vec<i64>, StoreError> {
        let doing = "reading the shadow of";
        let mut statement = self.connection.prepare_cached(sql).doing(self.doing(doing))?;
        let places =
            statement.query_map(params_from_iter(values), |row| row.get(0)).doing(self.doing(doing))?;
        places.collect::<Result<_, _>>().doing(self.doing(doing))
    }

    fn one_entry(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Entry>, StoreError> {
        let doing = "reading the shadow of";
        let mut statement = self.connection.prepare_cached(sql).doing(self.doing(doing))?;
        let mut rows = statement.query(params_from_iter(values)).doing(self.doing(doing))?;
        let Some(row) = rows.next().doing(self.doing(doing))? else { return Ok(None) };
        let layout = self.layout;
        let keys = image::read(self.table(), row, 9, layout.key.len())?;
        let bases = image::read(self.table(), row, 9 + layout.key.len(), layout.rest.len())?;
        let flag = |place| row.get::<_, bool>(place).doing(self.doing(doing));
        let number = |place| row.get::<_, i64>(place).doing(self.doing(doing));
        let mutation = |place| {
            let id: Option<i64> = row.get(place).doing(self.doing(doing))?;
            Ok::<_, StoreError>(id.map(i64::cast_unsigned))
        };
        let mut entry = Entry {
            seq: number(0)?,
            existed: number(1)? != 0,
            rev: number(2)?,
            changed_at: number(3)?,
            sent: mutation(4)?,
            awaiting: mutation(5)?,
            unknown: row.get(6).doing(self.doing(doing))?,
            base: self.assemble(&keys, bases),
            key: keys,
            server: ServerImage::AsBase,
            taken: None,
            beside: [flag(7)?, flag(8)? && !layout.cascades.is_empty()],
        };
        let [server, taken] = entry.beside;
        if server && let Some(Beside { row, number }) = self.beside(&entry, entry.seq)? {
            entry.server = ServerImage::Other { row, through: number.map(i64::cast_unsigned) };
        }
        if taken {
            let taken = self.beside(&entry, -entry.seq)?;
            entry.taken = taken.and_then(|Beside { row, number }| Some(Taken { row: row?, rev: number }));
        }
        Ok(Some(entry))
    }

    /// A row of its key and its other columns.
    fn assemble(&self, key: &[Value<'static>], rest: Vec<Value<'static>>) -> Image {
        let mut row = vec![Value::Null; self.layout.places.len()];
        for (position, value) in self.layout.key.iter().zip(key) {
            row[*position] = value.clone();
        }
        for (position, value) in self.layout.rest.iter().zip(rest) {
            row[*position] = value;
        }
        row
    }

    /// What is kept beside an entry in this place: a row, and a number with it.
    fn beside(&self, entry: &Entry, place: i64) -> Result<Option<Beside>, StoreError> {
        let doing = "reading the server's rows of";
        let mut statement =
            self.connection.prepare_cached(&self.layout.sql.beside).doing(self.doing(doing))?;
        let mut rows = statement.query([place]).doing(self.doing(doing))?;
        let Some(row) = rows.next().doing(self.doing(doing))? else { return Ok(None) };
        let present: bool = row.get(1).doing(self.doing(doing))?;
        let number: Option<i64> = row.get(2).doing(self.doing(doing))?;
        let rest = image::read(self.table(), row, 3, self.layout.rest.len())?;
        Ok(Some(Beside { row: present.then(|| self.assemble(&entry.key, rest)), number }))
    }

    /// The places of entries beside which a row is kept that was taken along.
    pub(super) fn places_taken(&self) -> Result<Vec<i64>, StoreError> {
        let sql =
            format!("SELECT -seq FROM {} WHERE seq < 0 ORDER BY seq DESC", quoted(&self.layout.names.server));
        self.numbers(&sql, [])
    }

    /// Writes base, server's row and the states of sending.
    pub(super) fn save(&self, entry: &Entry) -> Result<(), StoreError> {
        let doing = "writing the shadow of";
        let mut values = vec![
            Value::Integer(entry.seq),
            Value::Integer(entry.existed.into()),
            optional(entry.sent),
            optional(entry.awaiting),
            entry.unknown.clone().map_or(Value::Null, |unknown| Value::Text(unknown.into())),
        ];
        values.extend(self.layout.rest.iter().map(|position| entry.base[*position].as_ref()));
        let mut statement =
            self.connection.prepare_cached(&self.layout.sql.save_entry).doing(self.doing(doing))?;
        statement.execute(params_from_iter(values)).doing(self.doing(doing))?;
        match &entry.server {
            ServerImage::AsBase if entry.beside[0] => self.forget_beside(entry.seq)?,
            ServerImage::AsBase => {}
            ServerImage::Other { row, through } => {
                self.put_beside(entry.seq, row.as_ref(), through.map(u64::cast_signed))?;
            }
        }
        match &entry.taken {
            Some(taken) => self.put_beside(-entry.seq, Some(&taken.row), taken.rev),
            None if entry.beside[1] => self.forget_beside(-entry.seq),
            None => Ok(()),
        }
    }

    fn put_beside(&self, place: i64, row: Option<&Image>, number: Option<i64>) -> Result<(), StoreError> {
        let doing = "writing the shadow of";
        let mut values = vec![
            Value::Integer(place),
            Value::Integer(row.is_some().into()),
            number.map_or(Value::Null, Value::Integer),
        ];
        values.extend(self.layout.rest.iter().map(|position| match row {
            Some(row) => row[*position].as_ref(),
            None => Value::Null,
        }));
        let sql = &self.layout.sql.save_server;
        let mut statement = self.connection.prepare_cached(sql).doing(self.doing(doing))?;
        statement.execute(params_from_iter(values)).doing(self.doing(doing))?;
        Ok(())
    }

    /// The entry's change is on its way as this mutation.
    pub(super) fn mark_sent(&self, entry: &Entry, mutation: u64) -> Result<(), StoreError> {
        if entry.taken.is_none() && entry.beside[1] {
            // What was kept of it is sent like any other change.
            self.forget_beside(-entry.seq)?;
        }
        let doing = "writing the shadow of";
        let mut statement =
            self.connection.prepare_cached(&self.layout.sql.mark_sent).doing(self.doing(doing))?;
        statement.execute(params![entry.seq, mutation.cast_signed()]).doing(self.doing(doing))?;
        Ok(())
    }

    /// Adds an entry; `seq` is not looked at.
    pub(super) fn add(&self, entry: &Entry) -> Result<(), StoreError> {
        let doing = "writing the shadow of";
        let mut values = vec![
            Value::Integer(entry.existed.into()),
            Value::Integer(entry.rev),
            Value::Integer(entry.changed_at),
            optional(entry.sent),
            optional(entry.awaiting),
            entry.unknown.clone().map_or(Value::Null, |unknown| Value::Text(unknown.into())),
        ];
        values.extend(owned(&entry.key));
        values.extend(self.layout.rest.iter().map(|position| entry.base[*position].clone()));
        let mut statement =
            self.connection.prepare_cached(&self.layout.sql.add_entry).doing(self.doing(doing))?;
        statement.execute(params_from_iter(values)).doing(self.doing(doing))?;
        let seq = self.connection.last_insert_rowid();
        match (&entry.server, &entry.taken) {
            (ServerImage::AsBase, None) => Ok(()),
            _ => self.save(&Entry { seq, ..entry.clone() }),
        }
    }

    /// The row is clean.
    pub(super) fn forget(&self, entry: &Entry) -> Result<(), StoreError> {
        self.run(&self.layout.sql.forget_entry, entry.seq)?;
        let [server, taken] = entry.beside;
        if server {
            self.forget_beside(entry.seq)?;
        }
        if taken { self.forget_beside(-entry.seq) } else { Ok(()) }
    }

    fn forget_beside(&self, place: i64) -> Result<(), StoreError> {
        self.run(&self.layout.sql.forget_beside, place)
    }

    fn run(&self, sql: &str, seq: i64) -> Result<(), StoreError> {
        let doing = "writing the shadow of";
        let mut statement = self.connection.prepare_cached(sql).doing(self.doing(doing))?;
        statement.execute(params![seq]).doing(self.doing(doing))?;
        Ok(())
    }
}

/// Ids stay far below the sign bit: they count mutations.
fn integer(id: u64) -> Value<'static> {
    Value::Integer(id.cast_signed())
}

fn optional(id: Option<u64>) -> Value<'static> {
    id.map_or(Value::Null, integer)
}
