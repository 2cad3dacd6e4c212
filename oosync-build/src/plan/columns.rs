//! The columns that a device has of a table, and those that never leave the server.

use std::collections::BTreeMap;

use super::defaults::{Subject, default, expression};
use super::problems::{Dropped, Issues, Relief, column_section, section};
use super::rules::{ColumnSaid, Place, TableSaid};
use super::{PlanColumn, PlanColumnKind, PlanDefault, SyncedColumn, Why};
use crate::config::{Config, NumericLibrary, RustType, Tags, TimeLibrary};
use crate::diagnostic::Diagnostic;
use crate::facts::{Column, Facts, Table};
use crate::types::{ColumnType, base, domains, resolve, resolve_as_text, unstable_key};

/// The columns of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    pub(super) all: Vec<PlanColumn>,
    pub(super) excluded: Vec<(String, Why)>,
    /// Where `owner_only` was said, by column.
    pub(super) owner_only: BTreeMap<String, Place>,
}

impl Columns {
    /// The place of a column of Postgres that is synced.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let synced = |column: &PlanColumn| matches!(column.kind, PlanColumnKind::Synced(_));
        self.all.iter().position(|column| column.name == name && synced(column))
    }

    /// A column of Postgres that is synced.
    pub(super) fn synced(&self, name: &str) -> Option<(&PlanColumn, &SyncedColumn)> {
        self.all.iter().filter(|column| column.name == name).find_map(|column| match &column.kind {
            PlanColumnKind::Synced(synced) => Some((column, synced.as_ref())),
            PlanColumnKind::Local(_) => None,
        })
    }
}

/// Reads columns with what was said of them.
pub(super) struct ColumnReader<'a> {
    pub(super) facts: &'a Facts,
    pub(super) config: &'a Config,
    pub(super) tags: &'a Tags,
    pub(super) dropped: &'a Dropped,
}

