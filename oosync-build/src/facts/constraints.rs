//! Keys, indexes, foreign keys, checks and exclusions: what rows must hold, and how they are found.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{QualifiedName, is_default, is_false, quoted};

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PrimaryKey {
    /// The constraint's name.
    pub name: String,
    /// In key order.
    pub columns: Vec<String>,
    /// `INCLUDE (…)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// `DEFERRABLE`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub initially_deferred: bool,
    /// `WITHOUT OVERLAPS` on the last column (Postgres 18).
    #[serde(default, skip_serializing_if = "is_false")]
    pub without_overlaps: bool,
}

/// A unique constraint, or a unique index that is no constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UniqueKey {
    /// The constraint's or index's name.
    pub name: String,
    /// In key order.
    pub columns: Vec<IndexKey>,
    /// True for `CREATE UNIQUE INDEX`, false for a constraint.
    #[serde(default, skip_serializing_if = "is_false")]
    pub index_only: bool,
    /// `INCLUDE (…)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Two nulls count as equal (Postgres 15).
    #[serde(default, skip_serializing_if = "is_false")]
    pub nulls_not_distinct: bool,
    /// `WHERE (…)`: unique only among these rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// `DEFERRABLE`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub initially_deferred: bool,
    /// `WITHOUT OVERLAPS` on the last column (Postgres 18).
    #[serde(default, skip_serializing_if = "is_false")]
    pub without_overlaps: bool,
    /// The index is not usable (a concurrent build failed, or a partition lacks its part): nothing is
    /// guaranteed to be unique.
    #[serde(default, skip_serializing_if = "is_false")]
    pub invalid: bool,
}

impl UniqueKey {
    /// The column names, if every row takes part and no key is an expression.
    pub fn plain_columns(&self) -> Option<Vec<&str>> {
        if self.predicate.is_some() || self.invalid {
            return None;
        }
        self.columns.iter().map(IndexKey::column).collect()
    }
}

/// An index that enforces nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The access method: `btree`, `gin`.
    pub method: String,
    /// In key order.
    pub columns: Vec<IndexKey>,
    /// `INCLUDE (…)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// `WHERE (…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// The index is not usable (a concurrent build failed, or a partition lacks its part).
    #[serde(default, skip_serializing_if = "is_false")]
    pub invalid: bool,
}

/// One key of an index: a column's name, or more where there is more to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum IndexKey {
    /// A column in its usual order, collation and operator class.
    Column(String),
    /// Anything else.
    Detail(IndexKeyDetail),
}

impl IndexKey {
    /// The column's name, unless the key is an expression.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Column(name) => Some(name),
            Self::Detail(detail) => detail.column.as_deref(),
        }
    }
}

impl fmt::Display for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(name) => f.write_str(&quoted(name)),
            Self::Detail(detail) => {
                match (&detail.column, &detail.expression) {
                    (Some(column), _) => f.write_str(&quoted(column))?,
                    (None, Some(expression)) => f.write_str(expression)?,
                    (None, None) => {}
                }
                for name in [&detail.collation, &detail.operator_class].into_iter().flatten() {
                    write!(f, " {name}")?;
                }
                if detail.descending {
                    f.write_str(" desc")?;
                }
                if let Some(first) = detail.nulls_first {
                    f.write_str(if first { " nulls first" } else { " nulls last" })?;
                }
                Ok(())
            }
        }
    }
}

/// An index key that is an expression or has options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct IndexKeyDetail {
    /// The column, or …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// … the expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The collation, where it is not the column's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<QualifiedName>,
    /// The operator class, where it is not the type's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_class: Option<QualifiedName>,
    /// `DESC`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub descending: bool,
    /// `NULLS FIRST` or `NULLS LAST`, where it is not the usual one of the direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nulls_first: Option<bool>,
}

/// A key without options is its column's name: one way to write one thing.
impl From<IndexKeyDetail> for IndexKey {
    fn from(detail: IndexKeyDetail) -> Self {
        match &detail.column {
            Some(name)
                if detail == (IndexKeyDetail { column: Some(name.clone()), ..IndexKeyDetail::default() }) =>
            {
                Self::Column(name.clone())
            }
            _ => Self::Detail(detail),
        }
    }
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: String,
    /// The referencing columns, in key order.
    pub columns: Vec<String>,
    /// What they point at.
    pub references: Reference,
    /// What a partly null key means.
    #[serde(rename = "match", default, skip_serializing_if = "is_default")]
    pub match_type: MatchType,
    /// When a referenced key changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_update: ReferentialAction,
    /// When a referenced row is deleted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_delete: ReferentialAction,
    /// The columns that `ON DELETE SET NULL (…)` or `SET DEFAULT (…)` names (Postgres 15); empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_delete_columns: Vec<String>,
    /// `DEFERRABLE`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub initially_deferred: bool,
    /// `NOT VALID`: rows stored before it was added may break it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_valid: bool,
    /// `NOT ENFORCED` (Postgres 18).
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_enforced: bool,
    /// `PERIOD` on the last column (Postgres 18).
    #[serde(default, skip_serializing_if = "is_false")]
    pub period: bool,
}

/// The target of a foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Reference {
    /// The referenced table's schema, which need not be part of the snapshot.
    pub schema: String,
    /// The referenced table.
    pub table: String,
    /// In the order of the referencing columns.
    pub columns: Vec<String>,
}

/// What a partly null foreign key means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MatchType {
    /// It refers to nothing.
    #[default]
    Simple,
    /// It is an error.
    Full,
    /// Reserved by the SQL standard; Postgres does not implement it.
    Partial,
}

/// What happens to the referencing rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReferentialAction {
    /// An error at the end of the statement or transaction.
    #[default]
    NoAction,
    /// An error at once.
    Restrict,
    /// They follow.
    Cascade,
    /// They become null.
    SetNull,
    /// They take their defaults.
    SetDefault,
}

/// A check constraint of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Check {
    /// The constraint's name.
    pub name: String,
    /// The condition, fully qualified.
    pub expression: String,
    /// `NO INHERIT`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_inherit: bool,
    /// `NOT VALID`: rows stored before it was added may break it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_valid: bool,
    /// `NOT ENFORCED` (Postgres 18).
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_enforced: bool,
}

/// An exclusion constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Exclusion {
    /// The constraint's name.
    pub name: String,
    /// The access method of its index.
    pub method: String,
    /// In index order.
    pub elements: Vec<ExclusionElement>,
    /// `INCLUDE (…)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// `WHERE (…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// `DEFERRABLE`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub initially_deferred: bool,
}

/// `room WITH =` of an exclusion constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExclusionElement {
    /// What is compared.
    pub key: IndexKey,
    /// With which operator; its schema is named unless that is `pg_catalog`.
    pub operator: String,
}
