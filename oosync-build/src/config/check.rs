//! Whether everything that the config names is in the facts.
//!
//! A name that matches nothing is always an error: a rule that silently does nothing could publish rows.

use std::collections::HashMap;
use std::ops::Range;

use super::access::{FieldGroup, GroupSelector, Membership, RolePermissions};
use super::lookup::Declared;
use super::reader::{Problems, Report};
use super::refusal::list;
use super::table::TableConfig;
use super::tags::Tags;
use super::{Config, Spanned, TableName, TableNameError, lookup};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::{Facts, QualifiedName, Table, TableKind};

impl Config {
    /// Every name here that matches nothing in the facts, or more than one thing, and rules that turn out to
    /// contradict each other once their names are resolved.
    ///
    /// `tags` are those of the same facts: what a rule needs beside it may be in a comment. They are checked on
    /// their own, by [`Tags::read`] and [`Tags::check`].
    pub fn check(&self, facts: &Facts, tags: &Tags) -> Diagnostics {
        let problems = Problems::new(&self.source);
        let check = Check { facts, problems: &problems };
        check.schemas(self.database.written_schemas.as_deref().unwrap_or_default());
        check.owner_columns(self.sync.written_owner_columns.as_deref().unwrap_or_default());
        let include = check.tables("sync.include", &self.sync.include);
        let exclude = check.tables("sync.exclude", &self.sync.exclude);
        check.tables("diesel.tables", &self.diesel.tables);
        check.included(&include);
        check.excluded_and_included(&include, exclude.iter().map(|(table, span)| (*table, *span)));

        let tables = check.table_configs(&self.tables);
        let excluded = tables.iter().filter_map(|(table, config)| {
            let exclude = config.rules.exclude.as_ref().filter(|exclude| exclude.value)?;
            Some((*table, &exclude.span))
        });
        check.excluded_and_included(&include, excluded);
        for (table, config) in &tables {
            let tags = tags.table(&table.schema, &table.name).map(|tags| &tags.rules);
            // A tag that names the columns is laid over these.
            if tags.is_none_or(|tags| tags.bucket_column.is_empty()) {
                let bucket = tags.and_then(|tags| tags.bucket.as_ref()).or(config.rules.bucket.as_ref());
                let bucket = bucket.map(|bucket| bucket.value.as_str());
                let columns = &config.rules.bucket_column;
                lookup::bucket_column(&problems, "bucket_column", columns, bucket, &self.buckets);
            }
        }
        for group in &self.field_groups {
            check.field_group(group);
        }
        let mut groups: Vec<_> = self.field_groups.iter().map(|group| group.name.value.as_str()).collect();
        groups.extend(tags.field_groups());
        groups.sort_unstable();
        groups.dedup();
        for role in &self.role_permissions {
            check.role(role, &groups);
        }
        for bucket in &self.buckets {
            if let Membership::Table { table, user, key } = &bucket.members
                && let Some(table) = check.table(table)
            {
                lookup::column(&problems, table, user);
                for key in key {
                    lookup::column(&problems, table, key);
                }
            }
        }
        problems.into_diagnostics()
    }
}

struct Check<'a> {
    facts: &'a Facts,
    problems: &'a Problems,
}

impl<'a> Check<'a> {
    fn table(&self, name: &Spanned<TableName>) -> Option<&'a Table> {
        let error = match name.value.resolve(self.facts) {
            Ok(table) => return Some(table),
            Err(error) => error,
        };
        let mut problem = Diagnostic::error(error.to_string());
        let label = match &error {
            TableNameError::Ambiguous { candidates, .. } => {
                let names: Vec<_> = candidates.iter().map(QualifiedName::to_string).collect();
                problem = problem.note(format!("there are: {}", list(&names)));
                "write the schema too".to_owned()
            }
            TableNameError::Unknown { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            TableNameError::Unknown { nearest: None, .. } => {
                let schemas = self.facts.schemas.join(", ");
                problem = problem.note(format!("the facts hold the tables of: {schemas}"));
                String::new()
            }
        };
        self.problems.report(problem, &name.span, &label);
        None
    }

