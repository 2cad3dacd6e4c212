//! Triggers that notice every write to a synced table, whoever makes it, and the view of what the server has.
//!
//! A write makes an entry in the shadow unless the row has one; the entry holds the row as it was before, the base.
//! What has changed is found later, by comparing the base with the row, so that triggers only copy.
//!
//! - `INSERT OR REPLACE` and `UPDATE OR REPLACE` delete the row in their way without any trigger, unless somebody has
//!   switched `recursive_triggers` on. So that row's base is taken before the statement writes, by key.
//! - The conflict clause of a statement (`OR REPLACE`, `OR IGNORE`) also holds for what its triggers write. Nothing here
//!   meets a conflict but by `ON CONFLICT … DO UPDATE`, which comes before that clause.
//! - A change of key is a row that goes and a row that comes.
//! - What the deletion of another row takes along is kept as it was, see `cascade`. SQLite comes to such rows when the one
//!   they point at is gone, and before the triggers after its deletion: so its entry is made before it.
//! - An update that changes nothing makes no entry. `IS NOT` sees no difference between 1 and 1.0 or between 0.0 and
//!   -0.0, so that columns of floating point numbers are also compared by type, and a zero counts as a change; the
//!   comparison with the base is exact.

use super::layout::{Layout, shadow_column};
use super::sql::{NOW, balanced, join, literal, quoted, storage};
use crate::schema::ColumnDefault;

/// True while the server's rows are not being written.
const NOT_SILENT: &str = "NOT EXISTS (SELECT 1 FROM _oosync_silence)";

/// A trigger or view: its name and the statement that makes it, without a semicolon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) sql: String,
}

/// Every trigger of a table.
pub(super) fn triggers(layout: &Layout) -> Vec<Object> {
    let sql = Pieces::new(layout);
    let table = &layout.names.table;
    let mut triggers = Vec::new();
    let mut add = |what: &str, event: String, when: Option<String>, body: String| {
        let name = format!("_oosync_{what}_{table}");
        // What comes first is asked first, and what it rules out is not asked.
        let when = match when {
            None => NOT_SILENT.to_owned(),
            // Of most rows that an app adds there is none, and the table of silence need not be opened.
            Some(condition) if what == "replacing" => format!("{condition} AND {NOT_SILENT}"),
            Some(condition) => format!("{NOT_SILENT} AND {condition}"),
        };
        let sql = format!(
            "CREATE TRIGGER {} {event} ON {} WHEN {when} BEGIN {body} END",
            quoted(&name),
            quoted(table)
        );
        triggers.push(Object { kind: "trigger", name, sql });
    };
    let rest: Vec<usize> =
        layout.rest.iter().copied().filter(|position| layout.is_tracked(*position)).collect();
    let of = |positions: &[usize]| {
        let names = join(positions, ", ", |position| quoted(layout.column(*position)));
        format!("UPDATE OF {names}")
    };
    let key_changed = format!("NOT ({})", sql.same_key("OLD", "NEW"));
    // Asked by the condition: the body would make a table in memory for each row that has nothing in its way.
    let in_the_way = sql.a_row_is_in_the_way();
    add("replacing", "BEFORE INSERT".into(), Some(in_the_way), sql.take_the_row_in_the_way());
    add(
        "insert",
        "AFTER INSERT".into(),
        None,
        format!("{}{}", sql.row_comes(), sql.leased_numbers_are_used()),
    );
    // Before the row goes: rows that its deletion takes along look for its entry.
    add("delete", "BEFORE DELETE".into(), None, format!("{}{}", sql.row_was("OLD"), sql.taken_along(true)));
    if !rest.is_empty() {
        let changed = format!("{} AND {}", sql.same_key("OLD", "NEW"), sql.changed(&rest));
        add("update", format!("AFTER {}", of(&rest)), Some(changed), sql.row_was("OLD"));
    }
    let cut: Vec<usize> = sql.cut().into_iter().filter(|position| layout.is_tracked(*position)).collect();
    if !cut.is_empty() {
        let when = balanced(&sql.parents_gone(false), "OR");
        add(
            "cut",
            format!("AFTER {}", of(&cut)),
            Some(when),
            format!("{}{}", sql.row_was("OLD"), sql.taken_along(false)),
        );
    }
    let rekeyed = of(&layout.key);
    add("rekeying", format!("BEFORE {rekeyed}"), Some(key_changed.clone()), sql.take_the_row_in_the_way());
    add(
        "rekey",
        format!("AFTER {rekeyed}"),
        Some(key_changed),
        format!("{}{}", sql.row_was("OLD"), sql.row_comes()),
    );
    if let Some(column) = invented(layout) {
        let message = literal(&format!(
            "{table}.{column} has no number: the server leases them, and SQLite would make one up. Take the next from \
             {}",
            quoted(&layout.names.next)
        ));
        // For a rowid that the statement leaves out, NEW has -1 before the insert.
        let left_out = format!("NEW.{} = -1", quoted(column));
        add("numberless", "BEFORE INSERT".into(), Some(left_out), format!("SELECT RAISE(ABORT, {message});"));
    }
    triggers
}

