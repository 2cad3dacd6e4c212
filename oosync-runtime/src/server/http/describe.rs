//! What the server says of itself: its schema and tables.

use serde_json::{Value, json};

use crate::protocol::PROTOCOL_VERSION;
use crate::schema::{Column, ColumnDefault, Conflict, Owner, Push, Table};
use crate::server::catalog::TableSql;
use crate::server::engine::Shared;

/// The answer to `GET /schema`.
pub(super) fn schema(shared: &Shared) -> Value {
    json!({
        "protocol": PROTOCOL_VERSION,
        "schema": shared.version(),
        "tables": shared.schema.tables.iter().map(|table| table.name).collect::<Vec<_>>(),
        "limits": shared.limits,
    })
}

/// The answer to `GET /tables`.
pub(super) fn tables(shared: &Shared) -> Value {
    let tables: Vec<Value> = shared.catalog.tables.iter().map(table).collect();
    json!({"schema": shared.version(), "tables": tables})
}

fn table(of: &TableSql) -> Value {
    let table = of.table;
    let columns: Vec<Value> = synced(of)
        .map(|(column, ty)| {
            json!({
                "name": column.name,
                "type": ty,
                "nullable": column.nullable,
                "default": default(column.default),
            })
        })
        .collect();
    let keys: Vec<Value> = table
        .foreign_keys
        .iter()
        .map(|key| json!({"columns": names(table, key.columns), "table": key.table, "target": key.target}))
        .collect();
    json!({
        "name": table.name,
        "postgres": {"schema": table.pg_schema, "table": table.pg_name},
        "columns": columns,
        "primary_key": names(table, table.primary_key),
        "foreign_keys": keys,
        "sync": sync(table),
        "rbac": rbac(table),
    })
}

/// The columns that travel, each with its type in Postgres.
pub(super) fn synced(of: &TableSql) -> impl Iterator<Item = (&'static Column, &str)> {
    let columns = of.table.columns.iter().zip(&of.types);
    columns
        .filter(|(column, _)| column.default != ColumnDefault::Local)
        .map(|(column, ty)| (column, ty.as_str()))
}

/// How a table takes part in the sync.
pub(super) fn sync(table: &Table) -> Value {
    let rules = &table.rules;
    let one = |place: Option<usize>| place.map(|place| table.columns[place].name);
    json!({
        "order": rules.order,
        "write_mode": if rules.confirmed { "confirmed" } else { "optimistic" },
        "conflict": match rules.conflict {
            Conflict::ServerWins => "server_wins",
            Conflict::ClientWins => "client_wins",
            Conflict::LastWriteWins => "lww",
            Conflict::Reject => "reject",
        },
        "conflict_target": names(table, rules.conflict_target),
        "created": one(rules.created),
        "updated": one(rules.updated),
        "deleted": one(rules.deleted),
        "change_category": rules.change_category,
    })
}

/// Who reads and writes a table.
pub(super) fn rbac(table: &Table) -> Value {
    let rules = &table.rules;
    let name = |place: usize| table.columns[place].name;
    let read = match rules.owner {
        Owner::Column(column) => json!({"owner": name(column)}),
        Owner::ColumnOrEveryone(column) => json!({"owner": name(column), "null": "everyone"}),
        Owner::Parent(columns) => json!({"parent": names(table, columns)}),
        Owner::Bucket => json!({}),
        Owner::Everyone => json!({"everyone": true}),
    };
    let bucket =
        rules.bucket.map(|bucket| json!({"name": bucket.name, "columns": names(table, bucket.columns)}));
    let list = |chosen: fn(&Column) -> bool| -> Vec<&str> {
        table.columns.iter().filter(|column| chosen(column)).map(|column| column.name).collect()
    };
    let groups: serde_json::Map<String, Value> = table
        .columns
        .iter()
        .filter(|column| !column.access.field_groups.is_empty())
        .map(|column| (column.name.to_owned(), json!(column.access.field_groups)))
        .collect();
    json!({
        "read": read,
        "bucket": bucket,
        "push": match rules.push {
            Push::OwnerOnly => "owner_only",
            Push::Members => "members",
            Push::Disabled => "disabled",
        },
        "deny_delete": rules.deny_delete,
        "protected": list(|column| column.access.protected),
        "owner_only": list(|column| column.access.owner_only),
        "field_groups": groups,
    })
}

pub(super) fn names(table: &Table, places: &[usize]) -> Vec<&'static str> {
    places.iter().map(|place| table.columns[*place].name).collect()
}

/// Who makes the value of a column that an insert leaves out.
pub(super) fn default(default: ColumnDefault) -> Option<&'static str> {
    match default {
        ColumnDefault::None | ColumnDefault::Local => None,
        ColumnDefault::Sqlite | ColumnDefault::Uuid => Some("device"),
        ColumnDefault::Leased => Some("leased"),
        ColumnDefault::Server => Some("server"),
        ColumnDefault::Generated => Some("generated"),
    }
}
