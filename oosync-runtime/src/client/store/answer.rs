//! The server's answers to what was sent.
//!
//! An edit that was made after a mutation was sent is never lost to its answer: a column that no longer has the value
//! that was sent stays as it is, and will be pushed as a change of its own.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::batch::{self, Sent};
use super::cascade::{Decided, Fate, settle_taken, takes_along};
use super::entry::{Entry, Rows, ServerImage};
use super::image::{Image, same};
use super::inbox::{self, InboxKind, Note, NoteColumn};
use super::layout::Layout;
use super::observe::count_written;
use super::pending::Op;
use super::scan::Scan;
use super::{Store, silently};
use crate::Value;
use crate::client::StoreError;

/// The answer to a mutation.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The mutation's id.
    pub id: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a mutation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The server has it as it was sent.
    Applied,
    /// The server has it as it was sent, over changes of somebody else's.
    Won {
        /// The columns that both sides had changed, with the values that the server had.
        theirs: Vec<(String, Value<'static>)>,
    },
    /// The server has it but for some columns, which both sides had changed, or a delete of a row that it had changed,
    /// or an update of a row that is gone.
    Conflict {
        /// The columns that lost, with the server's values; of a delete that lost, the whole row. [`ServerRow::Gone`] if
        /// there is no such row any more.
        server: ServerRow,
    },
    /// The server refused it and always will.
    Rejected {
        /// Why, as a word.
        code: String,
        /// Why, for people.
        message: String,
        /// More of it, in JSON: the row that has a unique value already, say.
        detail: Option<String>,
        /// The row with this key as the server has it, where the answer says.
        server: Option<ServerRow>,
    },
    /// The server could not take it now: it stays dirty, and is sent again under another id.
    Retry,
}

/// A row of the server's, or some columns of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerRow {
    /// Columns by name.
    Columns(Vec<(String, Value<'static>)>),
    /// There is no such row.
    Gone,
}

/// What answers did here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered {
    /// Mutations that the server has.
    pub applied: usize,
    /// Mutations that met changes of somebody else's, whoever won; the inbox has them.
    pub conflicts: usize,
    /// Mutations that were refused; the inbox has them.
    pub rejected: usize,
    /// Mutations that are to be sent again.
    pub retried: usize,
}

impl Store {
    /// Takes answers in, all in one transaction. Columns that the schema no longer has are passed over.
    ///
    /// # Errors
    ///
    /// What SQLite says; [`StoreError::NotSent`] for an answer to something that is not waiting for one. Then none of
    /// them is taken in.
    pub fn answer(&mut self, answers: &[Answer]) -> Result<Answered, StoreError> {
        let layouts = &self.layouts;
        let (scan, changes) = (self.scan.take(), self.connection.total_changes());
        let (answered, scan) = silently(&mut self.connection, |connection| {
            let scan = Scan::unless_written(scan, connection, changes)?;
            let mut answered = Answered::default();
            let mut written = BTreeSet::new();
            let mut decided = Vec::new();
            for answer in answers {
                let sent = batch::take(connection, answer.id)?;
                let count = match answer.outcome {
                    Outcome::Applied => &mut answered.applied,
                    Outcome::Won { .. } | Outcome::Conflict { .. } => &mut answered.conflicts,
                    Outcome::Rejected { .. } => &mut answered.rejected,
                    Outcome::Retry => &mut answered.retried,
                };
                *count += 1;
                let found = find(connection, layouts, answer.id, &sent.table)?;
                if let Some((rows, _)) = &found {
                    written.insert(rows.layout.table.name);
                }
                let change = Change { id: answer.id, sent: &sent };
                let deleted = Deleted::of(layouts, &sent, found.as_ref())?;
                match &answer.outcome {
                    Outcome::Applied => {
                        if let Some((rows, entry)) = found {
                            change.applied(rows, entry)?;
                        }
                    }
                    Outcome::Won { theirs } => {
                        let theirs = ServerRow::Columns(theirs.clone());
                        let kind = InboxKind::Conflict;
                        change.note(connection, found.as_ref(), kind, (Some(&theirs), false), [None; 3])?;
                        if let Some((rows, entry)) = found {
                            change.applied(rows, entry)?;
                        }
                    }
                    Outcome::Conflict { server } => {
                        change.note(
                            connection,
                            found.as_ref(),
                            InboxKind::Conflict,
                            (Some(server), true),
                            [None; 3],
                        )?;
                        match (found, server) {
                            (None, _) => {}
                            (Some((rows, entry)), ServerRow::Gone) => change.gone(rows, entry)?,
                            (Some((rows, entry)), ServerRow::Columns(lost)) => {
                                change.lost(rows, entry, lost)?;
                            }
                        }
                    }
                    Outcome::Rejected { code, message, detail, server } => {
                        let words = [Some(code.as_str()), Some(message.as_str()), detail.as_deref()];
                        let kind = InboxKind::Rejected;
                        change.note(connection, found.as_ref(), kind, (server.as_ref(), true), words)?;
                        match (found, server) {
                            (None, _) => {}
                            (Some((rows, entry)), Some(ServerRow::Gone)) => change.gone(rows, entry)?,
                            (Some((rows, entry)), server) => {
                                let known = match server {
                                    Some(ServerRow::Columns(columns)) => columns.as_slice(),
                                    _ => &[],
                                };
                                change.refused(rows, entry, known)?;
                            }
                        }
                    }
                    Outcome::Retry => {
                        if let Some((rows, entry)) = found {
                            finish(rows, Entry { sent: None, ..entry })?;
                        }
                    }
                }
                if let Some(deleted) = deleted {
                    decided.extend(deleted.decided(connection, layouts, answer)?);
                }
            }
            // Any other answer may leave something to be sent of a row that was looked at.
            let is_plain = answered.applied == answers.len() && decided.is_empty();
            let scan = scan.filter(|_| is_plain);
            if !decided.is_empty() {
                written.extend(settle_taken(connection, layouts, decided)?);
            }
            written.into_iter().try_for_each(|table| count_written(connection, table))?;
            Ok((answered, scan))
        })?;
        self.scan = scan.map(|scan| scan.up_to_now(&self.connection));
        Ok(answered)
    }
}