/// The views of a table: what the server has, and the next leased numbers where there are any.
pub(super) fn views(layout: &Layout) -> Vec<Object> {
    let names = &layout.names;
    let (live, shadow, server) = (quoted(&names.table), quoted(&names.shadow), quoted(&names.server));
    let all: Vec<usize> = (0..layout.places.len()).collect();
    let of = |prefix: &str, alias: &str| {
        join(&all, ", ", |position| {
            let name = layout.column(*position);
            let key = layout.key.contains(position);
            let source = match (prefix, key) {
                ("", _) => format!("{alias}.{}", quoted(name)),
                (_, true) => format!("s.{}", shadow_column("key_", name)),
                (_, false) => format!("{alias}.{}", shadow_column(prefix, name)),
            };
            format!("{source} AS {}", quoted(name))
        })
    };
    let same = join(&layout.key, " AND ", |position| {
        let name = layout.column(*position);
        format!("s.{} = t.{}", shadow_column("key_", name), quoted(name))
    });
    let synced = format!(
        "CREATE VIEW {} AS SELECT {} FROM {live} AS t WHERE NOT EXISTS (SELECT 1 FROM {shadow} AS s WHERE {same}) \
         UNION ALL SELECT {} FROM {shadow} AS s WHERE s.existed = 1 \
         AND NOT EXISTS (SELECT 1 FROM {server} AS v WHERE v.seq = s.seq) \
         UNION ALL SELECT {} FROM {shadow} AS s JOIN {server} AS v ON v.seq = s.seq WHERE v.present = 1",
        quoted(&names.view),
        of("", "t"),
        of("base_", "s"),
        of("val_", "v"),
    );
    let mut views = vec![Object { kind: "view", name: names.view.clone(), sql: synced }];
    let leased = leased(layout);
    if !leased.is_empty() {
        let numbers = join(&leased, ", ", |column| {
            format!(
                "(SELECT next FROM _oosync_lease WHERE tbl = {} AND col = {} AND next <= last \
                 ORDER BY last LIMIT 1) AS {}",
                literal(&names.table),
                literal(column),
                quoted(column)
            )
        });
        let sql = format!("CREATE VIEW {} AS SELECT {numbers}", quoted(&names.next));
        views.push(Object { kind: "view", name: names.next.clone(), sql });
    }
    views
}

/// The columns whose numbers the server leases.
fn leased(layout: &Layout) -> Vec<&'static str> {
    let columns = (0..layout.places.len()).filter(|place| layout.default(*place) == ColumnDefault::Leased);
    columns.map(|place| layout.column(place)).collect()
}

/// The leased column that SQLite fills by itself: a key of one integer is the rowid.
fn invented(layout: &Layout) -> Option<&'static str> {
    let [position] = layout.key.as_slice() else { return None };
    let column = &layout.table.columns[layout.places[*position]];
    (column.default == ColumnDefault::Leased && storage(&column.ty) == "INTEGER").then_some(column.name)
}

