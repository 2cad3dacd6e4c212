//! What has to hold of a table's columns once everything about the table is decided.

use super::columns::Columns;
use super::problems::{Issues, column_section, section};
use super::{Ownership, PlanColumnKind, PlanDefault, PlanTable, TableBucket};
use crate::config::{OwnerNull, Push};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, Table};
use crate::types::domains;

/// Looks at owner-only columns, at the key, and at what inserts need.
pub(super) fn columns(
    facts: &Facts,
    table: &Table,
    columns: &Columns,
    plan: &mut PlanTable,
    root: &Ownership,
    bucket: Option<&TableBucket>,
    issues: &mut Issues,
) {
    owner_only(facts, table, columns, plan, root, bucket, issues);
    if plan.push.value != Push::Disabled {
        inserts(facts, table, plan, issues);
    }
}

fn owner_only(
    facts: &Facts,
    table: &Table,
    columns: &Columns,
    plan: &mut PlanTable,
    root: &Ownership,
    bucket: Option<&TableBucket>,
    issues: &mut Issues,
) {
    let name = table.qualified_name();
    let key = table.primary_key.iter().flat_map(|key| &key.columns);
    let key: Vec<&String> = key.collect();
    // Others than the owner have the row, and null in this column.
    let shared = bucket.is_some()
        || matches!(
            root,
            Ownership::Owner { null: Some(OwnerNull::Everyone), .. }
                | Ownership::Everyone
                | Ownership::Bucket
        );
    for (column, place) in &columns.owner_only {
        if key.contains(&column) {
            let problem = Diagnostic::error(format!(
                "`{column}` is in the key of {name} and cannot be the owner's alone"
            ))
            .help("remove the line");
            issues.error(place.point(problem, "rows are told apart by their key"));
        } else if matches!(root, Ownership::Everyone | Ownership::Bucket) {
            let problem = Diagnostic::error(format!(
                "`{column}` cannot be the owner's alone: nobody owns the rows of {name}"
            ))
            .help(format!(
                "under `{}`, write `exclude = true` instead, or name the owner under `{}`",
                column_section(facts, table, column),
                section(facts, table)
            ));
            issues.error(place.point(problem, ""));
        } else if let Some(found) = plan.columns.iter_mut().find(|found| found.name == *column) {
            found.nullable |= shared;
        }
    }
}

/// What no insert of a device could name.
fn inserts(facts: &Facts, table: &Table, plan: &PlanTable, issues: &mut Issues) {
    let name = table.qualified_name();
    let heading = || section(facts, table);
    for (column, _) in &plan.excluded_columns {
        let Some(found) = table.column(column) else { continue };
        // A key that stays on the server is an error of its own.
        if table.primary_key.as_ref().is_some_and(|key| key.columns.contains(column)) {
            continue;
        }
        let domain_default = domains(&found.ty, facts).iter().any(|domain| domain.default.is_some());
        let filled = found.default.is_some()
            || found.identity.is_some()
            || found.generated.is_some()
            || domain_default;
        let not_null = found.not_null || domains(&found.ty, facts).iter().any(|domain| domain.not_null);
        let owner =
            matches!(&plan.ownership.value, Ownership::Owner { column: owner, .. } if owner == column);
        if owner && !filled {
            let problem = Diagnostic::error(format!(
                "`{column}` says who owns a row of {name}, and an insert of a device cannot name it"
            ))
            .help(format!("sync the column, or write `push = \"disabled\"` under `{}`", heading()));
            issues.error(problem);
        } else if not_null && !filled {
            let problem = Diagnostic::warning(format!("no device can insert into {name}: `{column}` is not null, has no default and stays on the server"))
                .help(format!("give the column a default, sync it, or write `push = \"disabled\"` under `{}`; if a trigger fills it, all is well", heading()));
            issues.warn(problem);
        }
    }
    for place in &plan.primary_key {
        let column = &plan.columns[*place];
        let PlanColumnKind::Synced(synced) = &column.kind else { continue };
        if synced.default.value == PlanDefault::Server {
            let expression = synced.expression.as_deref().unwrap_or_default();
            let problem = Diagnostic::warning(format!(
                "an insert into {name} on a device has to name `{}`: only the server computes its default",
                column.name
            ))
            .note(format!("the default is `{expression}`"))
            .help("let the default be `gen_random_uuid()`, or make keys in the app");
            issues.warn(problem);
        }
    }
}
