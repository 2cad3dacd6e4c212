//! What the user should know: conflicts, rejections, and values that could not be kept. It stays until it is dismissed.

use std::borrow::Cow;

use rusqlite::{Connection, params};

use super::Store;
use super::entry::{Entry, ServerImage};
use super::image::{self, same};
use super::layout::Layout;
use super::pending::Op;
use super::sql::NOW;
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// Something the user should know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InboxItem {
    /// To be dismissed by.
    pub id: i64,
    /// What happened.
    pub kind: InboxKind,
    /// The table in SQLite.
    pub table: String,
    /// What the user had done.
    pub op: Op,
    /// The mutation that was answered or on its way, if one had been sent.
    pub mutation: Option<u64>,
    /// The server's reason.
    pub code: Option<String>,
    /// The server's words.
    pub message: Option<String>,
    /// More of the server's, in JSON.
    pub detail: Option<String>,
    /// When it was noted: milliseconds since 1970.
    pub at: i64,
    /// The row: its key, and every column with a value on either side.
    pub columns: Vec<InboxColumn>,
}

impl InboxItem {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&InboxColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column of an [`InboxItem`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InboxColumn {
    /// Its name.
    pub name: String,
    /// Whether it is part of the key.
    pub is_key: bool,
    /// Whether the user's value was given up.
    pub lost: bool,
    /// What it was before the user's change.
    pub base: Value<'static>,
    /// The user's value.
    pub mine: Value<'static>,
    /// The server's value; null too where the server has no such row.
    pub theirs: Value<'static>,
}

/// What happened to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxKind {
    /// Somebody else changed the same columns, or the row is gone on the server; [`InboxColumn::lost`] says whose values
    /// were taken.
    Conflict,
    /// The server refused the change.
    Rejected,
    /// The server removed the row before the change was sent.
    Removed,
    /// A new version of the app has no place for the value.
    NotKept,
}

impl InboxKind {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Conflict, "conflict"),
        (Self::Rejected, "rejected"),
        (Self::Removed, "removed"),
        (Self::NotKept, "not_kept"),
    ];

    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::Removed => "removed",
            Self::NotKept => "not_kept",
        }
    }
}

/// An item that is about to be noted.
#[derive(Debug)]
pub(super) struct Note<'a> {
    pub(super) kind: InboxKind,
    pub(super) table: &'a str,
    pub(super) op: Op,
    pub(super) mutation: Option<u64>,
    pub(super) code: Option<&'a str>,
    pub(super) message: Option<&'a str>,
    pub(super) detail: Option<&'a str>,
    pub(super) columns: Vec<NoteColumn<'a>>,
}

/// A column of a [`Note`].
#[derive(Debug)]
pub(super) struct NoteColumn<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) is_key: bool,
    pub(super) lost: bool,
    pub(super) base: Value<'a>,
    pub(super) mine: Value<'a>,
    pub(super) theirs: Value<'a>,
}

impl<'a> NoteColumn<'a> {
    /// A column of a key.
    pub(super) fn key(name: impl Into<Cow<'a, str>>, value: &Value<'a>) -> Self {
        let (base, mine, theirs) = (value.clone(), value.clone(), value.clone());
        Self { name: name.into(), is_key: true, lost: false, base, mine, theirs }
    }
}

/// Puts an item into the inbox.
pub(super) fn note(connection: &Connection, note: &Note<'_>) -> Result<(), StoreError> {
    let doing = || "writing the inbox".to_owned();
    let sql = format!(
        "INSERT INTO _oosync_inbox (kind, tbl, op, mutation, code, message, detail, at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, {NOW})"
    );
    let values = params![
        note.kind.as_str(),
        note.table,
        note.op.as_str(),
        note.mutation.map(u64::cast_signed),
        note.code,
        note.message,
        note.detail
    ];
    connection.prepare_cached(&sql).doing(doing)?.execute(values).doing(doing)?;
    let item = connection.last_insert_rowid();
    let sql = "INSERT INTO _oosync_inbox_column (item, place, name, is_key, lost, base, mine, theirs) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut statement = connection.prepare_cached(sql).doing(doing)?;
    for (place, column) in (0_i64..).zip(&note.columns) {
        let values = params![
            item,
            place,
            column.name,
            column.is_key,
            column.lost,
            column.base,
            column.mine,
            column.theirs
        ];
        statement.execute(values).doing(doing)?;
    }
    Ok(())
}

/// Adds what the server says of a mutation to the note that its row was removed meanwhile; `false` if there is none.
pub(super) fn explain_removed(
    connection: &Connection,
    mutation: u64,
    [code, message, detail]: [Option<&str>; 3],
) -> Result<bool, StoreError> {
    let doing = || "writing the inbox".to_owned();
    let sql = "UPDATE _oosync_inbox SET code = coalesce(?3, code), message = coalesce(?4, message), \
               detail = coalesce(?5, detail) WHERE kind = ?1 AND mutation = ?2";
    let values = params![InboxKind::Removed.as_str(), mutation.cast_signed(), code, message, detail];
    let found = connection.prepare_cached(sql).doing(doing)?.execute(values).doing(doing)?;
    Ok(found > 0)
}

