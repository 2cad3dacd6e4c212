//! What is to be pushed: each dirty row's difference from its base.

use super::cascade::Held;
use super::entry::{Entry, Rows};
use super::image::{Image, same};
use super::layout::Layout;
use super::observe::count_written;
use super::{Store, silently};
use crate::Value;
use crate::client::StoreError;
use crate::schema::ColumnDefault;

/// What a change does to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// The row is new.
    Insert,
    /// Columns have changed.
    Update,
    /// The row is gone.
    Delete,
}

impl Op {
    /// `insert`, `update` or `delete`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The word of [`Op::as_str`].
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Insert, Self::Update, Self::Delete].into_iter().find(|op| op.as_str() == word)
    }
}

/// What has changed of one row since the server last had it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PendingChange {
    /// The table in SQLite.
    pub table: &'static str,
    /// Insert, update or delete.
    pub op: Op,
    /// The primary key, in key order.
    pub key: Vec<Value<'static>>,
    /// The other columns that count: of an insert the values it has, of an update what differs, of a delete what the row
    /// was. Columns that only the device has, or that Postgres computes, are not among them.
    pub changed: Vec<ChangedColumn>,
    /// Grows by each change of the row.
    pub rev: i64,
    /// When the row was last changed, in milliseconds since 1970 by the device's clock.
    pub changed_at: i64,
}

/// A column of a [`PendingChange`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChangedColumn {
    /// Its name.
    pub name: &'static str,
    /// Its value on the server when the change was made; null for a new row, and where a new version of the app has
    /// changed the column and its value is yet to be fetched.
    pub base: Value<'static>,
    /// Its value now; null for a row that is gone.
    pub current: Value<'static>,
}

/// What [`Store::pending`] finds.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Pending {
    /// In an order in which they can be applied: parents are added before children, and children deleted before
    /// parents.
    pub changes: Vec<PendingChange>,
    /// Rows that cannot be read, and so are not pushed: table, and why.
    pub unreadable: Vec<(String, String)>,
}

/// Which changes are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Inserts and updates.
    Upserts,
    /// Deletes.
    Deletes,
}

impl Store {
    /// What is to be pushed, `limit` changes at most, leaving out what is on its way. Rows that turn out to be unchanged
    /// are no longer dirty afterwards.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn pending(&mut self, limit: usize) -> Result<Pending, StoreError> {
        let layouts = &self.layouts;
        silently(&mut self.connection, |connection| {
            let mut pending = Pending::default();
            for (phase, layout) in steps(layouts) {
                let mut all = |_: &Entry, _: &PendingChange| Ok(Found::Taken);
                let rows = Rows { connection, layout };
                if !collect(rows, phase, limit, &mut pending, &mut { i64::MIN }, &mut all)? {
                    break;
                }
            }
            Ok(pending)
        })
    }

    /// How many rows are dirty or wait for an answer; rows that were changed and changed back may be among them.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn dirty_count(&self) -> Result<u64, StoreError> {
        use crate::client::error::Doing as _;

        let mut count = 0;
        for layout in &self.layouts {
            let sql = format!(
                "SELECT count(*) FROM {} WHERE sent IS NOT NULL OR awaiting IS NULL",
                super::sql::quoted(&layout.names.shadow)
            );
            let found: i64 = self
                .connection
                .query_row(&sql, [], |row| row.get(0))
                .doing(|| format!("counting changes of `{}`", layout.names.table))?;
            count += found.cast_unsigned();
        }
        Ok(count)
    }
}

/// In which order changes are looked for: parents are added before children, and children deleted before parents.
pub(super) fn steps(layouts: &[Layout]) -> impl Iterator<Item = (Phase, &Layout)> {
    let upserts = layouts.iter().map(|layout| (Phase::Upserts, layout));
    upserts.chain(layouts.iter().rev().map(|layout| (Phase::Deletes, layout)))
}

/// What is done with a change that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is added.
    Taken,
    /// It is left out.
    Passed,
    /// It is left out, and so is everything after it.
    Full,
}

