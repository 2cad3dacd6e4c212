//! The user of a request, as SQL.

use std::collections::BTreeSet;

use super::column::{column_type, compared};
use crate::config::Membership;
use crate::facts::{Facts, QualifiedName};
use crate::plan::{Ownership, Plan};

/// The user's id as text; null without a user.
pub(super) const USER: &str = "nullif(current_setting('oosync.user_id', true), '')";

/// The user's id as a value of a type; a text that is none is an error, never somebody else.
pub(super) fn user_as(ty: &str) -> String {
    if ty == "text" { USER.to_owned() } else { format!("{USER}::{ty}") }
}

/// The types that users' ids have in this plan: the same id reads differently as `uuid` and as `text`.
pub(super) fn id_types(plan: &Plan, facts: &Facts) -> BTreeSet<String> {
    let of_tables = plan.tables.iter().filter_map(|table| match &table.ownership.value {
        Ownership::Owner { column, .. } => Some(column_type(facts, &table.name, column)),
        _ => None,
    });
    let of_members = plan.buckets.iter().filter_map(|bucket| match (&bucket.members, &bucket.table) {
        (Membership::Table { user, .. }, Some(table)) => Some(column_type(facts, table, &user.value)),
        // Functions give texts.
        (Membership::Function(_), _) => Some("text".to_owned()),
        _ => None,
    });
    of_tables.chain(of_members).collect()
}

/// The user's id as text, in each of the forms that the log may have it in.
pub(super) fn forms(plan: &Plan, facts: &Facts) -> Vec<String> {
    let types = id_types(plan, facts).into_iter();
    types.map(|ty| if ty == "text" { USER.to_owned() } else { format!("{}::text", user_as(&ty)) }).collect()
}

/// `alias."column" = (select …)`: the value is found once, and an index on the column serves.
pub(super) fn is_user(facts: &Facts, table: &QualifiedName, alias: &str, column: &str) -> String {
    let ty = column_type(facts, table, column);
    format!("{} = (select {})", compared(facts, table, alias, column), user_as(&ty))
}