    /// The tables of a list; two names of one table are an error.
    fn tables<'c>(&self, key: &str, names: &'c [Spanned<TableName>]) -> Vec<(&'a Table, &'c Range<usize>)> {
        let mut found: Vec<(&Table, &Range<usize>)> = Vec::new();
        for name in names {
            let Some(table) = self.table(name) else { continue };
            if found.iter().any(|(earlier, _)| std::ptr::eq(*earlier, table)) {
                let message = format!("`{key}` names {} twice", table.qualified_name());
                self.problems.error(message, &name.span, "is in the list already");
            } else {
                found.push((table, &name.span));
            }
        }
        found
    }

    fn excluded_and_included<'c>(
        &self,
        included: &[(&Table, &Range<usize>)],
        excluded: impl Iterator<Item = (&'a Table, &'c Range<usize>)>,
    ) {
        for (table, span) in excluded {
            if included.iter().any(|(included, _)| std::ptr::eq(*included, table)) {
                let message = format!("{} is both excluded and included", table.qualified_name());
                self.problems.error(message, span, "is in `sync.include` too");
            }
        }
    }

    fn included(&self, tables: &[(&Table, &Range<usize>)]) {
        for (table, span) in tables {
            if let Some(reason) = self.never_synced(table) {
                self.problems.error(reason, span, "");
            } else if table.primary_key.is_none() {
                let name = table.qualified_name();
                let message = format!("`{name}` has no primary key, so its rows cannot be told apart");
                self.problems.error(message, span, "");
            }
        }
    }

    /// Why this can be excluded but never synced as a table of its own, if that is so.
    fn never_synced(&self, table: &Table) -> Option<String> {
        let name = table.qualified_name();
        if table.partition_of.is_some() {
            let root = self.root(table);
            return Some(format!(
                "`{name}` is a partition: rules are written for `{root}`, its partitions follow"
            ));
        }
        match table.kind {
            TableKind::Table | TableKind::PartitionedTable => None,
            TableKind::View | TableKind::MaterializedView | TableKind::ForeignTable => {
                Some(format!("`{name}` is a {}: only tables are synced", table.kind))
            }
        }
    }

    /// The table at the top of the partitions that this is one of.
    fn root(&self, table: &Table) -> QualifiedName {
        let mut root = table.qualified_name();
        let mut parent = table.partition_of.as_ref();
        // A file edited by hand may hold partitions in a circle.
        for _ in 0..self.facts.tables.len() {
            let Some(of) = parent else { break };
            root = QualifiedName::new(&of.schema, &of.name);
            parent = self.facts.table(&of.schema, &of.name).and_then(|table| table.partition_of.as_ref());
        }
        root
    }

    fn schemas(&self, schemas: &[Spanned<String>]) {
        let known: Vec<_> = self.facts.schemas.iter().map(String::as_str).collect();
        for schema in schemas.iter().filter(|schema| !known.contains(&schema.value.as_str())) {
            let problem = Diagnostic::error(format!("no schema `{}` in the facts", schema.value))
                .help("if the schema is new, take the facts from the database again");
            lookup::unknown(self.problems, problem, schema, &known);
        }
    }

    fn owner_columns(&self, names: &[Spanned<String>]) {
        let mut known: Vec<_> = self
            .facts
            .tables
            .iter()
            .flat_map(|table| &table.columns)
            .map(|column| column.name.as_str())
            .collect();
        known.sort_unstable();
        known.dedup();
        for name in names.iter().filter(|name| known.binary_search(&name.value.as_str()).is_err()) {
            let message = format!("no table in the facts has a column `{}`", name.value);
            let fix = crate::suggest::did_you_mean(&name.value, known.iter().copied());
            self.problems.error(message, &name.span, &fix.unwrap_or_default());
        }
    }

    fn table_configs<'c>(&self, configs: &'c [TableConfig]) -> Vec<(&'a Table, &'c TableConfig)> {
        let mut found = Vec::new();
        let mut earlier: HashMap<*const Table, &TableConfig> = HashMap::new();
        for config in configs {
            let Some(table) = self.table(&config.name) else { continue };
            if let Some(other) = earlier.insert(std::ptr::from_ref(table), config) {
                let message = format!("`[tables]` speaks of {} twice", table.qualified_name());
                let label = format!("is the same table as `{}` above", other.name.value);
                self.problems.error(message, &config.name.span, &label);
            }
            if config.has_sync_rules()
                && let Some(reason) = self.never_synced(table)
            {
                self.problems.error(reason, &config.name.span, "");
            }
            lookup::table_rules(self.problems, table, &config.rules);
            for column in &config.columns {
                lookup::column_rules(self.problems, &column.rules);
                if column.local.is_some() {
                    if table.column(&column.name.value).is_some() {
                        let message = format!(
                            "the column `{}` is in {} {}: it does not exist on the device alone",
                            column.name.value,
                            table.kind,
                            table.qualified_name()
                        );
                        self.problems.error(message, &column.name.span, "is declared `local_only`");
                    }
                } else if let Some(facts_column) = lookup::column(self.problems, table, &column.name)
                    && let Some(rust_type) = &column.rust_type
                {
                    lookup::rust_type(self.problems, self.facts, facts_column, rust_type);
                }
            }
            found.push((table, config));
        }
        found
    }

    fn field_group(&self, group: &FieldGroup) {
        let mut seen: Vec<(&Table, &str)> = Vec::new();
        for path in &group.columns {
            let table = Spanned::new(path.value.table.clone(), path.span.clone());
            let Some(table) = self.table(&table) else { continue };
            let name = Spanned::new(path.value.column.clone(), path.span.clone());
            let Some(column) = lookup::column(self.problems, table, &name) else { continue };
            if seen.iter().any(|(other, name)| std::ptr::eq(*other, table) && *name == column.name) {
                let message = format!("field group `{}` names {} twice", group.name.value, path.value);
                self.problems.error(message, &path.span, "is in the list already");
            }
            seen.push((table, &column.name));
        }
    }

    fn role(&self, role: &RolePermissions, known: &[&str]) {
        for selector in role.read.iter().chain(&role.write) {
            let GroupSelector::Group(group) = &selector.value else { continue };
            let name = Spanned::new(group.clone(), selector.span.clone());
            lookup::declared(self.problems, Declared::FieldGroup, &name, known);
        }
    }
}