/// The parts that triggers are made of.
struct Pieces<'l> {
    layout: &'l Layout,
    /// The columns of an entry that a base is written to.
    entry: String,
    /// `ON CONFLICT …`: the row has an entry already.
    again: String,
}

impl<'l> Pieces<'l> {
    fn new(layout: &'l Layout) -> Self {
        let keys = join(&layout.key, ", ", |position| shadow_column("key_", layout.column(*position)));
        let bases = join(&layout.rest, "", |position| {
            format!(", {}", shadow_column("base_", layout.column(*position)))
        });
        Self {
            layout,
            entry: format!("{keys}, existed, rev, changed_at{bases}"),
            again: format!(
                "ON CONFLICT ({keys}) DO UPDATE SET rev = rev + 1, changed_at = excluded.changed_at"
            ),
        }
    }

    fn list(&self, alias: &str, positions: &[usize]) -> String {
        join(positions, ", ", |position| format!("{alias}.{}", quoted(self.layout.column(*position))))
    }

    /// The values of an entry with the row `alias` as base.
    fn values(&self, alias: &str) -> String {
        let comma = if self.layout.rest.is_empty() { "" } else { ", " };
        format!(
            "{}, 1, 1, {NOW}{comma}{}",
            self.list(alias, &self.layout.key),
            self.list(alias, &self.layout.rest)
        )
    }

    /// The row was there before.
    fn row_was(&self, alias: &str) -> String {
        let shadow = quoted(&self.layout.names.shadow);
        format!("INSERT INTO {shadow} ({}) VALUES ({}) {};", self.entry, self.values(alias), self.again)
    }

    /// A row comes that was not there before, as far as this statement knows.
    fn row_comes(&self) -> String {
        let keys =
            join(&self.layout.key, ", ", |position| shadow_column("key_", self.layout.column(*position)));
        format!(
            "INSERT INTO {} ({keys}, existed, rev, changed_at) VALUES ({}, 0, 1, {NOW}) {};",
            quoted(&self.layout.names.shadow),
            self.list("NEW", &self.layout.key),
            self.again
        )
    }

    /// Whether there is a row with the new key.
    fn a_row_is_in_the_way(&self) -> String {
        let here = self.has_new_key();
        format!("EXISTS (SELECT 1 FROM {} AS t WHERE {here})", quoted(&self.layout.names.table))
    }

    fn has_new_key(&self) -> String {
        join(&self.layout.key, " AND ", |position| {
            let name = quoted(self.layout.column(*position));
            format!("t.{name} = NEW.{name}")
        })
    }

    /// The base of a row with the new key, which the statement may be about to replace.
    fn take_the_row_in_the_way(&self) -> String {
        let names = &self.layout.names;
        let here = self.has_new_key();
        let entry = join(&self.layout.key, " AND ", |position| {
            let name = self.layout.column(*position);
            format!("s.{} = NEW.{}", shadow_column("key_", name), quoted(name))
        });
        let shadow = quoted(&names.shadow);
        format!(
            "INSERT INTO {shadow} ({}) SELECT {} FROM {} AS t WHERE {here} AND NOT EXISTS (SELECT 1 FROM {shadow} AS s \
             WHERE {entry});",
            self.entry,
            self.values("t"),
            quoted(&names.table),
        )
    }

    /// The columns that are null after the row they point at was deleted.
    fn cut(&self) -> Vec<usize> {
        let cascades = self.layout.cascades.iter().filter(|cascade| !cascade.deletes);
        let mut cut: Vec<usize> =
            cascades.flat_map(|cascade| &cascade.columns).map(|(_, position)| *position).collect();
        cut.sort_unstable();
        cut.dedup();
        cut
    }

