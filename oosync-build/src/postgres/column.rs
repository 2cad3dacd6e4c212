//! Columns of the user's tables in SQL: their types, and how they are compared.

use super::{ident, table_name};
use crate::facts::{Column, Facts, QualifiedName, TypeRef};
use crate::types::{base, domains};

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

/// A column as text, which several may be joined to: of a column with a collation of its own, compared by bytes.
pub(super) fn text(facts: &Facts, table: &QualifiedName, alias: &str, column: &str) -> String {
    let of_its_own = facts
        .table(&table.schema, &table.name)
        .and_then(|table| table.column(column))
        .and_then(|column| collation(facts, column));
    as_text(alias, column, of_its_own.is_some())
}

/// [`text`], of a column that is known to have a collation of its own or not.
pub(super) fn as_text(alias: &str, column: &str, collated: bool) -> String {
    format!("{alias}.{}::text{}", ident(column), if collated { " collate \"C\"" } else { "" })
}

/// The collation of a column, where it is not that of the database: Postgres does not choose between two of them.
pub(super) fn collation(facts: &Facts, column: &Column) -> Option<QualifiedName> {
    let of_domain = || domains(&column.ty, facts).into_iter().find_map(|domain| domain.collation.clone());
    let of_base = || {
        let (base, array) = base(&column.ty, facts);
        (!array && base.schema == "pg_catalog" && base.name == "name")
            .then(|| QualifiedName::new("pg_catalog", "C"))
    };
    column.collation.clone().or_else(of_domain).or_else(of_base)
}

/// ` collate "C"`; of no collation of its own, that of the database.
pub(super) fn collate(collation: Option<&QualifiedName>) -> String {
    match collation {
        Some(collation) => format!(" collate {}", table_name(collation)),
        None => " collate \"default\"".to_owned(),
    }
}

/// Whether values of a type are compared by operators of an extension.
pub(super) fn is_of_extension(facts: &Facts, ty: &TypeRef) -> bool {
    base(ty, facts).0.extension.is_some()
}

fn declared<'f>(facts: &'f Facts, table: &QualifiedName, column: &str) -> Option<&'f TypeRef> {
    let column = facts.table(&table.schema, &table.name)?.column(column)?;
    Some(&column.ty)
}
