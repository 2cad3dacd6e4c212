//! Rows of the tables as JSON schemas.

use serde_json::{Map, Value, json};

use super::of;
use crate::schema::{ColumnType, Table};
use crate::server::catalog::TableSql;
use crate::server::engine::Shared;
use crate::server::http::describe;

/// `row.todos`; what the document's names may not have becomes `_`, with a number where two would be one.
pub(super) fn name(table: &Table) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    let name: String = table.name.chars().map(plain).collect();
    if name == table.name { format!("row.{name}") } else { format!("row.{name}.{}", table.rules.order) }
}

/// Rows by table.
pub(super) fn by_table(shared: &Shared) -> Value {
    let tables: Map<String, Value> = shared
        .schema
        .tables
        .iter()
        .map(|table| (table.name.to_owned(), json!({"type": "array", "items": of(&name(table))})))
        .collect();
    json!({"type": "object", "properties": tables})
}

/// A row of a table.
pub(super) fn schema(of: &TableSql) -> Value {
    let table = of.table;
    let columns: Map<String, Value> = describe::synced(of)
        .map(|(column, ty)| {
            let of_json = match column.ty {
                ColumnType::Bool => "boolean",
                ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid => "integer",
                _ => "string",
            };
            // A column of the owner's alone is null for others.
            let nullable = column.nullable || column.access.owner_only;
            let of_json = if nullable { json!([of_json, "null"]) } else { json!(of_json) };
            let mut schema = json!({"type": of_json, "x-postgres": ty});
            if let Some(default) = describe::default(column.default) {
                schema["x-default"] = json!(default);
            }
            (column.name.to_owned(), schema)
        })
        .collect();
    json!({
        "type": "object",
        "description": format!("A row of {}.{}", table.pg_schema, table.pg_name),
        "required": describe::names(table, table.primary_key),
        "properties": columns,
        "x-primary-key": describe::names(table, table.primary_key),
        "x-sync": describe::sync(table),
        "x-rbac": describe::rbac(table),
    })
}