    /// For each key of this kind, whether the row that it points at has just been deleted: SQLite comes to the rows that
    /// point at it when it is gone.
    fn parents_gone(&self, deletes: bool) -> Vec<String> {
        let cascades = self.layout.cascades.iter().filter(|cascade| cascade.deletes == deletes);
        let gone = cascades.map(|cascade| {
            let same = |alias: &str, prefix: &str| {
                join(&cascade.columns, " AND ", |(name, position)| {
                    let here = quoted(self.layout.column(*position));
                    format!("{alias}.{} = OLD.{here}", shadow_column(prefix, name))
                })
            };
            let cut = match deletes {
                true => String::new(),
                false => join(&cascade.columns, "", |(_, position)| {
                    format!("NEW.{} IS NULL AND ", quoted(self.layout.column(*position)))
                }),
            };
            format!(
                "({cut}NOT EXISTS (SELECT 1 FROM {} AS p WHERE {}) AND EXISTS (SELECT 1 FROM {} AS q WHERE {}))",
                quoted(&cascade.parent_names.table),
                same("p", ""),
                quoted(&cascade.parent_names.shadow),
                same("q", "key_"),
            )
        });
        gone.collect()
    }

    /// Keeps the row as it was, where the deletion of another takes it along or cuts it off.
    fn taken_along(&self, deletes: bool) -> String {
        let gone = self.parents_gone(deletes);
        if gone.is_empty() {
            return String::new();
        }
        let layout = self.layout;
        let values = join(&layout.rest, "", |position| {
            format!(", {}", shadow_column("val_", layout.column(*position)))
        });
        let again = join(&layout.rest, "", |position| {
            let column = shadow_column("val_", layout.column(*position));
            format!(", {column} = excluded.{column}")
        });
        let entry = join(&layout.key, " AND ", |position| {
            let name = layout.column(*position);
            format!("s.{} = OLD.{}", shadow_column("key_", name), quoted(name))
        });
        let rows = join(&layout.rest, "", |position| format!(", OLD.{}", quoted(layout.column(*position))));
        // A row that is cut off stays, and may be changed again: what it was stays known.
        let through = if deletes { "s.rev" } else { "NULL" };
        format!(
            " INSERT INTO {} (seq, present, through{}) SELECT -s.seq, 1, {through}{rows} FROM {} AS s WHERE {entry} AND {} \
             ON CONFLICT (seq) DO UPDATE SET through = excluded.through{again};",
            quoted(&layout.names.server),
            values,
            quoted(&layout.names.shadow),
            balanced(&gone, "OR"),
        )
    }

    /// A leased number that is used is not given again, wherever it came from.
    fn leased_numbers_are_used(&self) -> String {
        join(leased(self.layout), "", |column| {
            let name = quoted(column);
            format!(
                " UPDATE _oosync_lease SET next = NEW.{name} + 1 WHERE tbl = {} AND col = {} AND NEW.{name} BETWEEN next \
                 AND last;",
                literal(&self.layout.names.table),
                literal(column)
            )
        })
    }

    fn same_key(&self, left: &str, right: &str) -> String {
        join(&self.layout.key, " AND ", |position| {
            let name = quoted(self.layout.column(*position));
            format!("{left}.{name} IS {right}.{name}")
        })
    }

    fn changed(&self, positions: &[usize]) -> String {
        differ(self.layout, positions, "OLD", "NEW")
    }
}

/// Whether one of these columns differs between two rows; rather too often than too rarely.
pub(super) fn differ(layout: &Layout, positions: &[usize], left: &str, right: &str) -> String {
    let conditions: Vec<String> = positions
        .iter()
        .map(|position| {
            let column = &layout.table.columns[layout.places[*position]];
            let (left, right) =
                (format!("{left}.{}", quoted(column.name)), format!("{right}.{}", quoted(column.name)));
            // Named collations would call different texts equal.
            let differs = format!("{left} IS NOT {right} COLLATE BINARY");
            match storage(&column.ty) {
                "ANY" => format!("({differs} OR typeof({left}) <> typeof({right}) OR {right} IS 0)"),
                _ => differs,
            }
        })
        .collect();
    balanced(&conditions, "OR")
}
