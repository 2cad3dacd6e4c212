//! Where everything about a synced table lies in the file.
//!
//! Beside the table itself: the shadow (`_oosync_todos`, one row for each row that was changed here), the server's row
//! where it has moved on since (`_oosync_todos__server`, in the place of the entry; in the same place below zero, the row
//! as it was when the deletion of a row that it points at took it along, see `cascade`), and rows that wait for the end of
//! a download (`_oosync_todos__staged`). They are apart because a table may have 1,600 columns, and SQLite allows 2,000.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::sql::{join, places, quoted};
use crate::schema::{ColumnDefault, OnDelete, Push, Schema, Table};

/// Tables of the store's own; a shadow never has one of these names.
pub(super) const SYSTEM_TABLES: [&str; 10] = [
    "_oosync_meta",
    "_oosync_object",
    "_oosync_silence",
    "_oosync_batch",
    "_oosync_sent",
    "_oosync_sent_column",
    "_oosync_inbox",
    "_oosync_inbox_column",
    "_oosync_lease",
    "_oosync_holder",
];

/// The names of what belongs to a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Names {
    /// The synced table.
    pub(super) table: String,
    /// One row for each dirty row.
    pub(super) shadow: String,
    /// The server's row, where it differs from the base.
    pub(super) server: String,
    /// Rows of a download that is not over.
    pub(super) staged: String,
    /// The next leased numbers.
    pub(super) next: String,
    /// Indexes of the shadow: entries that are being sent, and that wait for a pull.
    pub(super) sent_index: String,
    pub(super) awaiting_index: String,
    /// The table as the server has it.
    pub(super) view: String,
}

impl Names {
    /// The names for every table of a schema, in its order. No two are alike, however the tables are called: a name that
    /// is taken gets underscores at its end.
    pub(super) fn of(schema: &Schema) -> Vec<Self> {
        let mut taken: HashSet<String> = SYSTEM_TABLES.iter().map(|name| (*name).to_owned()).collect();
        for table in schema.tables {
            taken.insert(table.name.to_ascii_lowercase());
        }
        let mut take = |mut name: String| {
            while !taken.insert(name.to_ascii_lowercase()) {
                name.push('_');
            }
            name
        };
        let mut names = Vec::with_capacity(schema.tables.len());
        for table in schema.tables {
            names.push(Self {
                table: table.name.to_owned(),
                shadow: take(format!("_oosync_{}", table.name)),
                server: take(format!("_oosync_{}__server", table.name)),
                staged: take(format!("_oosync_{}__staged", table.name)),
                next: take(format!("_oosync_{}__next", table.name)),
                sent_index: take(format!("_oosync_{}__sent", table.name)),
                awaiting_index: take(format!("_oosync_{}__awaiting", table.name)),
                view: take(format!("{}__synced", table.name)),
            });
        }
        names
    }
}

/// A synced table and the SQL that is run on it again and again.
///
/// Rows are lists of the values of all synced columns, in the order of the table: `places[i]` is where the i-th of them
/// stands in [`Table::columns`]. Columns that only the device has are in no list, and stay as they are.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) table: &'static Table,
    pub(super) names: Names,
    /// Places in `table.columns` of the columns that are synced.
    pub(super) places: Vec<usize>,
    /// Positions of the key in a row, in key order.
    pub(super) key: Vec<usize>,
    /// Positions of the other columns.
    pub(super) rest: Vec<usize>,
    pub(super) sql: Statements,
    /// Keys by which the deletion of a row elsewhere takes rows of this table along.
    pub(super) cascades: Vec<Cascade>,
}

