//! Problems of a plan: what to say, and the safe reading, if there is one, that lets a lenient plan go on.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::written_key;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::{Facts, QualifiedName, Table, quoted};

/// What a lenient plan does instead of stopping: always the reading that shows less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Relief {
    /// The table is not synced; in words why: `belongs to nobody`.
    Table(QualifiedName, String),
    /// The column stays on the server.
    Column(QualifiedName, String, String),
}

/// What lenient plans have left out so far.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    pub(super) tables: BTreeMap<QualifiedName, String>,
    pub(super) columns: BTreeMap<(QualifiedName, String), String>,
}

impl Dropped {
    /// Whether this was new.
    pub(super) fn add(&mut self, relief: Relief) -> bool {
        match relief {
            Relief::Table(table, reason) => self.tables.insert(table, reason).is_none(),
            Relief::Column(table, column, reason) => self.columns.insert((table, column), reason).is_none(),
        }
    }
}

/// An error, with its safe reading.
#[derive(Debug)]
pub(super) struct Issue {
    /// `None` where it follows from another: only a lenient plan has to know of it.
    pub(super) problem: Option<Diagnostic>,
    pub(super) relief: Option<Relief>,
}

/// The problems of one resolution.
#[derive(Debug, Default)]
pub(super) struct Issues {
    pub(super) errors: Vec<Issue>,
    pub(super) warnings: Diagnostics,
    said: BTreeSet<String>,
}

impl Issues {
    /// An error that no reading avoids.
    pub(super) fn error(&mut self, problem: Diagnostic) {
        self.errors.push(Issue { problem: Some(problem), relief: None });
    }

    /// An error that a lenient plan turns into a warning.
    pub(super) fn settle(&mut self, problem: Diagnostic, relief: Relief) {
        self.errors.push(Issue { problem: Some(problem), relief: Some(relief) });
    }

    /// What follows from an error that is reported elsewhere.
    pub(super) fn follow(&mut self, relief: Relief) {
        self.errors.push(Issue { problem: None, relief: Some(relief) });
    }

    /// A warning, once.
    pub(super) fn warn(&mut self, problem: Diagnostic) {
        if self.said.insert(problem.to_string()) {
            self.warnings.push(problem);
        }
    }
}

/// A table as config names it, as a TOML key: `todos`, or `"app.todos"` where two schemas have one.
fn key(facts: &Facts, table: &Table) -> String {
    let alone = facts.tables.iter().filter(|other| other.name == table.name).count() == 1;
    let name = if alone { quoted(&table.name).into_owned() } else { table.qualified_name().to_string() };
    written_key(&name).into_owned()
}

/// The heading of the table in the config: `[tables.todos]`.
pub(super) fn section(facts: &Facts, table: &Table) -> String {
    format!("[tables.{}]", key(facts, table))
}

/// The heading of the column: `[tables.todos.columns.title]`.
pub(super) fn column_section(facts: &Facts, table: &Table, column: &str) -> String {
    format!("[tables.{}.columns.{}]", key(facts, table), written_key(column))
}

/// A TOML string.
pub(super) fn string(text: &str) -> String {
    format!("{text:?}")
}

/// `` `a`, `b` ``
pub(super) fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}