/// A row whose deletion is being answered, and took others along.
struct Deleted {
    place: usize,
    key: Vec<Value<'static>>,
    /// Whether there is a row with its key here: it was made again.
    is_here: bool,
}

impl Deleted {
    fn of(
        layouts: &[Layout],
        sent: &Sent,
        found: Option<&(Rows<'_>, Entry)>,
    ) -> Result<Option<Self>, StoreError> {
        let Some((rows, entry)) = found.filter(|_| sent.op == Op::Delete) else { return Ok(None) };
        let place = layouts.iter().position(|layout| std::ptr::eq(layout, rows.layout));
        let Some(place) = place.filter(|place| takes_along(layouts, *place)) else { return Ok(None) };
        let is_here = rows.current(&entry.key)?.is_some();
        Ok(Some(Self { place, key: entry.key.clone(), is_here }))
    }

    /// What became of it.
    fn decided(
        self,
        connection: &Connection,
        layouts: &[Layout],
        answer: &Answer,
    ) -> Result<Option<Decided>, StoreError> {
        let layout = &layouts[self.place];
        let fate = match &answer.outcome {
            // A row that is only marked takes nothing along.
            Outcome::Applied | Outcome::Won { .. } if layout.table.rules.deleted.is_some() => Fate::Back,
            Outcome::Applied
            | Outcome::Won { .. }
            | Outcome::Conflict { server: ServerRow::Gone }
            | Outcome::Rejected { server: Some(ServerRow::Gone), .. } => Fate::Gone(Some(answer.id)),
            Outcome::Conflict { .. } | Outcome::Rejected { .. } => {
                let is_back = !self.is_here && Rows { connection, layout }.current(&self.key)?.is_some();
                if !is_back {
                    return Ok(None);
                }
                Fate::Back
            }
            Outcome::Retry => return Ok(None),
        };
        Ok(Some((self.place, self.key, fate)))
    }
}

/// A mutation that is being answered.
struct Change<'a> {
    id: u64,
    sent: &'a Sent,
}

