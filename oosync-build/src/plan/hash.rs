//! The hash of what is synced, by which client and server know that they speak of the same thing.
//!
//! It is the SHA-256 of a text: a line with the version of this form, then a line of JSON for each synced table,
//! sorted by schema and name:
//!
//! ```json
//! {"table": ["public", "todos"], "key": ["id"], "columns": [["id", "uuid", "not null"], …]}
//! ```
//!
//! Columns are sorted by name. A column is its name, its type as it travels (domains looked through; composites
//! with their attributes; how uuids are stored on a device does not matter), whether it can be null on a device,
//! and whether it is generated. Indexes, comments, names in Rust, order, owners and defaults do not change it; nor
//! do columns that stay on the server, columns that only a device has, or the labels of an enum, since a device
//! keeps a label that it does not know.

use serde_json::{Value, json};

use super::{PlanColumnKind, PlanDefault, PlanTable};
use crate::digest::sha256_hex;
use crate::types::{ColumnType, Scalar};

const FORM: &str = "oosync plan 1";

/// The hash of these tables.
pub(super) fn hash(tables: &[PlanTable]) -> String {
    let mut sorted: Vec<&PlanTable> = tables.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = String::from(FORM);
    for table in sorted {
        let key: Vec<_> = table.primary_key.iter().map(|place| &table.columns[*place].name).collect();
        let mut columns: Vec<_> = table
            .columns
            .iter()
            .filter_map(|column| match &column.kind {
                PlanColumnKind::Synced(synced) => {
                    let nullable = if column.nullable { "null" } else { "not null" };
                    let generated = synced.default.value == PlanDefault::Generated;
                    let kind = if generated { "generated" } else { "written" };
                    Some((&column.name, json!([column.name, travels(&synced.ty), nullable, kind])))
                }
                PlanColumnKind::Local(_) => None,
            })
            .collect();
        columns.sort_by(|a, b| a.0.cmp(b.0));
        let columns: Vec<_> = columns.into_iter().map(|(_, column)| column).collect();
        text.push('\n');
        text.push_str(
            &json!({"table": [table.name.schema, table.name.name], "key": key, "columns": columns})
                .to_string(),
        );
    }
    sha256_hex(text.as_bytes())
}

/// A type as it travels between server and device.
fn travels(ty: &ColumnType) -> Value {
    match ty {
        ColumnType::Scalar(Scalar::UuidText) => travels(&ColumnType::Scalar(Scalar::Uuid)),
        ColumnType::Scalar(scalar) => json!(format!("{scalar:?}").to_lowercase()),
        ColumnType::Text(name) => json!(["text", name.schema, name.name]),
        ColumnType::Enum(name) => json!(["enum", name.schema, name.name]),
        ColumnType::Composite(name, attributes) => {
            let attributes: Vec<_> =
                attributes.iter().map(|part| json!([part.name, travels(&part.ty)])).collect();
            json!(["composite", name.schema, name.name, attributes])
        }
        ColumnType::Array(element) => json!(["array", travels(element)]),
    }
}
