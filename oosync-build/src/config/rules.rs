//! What a person can decide about one table or one column, be it in `Oosync.toml` or in a comment.
//!
//! Both places fill the same structs, so that whoever merges them compares field by field.

use std::fmt;

use thiserror::Error;

use super::reader::TableReader;
use super::refusal::{RustName, list};
use super::{ConflictRule, DefaultKind, Push, Spanned, TableUnowned, WriteMode};
use crate::facts::{ForeignKey, Table};
use crate::suggest::nearest;

/// Decisions about a table; whatever is `None` or empty is inferred or follows the project.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TableRules {
    /// Whether the table is left out of the sync. Default: `false`.
    pub exclude: Option<Spanned<bool>>,
    /// The column that holds a row's owner. Default: the first of
    /// [`SyncConfig::owner_columns`](super::SyncConfig::owner_columns) that the table has.
    pub owner_column: Option<Spanned<String>>,
    /// The foreign key that leads to the owner, where no column holds it.
    pub parent: Option<Spanned<Parent>>,
    /// The named bucket whose members share the rows.
    pub bucket: Option<Spanned<String>>,
    /// What happens if nobody owns the rows. Default: [`SyncConfig::unowned`](super::SyncConfig::unowned).
    pub unowned: Option<Spanned<TableUnowned>>,
    /// Place in the sync order; smaller is earlier. Default: parents before children.
    pub order: Option<Spanned<i64>>,
    /// Who may push. Default: the owner, or nobody where there is none.
    pub push: Option<Spanned<Push>>,
    /// Whether a push may not delete rows. Default: [`SyncConfig::deny_delete`](super::SyncConfig::deny_delete)
    /// where the table has no soft delete flag.
    pub deny_delete: Option<Spanned<bool>>,
    /// Default: [`SyncConfig::write_mode`](super::SyncConfig::write_mode).
    pub write_mode: Option<Spanned<WriteMode>>,
    /// Default: [`SyncConfig::conflict`](super::SyncConfig::conflict), else decided by the table's columns.
    pub conflict: Option<Spanned<ConflictRule>>,
    /// The column with the time of creation.
    pub created_column: Option<Spanned<String>>,
    /// The column with the time of the last change.
    pub updated_column: Option<Spanned<String>>,
    /// The column that marks a row as deleted: a boolean, or a nullable time.
    pub deleted_column: Option<Spanned<String>>,
    /// A label under which user interfaces gather changes of several tables.
    pub change_category: Option<Spanned<String>>,
    /// Columns with times that are written in several forms and are brought into one.
    pub normalize_datetime: Vec<Spanned<String>>,
    /// Columns that a push may not change, beside key, owner and created column.
    pub protected: Vec<Spanned<String>>,
}

impl TableRules {
    pub(super) fn read(reader: &mut TableReader<'_>) -> Self {
        let parent =
            reader.one_or_list("parent").map(|names| Spanned::new(Parent { names: names.value }, names.span));
        if let Some(parent) = parent.as_ref().filter(|parent| parent.value.names.is_empty()) {
            reader.problems.error(
                format!("`{}` names no column", reader.path_of("parent")),
                &parent.span,
                "",
            );
        }
        Self {
            exclude: reader.get("exclude"),
            owner_column: reader.get("owner_column"),
            parent: parent.filter(|parent| !parent.value.names.is_empty()),
            bucket: reader.get("bucket"),
            unowned: reader.get("unowned"),
            order: reader.get("order"),
            push: reader.get("push"),
            deny_delete: reader.get("deny_delete"),
            write_mode: reader.get("write_mode"),
            conflict: reader.get("conflict"),
            created_column: reader.get("created_column"),
            updated_column: reader.get("updated_column"),
            deleted_column: reader.get("deleted_column"),
            change_category: reader.get("change_category"),
            normalize_datetime: reader.list("normalize_datetime").unwrap_or_default(),
            protected: reader.list("protected").unwrap_or_default(),
        }
    }

    /// Every column named, apart from those of [`parent`](Self::parent).
    pub(super) fn columns(&self) -> impl Iterator<Item = &Spanned<String>> {
        [&self.owner_column, &self.created_column, &self.updated_column, &self.deleted_column]
            .into_iter()
            .flatten()
            .chain(&self.normalize_datetime)
            .chain(&self.protected)
    }

