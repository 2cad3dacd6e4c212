//! What a device has to know of the schema that it is built for.

use serde_json::{Value, json};

use super::held;
use crate::plan::{Plan, PlanColumnKind, PlanTable};

/// The tables of a plan in the order of syncing: names, columns with type and nullability, primary key; and what the
/// server calls them in the log and by functions. Columns that only the device has are left out.
pub(super) fn tables(plan: &Plan) -> Value {
    plan.tables.iter().map(table).collect()
}

fn table(table: &PlanTable) -> Value {
    let key: Vec<&str> = table.primary_key.iter().map(|place| table.columns[*place].name.as_str()).collect();
    let columns: Vec<Value> = table
        .columns
        .iter()
        .filter_map(|column| match &column.kind {
            PlanColumnKind::Synced(synced) => Some(json!({
                "name": column.name,
                "type": synced.declared.to_string(),
                "sqlite": synced.ty.sqlite_type(),
                "nullable": column.nullable,
            })),
            PlanColumnKind::Local(_) => None,
        })
        .collect();
    json!({
        "schema": table.name.schema,
        "name": table.name.name,
        "local_name": table.local_name,
        "log_name": table.name.to_string(),
        "in_buckets": held::in_name(table),
        "held": held::held_name(table),
        "primary_key": key,
        "columns": columns,
    })
}
