//! One thing that is installed.

use std::fmt::Write as _;

use super::{ident, literal, table_name};
use crate::digest::sha256_hex;
use crate::facts::QualifiedName;

/// What an [`Object`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The schema `oosync`, its tables and indexes; made once, kept by upgrades because they hold data.
    Store,
    /// A function, with its argument types: `oosync.changes(pg_snapshot, text[])`.
    Function,
    /// A trigger on a table.
    Trigger(QualifiedName),
    /// A policy on a table.
    Policy(QualifiedName),
    /// Row-level security of a table, switched on.
    RowSecurity(QualifiedName),
    /// The privileges of a role on a table.
    Privileges(QualifiedName),
    /// Another privilege; it has no definition of its own.
    Grant,
}

impl Kind {
    /// What Postgres calls it: the first word of [`Object::identity`].
    pub fn word(&self) -> &'static str {
        match self {
            Self::Store => "table",
            Self::Function => "function",
            Self::Trigger(_) => "trigger",
            Self::Policy(_) => "policy",
            Self::RowSecurity(_) => "row security",
            Self::Privileges(_) => "privileges",
            Self::Grant => "grant",
        }
    }
}

/// One thing that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its name as SQL: of a function with argument types, of a trigger or policy without its table.
    pub name: String,
    /// What makes it; statements, each ended by `;` and a newline.
    pub create: String,
    /// What removes it; `None` where it goes with the schema `oosync`.
    pub drop: Option<String>,
}

impl Object {
    pub(super) fn store(name: &str, create: &str) -> Self {
        Self { kind: Kind::Store, name: name.to_owned(), create: create.to_owned(), drop: None }
    }

    /// `create` is the whole statement.
    pub(super) fn function(name: impl Into<String>, create: String) -> Self {
        Self { kind: Kind::Function, name: name.into(), create, drop: None }
    }

    /// A trigger that fires whatever `session_replication_role` is; `what` stands between name and table's name:
    /// `after insert`, `also` between the table and the function.
    pub(super) fn trigger(table: &QualifiedName, name: &str, when: &str, also: &str, function: &str) -> Self {
        let (on, name) = (table_name(table), ident(name));
        let create = format!(
            "create trigger {name} {when} on {on}\n  {also} execute function {function}();\n\
             alter table {on} enable always trigger {name};\n"
        );
        let drop = Some(format!("drop trigger if exists {name} on {on};\n"));
        Self { kind: Kind::Trigger(table.clone()), name, create, drop }
    }

    /// What it is called as a whole: no two objects of an installation are called the same.
    pub fn identity(&self) -> String {
        let (word, name) = (self.kind.word(), &self.name);
        match self.relation() {
            Some(table) if name.is_empty() => format!("{word} of {}", table_name(table)),
            Some(table) => format!("{word} {name} on {}", table_name(table)),
            None => format!("{word} {name}"),
        }
    }

    /// The table that it stands on.
    pub fn relation(&self) -> Option<&QualifiedName> {
        match &self.kind {
            Kind::Trigger(table)
            | Kind::Policy(table)
            | Kind::RowSecurity(table)
            | Kind::Privileges(table) => Some(table),
            Kind::Store | Kind::Function | Kind::Grant => None,
        }
    }

    /// 16 hexadecimal digits of the SHA-256 of what makes it.
    pub fn hash(&self) -> String {
        sha256_hex(self.create.as_bytes())[..16].to_owned()
    }

    /// What makes it, also where it is there already.
    pub fn install_sql(&self) -> String {
        let mut sql = String::new();
        if let (Kind::Trigger(_) | Kind::Policy(_), Some(drop)) = (&self.kind, &self.drop) {
            sql.push_str(drop);
        }
        sql.push_str(&self.create);
        if matches!(self.kind, Kind::Function | Kind::Trigger(_) | Kind::Policy(_)) {
            // Writing to a string does not fail.
            let _ = writeln!(sql, "comment on {} is {};", self.identity(), literal(&self.comment()));
        }
        sql.push('\n');
        sql
    }

    /// What the comment on it says.
    pub fn comment(&self) -> String {
        format!("made by oosync: {}", self.hash())
    }

    /// What removes it, where it does not go with the schema.
    pub fn uninstall_sql(&self) -> Option<String> {
        self.drop.clone()
    }

    /// What removes it alone, when a plan no longer needs it; `None` for tables, which hold data.
    pub fn undo_sql(&self) -> Option<String> {
        match &self.kind {
            Kind::Function => Some(format!("drop function if exists {};\n", self.name)),
            _ => self.drop.clone(),
        }
    }
}
