//! What is synced, to whom, in which order, with which types; and which rule decided each of it.

use std::collections::HashMap;
use std::ops::Deref;

use crate::config::{BucketWrite, ConflictRule, LocalType, Membership, OwnerNull, Push, RustType, WriteMode};
use crate::facts::{QualifiedName, TypeRef};
use crate::types::ColumnType;

/// A decision and what led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided<T> {
    /// What was decided.
    pub value: T,
    /// By which rule.
    pub why: Why,
}

impl<T> Deref for Decided<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Where a decision comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// A person wrote it into the config: the file with line and column, as `Oosync.toml:12:1`.
    Config(String),
    /// A tag in a comment: `comment on table public.todos`.
    Tag(String),
    /// It follows from the schema; how, in words: `first of owner_columns the table has`.
    Inferred(String),
    /// Nothing says otherwise.
    Default,
}

/// A table that is synced.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlanTable {
    /// Its name in Postgres.
    pub name: QualifiedName,
    /// Its name in SQLite: the Postgres name, with the schema before it where two synced tables share one.
    pub local_name: String,
    /// The comment, without tags.
    pub comment: Option<String>,
    /// The place in the order of syncing, counted from 1; or what a person said.
    pub order: i64,
    /// The columns a device has: those of Postgres in their order, then those that only the device has.
    pub columns: Vec<PlanColumn>,
    /// Columns that never leave the server, each with the reason.
    pub excluded_columns: Vec<(String, Why)>,
    /// Places in `columns`, in key order; never empty.
    pub primary_key: Vec<usize>,
    /// The unique keys all of whose columns are synced and that have no condition, by name; the primary key is
    /// not among them.
    pub unique_keys: Vec<PlanUniqueKey>,
    /// The columns exported as the conflict target.
    pub conflict_target: Decided<Vec<String>>,
    /// Who reads the rows.
    pub ownership: Decided<Ownership>,
    /// The named bucket that the rows are in beside what `ownership` says; rows of children follow their parent.
    pub bucket: Option<Decided<TableBucket>>,
    /// Who pushes.
    pub push: Decided<Push>,
    /// Whether a push may not delete.
    pub deny_delete: Decided<bool>,
    /// When a write counts.
    pub write_mode: Decided<WriteMode>,
    /// Who wins a conflict.
    pub conflict: Decided<ConflictRule>,
    /// The created stamp.
    pub created: Option<Decided<String>>,
    /// The updated stamp.
    pub updated: Option<Decided<String>>,
    /// Whether a trigger of the database maintains the updated stamp.
    pub server_maintains_updated: bool,
    /// The soft delete mark: a boolean, or a nullable time.
    pub deleted: Option<Decided<String>>,
    /// Columns that a push may set on insert and never change: key, owner, created stamp, and what rules add.
    pub protected: Vec<String>,
    /// For user interfaces.
    pub change_category: Option<String>,
    /// Columns whose text is brought into one form of date and time.
    pub normalize_datetime: Vec<String>,
    /// Foreign keys to synced tables whose columns are all synced.
    pub foreign_keys: Vec<PlanForeignKey>,
    /// Indexes that the device has too: on plain columns that are all synced, unique keys (as plain indexes)
    /// among them, without doubles.
    pub indexes: Vec<PlanIndex>,
    /// Whether Diesel's forms are generated.
    pub diesel: bool,
    /// The name a person gave to the struct.
    pub rust_name: Option<Decided<String>>,
}

/// A column of a device's table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlanColumn {
    /// Its name, in Postgres and in SQLite.
    pub name: String,
    /// The comment, without tags.
    pub comment: Option<String>,
    /// What it is.
    pub kind: PlanColumnKind,
    /// Whether the value can be null on the device: in Postgres too, or until the server has filled it, or because
    /// not everyone who has the row may see the column.
    pub nullable: bool,
    /// The name a person gave to the field.
    pub rust_name: Option<Decided<String>>,
    /// Whose Rust type stands for it, where there is a choice; `None`: ours.
    pub rust_type: Option<RustType>,
}

/// What a [`PlanColumn`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanColumnKind {
    /// A column of the Postgres table.
    Synced(Box<SyncedColumn>),
    /// A column that only the device has.
    Local(LocalType),
}

/// A column of the Postgres table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SyncedColumn {
    /// The type as declared.
    pub declared: TypeRef,
    /// The type resolved.
    pub ty: ColumnType,
    /// Whether Postgres refuses null.
    pub not_null: bool,
    /// Where the value comes from that an insert leaves out.
    pub default: Decided<PlanDefault>,
    /// The default expression in Postgres, or that of a generated column.
    pub expression: Option<String>,
    /// Only the owner sees it.
    pub owner_only: bool,
    /// The field groups it is in.
    pub field_groups: Vec<String>,
}

