//! Columns of the user's tables in SQL: their types, and how they are compared.

use super::{ident, table_name};
use crate::facts::{Facts, QualifiedName, TypeRef};
use crate::types::base;

/// The type below domains, without length or precision: a cast to `varchar(3)` would make one user of many.
fn plain_type(ty: &TypeRef, facts: &Facts) -> String {
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

/// The type that a column is compared as, as [`plain_type`]; `text` for a type of an extension.
pub(super) fn column_type(facts: &Facts, table: &QualifiedName, column: &str) -> String {
    match declared(facts, table, column) {
        Some(ty) if !is_of_extension(facts, ty) => plain_type(ty, facts),
        _ => "text".to_owned(),
    }
}

/// A column as it is compared: the operators of an extension are in a schema that our functions do not search.
pub(super) fn compared(facts: &Facts, table: &QualifiedName, alias: &str, column: &str) -> String {
    let as_text = declared(facts, table, column).is_some_and(|ty| is_of_extension(facts, ty));
    format!("{alias}.{}{}", ident(column), if as_text { "::text" } else { "" })
}

/// Whether values of a type are compared by operators of an extension.
pub(super) fn is_of_extension(facts: &Facts, ty: &TypeRef) -> bool {
    base(ty, facts).0.extension.is_some()
}

fn declared<'f>(facts: &'f Facts, table: &QualifiedName, column: &str) -> Option<&'f TypeRef> {
    let column = facts.table(&table.schema, &table.name)?.column(column)?;
    Some(&column.ty)
}
