//! What happens to a dirty row when the server speaks of it.
//!
//! For each column there are the base, the row's own value and the server's. A column is dirty where the row differs
//! from the base. What the server says goes into all three of a clean column, and only into the server's of a dirty one;
//! where both sides came to the same value, it is clean again.

use super::cascade::Held;
use super::entry::{Entry, Rows, ServerImage};
use super::image::{Image, same};
use super::inbox::{self, InboxKind, Note};
use super::pending::Op;
use crate::Value;
use crate::client::StoreError;
use crate::schema::ColumnDefault;

impl Rows<'_> {
    /// Whether no tracked column differs.
    pub(super) fn alike(&self, left: &[Value<'_>], right: &[Value<'_>]) -> bool {
        self.layout
            .rest
            .iter()
            .all(|position| !self.layout.is_tracked(*position) || same(&left[*position], &right[*position]))
    }

    /// Whether a row that was made here says nothing else than the server's: what nobody wrote here may differ.
    fn made_alike(&self, entry: &Entry, current: &[Value<'_>], incoming: &[Value<'_>]) -> bool {
        self.layout.rest.iter().copied().all(|position| {
            let value = &current[position];
            !self.layout.is_tracked(position)
                || same(value, &incoming[position])
                || match value {
                    Value::Null => {
                        matches!(self.layout.default(position), ColumnDefault::Server | ColumnDefault::Leased)
                    }
                    _ => same(value, &entry.base[position]),
                }
        })
    }

    /// Brings the server's row (`None`: it is gone) together with a dirty one, and writes the entry.
    pub(super) fn merge(&self, mut entry: Entry, incoming: Option<Image>) -> Result<(), StoreError> {
        let current = self.current(&entry.key)?;
        match (incoming, current) {
            (Some(incoming), Some(mut current)) if entry.existed => {
                let mut moved = false;
                for position in self.layout.rest.iter().copied() {
                    let dirty = self.layout.is_tracked(position)
                        && !same(&current[position], &entry.base[position])
                        && !same(&current[position], &incoming[position]);
                    if dirty {
                        if entry.is_unknown(self.layout.column(position)) {
                            entry.base[position] = incoming[position].clone();
                        }
                        continue;
                    }
                    if !same(&current[position], &incoming[position]) {
                        current[position] = incoming[position].clone();
                        moved = true;
                    }
                    entry.base[position] = incoming[position].clone();
                }
                if moved {
                    self.write(&current)?;
                }
                // Tracked or not, what is in the base need not be kept twice.
                entry.unknown = None;
                entry.server = as_base_or(&entry.base, incoming);
                self.settle(entry, Some(&current))
            }
            (Some(incoming), None) if entry.existed => {
                for position in self.layout.rest.iter().copied() {
                    if entry.is_unknown(self.layout.column(position)) {
                        entry.base[position] = incoming[position].clone();
                    }
                }
                entry.unknown = None;
                entry.server = as_base_or(&entry.base, incoming);
                self.settle(entry, None)
            }
            (Some(incoming), Some(current)) => {
                if self.made_alike(&entry, &current, &incoming) {
                    // Both sides made the same row.
                    entry.existed = true;
                    entry.base.clone_from(&incoming);
                    entry.server = ServerImage::AsBase;
                    self.write(&incoming)?;
                    return self.settle(entry, Some(&incoming));
                }
                entry.server = ServerImage::Other { row: Some(incoming), through: None };
                self.settle(entry, Some(&current))
            }
            (Some(incoming), None) => {
                entry.server = ServerImage::Other { row: Some(incoming), through: None };
                self.settle(entry, None)
            }
            (None, current) if entry.existed => {
                if let Some(current) = current {
                    if !self.alike(&current, &entry.base) {
                        let (kind, on_its_way) = (InboxKind::Removed, entry.sent);
                        self.note(kind, Op::Update, &entry, on_its_way, Some(&current), None)?;
                    }
                    self.remove(&entry.key)?;
                }
                // What is on its way finds no entry any more, and is only told of.
                self.forget(&entry)
            }
            (None, current) => {
                entry.server = ServerImage::AsBase;
                self.settle(entry, current.as_deref())
            }
        }
    }

    /// Writes the entry, or forgets it if nothing is left to be pushed, answered or waited for; then the row is what the
    /// server has.
    pub(super) fn settle(&self, entry: Entry, current: Option<&[Value<'static>]>) -> Result<(), StoreError> {
        let unchanged = match current {
            Some(current) => entry.existed && self.alike(current, &entry.base),
            // A row that was never sent comes back if what took it along does.
            None => !entry.existed && self.held(&entry, None)? == Held::Nothing,
        };
        if !unchanged || entry.sent.is_some() || entry.awaiting.is_some() {
            return self.save(&entry);
        }
        match &entry.server {
            ServerImage::AsBase => {}
            ServerImage::Other { row: Some(row), .. } => self.write(row)?,
            ServerImage::Other { row: None, .. } => {
                self.remove(&entry.key)?;
            }
        }
        self.forget(&entry)
    }

    /// Notes what became of a change, with the whole row.
    pub(super) fn note(
        &self,
        kind: InboxKind,
        op: Op,
        entry: &Entry,
        mutation: Option<u64>,
        mine: Option<&[Value<'static>]>,
        theirs: Option<&[Value<'static>]>,
    ) -> Result<(), StoreError> {
        let columns = inbox::whole_row(self.layout, entry, mine, theirs);
        let table = self.layout.names.table.as_str();
        let note = Note { kind, table, op, mutation, code: None, message: None, detail: None, columns };
        inbox::note(self.connection, &note)
    }
}

/// The server's row, which need not be kept twice.
fn as_base_or(base: &[Value<'_>], theirs: Image) -> ServerImage {
    match theirs.iter().zip(base).all(|(theirs, base)| same(theirs, base)) {
        true => ServerImage::AsBase,
        false => ServerImage::Other { row: Some(theirs), through: None },
    }
}