/// Adds a table's changes of one phase to `pending`, until that has `limit` changes; whether there is room for more.
/// `found` sees each with its entry. `after` is the place that it begins behind, and the last one that is done with.
pub(super) fn collect(
    rows: Rows<'_>,
    phase: Phase,
    limit: usize,
    pending: &mut Pending,
    after: &mut i64,
    found: &mut dyn FnMut(&Entry, &PendingChange) -> Result<Found, StoreError>,
) -> Result<bool, StoreError> {
    while pending.changes.len() < limit {
        let Some(mut entry) = rows.next_unsent(*after)? else { return Ok(true) };
        let before = std::mem::replace(after, entry.seq);
        let current = match rows.current(&entry.key) {
            Ok(current) => current,
            Err(StoreError::Value { table, what }) => {
                if phase == Phase::Upserts {
                    pending.unreadable.push((table, what));
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        match to_push(rows, &mut entry, current.as_ref())? {
            ToPush::Change(change) if (change.op == Op::Delete) == (phase == Phase::Deletes) => {
                match found(&entry, &change)? {
                    Found::Taken => pending.changes.push(change),
                    Found::Passed => {}
                    Found::Full => {
                        *after = before;
                        return Ok(false);
                    }
                }
            }
            ToPush::Change(_) | ToPush::Held => {}
            // It stays until a pull includes what was answered.
            ToPush::Nothing if entry.awaiting.is_some() => {}
            ToPush::Nothing => {
                rows.settle(entry, current.as_deref())?;
                count_written(rows.connection, rows.layout.table.name)?;
            }
        }
    }
    Ok(false)
}

/// What [`to_push`] finds.
#[derive(Debug)]
pub(super) enum ToPush {
    /// A change.
    Change(PendingChange),
    /// What there is, the server does by itself.
    Held,
    /// The row is as it was.
    Nothing,
}

/// What is to be pushed of a dirty row. Where that is what was taken along by the deletion of another row, it is the
/// user's own change from now on.
pub(super) fn to_push(
    rows: Rows<'_>,
    entry: &mut Entry,
    current: Option<&Image>,
) -> Result<ToPush, StoreError> {
    let held = rows.held(entry, current.map(Vec::as_slice))?;
    if held == Held::Whole {
        return Ok(ToPush::Held);
    }
    let Some(mut change) = change(rows, entry, current) else { return Ok(ToPush::Nothing) };
    match held {
        Held::Columns(columns) => {
            change
                .changed
                .retain(|changed| !columns.iter().any(|at| rows.layout.column(*at) == changed.name));
            if change.changed.is_empty() {
                return Ok(ToPush::Held);
            }
        }
        _ if change.op != Op::Insert => entry.taken = None,
        _ => {}
    }
    Ok(ToPush::Change(change))
}

/// The difference between an entry's base and the row as it is.
fn change(rows: Rows<'_>, entry: &Entry, current: Option<&Image>) -> Option<PendingChange> {
    let layout = rows.layout;
    let op = match (entry.existed, current) {
        (false, Some(_)) => Op::Insert,
        (true, Some(current)) if rows.alike(current, &entry.base) => return None,
        (true, Some(_)) => Op::Update,
        (true, None) => Op::Delete,
        (false, None) => return None,
    };
    let mut changed = Vec::new();
    for position in layout.rest.iter().copied().filter(|position| layout.is_tracked(*position)) {
        let base = &entry.base[position];
        let value = current.map_or(&Value::Null, |current| &current[position]);
        let counts = match op {
            // What the server or a lease fills is left to them; so is what the store put there when the schema changed.
            Op::Insert => {
                let filled_later =
                    matches!(layout.default(position), ColumnDefault::Server | ColumnDefault::Leased);
                match value {
                    Value::Null => !filled_later,
                    _ => matches!(base, Value::Null) || !same(base, value),
                }
            }
            Op::Update => !same(base, value),
            Op::Delete => !entry.is_unknown(layout.column(position)),
        };
        if counts {
            let name = layout.column(position);
            let base = if op == Op::Insert || entry.is_unknown(name) { Value::Null } else { base.clone() };
            changed.push(ChangedColumn { name, base, current: value.clone() });
        }
    }
    Some(PendingChange {
        table: layout.table.name,
        op,
        key: entry.key.clone(),
        changed,
        rev: entry.rev,
        changed_at: entry.changed_at,
    })
}
