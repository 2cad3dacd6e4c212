//! Which tables have changed, whoever changed them: the app, another process, or the server's rows.
//!
//! Each write to a synced table makes an entry in its shadow or counts in it. What the sync writes counts in
//! `_oosync_meta`, once for each table and transaction. Together they differ after every change. Nothing is remembered
//! of who looked, so that any number of processes may.

use rusqlite::Connection;

use super::layout::Layout;
use super::meta;
use super::sql::quoted;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// Looks at a file again and again, on a connection of its own that nothing is written on.
#[derive(Debug)]
pub struct Observer {
    connection: Connection,
    /// Names of tables, with the query for their marks.
    tables: Vec<(&'static str, String)>,
    version: Option<i64>,
    marks: Vec<Mark>,
}

/// Another one after each change of a table.
type Mark = (i64, i64, i64);

/// What an [`Observer`] sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed {
    /// Tables that changed since the last look; none at the first.
    pub tables: Vec<&'static str>,
    /// Rows that are dirty, those that are on their way among them.
    pub dirty: u64,
}

impl Observer {
    pub(super) fn new(connection: Connection, layouts: &[Layout]) -> Self {
        let tables = layouts.iter().map(|layout| {
            let sql = format!(
                "SELECT coalesce(sum(rev), 0), count(*), \
                 count(*) FILTER (WHERE sent IS NOT NULL OR awaiting IS NULL), \
                 (SELECT value FROM _oosync_meta WHERE name = {}) FROM {}",
                super::sql::literal(&written(layout.table.name)),
                quoted(&layout.names.shadow)
            );
            (layout.table.name, sql)
        });
        Self { connection, tables: tables.collect(), version: None, marks: Vec::new() }
    }

    /// What changed since the last look; nothing if nobody has written to the file. That costs a few microseconds.
    ///
    /// Now and then a table is named although its rows are the same: when a change was answered, or undone.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn look(&mut self) -> Result<Option<Observed>, StoreError> {
        let doing = || "looking for changes".to_owned();
        let version =
            self.connection.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).doing(doing)?;
        if self.version == Some(version) {
            return Ok(None);
        }
        let mut marks = Vec::with_capacity(self.tables.len());
        let mut observed = Observed::default();
        // One state of the file.
        let transaction = self.connection.unchecked_transaction().doing(doing)?;
        for (_, sql) in &self.tables {
            let mut statement = transaction.prepare_cached(sql).doing(doing)?;
            let (mark, dirty) = statement
                .query_row([], |row| {
                    let written: Option<i64> = row.get(3)?;
                    Ok(((row.get(0)?, row.get(1)?, written.unwrap_or_default()), row.get::<_, i64>(2)?))
                })
                .doing(doing)?;
            marks.push(mark);
            observed.dirty += dirty.cast_unsigned();
        }
        drop(transaction);
        if self.version.is_some() {
            let changed = self.tables.iter().zip(self.marks.iter().zip(&marks));
            observed.tables =
                changed.filter(|(_, (before, now))| before != now).map(|((table, _), _)| *table).collect();
        }
        (self.version, self.marks) = (Some(version), marks);
        Ok(Some(observed))
    }
}

/// The name of the count of what the sync has written to a table.
fn written(table: &str) -> String {
    format!("written.{table}")
}

/// Counts that the sync has written to a table.
pub(super) fn count_written(connection: &Connection, table: &str) -> Result<(), StoreError> {
    let name = written(table);
    let count: i64 = meta::get(connection, &name)?.unwrap_or_default();
    meta::set(connection, &name, count.wrapping_add(1))
}