impl ColumnReader<'_> {
    pub(super) fn read(&self, table: &Table, said: &TableSaid<'_>, issues: &mut Issues) -> Columns {
        let mut columns = Columns::default();
        let key = table.primary_key.as_ref().map(|key| key.columns.as_slice()).unwrap_or_default();
        for column in &table.columns {
            let is_key = key.contains(&column.name);
            let column_said = ColumnSaid::new(said, self.tags, table, column);
            let dropped = self.dropped.columns.get(&(table.qualified_name(), column.name.clone()));
            if let Some(place) = column_said.on(|rules| &rules.exclude) {
                if is_key {
                    let message = format!(
                        "`{}` is in the key of {} and cannot be excluded",
                        column.name,
                        table.qualified_name()
                    );
                    let help = format!(
                        "sync the column, or exclude the table: `exclude = true` under `{}`",
                        section(self.facts, table)
                    );
                    let problem = place
                        .point(Diagnostic::error(message).help(help), "rows are told apart by their key");
                    let reason = "its key is excluded".to_owned();
                    issues.settle(problem, Relief::Table(table.qualified_name(), reason));
                }
                columns.excluded.push((column.name.clone(), place.why()));
                continue;
            }
            if let Some(reason) = dropped {
                columns.excluded.push((column.name.clone(), Why::Inferred(reason.clone())));
                continue;
            }
            if let Some(place) = column_said.on(|rules| &rules.owner_only) {
                columns.owner_only.insert(column.name.clone(), place);
            }
            columns.all.extend(self.column(table, column, &column_said, is_key, issues));
        }
        self.local(table, said, &mut columns, issues);
        columns
    }

    fn column(
        &self,
        table: &Table,
        column: &Column,
        said: &ColumnSaid<'_>,
        is_key: bool,
        issues: &mut Issues,
    ) -> Option<PlanColumn> {
        let ty = self.ty(table, column, said, is_key, issues)?;
        let subject = Subject { facts: self.facts, table, column, ty: &ty, is_key };
        let default = default(&subject, said, issues);
        let not_null =
            column.not_null || domains(&column.ty, self.facts).iter().any(|domain| domain.not_null) || is_key;
        let filled_later = matches!(default.value, PlanDefault::Server | PlanDefault::Generated);
        let groups = self.field_groups(table, column, said, is_key, issues);
        let rust_name = said.get(|rules| &rules.rust_name);
        let rust_type = self.rust_type(column, said, &ty);
        // A role without the group gets null.
        let nullable = !is_key && (!not_null || filled_later || !groups.is_empty());
        Some(PlanColumn {
            name: column.name.clone(),
            comment: column.comment.as_deref().and_then(crate::config::without_tags),
            nullable,
            rust_name: rust_name.map(|said| super::Decided { why: said.place.why(), value: said.value }),
            rust_type,
            kind: PlanColumnKind::Synced(Box::new(SyncedColumn {
                declared: column.ty.clone(),
                ty,
                not_null,
                default,
                expression: expression(column, self.facts),
                owner_only: said.on(|rules| &rules.owner_only).is_some(),
                field_groups: groups,
            })),
        })
    }

    fn ty(
        &self,
        table: &Table,
        column: &Column,
        said: &ColumnSaid<'_>,
        is_key: bool,
        issues: &mut Issues,
    ) -> Option<ColumnType> {
        let rust_type = said.config.and_then(|config| config.rust_type.as_ref());
        let as_text = rust_type.is_some_and(|said| said.value == RustType::Text);
        let uuid = match rust_type.map(|said| said.value) {
            Some(RustType::Blob) => crate::config::UuidForm::Blob,
            _ => self.config.types.uuid,
        };
        let found = match as_text {
            true => resolve_as_text(&column.ty, self.facts),
            false => resolve(&column.ty, self.facts, uuid),
        };
        match found {
            Ok(ty) => {
                let text = as_text && matches!(ty, ColumnType::Text(_));
                let unstable = if is_key { unstable_key(&column.ty, self.facts) } else { None };
                if let Some(reason) = unstable {
                    let (name, heading) = (table.qualified_name(), section(self.facts, table));
                    let message =
                        format!("`{}` cannot tell the rows of {name} apart on a device", column.name);
                    let problem = Diagnostic::error(message)
                        .note(if text {
                            "its text form is not one and the same for one value".to_owned()
                        } else {
                            reason
                        })
                        .help(format!(
                            "give the table another key, or write `exclude = true` under `{heading}`"
                        ));
                    let reason = format!("its key `{}` has no stable text form", column.name);
                    issues.settle(problem, Relief::Table(name, reason));
                }
                Some(ty)
            }
            Err(unmapped) => {
                let (name, heading) = (table.qualified_name(), section(self.facts, table));
                let message = format!("`{}` of {name}: {unmapped}", column.name);
                let mut problem = Diagnostic::error(message);
                let spot = column_section(self.facts, table, &column.name);
                let text = format!("`rust_type = \"text\"` under `{spot}`");
                let can_be_left_out =
                    !is_key && (!column.not_null || column.default.is_some() || column.generated.is_some());
                problem = if is_key {
                    problem.help(format!(
                        "give the table another key, or write `exclude = true` under `{heading}`"
                    ))
                } else {
                    problem.help(format!(
                        "leave it on the server, `exclude = true`, or carry it in its text form, {text}"
                    ))
                };
                let relief = if can_be_left_out {
                    let reason = format!("the type {} has no form on the device", column.ty);
                    Relief::Column(name, column.name.clone(), reason)
                } else {
                    Relief::Table(
                        name,
                        format!("its column `{}` has a type without a form on the device", column.name),
                    )
                };
                issues.settle(problem, relief);
                None
            }
        }
    }

    /// The choice for this column, or that of the project for its type.
    fn rust_type(&self, column: &Column, said: &ColumnSaid<'_>, ty: &ColumnType) -> Option<RustType> {
        let said = said.config.and_then(|config| config.rust_type.as_ref());
        let chosen = said.map(|said| said.value).filter(|ty| !matches!(ty, RustType::Text | RustType::Blob));
        if chosen.is_some() || matches!(ty, ColumnType::Text(_)) {
            return chosen.filter(|ty| *ty != RustType::Oosync);
        }
        let (base, _) = base(&column.ty, self.facts);
        if base.schema != "pg_catalog" {
            return None;
        }
        let types = &self.config.types;
        let time = match base.name.as_str() {
            "timestamptz" => types.timestamptz,
            "timestamp" => types.timestamp,
            "date" => types.date,
            "time" => types.time,
            "numeric" => {
                return match types.numeric {
                    NumericLibrary::Oosync => None,
                    NumericLibrary::RustDecimal => Some(RustType::RustDecimal),
                    NumericLibrary::Bigdecimal => Some(RustType::Bigdecimal),
                };
            }
            _ => return None,
        };
        match time {
            TimeLibrary::Oosync => None,
            TimeLibrary::Chrono => Some(RustType::Chrono),
            TimeLibrary::Time => Some(RustType::Time),
            TimeLibrary::Jiff => Some(RustType::Jiff),
        }
    }

    fn field_groups(
        &self,
        table: &Table,
        column: &Column,
        said: &ColumnSaid<'_>,
        is_key: bool,
        issues: &mut Issues,
    ) -> Vec<String> {
        let mut places = Vec::new();
        for group in &self.config.field_groups {
            for path in &group.columns {
                let of_table =
                    path.value.table.resolve(self.facts).is_ok_and(|found| std::ptr::eq(found, table));
                if of_table && path.value.column == column.name {
                    places.push((group.name.value.clone(), Place::config(&self.config.source, &path.span)));
                }
            }
        }
        places.extend(said.field_group().map(|said| (said.value, said.place)));
        if let (true, Some((group, place))) = (is_key, places.first()) {
            let message = format!(
                "`{}` is in the key of {} and in the field group `{group}`",
                column.name,
                table.qualified_name()
            );
            let problem = Diagnostic::error(message).help("take it out of the group");
            issues.error(place.point(problem, "who may not read a key cannot sync its row"));
        }
        let mut groups: Vec<_> = places.into_iter().map(|(group, _)| group).collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// Columns that only the device has, and names that SQLite takes for one.
    fn local(&self, table: &Table, said: &TableSaid<'_>, columns: &mut Columns, issues: &mut Issues) {
        let configs = said.config.map(|config| config.columns.as_slice()).unwrap_or_default();
        for config in configs {
            let Some(local) = &config.local else { continue };
            let rust_name = config.rules.rust_name.as_ref().map(|name| said.written(name));
            columns.all.push(PlanColumn {
                name: config.name.value.clone(),
                comment: None,
                kind: PlanColumnKind::Local(local.value),
                nullable: true,
                rust_name: rust_name.map(|said| super::Decided { why: said.place.why(), value: said.value }),
                rust_type: None,
            });
        }
        let mut folded: BTreeMap<String, &str> = BTreeMap::new();
        for column in &columns.all {
            let Some(other) = folded.insert(column.name.to_ascii_lowercase(), &column.name) else { continue };
            let message = format!(
                "the columns `{other}` and `{}` of {} differ in case only, which SQLite does not see",
                column.name,
                table.qualified_name()
            );
            let spot = column_section(self.facts, table, &column.name);
            let problem = Diagnostic::error(message)
                .help(format!("rename one, or leave it on the server: `exclude = true` under `{spot}`"));
            let reason = "has columns whose names differ in case only".to_owned();
            issues.settle(problem, Relief::Table(table.qualified_name(), reason));
        }
    }
}