/// A foreign key by which SQLite deletes or changes rows of a table when the row that they point at is deleted.
#[derive(Debug)]
pub(super) struct Cascade {
    /// The place of the table that it points at.
    pub(super) parent: usize,
    /// The names of that table.
    pub(super) parent_names: Names,
    /// Names of the key there, each with the position of the column here that points at it; in key order.
    pub(super) columns: Vec<(&'static str, usize)>,
    /// Whether the rows are deleted; if not, they point nowhere afterwards.
    pub(super) deletes: bool,
    /// `SELECT` whether the row with a key there, where it has been deleted here, may come back: the server knows it, or
    /// it was taken along itself.
    pub(super) going: String,
}

/// See [`Layout`].
#[derive(Debug)]
pub(super) struct Statements {
    /// A row by its key.
    pub(super) select: String,
    /// Writes a whole row, new or not.
    pub(super) upsert: String,
    /// Removes the row with a key.
    pub(super) delete: String,
    /// `SELECT` of an entry of the shadow, without a condition.
    pub(super) entry: String,
    /// The entry with a key.
    pub(super) entry_of_key: String,
    /// Writes base, existence and the states of sending.
    pub(super) save_entry: String,
    /// Writes that a mutation is on its way.
    pub(super) mark_sent: String,
    /// Writes the server's row.
    pub(super) save_server: String,
    /// Adds an entry.
    pub(super) add_entry: String,
    /// Removes the entry in a place.
    pub(super) forget_entry: String,
    /// What is kept beside the entries, by its place.
    pub(super) beside: String,
    /// Removes it.
    pub(super) forget_beside: String,
}

impl Layout {
    /// Of every table, in the order of the schema.
    pub(super) fn of(schema: &'static Schema) -> Vec<Self> {
        let names = Names::of(schema);
        let mut layouts: Vec<Self> =
            names.iter().zip(schema.tables).map(|(names, table)| Self::new(table, names.clone())).collect();
        for layout in &mut layouts {
            layout.cascades = Cascade::of(schema, layout, &names);
        }
        layouts
    }

    /// Of a table with these names.
    fn new(table: &'static Table, names: Names) -> Self {
        let synced = |place: &usize| table.columns[*place].default != ColumnDefault::Local;
        let places: Vec<usize> = (0..table.columns.len()).filter(synced).collect();
        let position = |place: &usize| places.iter().position(|synced| synced == place);
        // A key's columns are synced: nothing else could say which row it is.
        let key: Vec<usize> = table.primary_key.iter().filter_map(position).collect();
        let rest: Vec<usize> = (0..places.len()).filter(|position| !key.contains(position)).collect();
        let sql = Statements::new(table, &names, &places, &key, &rest);
        Self { table, names, places, key, rest, sql, cascades: Vec::new() }
    }

    /// The name of the column at this position of a row.
    pub(super) fn column(&self, position: usize) -> &'static str {
        self.table.columns[self.places[position]].name
    }

    /// The position of a synced column.
    pub(super) fn position(&self, column: &str) -> Option<usize> {
        self.places.iter().position(|place| self.table.columns[*place].name == column)
    }

    /// Where the value of a column comes from that an insert leaves out.
    pub(super) fn default(&self, position: usize) -> ColumnDefault {
        self.table.columns[self.places[position]].default
    }

    /// Whether a local change of this column counts: Postgres computes generated ones.
    pub(super) fn is_tracked(&self, position: usize) -> bool {
        self.default(position) != ColumnDefault::Generated
    }
}

impl Cascade {
    fn of(schema: &'static Schema, layout: &Layout, names: &[Names]) -> Vec<Self> {
        let of_key = |key: &'static crate::schema::ForeignKey| {
            let deletes = match key.on_delete {
                OnDelete::Cascade => true,
                OnDelete::SetNull => false,
                OnDelete::Nothing | OnDelete::SetDefault => return None,
            };
            let parent = schema.tables.iter().position(|table| table.name == key.table)?;
            let rules = &layout.table.rules;
            // A row that is only marked takes nothing along on the server. What may be deleted here is deleted there by
            // a change of its own then; what may not comes back.
            let is_marked = schema.tables[parent].rules.deleted.is_some();
            if deletes && is_marked && !rules.deny_delete && rules.push != Push::Disabled {
                return None;
            }
            let columns = schema.tables[parent].primary_key.iter().map(|place| {
                let name = schema.tables[parent].columns[*place].name;
                let at = key.target.iter().position(|target| *target == name)?;
                let position = layout.position(layout.table.columns[*key.columns.get(at)?].name)?;
                Some((name, position))
            });
            let columns: Vec<_> = columns.collect::<Option<_>>()?;
            let names = &names[parent];
            let here = |alias: &str, prefix: &str| {
                join(columns.iter().enumerate(), " AND ", |(place, (name, _))| {
                    format!("{alias}.{} = ?{}", shadow_column(prefix, name), place + 1)
                })
            };
            let going = format!(
                "SELECT s.existed = 1 OR s.sent IS NOT NULL \
                 OR EXISTS (SELECT 1 FROM {} AS v WHERE v.seq = -s.seq AND v.through = s.rev) FROM {} AS s WHERE {} \
                 AND NOT EXISTS (SELECT 1 FROM {} AS t WHERE {})",
                quoted(&names.server),
                quoted(&names.shadow),
                here("s", "key_"),
                quoted(&names.table),
                here("t", ""),
            );
            Some(Self { parent, parent_names: names.clone(), columns, deletes, going })
        };
        layout.table.foreign_keys.iter().filter_map(of_key).collect()
    }
}

