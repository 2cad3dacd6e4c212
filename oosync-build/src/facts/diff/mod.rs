//! What changed between two snapshots, in the language of schemas.
//!
//! Compared are meanings, not lines: the order of a file's lists never shows up, the order of columns and enum
//! labels does.

mod table;
mod types;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Serialize;

use super::{Facts, QualifiedName, TypeRef};
use crate::diagnostic::one_line;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Whether something came, went, or became something else.
    pub kind: ChangeKind,
    /// What it is about, as the message names it: `public.orders.total`.
    pub object: String,
    /// A sentence without its full stop: "`public.orders.total` became nullable".
    pub message: String,
}

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// Only the newer snapshot has it.
    Added,
    /// Only the older snapshot has it.
    Dropped,
    /// Both have it, and it differs.
    Changed,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Facts {
    /// What leads from these facts to `newer`; empty exactly if both mean the same.
    ///
    /// ```
    /// # use oosync_build::facts::Facts;
    /// # let json = r#"{"format": 1, "schemas": ["public"], "tables": [{"schema": "public", "name": "orders",
    /// #  "kind": "table", "comment": null, "columns": [{"name": "total", "not_null": true, "type":
    /// #  {"schema": "pg_catalog", "name": "int4"}}], "primary_key": null, "unique": [], "foreign_keys": [],
    /// #  "checks": [], "indexes": [], "policies": []}], "enums": [], "domains": [], "composites": [], "ranges": []}"#;
    /// let older = Facts::from_json(json)?;
    /// let mut newer = older.clone();
    /// newer.tables[0].columns[0].not_null = false;
    ///
    /// let changes = older.diff(&newer);
    /// assert_eq!(changes[0].to_string(), "`public.orders.total` became nullable");
    /// assert!(older.diff(&older).is_empty());
    /// # Ok::<(), oosync_build::facts::LoadError>(())
    /// ```
    pub fn diff(&self, newer: &Self) -> Vec<Change> {
        let mut changes = Changes::default();
        for schema in newer.schemas.iter().filter(|schema| !self.schemas.contains(schema)) {
            changes.added(schema, format!("schema `{schema}` is now part of the snapshot"));
        }
        for schema in self.schemas.iter().filter(|schema| !newer.schemas.contains(schema)) {
            changes.dropped(schema, format!("schema `{schema}` is no longer part of the snapshot"));
        }
        table::tables(&mut changes, &self.tables, &newer.tables);
        types::types(&mut changes, self, newer);
        changes.0
    }
}

