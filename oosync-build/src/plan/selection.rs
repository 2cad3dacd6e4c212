//! Which tables can be synced at all, and why the others are not.

use std::collections::BTreeMap;

use super::ownership::Candidate;
use super::problems::{Dropped, Issues};
use super::rules::{Place, TableSaid};
use super::{NotSynced, Why};
use crate::config::{Config, Spanned, TableName, Tags};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, Persistence, QualifiedName, Table, TableKind};

/// Tables in which tools keep which migrations have run: a matter of the server alone.
const MIGRATIONS: &[&str] = &[
    "__diesel_schema_migrations",
    "__drizzle_migrations",
    "__EFMigrationsHistory",
    "__efmigrationshistory",
    "_prisma_migrations",
    "_sqlx_migrations",
    "alembic_version",
    "ar_internal_metadata",
    "atlas_schema_revisions",
    "databasechangelog",
    "databasechangeloglock",
    "django_migrations",
    "doctrine_migration_versions",
    "drizzle_migrations",
    "flyway_schema_history",
    "goose_db_version",
    "gorp_migrations",
    "knex_migrations",
    "knex_migrations_lock",
    "kysely_migration",
    "kysely_migration_lock",
    "mikro_orm_migrations",
    "pgmigrations",
    "phinxlog",
    "refinery_schema_history",
    "schema_migrations",
    "schema_version",
    "seaql_migrations",
    "SequelizeMeta",
    "sequelize_meta",
    "typeorm_metadata",
];

/// The tables to plan, and the others.
pub(super) struct Selection<'a> {
    pub(super) candidates: BTreeMap<QualifiedName, Candidate<'a>>,
    pub(super) not_synced: Vec<NotSynced>,
}

/// Sorts every table of the facts into one of the two.
pub(super) fn select<'a>(
    facts: &'a Facts,
    config: &'a Config,
    tags: &'a Tags,
    dropped: &Dropped,
    issues: &mut Issues,
) -> Selection<'a> {
    let mut selection = Selection { candidates: BTreeMap::new(), not_synced: Vec::new() };
    for table in &facts.tables {
        let said = TableSaid::new(config, tags, facts, table);
        let name = table.qualified_name();
        match left_out(facts, config, dropped, table, &said, issues) {
            Some((reason, why)) => selection.not_synced.push(NotSynced { name, reason, why }),
            None => {
                selection.candidates.insert(name, Candidate { table, said });
            }
        }
    }
    for candidate in selection.candidates.values() {
        warn(facts, candidate.table, issues);
    }
    selection
}

/// Why a table is not synced, if that is so.
fn left_out(
    facts: &Facts,
    config: &Config,
    dropped: &Dropped,
    table: &Table,
    said: &TableSaid<'_>,
    issues: &mut Issues,
) -> Option<(String, Why)> {
    let name = table.qualified_name();
    let inferred = |reason: String| Some((reason.clone(), Why::Inferred(reason)));
    if let Some(of) = &table.partition_of {
        let parent = QualifiedName::new(&of.schema, &of.name);
        return inferred(format!("is a partition of {parent}, whose rows are synced, or not, as a whole"));
    }
    match table.kind {
        TableKind::Table | TableKind::PartitionedTable => {}
        kind => return inferred(format!("is a {kind}")),
    }
    let include = named(facts, config, &config.sync.include, table);
    if let Some(exclude) = said.get(|rules| &rules.exclude).filter(|said| said.value) {
        if let (Some(_), Why::Tag(_)) = (&include, exclude.place.why()) {
            let problem = Diagnostic::error(format!("{name} is both excluded and included"))
                .help(format!("remove the tag, or take {name} out of `sync.include`"));
            issues.error(exclude.place.point(problem, "is in `sync.include` too"));
        }
        return Some(("is excluded".to_owned(), exclude.place.why()));
    }
    if let Some(place) = named(facts, config, &config.sync.exclude, table) {
        return Some(("is excluded".to_owned(), place.why()));
    }
    if include.is_none() && !config.sync.include.is_empty() {
        let why = Why::Config(format!("`[sync] include` in {}", config.source.name));
        return Some(("is not in `include`".to_owned(), why));
    }
    if include.is_none() && MIGRATIONS.contains(&table.name.as_str()) {
        return inferred("is a tool's table of migrations".to_owned());
    }
    if let Some(reason) = dropped.tables.get(&name) {
        return inferred(reason.clone());
    }
    if table.primary_key.is_none() {
        return inferred("has no primary key".to_owned());
    }
    None
}

/// Where a list of the config names the table.
fn named(facts: &Facts, config: &Config, names: &[Spanned<TableName>], table: &Table) -> Option<Place> {
    let found =
        names.iter().find(|name| name.value.resolve(facts).is_ok_and(|found| std::ptr::eq(found, table)))?;
    Some(Place::config(&config.source, &found.span))
}

/// What is odd about a table that is synced.
fn warn(facts: &Facts, table: &Table, issues: &mut Issues) {
    let name = table.qualified_name();
    if table.persistence == Persistence::Unlogged {
        let problem = Diagnostic::warning(format!("{name} is UNLOGGED: a crash of the server empties it"))
            .note("devices keep the rows, for nothing logs that they are gone")
            .help(format!("alter table {name} set logged"));
        issues.warn(problem);
    }
    let heirs: Vec<_> = facts
        .tables
        .iter()
        .filter(|other| other.inherits.contains(&name))
        .map(|other| other.qualified_name().to_string())
        .collect();
    if !heirs.is_empty() {
        let problem = Diagnostic::warning(format!("{name} has tables that inherit from it: {}", heirs.join(", ")))
            .note("each is synced as a table of its own: the rows of an heir, which a query of the parent shows too, are not synced as the parent's");
        issues.warn(problem);
    }
}
