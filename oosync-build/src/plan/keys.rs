//! Unique keys, the exported conflict target, foreign keys and indexes of the device.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::Columns;
use super::ownership::{Belongs, target};
use super::{
    Decided, Ownership, PlanDefault, PlanForeignKey, PlanIndex, PlanUniqueKey, SyncedColumn, TableBucket,
};
use crate::config::{Config, RowSecurityMode};
use crate::facts::{Facts, ForeignKey, IndexKey, QualifiedName, ReferentialAction, RowSecurity, Table};
use crate::types::{ColumnType, base};

/// The unique keys whose columns are all synced and that hold for every row, by name.
pub(super) fn unique_keys(table: &Table, columns: &Columns) -> Vec<PlanUniqueKey> {
    let plain = |key: &crate::facts::UniqueKey| {
        // `WITHOUT OVERLAPS` excludes more than equal keys.
        let names = key.plain_columns().filter(|_| !key.without_overlaps)?;
        let synced = names.iter().all(|name| columns.position(name).is_some());
        synced.then(|| PlanUniqueKey {
            name: key.name.clone(),
            columns: names.into_iter().map(str::to_owned).collect(),
            index_only: key.index_only,
        })
    };
    table.unique.iter().filter_map(plain).collect()
}

/// The columns that are exported as unique keys: those of a key of several columns, else of the shortest unique
/// constraint of at least two columns, by the joined names where several are as short.
pub(super) fn exported(primary_key: &[String], unique: &[PlanUniqueKey]) -> Option<Vec<String>> {
    if primary_key.len() > 1 {
        return Some(primary_key.to_vec());
    }
    let constraints = unique.iter().filter(|key| !key.index_only && key.columns.len() > 1);
    constraints.min_by_key(|key| (key.columns.len(), key.columns.join(","))).map(|key| key.columns.clone())
}

/// Looks at foreign keys between synced tables.
pub(super) struct ForeignKeys<'a> {
    pub(super) facts: &'a Facts,
    pub(super) config: &'a Config,
    pub(super) belongs: &'a BTreeMap<QualifiedName, Belongs>,
}

