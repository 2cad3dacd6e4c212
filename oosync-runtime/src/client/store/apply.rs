//! The server's rows, in one transaction with the cursor that they lead to.
//!
//! A clean row is overwritten. A dirty one is merged by column, see `settle`; it is left alone while
//!
//! - a mutation of it was answered that this delta does not include: the server will speak of the row again,
//! - a mutation of it is on its way that this delta does include: what the server says is kept until the answer is there.

use rusqlite::Transaction;

use super::capture::triggers;
use super::cascade::{Fate, settle_taken_by, takes_along};
use super::entry::{Rows, ServerImage};
use super::identity::remember;
use super::image::{Image, owned};
use super::layout::Layout;
use super::observe::count_written;
use super::sql::quoted;
use super::{Store, begin_silently, end_silence, meta};
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// Rows and tombstones of one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableDelta {
    /// The table's name in SQLite.
    pub table: String,
    /// Values of the synced columns, in the order of the table.
    pub rows: Vec<Vec<Value<'static>>>,
    /// Keys, in key order.
    pub deleted: Vec<Vec<Value<'static>>>,
}

/// What leads from one state of the server to a later one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delta {
    /// Each key at most once.
    pub tables: Vec<TableDelta>,
    /// Names the later state.
    pub cursor: Vec<u8>,
    /// The last of this client's mutations that the later state includes; it includes all before.
    pub through: u64,
}

/// What a delta did here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Rows written, merged or looked at.
    pub rows: u64,
    /// Keys that are gone.
    pub deleted: u64,
    /// Rows left as they are until a later delta.
    pub protected: u64,
    /// Tables of which the delta said something.
    pub tables: Vec<&'static str>,
}

/// A delta that is being written. Dropped without [`Apply::commit`], nothing of it stays.
pub struct Apply<'s> {
    transaction: Transaction<'s>,
    layouts: &'s [Layout],
    through: u64,
    /// Per table: whether a row of it is dirty.
    dirty: Vec<bool>,
    /// Per table: how many rows and keys of it there were.
    counts: Vec<u64>,
    applied: Applied,
}

/// After so many rows of a table its triggers are dropped until the end of the transaction: even silent ones take almost
/// half as long as the write itself.
const MANY: u64 = 2_000;

impl std::fmt::Debug for Apply<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Apply")
            .field("through", &self.through)
            .field("applied", &self.applied)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Writes a delta.
    ///
    /// # Errors
    ///
    /// What SQLite says, a table that the schema does not have, a row of another width. Then nothing of it stays.
    pub fn apply(&mut self, delta: &Delta) -> Result<Applied, StoreError> {
        let places = delta.tables.iter().map(|table| self.table_place(&table.table));
        let places = places.collect::<Result<Vec<usize>, _>>()?;
        let mut apply = self.begin_apply(delta.through)?;
        for (place, table) in places.into_iter().zip(&delta.tables) {
            for row in &table.rows {
                apply.upsert(place, row)?;
            }
            for key in &table.deleted {
                apply.delete(place, key)?;
            }
        }
        apply.commit(&delta.cursor)
    }

    /// Begins to write a delta that includes this client's mutations up to `through`.
    ///
    /// # Errors
    ///
    /// What SQLite says: another process may be writing for longer than the busy timeout.
    pub fn begin_apply(&mut self, through: u64) -> Result<Apply<'_>, StoreError> {
        let layouts = &self.layouts;
        let transaction = begin_silently(&mut self.connection)?;
        let mut dirty = Vec::with_capacity(layouts.len());
        for layout in layouts {
            dirty.push(!Rows { connection: &transaction, layout }.is_clean()?);
        }
        let counts = vec![0; layouts.len()];
        Ok(Apply { transaction, layouts, through, dirty, counts, applied: Applied::default() })
    }
}

