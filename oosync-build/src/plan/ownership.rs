//! To whom the rows of each table belong.
//!
//! A table has an owner column, or it is in a bucket, or one foreign key leads to a table that is owned; else it
//! belongs to nobody, and a person has to say what that means. Of foreign keys, one to a table of people (whose
//! key is its own owner column, such as `users.id`) says who did something rather than whose the row is
//! (`assignee_id`), so that it counts only where no other leads to an owner. Two that count alike are an error:
//! a guess could show rows to somebody else.

use std::collections::{BTreeMap, BTreeSet};

use super::problems::{Issues, Relief, list, section, string};
use super::rules::{Place, Said, TableSaid};
use super::{Decided, Ownership, TableBucket, Why};
use crate::config::{Config, Membership, OwnerNull, TableUnowned, Tags, Unowned};
use crate::diagnostic::Diagnostic;
use crate::facts::{Column, Facts, ForeignKey, QualifiedName, Table};
use crate::types::{ColumnType, Scalar, domains, resolve};

/// A table that is to be synced, with what was said of it.
pub(super) struct Candidate<'a> {
    pub(super) table: &'a Table,
    pub(super) said: TableSaid<'a>,
}

/// To whom a table belongs.
#[derive(Debug, Clone)]
pub(super) enum Belongs {
    /// It is synced.
    Owned { ownership: Decided<Ownership>, bucket: Option<Decided<TableBucket>> },
    /// It is not, because nobody owns it.
    Excluded(Why),
    /// An error was reported.
    Failed,
}

/// What the next step knows of a table.
enum Way<'a> {
    Owner(String, Option<OwnerNull>, Why),
    Bucket,
    Parent(&'a ForeignKey, Place),
    Unowned(TableUnowned, Place),
    /// Foreign keys that may lead to an owner.
    Infer(Vec<&'a ForeignKey>),
    /// An error was reported; it would have an owner.
    Failed,
}

/// Resolves who owns what.
pub(super) struct OwnershipResolver<'a> {
    pub(super) facts: &'a Facts,
    pub(super) config: &'a Config,
    pub(super) tags: &'a Tags,
    pub(super) tables: &'a BTreeMap<QualifiedName, Candidate<'a>>,
}

impl<'a> OwnershipResolver<'a> {
    pub(super) fn run(&self, issues: &mut Issues) -> BTreeMap<QualifiedName, Belongs> {
        let mut buckets = BTreeMap::new();
        let mut ways = BTreeMap::new();
        for (name, candidate) in self.tables {
            let bucket = self.bucket(name, candidate, issues);
            let way = self.way(name, candidate, &bucket, issues);
            ways.insert(name.clone(), way);
            if let Ok(Some(bucket)) = bucket {
                buckets.insert(name.clone(), bucket);
            }
        }
        let owned = self.established(&ways, None);
        let mut found: BTreeMap<QualifiedName, Belongs> = BTreeMap::new();
        for (name, way) in &ways {
            let belongs = self.belongs(name, way, &ways, &owned, issues);
            found.insert(name.clone(), belongs.with_bucket(buckets.remove(name)));
        }
        self.refuse_circles(&mut found, issues);
        self.fail_children(&mut found, issues);
        found
    }