/// The columns of a note about a whole row.
pub(super) fn whole_row<'a>(
    layout: &'a Layout,
    entry: &'a Entry,
    mine: Option<&'a [Value<'static>]>,
    theirs: Option<&'a [Value<'static>]>,
) -> Vec<NoteColumn<'a>> {
    let value = |row: Option<&'a [Value<'static>]>, position: usize| {
        row.map_or(Value::Null, |row| row[position].as_ref())
    };
    let base = entry.existed.then_some(entry.base.as_slice());
    let mut columns: Vec<NoteColumn<'a>> = layout
        .key
        .iter()
        .zip(&entry.key)
        .map(|(position, key)| NoteColumn::key(layout.column(*position), &key.as_ref()))
        .collect();
    for position in layout.rest.iter().copied() {
        let (base, mine, theirs) = (value(base, position), value(mine, position), value(theirs, position));
        if [&base, &mine, &theirs].into_iter().all(|value| matches!(value, Value::Null)) {
            continue;
        }
        let lost = layout.is_tracked(position) && !same(&base, &mine);
        columns.push(NoteColumn {
            name: layout.column(position).into(),
            is_key: false,
            lost,
            base,
            mine,
            theirs,
        });
    }
    columns
}

/// The server's row, as far as it is known.
pub(super) fn theirs(entry: &Entry) -> Option<&[Value<'static>]> {
    match &entry.server {
        ServerImage::AsBase => entry.existed.then_some(entry.base.as_slice()),
        ServerImage::Other { row, .. } => row.as_deref(),
    }
}

impl Store {
    /// What the user should know, the oldest first.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn inbox(&self) -> Result<Vec<InboxItem>, StoreError> {
        read(&self.connection, 0)
    }

    /// What was noted after the item of this id.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn inbox_after(&self, id: i64) -> Result<Vec<InboxItem>, StoreError> {
        read(&self.connection, id)
    }

    /// The id of the item that was noted last, dismissed or not; 0 before the first.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn last_noted(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '_oosync_inbox'";
        self.connection.query_row(sql, [], |row| row.get(0)).doing(|| "reading the inbox".to_owned())
    }

    /// Takes an item out of the inbox; `false` if it is not there.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn dismiss(&mut self, id: i64) -> Result<bool, StoreError> {
        let doing = || "emptying the inbox".to_owned();
        let transaction = self.connection.transaction().doing(doing)?;
        transaction.execute("DELETE FROM _oosync_inbox_column WHERE item = ?1", [id]).doing(doing)?;
        let found = transaction.execute("DELETE FROM _oosync_inbox WHERE id = ?1", [id]).doing(doing)?;
        transaction.commit().doing(doing)?;
        Ok(found > 0)
    }
}

fn read(connection: &Connection, after: i64) -> Result<Vec<InboxItem>, StoreError> {
    let doing = || "reading the inbox".to_owned();
    let sql = "SELECT id, kind, tbl, op, mutation, code, message, detail, at FROM _oosync_inbox \
               WHERE id > ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query([after]).doing(doing)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next().doing(doing)? {
        let (kind, op): (String, String) = (row.get(1).doing(doing)?, row.get(3).doing(doing)?);
        let damaged =
            |what: &str| StoreError::Damaged { what: format!("an item of the inbox is a `{what}`") };
        let kind = InboxKind::ALL.iter().find(|(_, word)| *word == kind).ok_or_else(|| damaged(&kind))?.0;
        let id = row.get(0).doing(doing)?;
        items.push(InboxItem {
            id,
            kind,
            table: row.get(2).doing(doing)?,
            op: Op::parse(&op).ok_or_else(|| damaged(&op))?,
            mutation: row.get::<_, Option<i64>>(4).doing(doing)?.map(i64::cast_unsigned),
            code: row.get(5).doing(doing)?,
            message: row.get(6).doing(doing)?,
            detail: row.get(7).doing(doing)?,
            at: row.get(8).doing(doing)?,
            columns: columns(connection, id)?,
        });
    }
    Ok(items)
}

fn columns(connection: &Connection, item: i64) -> Result<Vec<InboxColumn>, StoreError> {
    let doing = || "reading the inbox".to_owned();
    let sql = "SELECT name, is_key, lost, base, mine, theirs FROM _oosync_inbox_column WHERE item = ?1 ORDER BY place";
    let mut statement = connection.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query([item]).doing(doing)?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next().doing(doing)? {
        let value = |place| image::read_one("_oosync_inbox_column", row, place);
        columns.push(InboxColumn {
            name: row.get(0).doing(doing)?,
            is_key: row.get(1).doing(doing)?,
            lost: row.get(2).doing(doing)?,
            base: value(3)?,
            mine: value(4)?,
            theirs: value(5)?,
        });
    }
    Ok(columns)
}
