//! From facts, config and tags to a plan: a draft cannot generate anything, a validated plan can.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{ColumnReader, Columns};
use super::keys::{ForeignKeys, exported, indexes, unique_keys};
use super::ownership::{Belongs, Candidate, OwnershipResolver, target};
use super::problems::{Dropped, Issues};
use super::selection::{Selection, select};
use super::settings::Settings;
use super::{
    Decided, NotSynced, Ownership, Plan, PlanTable, TableBucket, Why, buckets, checks, hash, names, order,
    reached, roles,
};
use crate::config::{Config, Tags, without_tags};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::facts::{Facts, QualifiedName};

/// What happens to errors that have a safe reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strictness {
    /// They stop the build.
    #[default]
    Strict,
    /// They become warnings, and what they are about is not synced: always the reading that shows less.
    Lenient,
}

/// Facts, config and tags that agree with each other, to be made a plan.
///
/// ```
/// use oosync_build::config::{Config, Tags};
/// use oosync_build::facts::Facts;
/// use oosync_build::plan::{Draft, Strictness};
///
/// let facts = Facts::from_json(r#"{
///   "format": 1, "schemas": ["public"],
///   "tables": [{
///     "schema": "public", "name": "todos", "kind": "table", "comment": null,
///     "columns": [
///       {"name": "id", "type": {"schema": "pg_catalog", "name": "uuid"}, "not_null": true, "default": "gen_random_uuid()"},
///       {"name": "user_id", "type": {"schema": "pg_catalog", "name": "uuid"}, "not_null": true}
///     ],
///     "primary_key": {"name": "todos_pkey", "columns": ["id"]},
///     "unique": [], "foreign_keys": [], "checks": [], "indexes": [], "policies": []
///   }],
///   "enums": [], "domains": [], "composites": [], "ranges": []
/// }"#)?;
/// let (tags, _) = Tags::read(&facts);
/// let validated = Draft::new(&facts, &Config::default(), &tags).validate(Strictness::Strict)?;
/// assert_eq!(validated.plan.tables[0].local_name, "todos");
/// assert!(validated.warnings.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    facts: &'a Facts,
    config: &'a Config,
    tags: &'a Tags,
}

/// A plan, and what is worth knowing about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Validated {
    /// What code and SQL are generated from.
    pub plan: Plan,
    /// None of them stops anything.
    pub warnings: Diagnostics,
}

impl<'a> Draft<'a> {
    /// A draft. That every name in config and tags means something is taken for granted: see
    /// [`Config::check`] and [`Tags::check`]; a name that means nothing has no effect here.
    pub fn new(facts: &'a Facts, config: &'a Config, tags: &'a Tags) -> Self {
        Self { facts, config, tags }
    }

    /// Resolves everything.
    ///
    /// # Errors
    ///
    /// All errors and warnings together: whatever would show rows or columns to people it should not, could not be
    /// kept without loss, or could not be told apart on a device. With [`Strictness::Lenient`] only those that have
    /// no safe reading.
    pub fn validate(self, strictness: Strictness) -> Result<Validated, Diagnostics> {
        let mut dropped = Dropped::default();
        let mut settled = Diagnostics::new();
        loop {
            let mut issues = Issues::default();
            let plan = self.resolve(&dropped, &mut issues);
            let mut again = false;
            let mut errors = Diagnostics::new();
            for issue in issues.errors {
                match (strictness, issue.relief) {
                    (Strictness::Lenient, Some(relief)) => {
                        if dropped.add(relief) {
                            again = true;
                            if let Some(mut problem) = issue.problem {
                                problem.severity = Severity::Warning;
                                settled.push(problem.note("left out of the plan"));
                            }
                        }
                    }
                    (_, _) => issue.problem.into_iter().for_each(|problem| errors.push(problem)),
                }
            }
            if again {
                continue;
            }
            settled.extend(issues.warnings);
            if errors.has_errors() {
                errors.extend(settled);
                return Err(errors);
            }
            return Ok(Validated { plan, warnings: settled });
        }
    }