    /// Pairs of rules that cannot both hold: the two names in the config's spelling, and where the later stands.
    pub(super) fn contradictions(&self) -> Vec<Contradiction> {
        let owner = self.owner_column.as_ref().map(|rule| ("owner_column", &rule.span));
        let parent = self.parent.as_ref().map(|rule| ("parent", &rule.span));
        let unowned = self.unowned.as_ref().map(|rule| ("unowned", &rule.span));
        [(owner, parent), (owner, unowned), (parent, unowned)]
            .into_iter()
            .filter_map(|pair| {
                let (Some(first), Some(second)) = pair else { return None };
                let (earlier, later) =
                    if first.1.start <= second.1.start { (first, second) } else { (second, first) };
                Some(Contradiction { earlier: earlier.0, later: later.0, span: later.1.clone() })
            })
            .collect()
    }
}

/// Two rules that say different things about who owns a row.
pub(super) struct Contradiction {
    pub(super) earlier: &'static str,
    pub(super) later: &'static str,
    pub(super) span: std::ops::Range<usize>,
}

/// Decisions about a column that both places can hold.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ColumnRules {
    /// Whether the column never leaves the server. Default: `false`.
    pub exclude: Option<Spanned<bool>>,
    /// Whether only the owner of a row gets the column. Default: `false`.
    pub owner_only: Option<Spanned<bool>>,
    /// Who produces a value that an insert leaves out. Default: by the default expression.
    pub default: Option<Spanned<DefaultKind>>,
    /// The name of the field in Rust. Default: the column's, made an identifier.
    pub rust_name: Option<Spanned<String>>,
}

impl ColumnRules {
    pub(super) fn read(reader: &mut TableReader<'_>) -> Self {
        Self {
            exclude: reader.get("exclude"),
            owner_only: reader.get("owner_only"),
            default: reader.get("default"),
            rust_name: rust_name(reader),
        }
    }
}

/// `rust_name` of a table or a column.
pub(super) fn rust_name(reader: &mut TableReader<'_>) -> Option<Spanned<String>> {
    reader.get::<RustName>("rust_name").map(|name| Spanned::new(name.value.0, name.span))
}

/// The foreign key that leads to a row's owner: its column or columns, or the constraint's name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parent {
    /// Columns in any order, or one name of a constraint; never empty.
    pub names: Vec<Spanned<String>>,
}

impl Parent {
    /// The foreign key of `table` that is meant. A name is first looked for among columns.
    ///
    /// # Errors
    ///
    /// No foreign key fits, or several do.
    pub fn resolve<'t>(&self, table: &'t Table) -> Result<&'t ForeignKey, ParentError> {
        let has = |key: &ForeignKey, name: &str| key.columns.iter().any(|column| column == name);
        let by_columns: Vec<_> = table
            .foreign_keys
            .iter()
            .filter(|key| key.columns.len() == self.names.len())
            .filter(|key| self.names.iter().all(|name| has(key, &name.value)))
            .collect();
        let by_name = || match self.names.as_slice() {
            [name] => table.foreign_keys.iter().filter(|key| key.name == name.value).collect(),
            _ => Vec::new(),
        };
        let found = if by_columns.is_empty() { by_name() } else { by_columns };
        let all = || table.foreign_keys.iter().map(describe).collect();
        match found.as_slice() {
            [key] => Ok(key),
            [] => Err(self.unknown(table, all())),
            keys => {
                Err(ParentError::Ambiguous { constraints: keys.iter().map(|key| key.name.clone()).collect() })
            }
        }
    }

    fn unknown(&self, table: &Table, foreign_keys: Vec<String>) -> ParentError {
        let known = || {
            let keys = table.foreign_keys.iter();
            keys.flat_map(|key| key.columns.iter().chain([&key.name])).map(String::as_str)
        };
        let stranger = self.names.iter().find(|name| !known().any(|known| known == name.value));
        ParentError::Unknown {
            nearest: stranger.and_then(|name| nearest(&name.value, known())).map(str::to_owned),
            name: stranger.cloned(),
            foreign_keys,
        }
    }
}

impl fmt::Display for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names.iter().map(|name| name.value.as_str()).collect();
        f.write_str(&list(&names))
    }
}

/// Why a [`Parent`] stands for no foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParentError {
    /// None has these columns or this name.
    #[error("no foreign key of the table fits")]
    Unknown {
        /// The name that no foreign key has, if it is one in particular.
        name: Option<Spanned<String>>,
        /// The name that was probably meant.
        nearest: Option<String>,
        /// Those there are, each with its columns and target.
        foreign_keys: Vec<String>,
    },
    /// Several are on the same columns; their names tell them apart.
    #[error("several foreign keys have these columns: {}", list(constraints))]
    Ambiguous {
        /// Their names.
        constraints: Vec<String>,
    },
}

/// `todos_list_id_fkey (list_id) to public.lists`
fn describe(key: &ForeignKey) -> String {
    let target = crate::facts::QualifiedName::new(&key.references.schema, &key.references.table);
    format!("{} ({}) to {target}", key.name, key.columns.join(", "))
}
