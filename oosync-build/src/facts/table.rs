//! Tables and what belongs to them.
//!
//! Over 400 lines because it is a list: each struct is one catalog object with its documented fields.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// The sequence that belongs to the column (`serial`, identity, `OWNED BY`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<OwnedSequence>,
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

/// A sequence that belongs to a column. Options that have their usual value are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OwnedSequence {
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
}

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
            Self::Column(name) => f.write_str(&super::quoted(name)),
            Self::Detail(detail) => {
                match (&detail.column, &detail.expression) {
                    (Some(column), _) => f.write_str(&super::quoted(column))?,
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

/// Whether row-level security applies to a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowSecurity {
    /// Policies are ignored.
    #[default]
    Disabled,
    /// Policies bind everyone but the owner.
    Enabled,
    /// Policies bind the owner as well.
    Forced,
    /// `FORCE` was set without `ENABLE`: policies are ignored until it is enabled.
    DisabledForced,
}

impl RowSecurity {
    fn is_disabled(&self) -> bool {
        *self == Self::Disabled
    }
}

/// A row-level security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The command it applies to.
    pub command: PolicyCommand,
    /// `AS RESTRICTIVE`: narrows what permissive policies grant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub restrictive: bool,
    /// The roles it applies to, sorted; `public` is everyone.
    pub roles: Vec<String>,
    /// `USING (…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// `WITH CHECK (…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_check: Option<String>,
}

/// The command of a [`Policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the SQL commands")]
pub enum PolicyCommand {
    All,
    Select,
    Insert,
    Update,
    Delete,
}

/// A trigger made by a person; foreign keys' own triggers and the copies on partitions are not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// Before, after or instead of the event.
    pub timing: TriggerTiming,
    /// In the order insert, update, delete, truncate.
    pub events: Vec<TriggerEvent>,
    /// `UPDATE OF …`, in column order; empty: any column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Once a row or once a statement.
    pub level: TriggerLevel,
    /// Whether it has a `WHEN` condition.
    #[serde(default, skip_serializing_if = "is_false")]
    pub conditional: bool,
    /// What it calls.
    pub function: QualifiedName,
    /// When it fires.
    #[serde(default, skip_serializing_if = "is_default")]
    pub enabled: TriggerEnabled,
}

/// When a trigger fires in respect of its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the SQL key words")]
pub enum TriggerTiming {
    Before,
    After,
    InsteadOf,
}

/// What fires a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the SQL commands")]
pub enum TriggerEvent {
    Insert,
    Update,
    Delete,
    Truncate,
}

/// How often a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the SQL key words")]
pub enum TriggerLevel {
    Row,
    Statement,
}

/// Under which `session_replication_role` a trigger fires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TriggerEnabled {
    /// In ordinary sessions.
    #[default]
    Origin,
    /// Never.
    Disabled,
    /// Only where changes are being replicated.
    Replica,
    /// Always.
    Always,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
