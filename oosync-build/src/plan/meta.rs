//! What others are told of a plan, as JSON: user interfaces ([`table_meta`]), servers of another make
//! ([`server_config`]).

use serde_json::{Map, Value, json};

use super::keys::exported;
use super::{Ownership, Plan, PlanColumn, PlanColumnKind, PlanTable};
use crate::config::{OwnerNull, Push};
use crate::types::{ColumnType, Scalar};

/// The content of `[outputs] table_meta`.
///
/// `tables` holds an object for each synced table, by its name on the device:
///
/// | key | value |
/// | --- | --- |
/// | `primaryKey` | the column, or a list where there are several |
/// | `uniqueKeys` | the columns of a key of several columns, else of the shortest unique constraint of at least two columns, else null |
/// | `conflictTarget` | the same, or what a person said; else the primary key, as a list |
/// | `timestamps`, `booleanColumns` | dates and times; booleans |
/// | `supportsIncremental`, `hasDeletedFlag` | whether it has a time of the last change; a mark for deleted rows |
/// | `changeCategory`, `normalizeDatetime` | as the config says; null, `[]` |
/// | `description`, `columnDescriptions` | the comments, without tags |
/// | `order`, `ownerColumn` | the place in the order of syncing; the column, or null |
/// | `pull` | `kind` is `eqUserId`, `orNullEqUserId` (null: everyone), `inCollection` (as its row of `collection`), `inBucket` or `everyone`; `column` is a column or a list |
/// | `push` | `allowed` (`owner_only`, `members`, `disabled`), `denyDelete`, `protected`, `conflict`, `writeMode` |
///
/// Beside it, `syncableTables` lists the names, sorted, and `tableSyncOrder` gives each its place.
pub fn table_meta(plan: &Plan) -> Value {
    let tables: Map<String, Value> =
        plan.tables.iter().map(|table| (table.local_name.clone(), meta(plan, table))).collect();
    let mut names: Vec<_> = plan.tables.iter().map(|table| table.local_name.as_str()).collect();
    names.sort_unstable();
    let order: Map<String, Value> =
        plan.tables.iter().map(|table| (table.local_name.clone(), json!(table.order))).collect();
    json!({"tables": tables, "syncableTables": names, "tableSyncOrder": order})
}

fn meta(plan: &Plan, table: &PlanTable) -> Value {
    let key: Vec<String> = key(table);
    let of_type = |fits: &dyn Fn(&ColumnType) -> bool| -> Vec<&str> {
        let columns = synced(table).filter(|(_, ty)| fits(ty));
        columns.map(|(column, _)| column.name.as_str()).collect()
    };
    let descriptions: Map<String, Value> = table
        .columns
        .iter()
        .filter_map(|column| Some((column.name.clone(), json!(column.comment.as_ref()?))))
        .collect();
    json!({
        "primaryKey": one_or_list(&key),
        "uniqueKeys": exported(&key, &table.unique_keys),
        "conflictTarget": table.conflict_target.value,
        "timestamps": of_type(&ColumnType::is_timestamp_like),
        "booleanColumns": of_type(&|ty| *ty == ColumnType::Scalar(Scalar::Bool)),
        "supportsIncremental": table.updated.is_some(),
        "hasDeletedFlag": table.deleted.is_some(),
        "changeCategory": table.change_category,
        "normalizeDatetime": table.normalize_datetime,
        "description": table.comment,
        "columnDescriptions": descriptions,
        "order": table.order,
        "ownerColumn": owner(table),
        "pull": pull(plan, table),
        "push": push(table),
    })
}

fn key(table: &PlanTable) -> Vec<String> {
    table.primary_key.iter().map(|place| table.columns[*place].name.clone()).collect()
}

fn synced(table: &PlanTable) -> impl Iterator<Item = (&PlanColumn, &ColumnType)> {
    table.columns.iter().filter_map(|column| match &column.kind {
        PlanColumnKind::Synced(synced) => Some((column, &synced.ty)),
        PlanColumnKind::Local(_) => None,
    })
}

fn one_or_list(columns: &[String]) -> Value {
    match columns {
        [column] => json!(column),
        columns => json!(columns),
    }
}

fn owner(table: &PlanTable) -> Option<&str> {
    match &table.ownership.value {
        Ownership::Owner { column, .. } => Some(column),
        _ => None,
    }
}

fn pull(plan: &Plan, table: &PlanTable) -> Value {
    let mut rule = match &table.ownership.value {
        Ownership::Owner { column, null: Some(OwnerNull::Everyone) } => {
            json!({"kind": "orNullEqUserId", "column": column})
        }
        Ownership::Owner { column, .. } => json!({"kind": "eqUserId", "column": column}),
        Ownership::Parent { columns, table: parent, .. } => {
            let parent = plan.table(&parent.schema, &parent.name).map(|parent| parent.local_name.as_str());
            json!({"kind": "inCollection", "column": one_or_list(columns), "collection": parent})
        }
        Ownership::Bucket => json!({"kind": "inBucket"}),
        Ownership::Everyone => json!({"kind": "everyone"}),
    };
    if let Some(bucket) = &table.bucket {
        rule["bucket"] = json!({"name": bucket.name, "column": one_or_list(&bucket.columns)});
    }
    rule
}

fn push(table: &PlanTable) -> Value {
    json!({
        "allowed": table.push.as_str(),
        "denyDelete": table.push.value == Push::Disabled || table.deny_delete.value,
        "protected": table.protected,
        "conflict": table.conflict.as_str(),
        "writeMode": table.write_mode.as_str(),
    })
}

/// The content of `[outputs] server_config`: the schema hash, the tables in the order of syncing with their columns
/// and rules, buckets, field groups and roles.
pub fn server_config(plan: &Plan) -> Value {
    let tables: Vec<_> = plan
        .tables
        .iter()
        .map(|table| {
            let columns: Vec<_> = table
                .columns
                .iter()
                .filter_map(|column| match &column.kind {
                    PlanColumnKind::Synced(synced) => Some(json!({
                        "name": column.name,
                        "type": synced.declared.to_string(),
                        "notNull": synced.not_null,
                        "default": super::show::default_document(&synced.default.value),
                        "ownerOnly": synced.owner_only,
                        "fieldGroups": synced.field_groups,
                    })),
                    PlanColumnKind::Local(_) => None,
                })
                .collect();
            json!({
                "schema": table.name.schema,
                "name": table.name.name,
                "localName": table.local_name,
                "order": table.order,
                "primaryKey": key(table),
                "columns": columns,
                "createdColumn": table.created.as_ref().map(|stamp| &stamp.value),
                "updatedColumn": table.updated.as_ref().map(|stamp| &stamp.value),
                "deletedColumn": table.deleted.as_ref().map(|stamp| &stamp.value),
                "pull": pull(plan, table),
                "push": push(table),
            })
        })
        .collect();
    let roles: Map<String, Value> = plan
        .roles
        .iter()
        .map(|role| (role.role.clone(), json!({"read": role.read, "write": role.write})))
        .collect();
    json!({
        "schemaHash": plan.hash,
        "tables": tables,
        "buckets": plan.buckets.iter().map(super::show::bucket_document).collect::<Vec<_>>(),
        "roles": roles,
    })
}