impl Statements {
    fn new(table: &Table, names: &Names, synced: &[usize], key: &[usize], rest: &[usize]) -> Self {
        let column = |position: &usize| quoted(table.columns[synced[*position]].name);
        let prefixed =
            |prefix: &str, position: &usize| shadow_column(prefix, table.columns[synced[*position]].name);
        let all: Vec<usize> = (0..synced.len()).collect();
        let (live, shadow, server) = (quoted(&names.table), quoted(&names.shadow), quoted(&names.server));
        let columns = join(&all, ", ", column);
        let by_key = join(key.iter().enumerate(), " AND ", |(place, position)| {
            format!("{} = ?{}", column(position), place + 1)
        });
        let keys = join(key, ", ", column);
        let updates = match rest {
            [] => "NOTHING".to_owned(),
            _ => format!(
                "UPDATE SET {}",
                join(rest, ", ", |place| format!("{0} = excluded.{0}", column(place)))
            ),
        };
        let key_columns = join(key, "", |position| format!(", s.{}", prefixed("key_", position)));
        let base_columns = join(rest, "", |position| format!(", s.{}", prefixed("base_", position)));
        let saved = join(rest.iter().enumerate(), "", |(place, position)| {
            format!(", {} = ?{}", prefixed("base_", position), place + 6)
        });
        let values = join(rest, "", |position| format!(", {}", prefixed("val_", position)));
        let server_places = places(4, rest.len());
        let comma = if rest.is_empty() { "" } else { ", " };
        let taken = format!("EXISTS (SELECT 1 FROM {server} AS v WHERE v.seq = -s.seq)");
        let entry = format!(
            "SELECT s.seq, s.existed, s.rev, s.changed_at, s.sent, s.awaiting, s.unknown, \
             EXISTS (SELECT 1 FROM {server} AS v WHERE v.seq = s.seq), {taken}{key_columns}{base_columns} \
             FROM {shadow} AS s"
        );
        let entry_key = join(key.iter().enumerate(), " AND ", |(place, position)| {
            format!("s.{} = ?{}", prefixed("key_", position), place + 1)
        });
        Self {
            forget_entry: format!("DELETE FROM {shadow} WHERE seq = ?1"),
            beside: format!("SELECT * FROM {server} WHERE seq = ?1"),
            forget_beside: format!("DELETE FROM {server} WHERE seq = ?1"),
            entry_of_key: format!("{entry} WHERE {entry_key}"),
            select: format!("SELECT {columns} FROM {live} WHERE {by_key}"),
            upsert: format!(
                "INSERT INTO {live} ({columns}) VALUES ({}) ON CONFLICT ({keys}) DO {updates}",
                places(1, all.len())
            ),
            delete: format!("DELETE FROM {live} WHERE {by_key}"),
            entry,
            save_entry: format!(
                "UPDATE {shadow} SET existed = ?2, sent = ?3, awaiting = ?4, unknown = ?5{saved} WHERE seq = ?1"
            ),
            mark_sent: format!("UPDATE {shadow} SET sent = ?2 WHERE seq = ?1"),
            save_server: format!(
                "INSERT OR REPLACE INTO {server} (seq, present, through{values}) \
                 VALUES (?1, ?2, ?3{comma}{server_places})"
            ),
            add_entry: format!(
                "INSERT INTO {shadow} (existed, rev, changed_at, sent, awaiting, unknown{}{}) VALUES ({})",
                join(key, "", |position| format!(", {}", prefixed("key_", position))),
                join(rest, "", |position| format!(", {}", prefixed("base_", position))),
                places(1, 6 + key.len() + rest.len()),
            ),
        }
    }
}

/// The column of a shadow that holds a column's value. The prefix keeps it apart from the shadow's own columns.
pub(super) fn shadow_column(prefix: &str, column: &str) -> String {
    quoted(&format!("{prefix}{column}"))
}