impl<'s> Apply<'s> {
    /// A row as the server has it: the values of the synced columns of the table in this place of the schema.
    ///
    /// # Errors
    ///
    /// What SQLite says, a table that the schema does not have, a row of another width.
    pub fn upsert(&mut self, table: usize, row: &[Value<'_>]) -> Result<(), StoreError> {
        let layout = self.layout(table)?;
        check_width(layout, row.len(), layout.places.len())?;
        self.count(table)?;
        if self.dirty[table] {
            let key: Vec<Value<'_>> = layout.key.iter().map(|position| row[*position].as_ref()).collect();
            if self.speak(table, &key, Some(row))? {
                return Ok(());
            }
        }
        self.rows(table)?.write(row)?;
        self.applied.rows += 1;
        Ok(())
    }

    /// The server has no such row, or none for this user.
    ///
    /// # Errors
    ///
    /// What SQLite says, a table that the schema does not have, a key of another width.
    pub fn delete(&mut self, table: usize, key: &[Value<'_>]) -> Result<(), StoreError> {
        let layout = self.layout(table)?;
        check_width(layout, key.len(), layout.key.len())?;
        self.count(table)?;
        if self.dirty[table] && self.speak(table, key, None)? {
            return Ok(());
        }
        self.rows(table)?.remove(key)?;
        self.applied.deleted += 1;
        Ok(())
    }

    /// Remembers something with the delta, as [`Store::remember`] does.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn remember(&self, name: &str, value: &str) -> Result<(), StoreError> {
        remember(&self.transaction, name, value)
    }

    /// Ends the delta: the device is at `cursor` now.
    ///
    /// # Errors
    ///
    /// What SQLite says. Then nothing of the delta stays.
    pub fn commit(self, cursor: &[u8]) -> Result<Applied, StoreError> {
        self.release()?;
        meta::set(&self.transaction, "cursor", cursor)?;
        // The delta after a download makes it exact.
        meta::set(&self.transaction, "ready", 1)?;
        self.finish()
    }

    /// Looks again at rows that waited for a delta which includes their last mutation.
    fn release(&self) -> Result<(), StoreError> {
        self.release_in(|_| true)
    }

    /// The same, in some tables.
    pub(super) fn release_in(&self, tables: impl Fn(&Layout) -> bool) -> Result<(), StoreError> {
        for layout in self.layouts.iter().filter(|layout| tables(layout)) {
            let rows = Rows { connection: &self.transaction, layout };
            let places = rows.places_awaiting(self.through)?;
            if !places.is_empty() {
                count_written(&self.transaction, layout.table.name)?;
            }
            for seq in places {
                let Some(mut entry) = rows.entry_at(seq)? else { continue };
                entry.awaiting = None;
                let current = rows.current(&entry.key)?;
                rows.settle(entry, current.as_deref())?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Applied, StoreError> {
        for (layout, count) in self.layouts.iter().zip(&self.counts) {
            if *count >= MANY {
                for trigger in triggers(layout) {
                    self.run(&trigger.sql)?;
                }
            }
            if *count > 0 {
                self.applied.tables.push(layout.table.name);
                count_written(&self.transaction, layout.table.name)?;
            }
        }
        end_silence(&self.transaction)?;
        self.transaction.commit().doing(|| "committing a delta".to_owned())?;
        Ok(self.applied)
    }

    /// Counts a row, and drops the table's triggers when there are many.
    pub(super) fn count(&mut self, table: usize) -> Result<(), StoreError> {
        self.counts[table] += 1;
        if self.counts[table] == MANY {
            self.without_triggers(table)?;
        }
        Ok(())
    }

    fn without_triggers(&mut self, table: usize) -> Result<(), StoreError> {
        for trigger in triggers(self.layout(table)?) {
            self.run(&format!("DROP TRIGGER IF EXISTS {}", quoted(&trigger.name)))?;
        }
        Ok(())
    }

    /// Drops a table's triggers until the end, as after many rows.
    pub(super) fn expect_many(&mut self, table: usize) -> Result<(), StoreError> {
        if self.counts[table] < MANY {
            self.counts[table] = MANY;
            self.without_triggers(table)?;
        }
        Ok(())
    }

    pub(super) fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.transaction.execute_batch(sql).doing(|| "applying a delta".to_owned())
    }

    pub(super) const fn connection(&self) -> &Transaction<'s> {
        &self.transaction
    }

    /// How many tables there are.
    pub(super) const fn tables(&self) -> usize {
        self.layouts.len()
    }

    /// The keys of all dirty rows of a table.
    pub(super) fn dirty_keys(&self, table: usize) -> Result<Vec<Vec<Value<'static>>>, StoreError> {
        let rows = self.rows(table)?;
        let mut keys = Vec::new();
        for seq in rows.places()? {
            keys.extend(rows.entry_at(seq)?.map(|entry| entry.key));
        }
        Ok(keys)
    }

    pub(super) fn layout(&self, table: usize) -> Result<&'s Layout, StoreError> {
        self.layouts.get(table).ok_or_else(|| StoreError::UnknownTable { table: format!("number {table}") })
    }

    fn rows(&self, table: usize) -> Result<Rows<'_>, StoreError> {
        Ok(Rows { connection: &self.transaction, layout: self.layout(table)? })
    }

    /// Tells a dirty row of the server's; `false` if it is clean.
    pub(super) fn speak(
        &mut self,
        table: usize,
        key: &[Value<'_>],
        row: Option<&[Value<'_>]>,
    ) -> Result<bool, StoreError> {
        let through = self.through;
        let rows = self.rows(table)?;
        let Some(mut entry) = rows.entry(key)? else { return Ok(false) };
        if entry.awaiting.is_some_and(|mutation| through < mutation) {
            self.applied.protected += 1;
            return Ok(true);
        }
        entry.awaiting = None;
        let row: Option<Image> = row.map(owned);
        let gone = row.is_none();
        let mut decided = None;
        if entry.sent.is_some_and(|mutation| mutation <= through) {
            entry.server = ServerImage::Other { row, through: Some(through) };
            rows.save(&entry)?;
        } else {
            let key = entry.key.clone();
            match &row {
                Some(row) if rows.let_go(&mut entry, row)? => decided = Some((table, key, Fate::Back)),
                None if takes_along(self.layouts, table)
                    && entry.existed
                    && rows.current(&key)?.is_none() =>
                {
                    decided = Some((table, key, Fate::Gone(None)));
                }
                _ => {}
            }
            rows.merge(entry, row)?;
        }
        if let Some(decided) = decided {
            settle_taken_by(&self.transaction, self.layouts, decided)?;
        }
        if gone {
            self.applied.deleted += 1;
        } else {
            self.applied.rows += 1;
        }
        Ok(true)
    }
}

fn check_width(layout: &Layout, found: usize, expected: usize) -> Result<(), StoreError> {
    if found == expected {
        return Ok(());
    }
    Err(StoreError::Width { table: layout.names.table.clone(), found, expected })
}