    /// One resolution; with errors, the plan is not one to use.
    fn resolve(&self, dropped: &Dropped, issues: &mut Issues) -> Plan {
        let Selection { candidates, mut not_synced } =
            select(self.facts, self.config, self.tags, dropped, issues);
        let reader = ColumnReader { facts: self.facts, config: self.config, tags: self.tags, dropped };
        let columns: BTreeMap<QualifiedName, Columns> = candidates
            .iter()
            .map(|(name, candidate)| (name.clone(), reader.read(candidate.table, &candidate.said, issues)))
            .collect();
        let resolver = OwnershipResolver {
            facts: self.facts,
            config: self.config,
            tags: self.tags,
            tables: &candidates,
        };
        let belongs = resolver.run(issues);
        for (name, belongs) in &belongs {
            let (reason, why) = match belongs {
                Belongs::Owned { .. } => continue,
                Belongs::Excluded(why) => ("belongs to nobody", why.clone()),
                // The plan is not used; each table is in it once all the same.
                Belongs::Failed => ("has an error", Why::Default),
            };
            not_synced.push(NotSynced { name: name.clone(), reason: reason.to_owned(), why });
        }
        let synced: BTreeSet<QualifiedName> = belongs
            .iter()
            .filter(|(_, belongs)| matches!(belongs, Belongs::Owned { .. }))
            .map(|(name, _)| name.clone())
            .collect();
        let local_names = names::local_names(self.facts, &synced, issues);
        let order = order::order(&self.parents(&synced));
        let mut tables: Vec<PlanTable> = synced
            .iter()
            .filter_map(|name| {
                let place = order.places.get(name).copied().unwrap_or_default();
                let local_name = local_names.get(name).cloned().unwrap_or_default();
                self.table(candidates.get(name)?, &belongs, &columns, local_name, place, issues)
            })
            .collect();
        tables.sort_by(|a, b| {
            let names = || order::compare(&a.name.name, &b.name.name).then_with(|| a.name.cmp(&b.name));
            a.order.cmp(&b.order).then_with(names)
        });
        names::name_indexes(&mut tables);
        for cycle in &order.cycles {
            let shown: Vec<_> = cycle.iter().map(ToString::to_string).collect();
            issues.warn(
                Diagnostic::warning(format!("foreign keys lead in a circle: {}", shown.join(", ")))
                    .note(format!("{} goes first", cycle[0]))
                    .help("to choose another order, write `order = …` for these tables"),
            );
        }
        not_synced.sort_by(|a, b| a.name.cmp(&b.name));
        let reached = reached::reached(self.facts, &tables);
        Plan {
            not_synced,
            enums: reached.enums,
            composites: reached.composites,
            text_types: reached.text_types,
            buckets: buckets::buckets(self.facts, self.config, &tables),
            roles: roles::roles(self.config, &tables),
            cycles: order.cycles,
            types: self.config.types.clone(),
            hash: hash::hash(&tables),
            tables,
        }
    }

    /// The synced tables that each synced table refers to.
    fn parents(&self, synced: &BTreeSet<QualifiedName>) -> BTreeMap<QualifiedName, BTreeSet<QualifiedName>> {
        synced
            .iter()
            .map(|name| {
                let keys =
                    self.facts.table(&name.schema, &name.name).map(|table| table.foreign_keys.as_slice());
                let enforced = keys.unwrap_or_default().iter().filter(|key| !key.not_enforced);
                (name.clone(), enforced.map(|key| self.root(target(key))).collect())
            })
            .collect()
    }

    /// The table that syncs the rows of this one: of a partition, the one at the top.
    fn root(&self, mut name: QualifiedName) -> QualifiedName {
        // A file edited by hand may hold partitions in a circle.
        for _ in 0..self.facts.tables.len() {
            let table = self.facts.table(&name.schema, &name.name);
            let Some(of) = table.and_then(|table| table.partition_of.as_ref()) else { break };
            name = QualifiedName::new(&of.schema, &of.name);
        }
        name
    }

