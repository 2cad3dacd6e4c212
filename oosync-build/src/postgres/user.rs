//! The user of a request, as SQL.

use std::collections::BTreeSet;

use super::{ident, table_name};
use crate::config::Membership;
use crate::facts::{Facts, QualifiedName, TypeRef};
use crate::plan::{Ownership, Plan};
use crate::types::base;

/// The user's id as text; null without a user.
pub(super) const USER: &str = "nullif(current_setting('oosync.user_id', true), '')";

/// The user's id as a value of a type; a text that is none is an error, never somebody else.
pub(super) fn user_as(ty: &str) -> String {
    if ty == "text" { USER.to_owned() } else { format!("{USER}::{ty}") }
}

/// The type below domains, without length or precision: a cast to `varchar(3)` would make one user of many.
pub(super) fn plain_type(ty: &TypeRef, facts: &Facts) -> String {
    let (base, _) = base(ty, facts);
    let brackets = if ty.is_array() || base.is_array() { "[]" } else { "" };
    let name = match (base.schema.as_str(), base.name.as_str()) {
        ("pg_catalog", name @ ("uuid" | "text" | "numeric" | "date" | "oid")) => name.to_owned(),
        ("pg_catalog", "int2") => "smallint".to_owned(),
        ("pg_catalog", "int4") => "integer".to_owned(),
        ("pg_catalog", "int8") => "bigint".to_owned(),
        // In other words, `character` is one of length one.
        _ => table_name(&QualifiedName::new(&base.schema, &base.name)),
    };
    format!("{name}{brackets}")
}

/// The type of a column, as [`plain_type`].
pub(super) fn column_type(facts: &Facts, table: &QualifiedName, column: &str) -> String {
    let found = facts.table(&table.schema, &table.name).and_then(|table| table.column(column));
    found.map_or_else(|| "text".to_owned(), |column| plain_type(&column.ty, facts))
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
    format!("{alias}.{} = (select {})", ident(column), user_as(&ty))
}
