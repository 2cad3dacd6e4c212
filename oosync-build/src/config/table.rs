//! `[tables.*]` and their columns.

use super::reader::{Problems, Report, TableReader};
use super::rules::{ColumnRules, TableRules, rust_name};
use super::{LocalType, RustType, Spanned, TableName};
use crate::diagnostic::Diagnostic;

/// `[tables.todos]`: decisions about one table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TableConfig {
    /// The table.
    pub name: Spanned<TableName>,
    /// What comment tags can say as well.
    pub rules: TableRules,
    /// Whether Diesel's forms are generated. Default: as [`DieselConfig`](super::DieselConfig) says.
    pub diesel: Option<Spanned<bool>>,
    /// The name of the row struct. Default: the table's, made singular and an identifier.
    pub rust_name: Option<Spanned<String>>,
    /// Columns about which something is said, in the order written.
    pub columns: Vec<ColumnConfig>,
}

impl TableConfig {
    pub(super) fn read(name: Spanned<TableName>, reader: &mut TableReader<'_>) -> Self {
        let table = Self {
            name,
            rules: TableRules::read(reader),
            diesel: reader.get("diesel"),
            rust_name: rust_name(reader),
            columns: reader.named_tables("columns", ColumnConfig::read),
        };
        for clash in table.rules.contradictions() {
            let message = format!("`{}` contradicts `{}`", reader.path_of(clash.later), clash.earlier);
            reader.problems.error(message, &clash.span, clash.reason);
        }
        table
    }

    /// Whether it says how rows are synced, rather than that they are not.
    pub(super) fn has_sync_rules(&self) -> bool {
        let excluded = self.rules.exclude.as_ref().is_some_and(|exclude| exclude.value);
        !excluded && (self.rules != TableRules::default() || !self.columns.is_empty())
    }
}

/// `[tables.todos.columns.secret]`: decisions about one column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ColumnConfig {
    /// The column's name in Postgres; for a local column, its name on the device.
    pub name: Spanned<String>,
    /// What comment tags can say as well.
    pub rules: ColumnRules,
    /// The Rust type or stored form of this column. Default: as [`TypesConfig`](super::TypesConfig) says.
    pub rust_type: Option<Spanned<RustType>>,
    /// `local_only = true` with its `type`: the column exists on the device alone. Default: it does not.
    pub local: Option<Spanned<LocalType>>,
}

impl ColumnConfig {
    fn read(name: Spanned<String>, reader: &mut TableReader<'_>) -> Self {
        let rules = ColumnRules::read(reader);
        let rust_type = reader.get("rust_type");
        let local_only = reader.get::<bool>("local_only");
        let type_written = reader.key_span("type");
        let ty = reader.get::<LocalType>("type");
        let local = if local_only.as_ref().is_some_and(|local| local.value) {
            let refused = [
                ("exclude", rules.exclude.as_ref().filter(|rule| rule.value).map(|rule| &rule.span)),
                ("owner_only", rules.owner_only.as_ref().filter(|rule| rule.value).map(|rule| &rule.span)),
                ("default", rules.default.as_ref().map(|rule| &rule.span)),
                ("rust_type", rust_type.as_ref().map(|rule: &Spanned<RustType>| &rule.span)),
            ];
            for (key, span) in refused {
                let Some(span) = span else { continue };
                let message = format!("`{}` contradicts `local_only`", reader.path_of(key));
                reader.problems.error(message, span, "the server does not know this column");
            }
            if type_written.is_none() {
                missing_type(reader.problems, &reader.path_of("local_only"), local_only.as_ref());
            }
            // A type that could not be read is reported already; any type keeps the column local.
            Some(ty.unwrap_or_else(|| Spanned::new(LocalType::Text, name.span.clone())))
        } else {
            if let Some(span) = type_written {
                let message = format!("`{}` without `local_only = true`", reader.path_of("type"));
                reader.problems.error(message, &span, "the type of this column is that in Postgres");
            }
            None
        };
        Self { name, rules, rust_type, local }
    }
}

fn missing_type(problems: &Problems, path: &str, local_only: Option<&Spanned<bool>>) {
    let Some(local_only) = local_only else { return };
    let problem = Diagnostic::error(format!("`{path}` needs a `type` beside it"))
        .note("allowed: `integer`, `real`, `text`, `blob`")
        .help("add `type = \"text\"`");
    problems.report(problem, &local_only.span, "");
}
