//! What a person can decide about one table or one column, be it in `Oosync.toml` or in a comment.
//!
//! Both places fill the same structs, so that whoever merges them compares field by field.

use std::fmt;

use thiserror::Error;

use super::reader::TableReader;
use super::refusal::{RustName, list};
use super::{ConflictRule, DefaultKind, OwnerNull, Push, Spanned, Stamps, TableUnowned, WriteMode};
use crate::facts::{ForeignKey, Table};

/// Decisions about a table; whatever is `None` or empty is inferred or follows the project.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TableRules {
    /// Whether the table is left out of the sync. Default: `false`.
    pub exclude: Option<Spanned<bool>>,
    /// The column that holds a row's owner. Default: the first of
    /// [`SyncConfig::owner_columns`](super::SyncConfig::owner_columns) that the table has.
    pub owner_column: Option<Spanned<String>>,
    /// What a null owner means. Default: everyone reads the row.
    pub owner_null: Option<Spanned<OwnerNull>>,
    /// The foreign key that leads to the owner, where no column holds it.
    pub parent: Option<Spanned<Parent>>,
    /// The named bucket whose members share the rows.
    pub bucket: Option<Spanned<String>>,
    /// The columns that hold the key of the bucket, in the order of the key.
    pub bucket_column: Vec<Spanned<String>>,
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
    /// The columns that are exported as the conflict target. Default: those of the unique keys, else the
    /// primary key. Rows are told apart by their primary key in any case.
    pub conflict_target: Vec<Spanned<String>>,
    /// Whether stamps that the next three do not name are looked for by their usual names. Default: they are.
    pub stamps: Option<Spanned<Stamps>>,
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
        Self {
            exclude: reader.get("exclude"),
            owner_column: reader.get("owner_column"),
            owner_null: reader.get("owner_null"),
            parent: reader
                .columns("parent")
                .map(|names| Spanned::new(Parent { names: names.value }, names.span)),
            bucket: reader.get("bucket"),
            bucket_column: reader.columns("bucket_column").map_or_else(Vec::new, |columns| columns.value),
            unowned: reader.get("unowned"),
            order: reader.get("order"),
            push: reader.get("push"),
            deny_delete: reader.get("deny_delete"),
            write_mode: reader.get("write_mode"),
            conflict: reader.get("conflict"),
            conflict_target: reader.columns("conflict_target").map_or_else(Vec::new, |columns| columns.value),
            stamps: reader.get("stamps"),
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
            .chain(&self.bucket_column)
            .chain(&self.conflict_target)
            .chain(&self.normalize_datetime)
            .chain(&self.protected)
    }

    /// Pairs of rules that cannot both hold.
    pub(super) fn contradictions(&self) -> Vec<Contradiction> {
        let owner = self.owner_column.as_ref().map(|rule| ("owner_column", &rule.span));
        let parent = self.parent.as_ref().map(|rule| ("parent", &rule.span));
        let unowned = self.unowned.as_ref().map(|rule| ("unowned", &rule.span));
        let owner_null = self.owner_null.as_ref().map(|rule| ("owner_null", &rule.span));
        let one_way = "a row has one way to its owner: keep one of the two";
        let no_owner = "a table that belongs to nobody has no owner to be null";
        [
            (owner, parent, one_way),
            (owner, unowned, one_way),
            (parent, unowned, one_way),
            (owner_null, unowned, no_owner),
        ]
        .into_iter()
        .filter_map(|(first, second, reason)| {
            let (first, second) = (first?, second?);
            let (earlier, later) =
                if first.1.start <= second.1.start { (first, second) } else { (second, first) };
            Some(Contradiction { earlier: earlier.0, later: later.0, span: later.1.clone(), reason })
        })
        .collect()
    }
}

/// Two rules that say different things about who owns a row, by their names in the config.
pub(super) struct Contradiction {
    pub(super) earlier: &'static str,
    pub(super) later: &'static str,
    /// Where the later stands.
    pub(super) span: std::ops::Range<usize>,
    pub(super) reason: &'static str,
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
        match found.as_slice() {
            [key] => Ok(key),
            [] => {
                Err(ParentError::Unknown { foreign_keys: table.foreign_keys.iter().map(describe).collect() })
            }
            keys => {
                Err(ParentError::Ambiguous { constraints: keys.iter().map(|key| key.name.clone()).collect() })
            }
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