    /// What was said, or which columns and keys there are.
    fn way(
        &self,
        name: &QualifiedName,
        candidate: &Candidate<'a>,
        bucket: &Result<Option<Decided<TableBucket>>, ()>,
        issues: &mut Issues,
    ) -> Way<'a> {
        let Candidate { table, said } = candidate;
        let owner = said.get(|rules| &rules.owner_column);
        let parent = said.get(|rules| &rules.parent);
        let unowned = said.get(|rules| &rules.unowned);
        let owner_null = said.get(|rules| &rules.owner_null);
        let bucket_said = said.get(|rules| &rules.bucket);
        let said_ways: Vec<_> = [
            owner.as_ref().map(|said| ("owner_column", &said.place)),
            parent.as_ref().map(|said| ("parent", &said.place)),
            unowned.as_ref().map(|said| ("unowned", &said.place)),
        ]
        .into_iter()
        .flatten()
        .collect();
        // Within one place this is known already; a tag and a line of the config can contradict each other too.
        let clash = match said_ways.as_slice() {
            [(first, _), (second, place), ..] => Some((*first, *second, *place)),
            [("unowned", place)] if bucket_said.is_some() => Some(("bucket", "unowned", *place)),
            _ => None,
        };
        if let Some((first, second, place)) = clash {
            let message = format!("`{second}` of {name} contradicts `{first}`, which is said elsewhere");
            let problem = Diagnostic::error(message).help("keep one of the two");
            let problem = place.point(problem, "a row has one way to its owner");
            issues
                .settle(problem, Relief::Table(name.clone(), "two ways to its owner contradict".to_owned()));
            return Way::Failed;
        }
        if bucket.is_err() {
            return Way::Failed;
        }
        let way = if let Some(owner) = owner {
            let column = table.column(&owner.value);
            if column.is_some_and(|column| !self.can_hold_owner(column)) {
                let message = format!("`{}` of {name} cannot hold an owner", owner.value);
                let ty = column.map(|column| column.ty.to_string()).unwrap_or_default();
                let problem = Diagnostic::error(message).help("name a column that holds one user's id");
                let relief = Relief::Table(name.clone(), "its owner column cannot hold an owner".to_owned());
                issues.settle(owner.place.point(problem, format!("is {ty}")), relief);
                return Way::Failed;
            }
            Way::Owner(owner.value, None, owner.place.why())
        } else if let Some(parent) = parent {
            match parent.value.resolve(table) {
                Ok(key) => Way::Parent(key, parent.place),
                // The check of config and tags reports it.
                Err(_) => Way::Failed,
            }
        } else if let Some(unowned) = unowned {
            Way::Unowned(unowned.value, unowned.place)
        } else if let Some((column, why)) = self.inferred_owner(table) {
            Way::Owner(column, None, why)
        } else if bucket_said.is_some() {
            Way::Bucket
        } else {
            Way::Infer(self.usable_keys(table))
        };
        self.with_null(name, table, way, owner_null, issues)
    }

    /// Adds what null means in the owner column.
    fn with_null(
        &self,
        name: &QualifiedName,
        table: &Table,
        way: Way<'a>,
        owner_null: Option<Said<OwnerNull>>,
        issues: &mut Issues,
    ) -> Way<'a> {
        let Way::Owner(column, _, why) = way else {
            if let Some(said) = owner_null {
                let problem = Diagnostic::error(format!("`owner_null` of {name}, which has no owner column"));
                let problem = problem.help("remove the line, or name the column: `owner_column = \"…\"`");
                issues.error(said.place.point(problem, ""));
            }
            return way;
        };
        let nullable = table.column(&column).is_some_and(|found| {
            let key = table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column));
            !(found.not_null || key || domains(&found.ty, self.facts).iter().any(|domain| domain.not_null))
        });
        let null = match (nullable, owner_null) {
            (true, said) => Some(said.map(|said| said.value).unwrap_or_default()),
            (false, Some(said)) => {
                let message = format!("`owner_null` of {name}: `{column}` is never null");
                issues.warn(said.place.point(Diagnostic::warning(message), "means nothing"));
                None
            }
            (false, None) => None,
        };
        Way::Owner(column, null, why)
    }

    /// The first owner column by its name; of a membership table, the column with the member.
    fn inferred_owner(&self, table: &Table) -> Option<(String, Why)> {
        for bucket in &self.config.buckets {
            if let Membership::Table { table: members, user, .. } = &bucket.members
                && members.value.resolve(self.facts).is_ok_and(|found| std::ptr::eq(found, table))
                && table.column(&user.value).is_some_and(|column| self.can_hold_owner(column))
            {
                let why = format!("holds the members of bucket `{}`", bucket.name.value);
                return Some((user.value.clone(), Why::Inferred(why)));
            }
        }
        let names = self.config.sync.owner_columns();
        let column = names
            .into_iter()
            .find(|name| table.column(name).is_some_and(|column| self.can_hold_owner(column)))?;
        Some((column.to_owned(), Why::Inferred("the first of `owner_columns` that the table has".to_owned())))
    }

    /// Whether a value of the column names one user.
    fn can_hold_owner(&self, column: &Column) -> bool {
        match resolve(&column.ty, self.facts, self.config.types.uuid) {
            Ok(ColumnType::Scalar(scalar)) => {
                scalar.is_integer()
                    || matches!(
                        scalar,
                        Scalar::Uuid | Scalar::UuidText | Scalar::Text | Scalar::Oid | Scalar::Numeric
                    )
            }
            Ok(ColumnType::Text(_) | ColumnType::Enum(_)) => true,
            Ok(ColumnType::Array(_) | ColumnType::Composite(..)) | Err(_) => false,
        }
    }

    /// Foreign keys to other synced tables along which ownership can be inferred.
    fn usable_keys(&self, table: &'a Table) -> Vec<&'a ForeignKey> {
        let own = table.qualified_name();
        let usable = |key: &&ForeignKey| {
            let target = target(key);
            // One row has one parent: a key over periods may refer to several.
            target != own && self.tables.contains_key(&target) && !key.not_enforced && !key.period
        };
        let keys: Vec<_> = table.foreign_keys.iter().filter(usable).collect();
        // Of keys that lead to the same row, the one with the fewest columns says it all.
        let pairs = |key: &ForeignKey| -> BTreeSet<(String, String)> {
            key.columns.iter().cloned().zip(key.references.columns.iter().cloned()).collect()
        };
        let implied = |index: usize, key: &ForeignKey| {
            keys.iter().enumerate().any(|(other_index, other)| {
                let (mine, theirs) = (pairs(key), pairs(other));
                other_index != index
                    && target(other) == target(key)
                    && theirs.is_subset(&mine)
                    && (theirs.len() < mine.len() || other_index < index)
            })
        };
        keys.iter().enumerate().filter(|(index, key)| !implied(*index, key)).map(|(_, key)| *key).collect()
    }

    /// The tables that are owned, if one is looked away from.
    fn established(
        &self,
        ways: &BTreeMap<QualifiedName, Way<'a>>,
        without: Option<&QualifiedName>,
    ) -> BTreeSet<QualifiedName> {
        let mut owned = BTreeSet::new();
        let mut children: BTreeMap<QualifiedName, Vec<&QualifiedName>> = BTreeMap::new();
        let mut ready = Vec::new();
        for (name, way) in ways.iter().filter(|(name, _)| Some(*name) != without) {
            match way {
                Way::Owner(..) | Way::Bucket | Way::Failed => ready.push(name),
                Way::Parent(key, _) => {
                    let parent = target(key);
                    // A parent that is not there is an error of its own; its children are not to blame.
                    if self.tables.contains_key(&parent) {
                        children.entry(parent).or_default().push(name);
                    } else {
                        ready.push(name);
                    }
                }
                Way::Unowned(..) => {}
                Way::Infer(keys) => {
                    for key in keys {
                        children.entry(target(key)).or_default().push(name);
                    }
                }
            }
        }
        while let Some(name) = ready.pop() {
            if owned.insert(name.clone()) {
                ready.extend(children.get(name).into_iter().flatten());
            }
        }
        owned
    }

    fn belongs(
        &self,
        name: &QualifiedName,
        way: &Way<'a>,
        ways: &BTreeMap<QualifiedName, Way<'a>>,
        owned: &BTreeSet<QualifiedName>,
        issues: &mut Issues,
    ) -> Belongs {
        match way {
            Way::Owner(column, null, why) => {
                Belongs::by(Ownership::Owner { column: column.clone(), null: *null }, why.clone())
            }
            Way::Bucket => {
                let said = self.tables.get(name).and_then(|table| table.said.get(|rules| &rules.bucket));
                Belongs::by(Ownership::Bucket, said.map_or(Why::Default, |said| said.place.why()))
            }
            Way::Failed => Belongs::Failed,
            Way::Unowned(TableUnowned::Everyone, place) => Belongs::by(Ownership::Everyone, place.why()),
            Way::Unowned(TableUnowned::Exclude, place) => Belongs::Excluded(place.why()),
            Way::Parent(key, place) => self.said_parent(name, key, place, owned, issues),
            Way::Infer(keys) => self.inferred(name, keys, ways, owned, issues),
        }
    }

    fn said_parent(
        &self,
        name: &QualifiedName,
        key: &ForeignKey,
        place: &Place,
        owned: &BTreeSet<QualifiedName>,
        issues: &mut Issues,
    ) -> Belongs {
        let parent = target(key);
        let refused = if parent == *name {
            Some((format!("{name} cannot be its own parent"), "leads to the same table".to_owned()))
        } else if key.period {
            let message =
                format!("`{}` of {name} is a key over periods, which refers to several rows", key.name);
            Some((message, "a row has one parent".to_owned()))
        } else if !self.tables.contains_key(&parent) {
            let message = format!("the parent of {name}, {parent}, is not synced");
            Some((message, format!("leads to {parent}")))
        } else if !owned.contains(&parent) {
            let message = format!("the parent of {name}, {parent}, belongs to nobody");
            Some((message, "leads to no owner".to_owned()))
        } else {
            None
        };
        if let Some((message, label)) = refused {
            let problem =
                Diagnostic::error(message).help(match self.facts.table(&parent.schema, &parent.name) {
                    Some(table) if parent != *name && !key.period => format!(
                        "say under `{}` to whom it belongs: `owner_column = \"…\"` or `parent = \"…\"`",
                        section(self.facts, table)
                    ),
                    _ => "name another foreign key".to_owned(),
                });
            let relief = Relief::Table(name.clone(), format!("its parent {parent} leads to no owner"));
            issues.settle(place.point(problem, label), relief);
            return Belongs::Failed;
        }
        Belongs::by(parent_of(key), place.why())
    }

    fn inferred(
        &self,
        name: &QualifiedName,
        keys: &[&'a ForeignKey],
        ways: &BTreeMap<QualifiedName, Way<'a>>,
        owned: &BTreeSet<QualifiedName>,
        issues: &mut Issues,
    ) -> Belongs {
        let mut leading: Vec<_> = keys.iter().copied().filter(|key| owned.contains(&target(key))).collect();
        if leading.len() > 1 {
            // A table that is owned only through this one is a child of it, and no way up.
            let others = self.established(ways, Some(name));
            leading.retain(|key| others.contains(&target(key)));
        }
        let ordinary: Vec<_> = leading.iter().copied().filter(|key| !self.is_person(ways, key)).collect();
        let chosen = if ordinary.is_empty() { &leading } else { &ordinary };
        match chosen.as_slice() {
            [] => self.unowned(name, owned, issues),
            [key] => {
                let parent = target(key);
                let others = if leading.len() > 1 {
                    "the only foreign key that says whose the row is"
                } else {
                    "the only foreign key to an owned table"
                };
                let table = self.tables.get(name).map(|candidate| candidate.table);
                let nullable: Vec<_> = key
                    .columns
                    .iter()
                    .filter(|column| {
                        table.and_then(|table| table.column(column)).is_some_and(|found| !found.not_null)
                    })
                    .collect();
                if !nullable.is_empty() {
                    let message = format!(
                        "rows of {name} whose {} is null belong to nobody and stay on the server",
                        list(&nullable)
                    );
                    issues.warn(
                        Diagnostic::warning(message)
                            .note(format!("{parent} owns its rows through `{}`", key.name)),
                    );
                }
                Belongs::by(parent_of(key), Why::Inferred(format!("{others}, `{}`", key.name)))
            }
            keys => {
                let choices: Vec<_> = keys
                    .iter()
                    .map(|key| format!("`parent = {}` (to {})", written_parent(key, keys), target(key)))
                    .collect();
                let heading = self.section(name);
                let problem = Diagnostic::error(format!("{name} could belong to several tables"))
                    .note(format!(
                        "foreign keys to tables with an owner: {}",
                        list(keys.iter().map(|key| &key.name))
                    ))
                    .help(format!("under `{heading}`, write one of {}", choices.join(", ")));
                issues.settle(
                    problem,
                    Relief::Table(name.clone(), "could belong to several tables".to_owned()),
                );
                Belongs::Failed
            }
        }
    }

    /// Whether a key points at a table that is nothing but its owner: its own key is the owner column.
    fn is_person(&self, ways: &BTreeMap<QualifiedName, Way<'_>>, key: &ForeignKey) -> bool {
        let target = target(key);
        let Some(Way::Owner(column, ..)) = ways.get(&target) else { return false };
        let key = self.tables.get(&target).and_then(|candidate| candidate.table.primary_key.as_ref());
        key.is_some_and(|key| key.columns == [column.clone()])
    }

    fn unowned(&self, name: &QualifiedName, owned: &BTreeSet<QualifiedName>, issues: &mut Issues) -> Belongs {
        let heading = self.section(name);
        let relief = Relief::Table(name.clone(), "belongs to nobody".to_owned());
        let setting = Why::Config(format!("`[sync] unowned` in {}", self.config.source.name));
        match self.config.sync.unowned {
            Unowned::Exclude => Belongs::Excluded(setting),
            Unowned::Error => {
                let problem = Diagnostic::error(format!("{name} belongs to nobody"))
                    .note("it has no owner column, and no foreign key leads to a table with an owner")
                    .help(format!(
                        "under `{heading}`, write `unowned = \"everyone\"` (everyone reads it), `exclude = true`, or `owner_column = \"…\"`"
                    ));
                issues.settle(problem, relief);
                Belongs::Failed
            }
            Unowned::Everyone => {
                let Some(hidden) = self.hidden_owner(name, owned) else {
                    return Belongs::by(Ownership::Everyone, setting);
                };
                let problem = Diagnostic::error(format!(
                    "everyone would read {name}, whose rows belong to rows of {hidden}"
                ))
                .note(format!("{hidden} has an owner, but it or the way to it is not synced"))
                .help(format!(
                    "under `{heading}`, write `exclude = true`, or `unowned = \"everyone\"` if that is meant"
                ));
                issues.settle(problem, relief);
                Belongs::Failed
            }
        }
    }

    /// A table that has an owner and is referred to by this one, but in no way that the sync follows: it or a table
    /// on the way is not synced, or a key is not enforced.
    fn hidden_owner(&self, name: &QualifiedName, owned: &BTreeSet<QualifiedName>) -> Option<QualifiedName> {
        let mut seen = BTreeSet::new();
        let mut ready = vec![name.clone()];
        while let Some(at) = ready.pop() {
            let Some(table) = self.facts.table(&at.schema, &at.name) else { continue };
            if !seen.insert(at.clone()) {
                continue;
            }
            if at != *name && owned.contains(&at) {
                return Some(at);
            }
            if !self.tables.contains_key(&at) {
                let said = TableSaid::new(self.config, self.tags, self.facts, table);
                let owned = said.get(|rules| &rules.owner_column).is_some()
                    || said.get(|rules| &rules.parent).is_some()
                    || said.get(|rules| &rules.bucket).is_some()
                    || self.inferred_owner(table).is_some();
                // A person who settled it has settled what hangs on it.
                if owned && said.get(|rules| &rules.unowned).is_none() {
                    return Some(at);
                }
            }
            ready.extend(table.foreign_keys.iter().map(target));
        }
        None
    }

    fn section(&self, name: &QualifiedName) -> String {
        self.facts.table(&name.schema, &name.name).map(|table| section(self.facts, table)).unwrap_or_default()
    }

    /// Chains that lead back to where they began.
    fn refuse_circles(&self, found: &mut BTreeMap<QualifiedName, Belongs>, issues: &mut Issues) {
        let names: Vec<_> = found.keys().cloned().collect();
        for name in names {
            let mut chain = vec![name.clone()];
            while let Some(parent) = found.get(&chain[chain.len() - 1]).and_then(Belongs::parent) {
                if *parent == name {
                    let shown: Vec<_> = chain.iter().chain([&name]).map(ToString::to_string).collect();
                    let headings: Vec<_> =
                        chain.iter().map(|name| format!("`{}`", self.section(name))).collect();
                    let problem = Diagnostic::error(format!("the parents of {name} lead back to it"))
                        .note(shown.join(" → "))
                        .help(format!(
                            "under one of {}, write `owner_column = \"…\"` or another `parent = \"…\"`",
                            headings.join(", ")
                        ));
                    issues.settle(
                        problem,
                        Relief::Table(name.clone(), "its parents lead back to it".to_owned()),
                    );
                    for member in chain {
                        if member != name {
                            issues.follow(Relief::Table(
                                member.clone(),
                                "its parents lead back to it".to_owned(),
                            ));
                        }
                        found.insert(member, Belongs::Failed);
                    }
                    break;
                }
                if chain.contains(parent) {
                    break;
                }
                chain.push(parent.clone());
            }
        }
    }

    /// What hangs on a table that failed fails too, without a message of its own.
    fn fail_children(&self, found: &mut BTreeMap<QualifiedName, Belongs>, issues: &mut Issues) {
        loop {
            let failed: Vec<_> = found
                .iter()
                .filter_map(|(name, belongs)| {
                    let parent = belongs.parent()?;
                    matches!(found.get(parent), Some(Belongs::Failed) | None)
                        .then(|| (name.clone(), parent.clone()))
                })
                .collect();
            if failed.is_empty() {
                return;
            }
            for (name, parent) in failed {
                issues.follow(Relief::Table(name.clone(), format!("its parent {parent} is not synced")));
                found.insert(name, Belongs::Failed);
            }
        }
    }
}

impl Belongs {
    fn by(ownership: Ownership, why: Why) -> Self {
        Self::Owned { ownership: Decided { value: ownership, why }, bucket: None }
    }

    fn with_bucket(self, said: Option<Decided<TableBucket>>) -> Self {
        match self {
            Self::Owned { ownership, .. } => Self::Owned { ownership, bucket: said },
            other => other,
        }
    }

    fn parent(&self) -> Option<&QualifiedName> {
        match self {
            Self::Owned { ownership: Decided { value: Ownership::Parent { table, .. }, .. }, .. } => {
                Some(table)
            }
            _ => None,
        }
    }
}

/// The table that a foreign key points at.
pub(super) fn target(key: &ForeignKey) -> QualifiedName {
    QualifiedName::new(&key.references.schema, &key.references.table)
}

fn parent_of(key: &ForeignKey) -> Ownership {
    Ownership::Parent { foreign_key: key.name.clone(), columns: key.columns.clone(), table: target(key) }
}

pub(super) fn same_columns(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|column| b.contains(column))
}

/// As the config names a foreign key: by its columns, or by its name where others have the same.
fn written_parent(key: &ForeignKey, keys: &[&ForeignKey]) -> String {
    let alone = keys.iter().filter(|other| same_columns(&other.columns, &key.columns)).count() == 1;
    match key.columns.as_slice() {
        [column] if alone => string(column),
        columns if alone => {
            format!("[{}]", columns.iter().map(|column| string(column)).collect::<Vec<_>>().join(", "))
        }
        _ => string(&key.name),
    }
}
