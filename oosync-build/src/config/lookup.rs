//! Finding in the facts what a rule names; the same for the config and for comment tags.

use super::reader::{Fix, Report, written_key};
use super::refusal::list;
use super::rules::{ColumnRules, Parent, ParentError, TableRules};
use super::{Bucket, Membership, RustType, Spanned};
use crate::diagnostic::Diagnostic;
use crate::facts::{Column, Facts, Table};
use crate::suggest::nearest;

/// So many names are listed in a note when none is near.
const LISTED: usize = 20;

/// The column of this name, or a report.
pub(super) fn column<'t>(
    report: &dyn Report,
    table: &'t Table,
    name: &Spanned<String>,
) -> Option<&'t Column> {
    let found = table.column(&name.value);
    if found.is_none() {
        let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let message = format!("no column `{}` in {} {}", name.value, table.kind, table.qualified_name());
        unknown(report, Diagnostic::error(message), name, &columns);
    }
    found
}

/// Reports that `name` is none of `known`, with the nearest of them or all.
pub(super) fn unknown(report: &dyn Report, problem: Diagnostic, name: &Spanned<String>, known: &[&str]) {
    let fix = nearest(&name.value, known.iter().copied());
    let problem = if fix.is_none() && !known.is_empty() {
        let rest = known.len().saturating_sub(LISTED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        problem.note(format!("there are: {}{more}", list(&known[..known.len() - rest])))
    } else {
        problem
    };
    let label = fix.map(|name| format!("did you mean `{name}`?")).unwrap_or_default();
    report.report_fixable(problem, &name.span, &label, fix.map(Fix::Name));
}

/// What a config declares under a name, for rules to refer to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Declared {
    Bucket,
    FieldGroup,
}

/// Reports that nothing of this name is declared, unless it is one of `known`.
pub(super) fn declared(report: &dyn Report, what: Declared, name: &Spanned<String>, known: &[&str]) {
    if known.contains(&name.value.as_str()) {
        return;
    }
    let (kind, section) = match what {
        Declared::Bucket => ("bucket", "buckets"),
        Declared::FieldGroup => ("field group", "field_groups"),
    };
    let mut problem = Diagnostic::error(format!("no {kind} `{}`", name.value));
    if known.is_empty() {
        problem = problem.help(format!("declare it: `[{section}.{}]`", written_key(&name.value)));
    }
    unknown(report, problem, name, known);
}

/// Whether `columns`, which the rule called `key` names, can hold the key of the bucket that the table is in.
pub(super) fn bucket_column(
    report: &dyn Report,
    key: &str,
    columns: &[Spanned<String>],
    bucket: Option<&str>,
    buckets: &[Bucket],
) {
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return };
    let span = first.span.start..last.span.end;
    let Some(bucket) = bucket else {
        let problem = Diagnostic::error(format!("`{key}` of a table that is in no bucket"));
        report.report(problem, &span, "name the bucket too");
        return;
    };
    // That there is such a bucket is looked at where it is named.
    let members = buckets.iter().find(|declared| declared.name.value == bucket).map(|bucket| &bucket.members);
    if let Some(Membership::Function(_)) = members {
        let problem = Diagnostic::error(format!("bucket `{bucket}` has no key"))
            .note("its function says of each row who has it")
            .help("remove the line");
        report.report(problem, &span, "");
    }
    if let Some(Membership::Table { key: of_bucket, .. }) = members
        && of_bucket.len() != columns.len()
    {
        let names = |columns: &[Spanned<String>]| {
            list(&columns.iter().map(|column| column.value.as_str()).collect::<Vec<_>>())
        };
        let message = format!(
            "{} cannot hold the key of bucket `{bucket}`, which is {}",
            names(columns),
            names(of_bucket)
        );
        report.report(Diagnostic::error(message), &span, "one column for each of the key, in its order");
    }
}

/// Every column and foreign key that the rules name.
pub(super) fn table_rules(report: &dyn Report, table: &Table, rules: &TableRules) {
    for name in rules.columns() {
        column(report, table, name);
    }
    if let Some(parent) = &rules.parent {
        parent_key(report, table, parent);
    }
}

fn parent_key(report: &dyn Report, table: &Table, parent: &Spanned<Parent>) {
    // A name that is neither a column nor a constraint is the plainer thing to say.
    for name in &parent.value.names {
        let is_constraint = table.foreign_keys.iter().any(|key| key.name == name.value);
        if !is_constraint && table.column(&name.value).is_none() {
            let constraints = table.foreign_keys.iter().map(|key| key.name.as_str());
            let known: Vec<_> =
                table.columns.iter().map(|column| column.name.as_str()).chain(constraints).collect();
            let message = format!(
                "no column or foreign key `{}` in {} {}",
                name.value,
                table.kind,
                table.qualified_name()
            );
            unknown(report, Diagnostic::error(message), name, &known);
            return;
        }
    }
    match parent.value.resolve(table) {
        Ok(_) => {}
        Err(ParentError::Ambiguous { constraints }) => {
            let message = format!("{} is in more than one foreign key: {}", parent.value, list(&constraints));
            report.report(Diagnostic::error(message), &parent.span, "name the constraint instead");
        }
        Err(ParentError::Unknown { foreign_keys }) => {
            let message =
                format!("no foreign key of {} is on {} alone", table.qualified_name(), parent.value);
            let note = if foreign_keys.is_empty() {
                "the table has no foreign keys".to_owned()
            } else {
                format!("its foreign keys: {}", foreign_keys.join("; "))
            };
            report.report(Diagnostic::error(message).note(note), &parent.span, "");
        }
    }
}

/// Contradictions within one column's rules.
pub(super) fn column_rules(report: &dyn Report, rules: &ColumnRules) {
    let set = |rule: &Option<Spanned<bool>>| rule.as_ref().is_some_and(|rule| rule.value);
    if let (true, Some(owner_only)) =
        (set(&rules.exclude), rules.owner_only.as_ref().filter(|rule| rule.value))
    {
        let problem = Diagnostic::error("a column that never leaves the server is not the owner's either");
        report.report(problem, &owner_only.span, "keep one of `exclude` and this");
    }
}

/// Whether the Postgres type of the column lets a person choose this Rust type.
pub(super) fn rust_type(report: &dyn Report, facts: &Facts, column: &Column, rust_type: &Spanned<RustType>) {
    let allowed = RustType::allowed_for(base_type(facts, column).unwrap_or_default());
    if allowed.contains(&rust_type.value) {
        return;
    }
    let message =
        format!("`{}` is no type for the column `{}`, which is {}", rust_type.value, column.name, column.ty);
    let words: Vec<_> = allowed.iter().map(|word| word.as_str()).collect();
    let note = format!("allowed: {}", list(&words));
    report.report(Diagnostic::error(message).note(note), &rust_type.span, "");
}

/// The built-in type below domains and arrays, if it is one.
fn base_type<'f>(facts: &'f Facts, column: &'f Column) -> Option<&'f str> {
    let mut ty = &column.ty;
    // A file edited by hand may hold domains in a circle.
    for _ in 0..=facts.domains.len() {
        if ty.schema == "pg_catalog" {
            return Some(&ty.name);
        }
        let domain =
            facts.domains.iter().find(|domain| domain.schema == ty.schema && domain.name == ty.name)?;
        ty = &domain.base;
    }
    None
}