impl ForeignKeys<'_> {
    /// Those whose columns are synced on both sides.
    pub(super) fn of(
        &self,
        table: &Table,
        columns: &BTreeMap<QualifiedName, Columns>,
    ) -> Vec<PlanForeignKey> {
        let synced = |table: &QualifiedName, names: &[String]| {
            let columns = columns.get(table).filter(|_| self.owner(table).is_some());
            columns.is_some_and(|columns| names.iter().all(|name| columns.position(name).is_some()))
        };
        let own = table.qualified_name();
        let keys = table.foreign_keys.iter();
        keys.filter(|key| synced(&own, &key.columns) && synced(&target(key), &key.references.columns))
            .map(|key| PlanForeignKey {
                name: key.name.clone(),
                columns: key.columns.clone(),
                table: target(key),
                target: key.references.columns.clone(),
                on_delete: key.on_delete,
                declared: self.declared(table, key) && self.enforceable(table, key, columns),
            })
            .collect()
    }

    /// Whether SQLite can hold the device to it: every row has its parent beside it, and the parent's key is one
    /// that SQLite knows to be unique, which is the primary key alone.
    fn declared(&self, table: &Table, key: &ForeignKey) -> bool {
        let holds = !key.not_enforced && !key.not_valid && !key.period;
        let Some(parent) = self.facts.table(&key.references.schema, &key.references.table) else {
            return false;
        };
        let to_key = parent.primary_key.as_ref().is_some_and(|primary| {
            primary.columns.len() == key.references.columns.len()
                && primary.columns.iter().all(|column| key.references.columns.contains(column))
        });
        holds && to_key && self.shown_by_policies(parent) && self.seen_with_child(table, key)
    }

    /// Whether SQLite finds the parent that Postgres finds, and does to the children of a deleted one what Postgres does.
    ///
    /// Postgres compares a `date` with a `timestamptz` and an integer with a `numeric(10,2)`; the device compares what
    /// it stores. It sets all columns of a key to null where Postgres may set a few, and to null what has a default
    /// that only the server computes.
    fn enforceable(
        &self,
        table: &Table,
        key: &ForeignKey,
        columns: &BTreeMap<QualifiedName, Columns>,
    ) -> bool {
        let synced = |table: &QualifiedName, name: &str| Some(columns.get(table)?.synced(name)?.1);
        let (own, parent) = (table.qualified_name(), target(key));
        let alike = key.columns.iter().zip(&key.references.columns).all(|(column, other)| {
            match (synced(&own, column), synced(&parent, other)) {
                (Some(column), Some(other)) => self.stored_alike(column, other),
                _ => false,
            }
        });
        let all = || key.on_delete_columns.is_empty() || key.on_delete_columns.len() == key.columns.len();
        let known = |name: &String| {
            let default = synced(&own, name).map(|column| &column.default.value);
            matches!(default, Some(PlanDefault::None | PlanDefault::Literal(_)))
        };
        alike
            && match key.on_delete {
                ReferentialAction::SetNull => all(),
                ReferentialAction::SetDefault => all() && key.columns.iter().all(known),
                _ => true,
            }
    }

    /// Whether equal values of both columns are stored as one value.
    fn stored_alike(&self, one: &SyncedColumn, other: &SyncedColumn) -> bool {
        let integer = |column: &SyncedColumn| matches!(column.ty, ColumnType::Scalar(ty) if ty.is_integer());
        let (one_base, other_base) = (base(&one.declared, self.facts), base(&other.declared, self.facts));
        // Printed with as many digits or blanks as are declared.
        let padded = [one_base.0, other_base.0].iter().any(|ty| ["numeric", "bpchar"].contains(&&*ty.name));
        (integer(one) && integer(other)) || (one.ty == other.ty && (!padded || one_base == other_base))
    }

    /// Whether no policy of the database's own can hide a parent that the plan shows.
    fn shown_by_policies(&self, parent: &Table) -> bool {
        match self.config.sync.row_security {
            // Those that are generated stand beside permissive ones, which can only show more.
            RowSecurityMode::Generate => parent.policies.iter().all(|policy| !policy.restrictive),
            RowSecurityMode::Existing => parent.row_security == RowSecurity::Disabled,
        }
    }

    /// Whether whoever has the child has the parent too.
    ///
    /// That is so if everyone has the parent; if the child belongs to whom the parent belongs to, by this very key;
    /// if the key carries the owner column of the one to that of the other (which is how a row refers to the
    /// person it belongs to); or if it carries the bucket of the one to that of the other. Two tables that both
    /// have an owner column are otherwise no such pair: a row may refer to somebody else's.
    fn seen_with_child(&self, table: &Table, key: &ForeignKey) -> bool {
        let own = table.qualified_name();
        let parent_name = target(key);
        let (Some((child, child_bucket)), Some((parent, parent_bucket))) =
            (self.owner(&own), self.owner(&parent_name))
        else {
            return false;
        };
        let maps = |from: &str, to: &str| {
            key.columns
                .iter()
                .zip(&key.references.columns)
                .any(|(column, other)| column == from && other == to)
        };
        // A table's own bucket shows its rows to people who need not see the parent.
        let alone = child_bucket.is_none();
        match (child, parent) {
            (_, Ownership::Everyone) => true,
            (Ownership::Parent { foreign_key, .. }, _) => alone && *foreign_key == key.name,
            (Ownership::Owner { column, .. }, Ownership::Owner { column: of_parent, .. }) => {
                alone && maps(column, of_parent)
            }
            (Ownership::Bucket, _) => match (child_bucket, parent_bucket) {
                (Some(child), Some(parent)) if child.name == parent.name => {
                    !child.columns.is_empty()
                        && child.columns.len() == parent.columns.len()
                        && child.columns.iter().zip(&parent.columns).all(|(from, to)| maps(from, to))
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn owner(&self, table: &QualifiedName) -> Option<(&Ownership, Option<&TableBucket>)> {
        match self.belongs.get(table)? {
            Belongs::Owned { ownership, bucket } => {
                Some((&ownership.value, bucket.as_ref().map(|bucket: &Decided<TableBucket>| &bucket.value)))
            }
            Belongs::Excluded(_) | Belongs::Failed => None,
        }
    }
}

/// The indexes of a device's table, still under their names in Postgres: plain ones on synced columns, and the
/// unique keys; none that the primary key's own index makes needless, and no two that are alike.
pub(super) fn indexes(table: &Table, unique: &[PlanUniqueKey], columns: &Columns) -> Vec<PlanIndex> {
    let key: Vec<_> =
        table.primary_key.iter().flat_map(|key| &key.columns).map(|column| (column.clone(), false)).collect();
    let keys = unique.iter().map(|unique| PlanIndex {
        name: unique.name.clone(),
        columns: unique.columns.iter().map(|column| (column.clone(), false)).collect(),
    });
    let plain = table.indexes.iter().filter_map(|index| {
        let usable = index.method == "btree" && index.predicate.is_none() && !index.invalid;
        let columns = index.columns.iter().map(|key| match key {
            IndexKey::Column(name) => Some((name.clone(), false)),
            IndexKey::Detail(detail) => Some((detail.column.clone()?, detail.descending)),
        });
        let columns: Option<Vec<_>> = if usable { columns.collect() } else { None };
        Some(PlanIndex { name: index.name.clone(), columns: columns? })
    });
    let mut found: Vec<PlanIndex> = Vec::new();
    for mut index in keys.chain(plain) {
        let mut seen = BTreeSet::new();
        index.columns.retain(|(column, _)| seen.insert(column.clone()));
        let synced = index.columns.iter().all(|(column, _)| columns.position(column).is_some());
        let of_key = key.starts_with(&index.columns);
        if synced && !of_key && !found.iter().any(|other| other.columns == index.columns) {
            found.push(index);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