/// Where the value of a column comes from that an insert leaves out.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanDefault {
    /// There is none: an insert names it, or it is null.
    None,
    /// A constant; the value in the column's SQLite form.
    Literal(Literal),
    /// The present time, in the column's form.
    Now,
    /// A new UUID.
    Uuid,
    /// The device takes numbers from a block that the server leased to it.
    Leased,
    /// The server fills it; the device has null until then.
    Server,
    /// Postgres computes it: nobody writes it.
    Generated,
}

/// A constant in its SQLite form.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// INTEGER; booleans are 0 and 1.
    Integer(i64),
    /// REAL.
    Real(f64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
}

/// To whom the rows of a table belong.
#[derive(Debug, Clone, PartialEq)]
pub enum Ownership {
    /// A column holds the owner.
    Owner {
        /// The column.
        column: String,
        /// What null means there; `None` where it cannot be null.
        null: Option<OwnerNull>,
    },
    /// The row belongs to whom the parent row belongs to.
    Parent {
        /// The foreign key's name.
        foreign_key: String,
        /// Its columns here.
        columns: Vec<String>,
        /// The parent, which is synced and owned.
        table: QualifiedName,
    },
    /// The members of the bucket that the row is in read it; see [`PlanTable::bucket`]. No column holds an owner.
    Bucket,
    /// Everyone reads it.
    Everyone,
}

/// The bucket that the rows of a table are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableBucket {
    /// The bucket's name, as [`PlanBucket::name`].
    pub name: String,
    /// The columns here that hold the bucket's key, in its order; empty where a function says who has a row.
    pub columns: Vec<String>,
}

/// A unique key whose columns are all on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanUniqueKey {
    /// The constraint's or index's name.
    pub name: String,
    /// In key order.
    pub columns: Vec<String>,
    /// A unique index, not a constraint.
    pub index_only: bool,
}

/// A foreign key between synced tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanForeignKey {
    /// The constraint's name.
    pub name: String,
    /// The columns here.
    pub columns: Vec<String>,
    /// The table it points at.
    pub table: QualifiedName,
    /// The columns there.
    pub target: Vec<String>,
    /// `set null`, `cascade`, …: what Postgres does when the target row is deleted.
    pub on_delete: crate::facts::ReferentialAction,
    /// Whenever a device has the child it has the parent: the key is declared in SQLite.
    pub declared: bool,
}

/// An index of the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanIndex {
    /// Its name on the device: that in Postgres, with the table's before it where another table or index of the
    /// device has that name.
    pub name: String,
    /// Columns in key order, each with whether it is descending.
    pub columns: Vec<(String, bool)>,
}

/// A table that is not synced.
#[derive(Debug, Clone, PartialEq)]
pub struct NotSynced {
    /// The table.
    pub name: QualifiedName,
    /// In words: `has no primary key`.
    pub reason: String,
    /// Who decided.
    pub why: Why,
}

/// Rows that several users share.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlanBucket {
    /// Its name.
    pub name: String,
    /// How members are found, with names resolved where they are a table's.
    pub members: Membership,
    /// The membership table.
    pub table: Option<QualifiedName>,
    /// Who writes.
    pub write: Option<BucketWrite>,
    /// More users that the function gives for a row are an error.
    pub fan_out_limit: Option<u32>,
    /// The tables whose rows are in it, each with the columns that hold its key.
    pub tables: Vec<(QualifiedName, Vec<String>)>,
}

/// What a role may read and write beyond the columns that everyone with the row has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRole {
    /// The role, as the claim names it.
    pub role: String,
    /// The field groups whose columns it sees, sorted.
    pub read: Vec<String>,
    /// The field groups whose columns it may change, sorted.
    pub write: Vec<String>,
}

/// An enum that a synced column uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEnum {
    /// Its name in Postgres.
    pub name: QualifiedName,
    /// Its comment.
    pub comment: Option<String>,
    /// In order.
    pub labels: Vec<String>,
}

/// A composite type that a synced column uses.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanComposite {
    /// Its name in Postgres.
    pub name: QualifiedName,
    /// Its comment.
    pub comment: Option<String>,
    /// Each attribute with its declared type.
    pub attributes: Vec<(crate::types::Attribute, TypeRef)>,
}

/// What the synced tables are called in SQLite, for those that refer to them.
#[derive(Debug)]
pub(crate) struct LocalNames<'a>(HashMap<&'a QualifiedName, &'a str>);

impl<'a> LocalNames<'a> {
    /// Of every table of a plan.
    pub(crate) fn new(plan: &'a super::Plan) -> Self {
        Self(plan.tables.iter().map(|table| (&table.name, table.local_name.as_str())).collect())
    }

    /// The table of this name, if it is synced.
    pub(crate) fn of(&self, table: &QualifiedName) -> Option<&'a str> {
        self.0.get(table).copied()
    }
}