impl Change<'_> {
    /// The value that was sent for a column.
    fn pushed(&self, layout: &Layout, position: usize) -> Option<&Value<'static>> {
        let name = layout.column(position);
        self.sent
            .columns
            .iter()
            .find(|column| !column.is_key && column.name == name)
            .map(|column| &column.value)
    }

    /// The server has what was sent.
    fn applied(&self, rows: Rows<'_>, mut entry: Entry) -> Result<(), StoreError> {
        if self.sent.op == Op::Delete {
            entry.existed = false;
            entry.base = rows.cleared(&entry.key);
            entry.server = unless_later(entry.server);
        } else {
            self.take_as_base(rows.layout, &mut entry, &[]);
        }
        self.answered(rows, entry)
    }

    /// The server has what was sent but for some columns.
    fn lost(
        &self,
        rows: Rows<'_>,
        mut entry: Entry,
        lost: &[(String, Value<'static>)],
    ) -> Result<(), StoreError> {
        let layout = rows.layout;
        let lost = positions(layout, lost);
        match rows.current(&entry.key)? {
            Some(mut current) => {
                let mut moved = false;
                for (position, theirs) in &lost {
                    let before = match self.pushed(layout, *position) {
                        Some(pushed) if self.sent.op != Op::Delete => pushed,
                        _ => &entry.base[*position],
                    };
                    if same(&current[*position], before) && !same(&current[*position], theirs) {
                        current[*position] = theirs.clone();
                        moved = true;
                    }
                }
                if moved {
                    rows.write(&current)?;
                }
            }
            // A delete that lost: the row comes back, unless it was deleted once more after something else.
            None if self.sent.op == Op::Delete => {
                let mut row = server_row(&entry).unwrap_or_else(|| entry.base.clone());
                for (position, theirs) in &lost {
                    row[*position] = theirs.clone();
                }
                rows.write(&row)?;
                entry.base = row;
                entry.server = unless_later(entry.server);
            }
            None => {}
        }
        self.take_as_base(layout, &mut entry, &lost);
        self.answered(rows, entry)
    }

    /// There is no such row on the server any more.
    fn gone(&self, rows: Rows<'_>, mut entry: Entry) -> Result<(), StoreError> {
        let current = rows.current(&entry.key)?;
        if let Some(current) = &current
            && self.edited_since(rows.layout, &entry, current)
        {
            // What was written after the mutation was sent is in no other note.
            rows.note(InboxKind::Removed, Op::Update, &entry, Some(self.id), Some(current), None)?;
        }
        rows.remove(&entry.key)?;
        entry.existed = false;
        entry.base = rows.cleared(&entry.key);
        entry.server = unless_later(entry.server);
        self.answered(rows, entry)
    }

    /// The server refused: what was sent goes back to what the server has.
    fn refused(
        &self,
        rows: Rows<'_>,
        mut entry: Entry,
        known: &[(String, Value<'static>)],
    ) -> Result<(), StoreError> {
        let layout = rows.layout;
        let mut theirs = server_row(&entry);
        // What a pull brought that includes the mutation is newer than its answer.
        let later = matches!(entry.server, ServerImage::Other { through: Some(_), .. });
        if !known.is_empty() && !later {
            let mut row = theirs.unwrap_or_else(|| rows.cleared(&entry.key));
            for (position, value) in positions(layout, known) {
                row[position] = value;
            }
            theirs = Some(row);
        }
        let current = rows.current(&entry.key)?;
        entry.sent = None;
        let current = match (self.sent.op, current, &theirs) {
            (Op::Insert, Some(current), _) if self.edited_since(layout, &entry, &current) => {
                // A row that has been mended meanwhile is a new attempt.
                Some(current)
            }
            (Op::Insert, Some(_), Some(theirs)) => {
                rows.write(theirs)?;
                entry.existed = true;
                entry.base.clone_from(theirs);
                Some(theirs.clone())
            }
            (Op::Insert, Some(_), None) => {
                rows.remove(&entry.key)?;
                None
            }
            (Op::Delete, None, Some(theirs)) => {
                rows.write(theirs)?;
                entry.base.clone_from(theirs);
                Some(theirs.clone())
            }
            (_, Some(mut current), Some(theirs)) => {
                for position in layout.rest.iter().copied() {
                    let back = match self.pushed(layout, position) {
                        Some(pushed) if self.sent.op == Op::Update => same(pushed, &current[position]),
                        _ => same(&entry.base[position], &current[position]),
                    };
                    if back {
                        current[position] = theirs[position].clone();
                    }
                    if back || self.pushed(layout, position).is_some() {
                        entry.base[position] = theirs[position].clone();
                    }
                }
                rows.write(&current)?;
                Some(current)
            }
            (_, current, _) => current,
        };
        if let Some(theirs) = theirs {
            let through = match entry.server {
                ServerImage::Other { through, .. } => through,
                ServerImage::AsBase => None,
            };
            entry.server = ServerImage::Other { row: Some(theirs), through };
        }
        drop(current);
        finish(rows, entry)
    }

    /// Sets the base, and the server's row if that is another, to what the server has by this answer.
    fn take_as_base(&self, layout: &Layout, entry: &mut Entry, lost: &[(usize, Value<'static>)]) {
        entry.existed = true;
        for position in layout.rest.iter().copied() {
            let lost = lost.iter().find(|(place, _)| *place == position).map(|(_, theirs)| theirs);
            let pushed = self.pushed(layout, position).filter(|_| self.sent.op != Op::Delete);
            let Some(value) = lost.or(pushed) else { continue };
            entry.base[position] = value.clone();
            // A row that already includes the mutation is newer than its answer.
            if let ServerImage::Other { row: Some(row), through: None } = &mut entry.server {
                row[position] = value.clone();
            }
        }
        if let ServerImage::Other { row: None, through: None } = entry.server {
            entry.server = ServerImage::AsBase;
        }
    }

    /// The mutation is answered; a pull that does not include it would undo it here.
    fn answered(&self, rows: Rows<'_>, mut entry: Entry) -> Result<(), StoreError> {
        entry.sent = None;
        let included = matches!(entry.server, ServerImage::Other { through: Some(_), .. });
        if !included {
            entry.awaiting = Some(self.id);
        }
        finish(rows, entry)
    }

    /// Whether the row has been written after the mutation was sent.
    fn edited_since(&self, layout: &Layout, entry: &Entry, current: &[Value<'_>]) -> bool {
        if self.sent.op == Op::Delete {
            return true;
        }
        layout.rest.iter().copied().filter(|position| layout.is_tracked(*position)).any(|position| {
            let before = self.pushed(layout, position).unwrap_or(&entry.base[position]);
            !same(before, &current[position])
        })
    }

    fn note(
        &self,
        connection: &Connection,
        found: Option<&(Rows<'_>, Entry)>,
        kind: InboxKind,
        (server, lost): (Option<&ServerRow>, bool),
        [code, message, detail]: [Option<&str>; 3],
    ) -> Result<(), StoreError> {
        // The row was removed while the mutation was on its way, and all of the user's values have been noted then.
        if found.is_none() && inbox::explain_removed(connection, self.id, [code, message, detail])? {
            return Ok(());
        }
        let known = found.and_then(|(rows, entry)| Some((rows.layout, inbox::theirs(entry)?)));
        let theirs = |name: &str| match server {
            Some(ServerRow::Gone) => None,
            Some(ServerRow::Columns(columns)) if columns.iter().any(|(column, _)| column == name) => {
                columns.iter().find(|(column, _)| column == name).map(|(_, value)| value.as_ref())
            }
            _ => known.and_then(|(layout, row)| Some(row[layout.position(name)?].as_ref())),
        };
        let lost = |name: &str| match (kind, server) {
            _ if !lost => false,
            (InboxKind::Conflict, Some(ServerRow::Columns(columns))) if self.sent.op != Op::Delete => {
                columns.iter().any(|(column, _)| column == name)
            }
            _ => true,
        };
        let columns = self
            .sent
            .columns
            .iter()
            .map(|column| {
                if column.is_key {
                    return NoteColumn::key(column.name.as_str(), &column.value.as_ref());
                }
                NoteColumn {
                    name: column.name.as_str().into(),
                    is_key: false,
                    lost: lost(&column.name),
                    base: column.base.as_ref(),
                    mine: column.value.as_ref(),
                    theirs: theirs(&column.name).unwrap_or(Value::Null),
                }
            })
            .collect();
        let (table, op, mutation) = (self.sent.table.as_str(), self.sent.op, Some(self.id));
        inbox::note(connection, &Note { kind, table, op, mutation, code, message, detail, columns })
    }
}

/// The entry of a mutation. It says itself which table it is in: the name may have changed since it was sent.
fn find<'a>(
    connection: &'a Connection,
    layouts: &'a [Layout],
    mutation: u64,
    table: &str,
) -> Result<Option<(Rows<'a>, Entry)>, StoreError> {
    let is_named = |layout: &&Layout| layout.names.table == table;
    let others = layouts.iter().filter(|layout| !is_named(layout));
    for layout in layouts.iter().filter(is_named).chain(others) {
        let rows = Rows { connection, layout };
        if let Some(entry) = rows.entry_sent(mutation)? {
            return Ok(Some((rows, entry)));
        }
    }
    Ok(None)
}

/// Looks again at a server's row that was put off, and writes the entry.
fn finish(rows: Rows<'_>, mut entry: Entry) -> Result<(), StoreError> {
    if entry.sent.is_none()
        && let ServerImage::Other { row, through: Some(_) } = &entry.server
    {
        let row = row.clone();
        entry.server = ServerImage::AsBase;
        return rows.merge(entry, row);
    }
    let current = rows.current(&entry.key)?;
    rows.settle(entry, current.as_deref())
}

/// The server's row as the device knows it.
fn server_row(entry: &Entry) -> Option<Image> {
    inbox::theirs(entry).map(<[_]>::to_vec)
}

/// The base is what the server has, unless it has spoken of the row since.
fn unless_later(server: ServerImage) -> ServerImage {
    match server {
        later @ ServerImage::Other { through: Some(_), .. } => later,
        _ => ServerImage::AsBase,
    }
}

fn positions(layout: &Layout, columns: &[(String, Value<'static>)]) -> Vec<(usize, Value<'static>)> {
    let known = columns.iter().filter_map(|(name, value)| Some((layout.position(name)?, value.clone())));
    known.filter(|(position, _)| layout.rest.contains(position)).collect()
}