    fn table(
        &self,
        candidate: &Candidate<'a>,
        belongs: &BTreeMap<QualifiedName, Belongs>,
        columns: &BTreeMap<QualifiedName, Columns>,
        local_name: String,
        place: i64,
        issues: &mut Issues,
    ) -> Option<PlanTable> {
        let Candidate { table, said } = candidate;
        let name = table.qualified_name();
        let Belongs::Owned { ownership, bucket } = belongs.get(&name)? else { return None };
        let own = columns.get(&name)?;
        let (root, effective) = top(belongs, &name)?;
        let settings = Settings {
            facts: self.facts,
            config: self.config,
            table,
            said,
            columns: own,
            ownership: &ownership.value,
            bucket: effective,
            root,
        };
        let unique = unique_keys(table, own);
        let key: Vec<String> = table.primary_key.iter().flat_map(|key| &key.columns).cloned().collect();
        let stamps = settings.stamps(issues);
        let push = settings.push(issues);
        let foreign = ForeignKeys { facts: self.facts, config: self.config, belongs };
        let normalize = said.columns(|rules| &rules.normalize_datetime);
        let mut plan = PlanTable {
            name: name.clone(),
            local_name,
            comment: table.comment.as_deref().and_then(without_tags),
            order: said.get(|rules| &rules.order).map_or(place, |said| said.value),
            columns: own.all.clone(),
            excluded_columns: own.excluded.clone(),
            primary_key: key.iter().filter_map(|column| own.position(column)).collect(),
            conflict_target: settings.conflict_target(exported(&key, &unique), issues),
            ownership: ownership.clone(),
            bucket: bucket.clone(),
            deny_delete: settings.deny_delete(&stamps),
            write_mode: settings.write_mode(),
            conflict: settings.conflict(&stamps, push.value, issues),
            protected: settings.protected(&stamps, issues),
            push,
            server_maintains_updated: stamps.maintained,
            created: stamps.created,
            updated: stamps.updated,
            deleted: stamps.deleted,
            change_category: said.get(|rules| &rules.change_category).map(|said| said.value),
            normalize_datetime: settings.synced("normalize_datetime", normalize, issues),
            foreign_keys: foreign.of(table, columns),
            indexes: indexes(table, &unique, own),
            unique_keys: unique,
            diesel: self.diesel(candidate),
            rust_name: said.config.and_then(|config| config.rust_name.as_ref()).map(|name| {
                let said = said.written(name);
                Decided { why: said.place.why(), value: said.value }
            }),
        };
        checks::columns(self.facts, table, own, &mut plan, root, effective, issues);
        Some(plan)
    }

    fn diesel(&self, candidate: &Candidate<'_>) -> bool {
        let config = &self.config.diesel;
        let named = config.tables.iter().any(|name| {
            name.value.resolve(self.facts).is_ok_and(|found| std::ptr::eq(found, candidate.table))
        });
        let own = candidate.said.config.and_then(|config| config.diesel.as_ref()).map(|said| said.value);
        own.unwrap_or(config.enabled || named)
    }
}

/// The ownership at the top of a table's chain, and the nearest bucket on the way.
fn top<'b>(
    belongs: &'b BTreeMap<QualifiedName, Belongs>,
    name: &QualifiedName,
) -> Option<(&'b Ownership, Option<&'b TableBucket>)> {
    let mut nearest = None;
    let mut at = name;
    // Circles are errors; what has one is still looked through, once.
    for _ in 0..=belongs.len() {
        let Belongs::Owned { ownership, bucket } = belongs.get(at)? else { return None };
        nearest = nearest.or(bucket.as_ref().map(|bucket| &bucket.value));
        match &ownership.value {
            Ownership::Parent { table, .. } => at = table,
            root => return Some((root, nearest)),
        }
    }
    None
}
