//! Tables, their columns, and their place among other tables.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::constraints::{Check, Exclusion, ForeignKey, Index, IndexKey, PrimaryKey, UniqueKey};
use super::security::{Policy, RowSecurity, Trigger};
use super::{QualifiedName, TypeRef, is_false};

/// A table, view, materialized view or foreign table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Table {
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// `COMMENT ON TABLE`; may carry `@oosync.*` tags.
    pub comment: Option<String>,
    /// Whether it is written ahead; temporary tables are never part of a snapshot.
    #[serde(default, skip_serializing_if = "Persistence::is_permanent")]
    pub persistence: Persistence,
    /// The composite type of `CREATE TABLE … OF`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_type: Option<QualifiedName>,
    /// `RANGE (created_at)` of a partitioned table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_by: Option<String>,
    /// The parent of a partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_of: Option<PartitionOf>,
    /// The parents of a table that inherits, in declared order; empty for partitions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inherits: Vec<QualifiedName>,
    /// In the order of the table, without dropped ones.
    pub columns: Vec<Column>,
    /// The primary key.
    pub primary_key: Option<PrimaryKey>,
    /// Unique constraints and unique indexes, by name.
    pub unique: Vec<UniqueKey>,
    /// Foreign keys declared on this table, by name; not the copies that Postgres keeps on partitions.
    pub foreign_keys: Vec<ForeignKey>,
    /// Check constraints, by name.
    pub checks: Vec<Check>,
    /// Exclusion constraints, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Exclusion>,
    /// Indexes that enforce nothing, by name.
    pub indexes: Vec<Index>,
    /// Whether row-level security applies.
    #[serde(default, skip_serializing_if = "RowSecurity::is_disabled")]
    pub row_security: RowSecurity,
    /// Row-level security policies, by name.
    pub policies: Vec<Policy>,
    /// Triggers a person made, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
}

impl Table {
    /// An empty table of this name, without columns.
    pub fn new(schema: impl Into<String>, name: impl Into<String>, kind: TableKind) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
            kind,
            comment: None,
            persistence: Persistence::Permanent,
            of_type: None,
            partition_by: None,
            partition_of: None,
            inherits: Vec::new(),
            columns: Vec::new(),
            primary_key: None,
            unique: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            indexes: Vec::new(),
            row_security: RowSecurity::Disabled,
            policies: Vec::new(),
            triggers: Vec::new(),
        }
    }

    /// Schema and name.
    pub fn qualified_name(&self) -> QualifiedName {
        QualifiedName::new(&self.schema, &self.name)
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn sort(&mut self) {
        self.unique.sort_by(|a, b| a.name.cmp(&b.name));
        self.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
        self.checks.sort_by(|a, b| a.name.cmp(&b.name));
        self.exclusions.sort_by(|a, b| a.name.cmp(&b.name));
        self.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        self.policies.sort_by(|a, b| a.name.cmp(&b.name));
        self.triggers.sort_by(|a, b| a.name.cmp(&b.name));
        for policy in &mut self.policies {
            policy.roles.sort();
        }
        let unique = self.unique.iter_mut().flat_map(|key| &mut key.columns);
        let indexes = self.indexes.iter_mut().flat_map(|index| &mut index.columns);
        let elements = self.exclusions.iter_mut().flat_map(|exclusion| &mut exclusion.elements);
        for key in unique.chain(indexes).chain(elements.map(|element| &mut element.key)) {
            if let IndexKey::Detail(detail) = key {
                *key = std::mem::take(detail).into();
            }
        }
    }
}

/// What a [`Table`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TableKind {
    /// An ordinary table, or a partition that has no partitions of its own.
    Table,
    /// A table whose rows live in its partitions.
    PartitionedTable,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A table of another server.
    ForeignTable,
}

impl fmt::Display for TableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::PartitionedTable => "partitioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
        })
    }
}

/// Whether a crash empties the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Persistence {
    /// An ordinary table.
    #[default]
    Permanent,
    /// `UNLOGGED`.
    Unlogged,
}

impl Persistence {
    fn is_permanent(&self) -> bool {
        *self == Self::Permanent
    }
}

/// Where a partition hangs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PartitionOf {
    /// The parent's schema.
    pub schema: String,
    /// The parent's name.
    pub name: String,
    /// `FOR VALUES FROM (1) TO (10)`, or `DEFAULT`.
    pub bound: String,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: TypeRef,
    /// Whether no stored row can hold null: `NOT NULL` and validated. (A domain may forbid null as well.)
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_null: bool,
    /// The default expression, fully qualified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// `GENERATED … AS IDENTITY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// `GENERATED ALWAYS AS (…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// The sequence that identity or default use (`serial`, `nextval`), or else one that the column owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
    /// Its collation, where it is not that of its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<QualifiedName>,
    /// `COMMENT ON COLUMN`; may carry `@oosync.*` tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Column {
    /// A nullable column without a default.
    pub fn new(name: impl Into<String>, ty: TypeRef) -> Self {
        Self {
            name: name.into(),
            ty,
            not_null: false,
            default: None,
            identity: None,
            generated: None,
            sequence: None,
            collation: None,
            comment: None,
        }
    }
}

/// Who may set an identity column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Identity {
    /// Only Postgres, unless `OVERRIDING SYSTEM VALUE`.
    Always,
    /// Postgres, where an insert names no value.
    ByDefault,
}

/// A column computed from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Generated {
    /// Computed when written or when read.
    pub kind: GeneratedKind,
    /// The expression, fully qualified.
    pub expression: String,
}

/// When a generated column is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GeneratedKind {
    /// When the row is written.
    Stored,
    /// When the row is read (Postgres 18).
    Virtual,
}

/// The sequence of a column. Options that have their usual value are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Sequence {
    /// The sequence's schema.
    pub schema: String,
    /// The sequence's name.
    pub name: String,
    /// `int2`, `int4` or `int8`.
    #[serde(rename = "type")]
    pub ty: String,
    /// `START WITH`, where it is not the first value in the direction of the sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// `INCREMENT BY`, where it is not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increment: Option<i64>,
    /// `MINVALUE`, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// `MAXVALUE`, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// `CACHE`, where it is not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<i64>,
    /// `CYCLE`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cycle: bool,
    /// The default draws from it, but the column does not own it: others may draw from it too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_owned: bool,
}
