//! A table that has been set aside, with the entries of its dirty rows.

use rusqlite::{Connection, params_from_iter};

use super::super::describe::{DescribedColumn, DescribedTable};
use super::super::image::{read, read_one, same};
use super::super::inbox::{self, InboxKind, Note, NoteColumn};
use super::super::layout::shadow_column;
use super::super::pending::Op;
use super::super::sql::{join, quoted};
use super::super::verify::{objects, recorded};
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// The values of all columns, also of those that only the device has, in the order of the table.
pub(super) type OldRow = Vec<Value<'static>>;

/// See the module.
pub(super) struct Old {
    pub(super) table: DescribedTable,
    /// The names that it has meanwhile.
    live: String,
    shadow: String,
    server: String,
}

/// An entry of an old shadow. Columns that only the device has are null.
pub(super) struct OldEntry {
    pub(super) existed: bool,
    pub(super) rev: i64,
    pub(super) changed_at: i64,
    pub(super) sent: Option<i64>,
    pub(super) awaiting: Option<i64>,
    pub(super) unknown: Option<String>,
    pub(super) base: OldRow,
    /// The server's row, where it is not the base, and through which mutation it goes.
    pub(super) server: Option<(Option<OldRow>, Option<i64>)>,
    /// The row as it was when another's deletion took it along, and the entry's `rev` by then.
    pub(super) taken: Option<(OldRow, Option<i64>)>,
    /// The row itself.
    pub(super) current: Option<OldRow>,
}

impl OldEntry {
    /// Whether the user's value of this column has not been pushed.
    pub(super) fn is_dirty(&self, place: usize, column: &DescribedColumn) -> bool {
        let Some(current) = &self.current else { return false };
        let value = &current[place];
        column.is_tracked()
            && match self.existed {
                true => !same(value, &self.base[place]),
                false => !matches!(value, Value::Null) && !same(value, &self.base[place]),
            }
    }

    /// What the user did.
    pub(super) const fn op(&self) -> Op {
        match (self.existed, &self.current) {
            (false, _) => Op::Insert,
            (true, Some(_)) => Op::Update,
            (true, None) => Op::Delete,
        }
    }
}

impl Old {
    /// Gives a table, its shadow and the server's rows other names, and drops their indexes.
    pub(super) fn set_aside(
        connection: &Connection,
        table: &DescribedTable,
        number: usize,
    ) -> Result<Self, StoreError> {
        let doing = || format!("setting `{}` aside", table.names.table);
        let names = &table.names;
        for ((kind, name), (on, _)) in recorded(connection)? {
            if kind == "index" && [&names.table, &names.shadow].into_iter().any(|table| *table == on) {
                connection.execute_batch(&format!("DROP INDEX IF EXISTS {}", quoted(&name))).doing(doing)?;
            }
        }
        let taken = objects(connection)?;
        let rename = |name: &str, what: &str| {
            let mut aside = format!("_oosync_old.{number}.{what}");
            while taken.keys().any(|(_, taken)| taken.eq_ignore_ascii_case(&aside)) {
                aside.push('_');
            }
            let sql = format!("ALTER TABLE {} RENAME TO {}", quoted(name), quoted(&aside));
            connection.execute_batch(&sql).doing(doing)?;
            Ok::<_, StoreError>(aside)
        };
        Ok(Self {
            live: rename(&names.table, "rows")?,
            shadow: rename(&names.shadow, "shadow")?,
            server: rename(&names.server, "server")?,
            table: table.clone(),
        })
    }

    pub(super) fn drop(&self, connection: &Connection) -> Result<(), StoreError> {
        for name in [&self.live, &self.shadow, &self.server] {
            let sql = format!("DROP TABLE {}", quoted(name));
            connection
                .execute_batch(&sql)
                .doing(|| format!("dropping the old `{}`", self.table.names.table))?;
        }
        Ok(())
    }

