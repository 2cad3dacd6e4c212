//! What the Postgres catalogs say about the chosen schemas, nothing inferred.
//!
//! [`Facts`] is the content of the checked-in `oosync.facts.json`. It carries no OID, attribute number, time,
//! host or server version, so that two snapshots of one schema are equal byte for byte on every machine and
//! every supported Postgres (13 to 18). Identity is always (schema, name).
//!
//! - this file: the parts every object is made of; [`Facts`] itself
//! - [`table`]: tables and columns; [`constraints`]: keys, indexes, checks; [`security`]: policies, triggers
//! - [`types`]: references to types, and the types a user can define
//! - [`diff`]: what changed between two snapshots, in the language of schemas
//! - `load`, `save`: the file; see [`Facts::load`] and [`Facts::save`]
//!
//! Left out on purpose: view definitions (Postgres majors print them differently, and a row's shape does not
//! need them), functions, privileges, storage settings, statistics.

pub mod constraints;
pub mod diff;
mod load;
mod save;
pub mod security;
pub mod table;
#[cfg(test)]
mod tests;
pub mod types;
mod validate;

use serde::{Deserialize, Serialize};

pub use self::constraints::{
    Check, Exclusion, ExclusionElement, ForeignKey, Index, IndexKey, IndexKeyDetail, MatchType, PrimaryKey,
    Reference, ReferentialAction, UniqueKey,
};
pub use self::load::LoadError;
pub use self::security::{
    Policy, PolicyCommand, RowSecurity, Trigger, TriggerEnabled, TriggerEvent, TriggerLevel, TriggerTiming,
};
pub use self::table::{
    Column, Generated, GeneratedKind, Identity, PartitionOf, Persistence, Sequence, Table, TableKind,
};
pub use self::types::{Attribute, Composite, Domain, DomainCheck, Enum, Range, TypeRef};

/// The version of the file format that this crate writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// The usual name of the facts file.
pub const FILE_NAME: &str = "oosync.facts.json";

/// A schema snapshot.
///
/// Lists are sorted by (schema, name), or by name inside a table; columns, labels and attributes stand in the
/// database's own order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Facts {
    /// Always [`FORMAT`] in a value that was loaded or taken.
    pub format: u32,
    /// The schemas that were asked for, sorted.
    pub schemas: Vec<String>,
    /// Tables, views, materialized views and foreign tables of those schemas.
    pub tables: Vec<Table>,
    /// Enums of those schemas, and any that their columns reach.
    pub enums: Vec<Enum>,
    /// Domains of those schemas, and any that their columns reach.
    pub domains: Vec<Domain>,
    /// Composite types of those schemas, and any that their columns reach; a table's own row type is not
    /// repeated here.
    pub composites: Vec<Composite>,
    /// Range types of those schemas, and any user-defined ones that their columns reach.
    pub ranges: Vec<Range>,
}

impl Facts {
    /// The table, view or foreign table of this name.
    pub fn table(&self, schema: &str, name: &str) -> Option<&Table> {
        let is = |table: &&Table| table.schema == schema && table.name == name;
        // Facts that were loaded are sorted; those that were put together need not be.
        let place = self.tables.binary_search_by(|table| (&*table.schema, &*table.name).cmp(&(schema, name)));
        let found = place.ok().and_then(|place| self.tables.get(place));
        found.filter(is).or_else(|| self.tables.iter().find(is))
    }

    /// SHA-256 of the canonical file, as 64 hexadecimal digits.
    ///
    /// Computed on demand, never stored in the file: a stored hash would conflict on every merge.
    pub fn hash(&self) -> String {
        crate::digest::sha256_hex(self.to_json().as_bytes())
    }

    /// Puts every list that has no order of its own into its canonical one.
    pub(crate) fn sort(&mut self) {
        self.schemas.sort();
        self.schemas.dedup();
        self.tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        self.tables.iter_mut().for_each(Table::sort);
        self.enums.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        self.domains.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        for domain in &mut self.domains {
            domain.checks.sort_by(|a, b| a.name.cmp(&b.name));
        }
        self.composites.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        self.ranges.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    }
}

/// A name that is unique in the database together with its schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct QualifiedName {
    /// The schema, unquoted.
    pub schema: String,
    /// The name, unquoted.
    pub name: String,
}

impl QualifiedName {
    /// Both parts as Postgres stores them, without quotes.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

impl std::fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// An identifier as SQL would need it written: quoted only if it is not plain lower case.
///
/// For messages to people; keywords are left alone, because a message is not executed.
pub(crate) fn quoted(name: &str) -> std::borrow::Cow<'_, str> {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$');
    if plain { name.into() } else { format!("\"{}\"", name.replace('"', "\"\"")).into() }
}

// serde's `skip_serializing_if` wants functions over references.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
