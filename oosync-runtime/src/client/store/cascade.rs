//! What the deletion of a row takes along: SQLite deletes the rows that point at it, or makes them point nowhere, as the
//! server's foreign keys will.
//!
//! Nobody made these changes, and they are not sent: they wait for what becomes of the deletion. If the server has
//! deleted the row, they are answered with it, and a pull tells of them. If it has not, they are undone, with whatever
//! had been changed of those rows before. So each of them is kept as it was.
//!
//! A change waits only while the server would do the same: while the row pointed at is deleted here and known there, and
//! the server's row points at it, too. Otherwise (the row was made again, say, or the other one was only moved below it
//! here) it is a change like any other.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::entry::{Entry, Rows, ServerImage};
use super::image::{Image, same};
use super::inbox::theirs;
use super::layout::{Cascade, Layout};
use super::observe::count_written;
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// What is not sent of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// All of it is sent.
    Nothing,
    /// The columns at these positions are left out.
    Columns(Vec<usize>),
    /// Nothing of it is sent.
    Whole,
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The server does not have the row any more, by this mutation if it was one of ours.
    Gone(Option<u64>),
    /// The row is there, also here, or will be.
    Back,
}

/// A row whose deletion has been decided upon: the place of its table, its key, and what became of it.
pub(super) type Decided = (usize, Vec<Value<'static>>, Fate);

/// Whether rows of other tables go with those of the table in this place.
pub(super) fn takes_along(layouts: &[Layout], place: usize) -> bool {
    layouts.iter().any(|layout| layout.cascades.iter().any(|cascade| cascade.parent == place))
}

/// Does with what was taken along as was decided upon the deletions; the tables that were written.
pub(super) fn settle_taken(
    connection: &Connection,
    layouts: &[Layout],
    decided: Vec<Decided>,
) -> Result<BTreeSet<&'static str>, StoreError> {
    let mut written = BTreeSet::new();
    let mut fates: HashMap<(usize, String), Fate> = HashMap::new();
    let mut news = decided;
    while !news.is_empty() {
        let parents: BTreeSet<usize> = news.iter().map(|(place, ..)| *place).collect();
        fates.extend(news.drain(..).map(|(place, key, fate)| ((place, named(&key)), fate)));
        for (place, layout) in layouts.iter().enumerate() {
            if !layout.cascades.iter().any(|cascade| parents.contains(&cascade.parent)) {
                continue;
            }
            let rows = Rows { connection, layout };
            for seq in rows.places_taken()? {
                let Some(entry) = rows.entry_at(seq)? else { continue };
                let key = entry.key.clone();
                let fate = |parent: usize, key: &[Value<'_>]| fates.get(&(parent, named(key))).copied();
                if let Some(fate) = rows.settle_one(entry, fate)? {
                    written.insert(layout.table.name);
                    news.extend(fate.map(|fate| (place, key, fate)));
                }
            }
        }
    }
    Ok(written)
}

/// [`settle_taken`] for one row, which counts what was written.
pub(super) fn settle_taken_by(
    connection: &Connection,
    layouts: &[Layout],
    decided: Decided,
) -> Result<(), StoreError> {
    let written = settle_taken(connection, layouts, vec![decided])?;
    written.into_iter().try_for_each(|table| count_written(connection, table))
}

/// A key as the key of a map.
fn named(key: &[Value<'_>]) -> String {
    format!("{key:?}")
}

impl Rows<'_> {
    /// What of a dirty row's change the server does by itself.
    pub(super) fn held(&self, entry: &Entry, current: Option<&[Value<'_>]>) -> Result<Held, StoreError> {
        let Some(taken) = &entry.taken else { return Ok(Held::Nothing) };
        let mut columns = Vec::new();
        for cascade in &self.layout.cascades {
            let Some(key) = pointed_at(cascade, &taken.row) else { continue };
            let pointed = theirs(entry).map(|theirs| pointed_at(cascade, theirs));
            match current {
                None if cascade.deletes && taken.rev == Some(entry.rev) => {
                    // What the server has never had, it will not have either.
                    let same =
                        pointed.is_none_or(|pointed| pointed.is_some_and(|pointed| alike(&pointed, &key)));
                    if same && self.is_going(cascade, &key)? {
                        return Ok(Held::Whole);
                    }
                }
                Some(current) if !cascade.deletes && is_cut(cascade, current) => {
                    let same = pointed.flatten().is_some_and(|pointed| alike(&pointed, &key));
                    if same && self.is_going(cascade, &key)? {
                        columns.extend(cascade.columns.iter().map(|(_, position)| *position));
                    }
                }
                _ => {}
            }
        }
        Ok(if columns.is_empty() { Held::Nothing } else { Held::Columns(columns) })
    }

    /// Whether the server's row, which comes now, no longer points at what was deleted here; then what was taken along
    /// is as it was again. Whether that is so.
    pub(super) fn let_go(&self, entry: &mut Entry, incoming: &[Value<'_>]) -> Result<bool, StoreError> {
        let Some(taken) = &entry.taken else { return Ok(false) };
        let current = self.current(&entry.key)?;
        let held = self.held(entry, current.as_deref())?;
        let still = |cascade: &Cascade| {
            let (before, now) = (pointed_at(cascade, &taken.row), pointed_at(cascade, incoming));
            before.zip(now).is_some_and(|(before, now)| alike(&before, &now))
        };
        let mut cascades = self.layout.cascades.iter();
        match (held, current) {
            (Held::Whole, _) if !cascades.any(|cascade| cascade.deletes && still(cascade)) => {
                self.write(&taken.row)?;
                entry.taken = None;
                Ok(true)
            }
            (Held::Columns(columns), Some(mut current))
                if !cascades.any(|cascade| !cascade.deletes && still(cascade)) =>
            {
                for position in columns {
                    current[position] = entry.base[position].clone();
                }
                self.write(&current)?;
                entry.taken = None;
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// Does with one row as was decided upon the deletion that took it along. Nothing if that was none of these; else
    /// whether it is gone or back itself.
    fn settle_one(
        &self,
        mut entry: Entry,
        fate: impl Fn(usize, &[Value<'_>]) -> Option<Fate>,
    ) -> Result<Option<Option<Fate>>, StoreError> {
        let Some(taken) = entry.taken.clone() else { return Ok(None) };
        let current = self.current(&entry.key)?;
        for cascade in &self.layout.cascades {
            let Some(key) = pointed_at(cascade, &taken.row) else { continue };
            let Some(fate) = fate(cascade.parent, &key) else { continue };
            let pointed = theirs(&entry).map(|theirs| pointed_at(cascade, theirs));
            let elsewhere =
                pointed.is_some_and(|pointed| !pointed.is_some_and(|pointed| alike(&pointed, &key)));
            match (current.clone(), fate) {
                (None, Fate::Gone(mutation)) if cascade.deletes && taken.rev == Some(entry.rev) => {
                    if elsewhere {
                        continue;
                    }
                    entry.taken = None;
                    if entry.existed {
                        entry.existed = false;
                        entry.base = self.cleared(&entry.key);
                        entry.server = ServerImage::AsBase;
                        // What a pull brings that does not include the deletion would bring the row back.
                        entry.awaiting = mutation.or(entry.awaiting);
                    }
                    self.settle(entry, None)?;
                    return Ok(Some(Some(fate)));
                }
                (None, Fate::Back) if cascade.deletes && taken.rev == Some(entry.rev) => {
                    let mut row = taken.row;
                    if let Some(theirs) = theirs(&entry).map(<[_]>::to_vec) {
                        for position in self.layout.rest.iter().copied() {
                            if !self.layout.is_tracked(position)
                                || same(&row[position], &entry.base[position])
                            {
                                row[position] = theirs[position].clone();
                                entry.base[position] = theirs[position].clone();
                            }
                        }
                    }
                    self.write(&row)?;
                    entry.taken = None;
                    self.settle(entry, Some(&row))?;
                    return Ok(Some(Some(fate)));
                }
                (Some(current), Fate::Gone(mutation)) if !cascade.deletes && is_cut(cascade, &current) => {
                    if elsewhere || !entry.existed {
                        continue;
                    }
                    let cut = |row: &mut Image| {
                        for (_, position) in &cascade.columns {
                            row[*position] = Value::Null;
                        }
                    };
                    cut(&mut entry.base);
                    if let ServerImage::Other { row: Some(row), .. } = &mut entry.server {
                        cut(row);
                    }
                    entry.taken = None;
                    entry.awaiting = mutation.or(entry.awaiting);
                    self.settle(entry, Some(&current))?;
                    return Ok(Some(None));
                }
                (Some(mut current), Fate::Back) if !cascade.deletes && is_cut(cascade, &current) => {
                    for (_, position) in &cascade.columns {
                        current[*position] = taken.row[*position].clone();
                    }
                    self.write(&current)?;
                    entry.taken = None;
                    self.settle(entry, Some(&current))?;
                    return Ok(Some(None));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Whether the row with this key has been deleted here, and may come back.
    fn is_going(&self, cascade: &Cascade, key: &[Value<'_>]) -> Result<bool, StoreError> {
        let doing = || format!("reading the shadow of `{}`", cascade.parent_names.table);
        let mut statement = self.connection.prepare_cached(&cascade.going).doing(doing)?;
        let known: Option<bool> =
            statement.query_row(params_from_iter(key), |row| row.get(0)).optional().doing(doing)?;
        Ok(known == Some(true))
    }

    /// The key and nothing else.
    pub(super) fn cleared(&self, key: &[Value<'static>]) -> Image {
        let mut row = vec![Value::Null; self.layout.places.len()];
        for (position, value) in self.layout.key.iter().zip(key) {
            row[*position] = value.clone();
        }
        row
    }
}

/// The key that a row points at, if it points anywhere.
fn pointed_at(cascade: &Cascade, row: &[Value<'_>]) -> Option<Vec<Value<'static>>> {
    let values = cascade.columns.iter().map(|(_, position)| match &row[*position] {
        Value::Null => None,
        value => Some(value.clone().into_owned()),
    });
    values.collect()
}

/// Whether a row points nowhere any more.
fn is_cut(cascade: &Cascade, row: &[Value<'_>]) -> bool {
    cascade.columns.iter().all(|(_, position)| matches!(row[*position], Value::Null))
}

fn alike(left: &[Value<'_>], right: &[Value<'_>]) -> bool {
    left.iter().zip(right).all(|(left, right)| same(left, right))
}