    fn doing(&self) -> impl FnOnce() -> String + use<'_> {
        || format!("reading the old `{}`", self.table.names.table)
    }

    /// Gives every row to `each`.
    pub(super) fn rows(
        &self,
        connection: &Connection,
        mut each: impl FnMut(OldRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let columns = join(&self.table.columns, ", ", |column| quoted(&column.name));
        let sql = format!("SELECT {columns} FROM {} ORDER BY rowid", quoted(&self.live));
        let mut statement = connection.prepare(&sql).doing(self.doing())?;
        let mut rows = statement.query([]).doing(self.doing())?;
        while let Some(row) = rows.next().doing(self.doing())? {
            each(read(&self.table.names.table, row, 0, self.table.columns.len())?)?;
        }
        Ok(())
    }

    /// Gives every entry to `each`, in the order in which the rows became dirty.
    pub(super) fn entries(
        &self,
        connection: &Connection,
        mut each: impl FnMut(OldEntry) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let table = &self.table.names.table;
        let of = |prefix: &str| {
            join(&self.table.columns, ", ", |column| {
                if !self.table.synced().any(|synced| synced.name == column.name) {
                    return "NULL".to_owned();
                }
                let prefix = if self.table.is_key(&column.name) { "key_" } else { prefix };
                shadow_column(prefix, &column.name)
            })
        };
        let width = self.table.columns.len();
        let sql = format!(
            "SELECT seq, existed, rev, changed_at, sent, awaiting, unknown, {} FROM {} ORDER BY seq",
            of("base_"),
            quoted(&self.shadow)
        );
        let server = format!(
            "SELECT present, through, {} FROM {} AS v JOIN {} AS s ON s.seq = abs(v.seq) WHERE v.seq = ?1",
            of("val_"),
            quoted(&self.server),
            quoted(&self.shadow)
        );
        let live = format!(
            "SELECT {} FROM {} WHERE {}",
            join(&self.table.columns, ", ", |column| quoted(&column.name)),
            quoted(&self.live),
            join(&self.table.primary_key, " AND ", |key| format!("{} = ?", quoted(key)))
        );
        let mut live = connection.prepare(&live).doing(self.doing())?;
        let mut server = connection.prepare(&server).doing(self.doing())?;
        let mut statement = connection.prepare(&sql).doing(self.doing())?;
        let mut rows = statement.query([]).doing(self.doing())?;
        while let Some(row) = rows.next().doing(self.doing())? {
            let base = read(table, row, 7, width)?;
            let key: Vec<&Value<'static>> = self
                .table
                .primary_key
                .iter()
                .filter_map(|key| self.table.columns.iter().position(|column| column.name == *key))
                .map(|place| &base[place])
                .collect();
            let current = {
                let mut rows = live.query(params_from_iter(key)).doing(self.doing())?;
                let row = rows.next().doing(self.doing())?;
                row.map(|row| read(table, row, 0, width)).transpose()?
            };
            let mut beside = |place: i64| {
                let mut rows = server.query([place]).doing(self.doing())?;
                let Some(row) = rows.next().doing(self.doing())? else { return Ok(None) };
                let present = !matches!(read_one(table, row, 0)?, Value::Integer(0));
                let number: Option<i64> = row.get(1).doing(self.doing())?;
                let row = read(table, row, 2, width)?;
                Ok::<_, StoreError>(Some((present.then_some(row), number)))
            };
            let seq: i64 = row.get(0).doing(self.doing())?;
            let server = beside(seq)?;
            let taken = beside(-seq)?.and_then(|(row, rev)| Some((row?, rev)));
            let existed: bool = row.get(1).doing(self.doing())?;
            each(OldEntry {
                existed,
                rev: row.get(2).doing(self.doing())?,
                changed_at: row.get(3).doing(self.doing())?,
                sent: row.get(4).doing(self.doing())?,
                awaiting: row.get(5).doing(self.doing())?,
                unknown: row.get(6).doing(self.doing())?,
                base,
                server,
                taken,
                current,
            })?;
        }
        Ok(())
    }

    /// Puts every change that was not pushed into the inbox: the table is synced no more. How many.
    pub(super) fn give_up(&self, connection: &Connection) -> Result<usize, StoreError> {
        let mut count = 0;
        self.entries(connection, |entry| {
            let dirty = |(place, column): (usize, &DescribedColumn)| entry.is_dirty(place, column);
            let changed = match (entry.existed, &entry.current) {
                (true, Some(_)) => self.table.columns.iter().enumerate().any(dirty),
                (existed, current) => existed != current.is_some(),
            };
            if changed {
                count += 1;
                self.note(connection, &entry, |_| true)?;
            }
            Ok(())
        })?;
        Ok(count)
    }

    /// Puts a change into the inbox; `lost` says of which columns the values are given up.
    pub(super) fn note(
        &self,
        connection: &Connection,
        entry: &OldEntry,
        lost: impl Fn(usize) -> bool,
    ) -> Result<(), StoreError> {
        let null = Value::Null;
        let mut columns = Vec::new();
        for (place, column) in self.table.columns.iter().enumerate() {
            let base = &entry.base[place];
            if self.table.is_key(&column.name) {
                columns.push(NoteColumn::key(column.name.as_str(), &base.as_ref()));
                continue;
            }
            let mine = entry.current.as_ref().map_or(&null, |current| &current[place]);
            if !matches!((base, mine), (Value::Null, Value::Null)) {
                columns.push(NoteColumn {
                    name: column.name.as_str().into(),
                    is_key: false,
                    lost: lost(place) && entry.is_dirty(place, column),
                    base: base.as_ref(),
                    mine: mine.as_ref(),
                    theirs: base.as_ref(),
                });
            }
        }
        let note = Note {
            kind: InboxKind::NotKept,
            table: &self.table.names.table,
            op: entry.op(),
            mutation: None,
            code: None,
            message: Some("a new version of the app has no place for it"),
            detail: None,
            columns,
        };
        inbox::note(connection, &note)
    }
}