/// The changes found so far.
#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn push(&mut self, kind: ChangeKind, object: impl fmt::Display, message: String) {
        self.0.push(Change { kind, object: object.to_string(), message: one_line(message) });
    }

    fn added(&mut self, object: impl fmt::Display, message: String) {
        self.push(ChangeKind::Added, object, message);
    }

    fn dropped(&mut self, object: impl fmt::Display, message: String) {
        self.push(ChangeKind::Dropped, object, message);
    }

    fn changed(&mut self, object: impl fmt::Display, message: String) {
        self.push(ChangeKind::Changed, object, message);
    }

    /// `the comment of …`, `the default of …` and other optional texts.
    fn text(&mut self, object: &str, what: &str, older: Option<&str>, newer: Option<&str>) {
        let (before, after) = cut(older.unwrap_or_default(), newer.unwrap_or_default());
        let message = match (older, newer) {
            (older, newer) if older == newer => return,
            (None, _) => format!("`{object}` got the {what} `{after}`"),
            (_, None) => format!("`{object}` lost its {what} `{before}`"),
            (Some(_), Some(_)) => format!("the {what} of `{object}` changed from `{before}` to `{after}`"),
        };
        self.changed(object, message);
    }

    /// One message where a flag went up, another where it went down.
    fn flag(&mut self, object: &str, older: bool, newer: bool, up: &str, down: &str) {
        match (older, newer) {
            (false, true) => self.changed(object, format!("`{object}` {up}")),
            (true, false) => self.changed(object, format!("`{object}` {down}")),
            _ => {}
        }
    }

    /// A type that is another type now.
    fn types(&mut self, object: &str, what: &str, older: &TypeRef, newer: &TypeRef) {
        if !older.is_same_type(newer) {
            self.different(object, what, older, newer);
        }
    }

    /// A part that is always there and is something else now.
    fn different<T: PartialEq + fmt::Display>(&mut self, object: &str, what: &str, older: &T, newer: &T) {
        if older != newer {
            let (before, after) = (older.to_string(), newer.to_string());
            // Two types can read alike and differ in what owns them.
            let after = if before == after { format!("another {after}") } else { after };
            self.changed(object, format!("`{object}` changed {what} from {before} to {after}"));
        }
    }

    /// Items that both sides have and that stand in another order.
    fn order<'a>(
        &mut self,
        name: &str,
        what: &str,
        older: impl Iterator<Item = &'a str> + Clone,
        newer: impl Iterator<Item = &'a str> + Clone,
    ) {
        let (before, after): (HashSet<&str>, HashSet<&str>) =
            (older.clone().collect(), newer.clone().collect());
        if !older.filter(|item| after.contains(item)).eq(newer.filter(|item| before.contains(item))) {
            self.changed(name, format!("the {what} of `{name}` changed order"));
        }
    }

    /// Objects that belong to `owner` and are known by name: keys, constraints, policies.
    fn named<T: PartialEq>(
        &mut self,
        owner: &str,
        what: &str,
        lists: (&[T], &[T]),
        name: impl Fn(&T) -> &str,
        describe: impl Fn(&T) -> String,
    ) {
        let (older, newer) = lists;
        for item in by_key(older, newer, &name) {
            match item {
                (Some(older), None) => {
                    let message = format!("{what} `{}` of `{owner}` was dropped", name(older));
                    self.dropped(owner, message);
                }
                (None, Some(newer)) => {
                    let message =
                        format!("{what} `{}` was added to `{owner}`: {}", name(newer), describe(newer));
                    self.added(owner, message);
                }
                (Some(older), Some(newer)) if older != newer => {
                    let (before, after) = cut(&describe(older), &describe(newer));
                    let label = format!("{what} `{}` of `{owner}` changed", name(older));
                    self.changed(owner, format!("{label} from {before} to {after}"));
                }
                _ => {}
            }
        }
    }
}

/// The items of two lists side by side, in the order of their keys.
fn by_key<'a, T, K: Ord>(
    older: &'a [T],
    newer: &'a [T],
    key: impl Fn(&'a T) -> K,
) -> impl Iterator<Item = (Option<&'a T>, Option<&'a T>)> {
    let mut items: BTreeMap<K, (Option<&T>, Option<&T>)> = BTreeMap::new();
    for item in older {
        items.entry(key(item)).or_default().0 = Some(item);
    }
    for item in newer {
        items.entry(key(item)).or_default().1 = Some(item);
    }
    items.into_values()
}

/// A text of the database in code quotes.
fn shown(text: &str) -> String {
    format!("`{text}`")
}

/// Two long texts, each cut down to the part around the first difference, so that they do not read alike.
fn cut(older: &str, newer: &str) -> (String, String) {
    const LONGEST: usize = 400;
    const CONTEXT: usize = 40;
    let alike = older.chars().zip(newer.chars()).take_while(|(a, b)| a == b).count();
    let start = if alike > LONGEST / 2 { alike - CONTEXT } else { 0 };
    let part = |text: &str| {
        let mut part: String = text.chars().skip(start).take(LONGEST).collect();
        if start > 0 {
            part.insert(0, '…');
        }
        if text.chars().count() > start + LONGEST {
            part.push('…');
        }
        part
    };
    (part(older), part(newer))
}

fn listed<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("({})", items.join(", "))
}

fn optional_name(name: Option<&QualifiedName>) -> Option<String> {
    name.map(ToString::to_string)
}

#[cfg(test)]
mod tests;
