//! In which buckets a user is.

use std::collections::BTreeSet;

use super::chain::named;
use super::{Object, ident, table_name};
use crate::config::Membership;
use crate::plan::{Ownership, Plan, PlanColumnKind, PlanTable};

/// `oosync.buckets()`: those of the user in the setting `oosync.user_id`.
pub(super) fn of_user(plan: &Plan) -> Object {
    let user = "nullif(current_setting('oosync.user_id', true), '')";
    let mut parts = vec!["  select '*'::text\n".to_owned()];
    for ty in owner_types(plan) {
        parts.push(format!("  select 'user:' || {user}::{ty}::text where {user} is not null\n"));
    }
    for bucket in &plan.buckets {
        match (&bucket.members, &bucket.table) {
            (Membership::Table { user: member, key, .. }, Some(table)) => {
                let key: Vec<_> = key.iter().map(|column| format!("m.{}", ident(&column.value))).collect();
                let ty = plan_type(plan, table, &member.value).unwrap_or_else(|| "text".to_owned());
                let column = match ty.as_str() {
                    "text" => format!("m.{}::text", ident(&member.value)),
                    _ => format!("m.{}", ident(&member.value)),
                };
                parts.push(format!(
                    "  select {} from {} m where {column} = {user}::{ty}\n",
                    named(&bucket.name, &key),
                    table_name(table),
                ));
            }
            (Membership::Query(query), _) => parts.push(format!(
                "  select {} from ({}) k(key)\n",
                named(&bucket.name, &["k.key".to_owned()]),
                query.value.trim().trim_end_matches(';').replace("$1", user),
            )),
            _ => {}
        }
    }
    let create = format!(
        "-- The buckets of the user of this request: one's own, everyone's, and those one is a member of.\n\
         create or replace function oosync.buckets() returns setof text\n\
         language sql stable security definer\n\
         set search_path = pg_catalog, pg_temp\n\
         set row_security = off\n\
         as $oosync$\n{}$oosync$;\n",
        parts.join("  union\n"),
    );
    Object::function("oosync.buckets()", create)
}

/// The types that owners have, as SQL: a user's id reads differently as uuid and as text.
fn owner_types(plan: &Plan) -> BTreeSet<String> {
    let of_tables = plan.tables.iter().filter_map(|table| match &table.ownership.value {
        Ownership::Owner { column, .. } => column_type(table, column),
        _ => None,
    });
    of_tables.collect()
}

fn plan_type(plan: &Plan, name: &crate::facts::QualifiedName, column: &str) -> Option<String> {
    column_type(plan.tables.iter().find(|table| table.name == *name)?, column)
}

/// The declared type of a column, as SQL.
fn column_type(table: &PlanTable, column: &str) -> Option<String> {
    let column = table.columns.iter().find(|other| other.name == column)?;
    match &column.kind {
        PlanColumnKind::Synced(synced) => Some(synced.declared.to_string()),
        PlanColumnKind::Local(_) => None,
    }
}
