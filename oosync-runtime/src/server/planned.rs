//! A schema from a plan, at run time: what generated code has in statics.
//!
//! It is made once, when a server starts, and lives as long as the process.

use std::collections::BTreeMap;

use oosync_build::config::{self, ConflictRule, LocalType, OwnerNull, WriteMode};
use oosync_build::facts::{QualifiedName, ReferentialAction};
use oosync_build::plan::{Decided, Ownership, Plan, PlanColumn, PlanColumnKind, PlanDefault, PlanTable};
use oosync_build::sqlite::table_ddl;
use oosync_build::types::{self, Scalar};

use super::Permissions;
use crate::schema::{
    Access, Attribute, Bucket, Column, ColumnDefault, ColumnType, Conflict, ForeignKey, OnDelete, Owner,
    Push, Rules, Schema, Table,
};

/// The schema that generated code would have of this plan. It is never freed.
pub fn schema_of(plan: &Plan) -> &'static Schema {
    let names = plan.tables.iter().map(|table| (&table.name, table.local_name.as_str())).collect();
    let tables = plan.tables.iter().map(|table| leak_one(self::table(plan, &names, table)));
    leak_one(Schema { tables: leak(tables), hash: text(&plan.hash) })
}

/// What roles read and write, as the plan has it.
pub fn permissions_of(plan: &Plan) -> Permissions {
    plan.roles.iter().fold(Permissions::new(), |permissions, role| {
        permissions.role(&role.role, role.read.iter().cloned(), role.write.iter().cloned())
    })
}

fn leak<T>(items: impl IntoIterator<Item = T>) -> &'static [T] {
    Vec::leak(items.into_iter().collect())
}

fn leak_one<T>(item: T) -> &'static T {
    Box::leak(Box::new(item))
}

fn text(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

fn table(plan: &Plan, names: &BTreeMap<&QualifiedName, &str>, table: &PlanTable) -> Table {
    let places: BTreeMap<&str, usize> =
        table.columns.iter().enumerate().map(|(place, column)| (column.name.as_str(), place)).collect();
    // A plan is validated: every column that it names is there.
    let one = |name: &str| places[name];
    let all = |names: &[String]| leak(names.iter().map(|name| one(name)));
    let stamp = |stamp: &Option<Decided<String>>| stamp.as_ref().map(|column| one(column));
    let foreign_keys = table.foreign_keys.iter().filter_map(|key| {
        Some(ForeignKey {
            columns: all(&key.columns),
            table: text(names.get(&key.table)?),
            target: leak(key.target.iter().map(|column| text(column))),
            on_delete: match key.on_delete {
                ReferentialAction::Cascade if key.declared => OnDelete::Cascade,
                ReferentialAction::SetNull if key.declared => OnDelete::SetNull,
                ReferentialAction::SetDefault if key.declared => OnDelete::SetDefault,
                _ => OnDelete::Nothing,
            },
        })
    });
    let owner = match &table.ownership.value {
        Ownership::Owner { column, null: Some(OwnerNull::Everyone) } => Owner::ColumnOrEveryone(one(column)),
        Ownership::Owner { column, .. } => Owner::Column(one(column)),
        Ownership::Parent { columns, .. } => Owner::Parent(all(columns)),
        Ownership::Bucket => Owner::Bucket,
        Ownership::Everyone => Owner::Everyone,
    };
    let bucket = table
        .bucket
        .as_ref()
        .map(|bucket| Bucket { name: text(&bucket.name), columns: all(&bucket.columns) });
    Table {
        pg_schema: text(&table.name.schema),
        pg_name: text(&table.name.name),
        name: text(&table.local_name),
        columns: leak(table.columns.iter().map(|column| self::column(table, column))),
        primary_key: leak(table.primary_key.iter().copied()),
        foreign_keys: leak(foreign_keys),
        rules: Rules {
            owner,
            bucket,
            push: match table.push.value {
                config::Push::OwnerOnly => Push::OwnerOnly,
                config::Push::Members => Push::Members,
                config::Push::Disabled => Push::Disabled,
            },
            deny_delete: table.deny_delete.value,
            confirmed: table.write_mode.value == WriteMode::Confirmed,
            conflict: match table.conflict.value {
                ConflictRule::ServerWins => Conflict::ServerWins,
                ConflictRule::ClientWins => Conflict::ClientWins,
                ConflictRule::Lww => Conflict::LastWriteWins,
                ConflictRule::Reject => Conflict::Reject,
            },
            created: stamp(&table.created),
            updated: stamp(&table.updated),
            deleted: stamp(&table.deleted),
            conflict_target: all(&table.conflict_target),
            order: table.order,
            change_category: table.change_category.as_deref().map(text),
            normalize_datetime: all(&table.normalize_datetime),
        },
        ddl: text(&table_ddl(plan, table)),
    }
}

fn column(table: &PlanTable, column: &PlanColumn) -> Column {
    let (of, default, access) = match &column.kind {
        PlanColumnKind::Synced(synced) => {
            let access = Access {
                owner_only: synced.owner_only,
                protected: table.protected.contains(&column.name),
                field_groups: leak(synced.field_groups.iter().map(|group| text(group))),
            };
            let default = match &synced.default.value {
                PlanDefault::None => ColumnDefault::None,
                PlanDefault::Literal(_) | PlanDefault::Now => ColumnDefault::Sqlite,
                PlanDefault::Uuid => ColumnDefault::Uuid,
                PlanDefault::Leased => ColumnDefault::Leased,
                PlanDefault::Server => ColumnDefault::Server,
                PlanDefault::Generated => ColumnDefault::Generated,
            };
            (ty(&synced.ty), default, access)
        }
        PlanColumnKind::Local(local) => {
            let ty = match local {
                LocalType::Integer => ColumnType::Int8,
                LocalType::Real => ColumnType::Float8,
                LocalType::Text => ColumnType::Text,
                LocalType::Blob => ColumnType::Bytea,
            };
            (ty, ColumnDefault::Local, Access::PLAIN)
        }
    };
    Column { name: text(&column.name), ty: of, nullable: column.nullable, default, access }
}

fn ty(of: &types::ColumnType) -> ColumnType {
    match of {
        types::ColumnType::Scalar(scalar) => self::scalar(*scalar),
        types::ColumnType::Text(name) => ColumnType::PgText(text(&name.to_string())),
        types::ColumnType::Enum(_) => ColumnType::Enum,
        types::ColumnType::Composite(_, attributes) => {
            let attributes =
                attributes.iter().map(|attribute| Attribute::new(text(&attribute.name), ty(&attribute.ty)));
            ColumnType::Composite(leak(attributes))
        }
        types::ColumnType::Array(element) => ColumnType::Array(leak_one(ty(element))),
    }
}

const fn scalar(scalar: Scalar) -> ColumnType {
    match scalar {
        Scalar::Bool => ColumnType::Bool,
        Scalar::Int2 => ColumnType::Int2,
        Scalar::Int4 => ColumnType::Int4,
        Scalar::Int8 => ColumnType::Int8,
        Scalar::Oid => ColumnType::Oid,
        Scalar::Float4 => ColumnType::Float4,
        Scalar::Float8 => ColumnType::Float8,
        Scalar::Numeric => ColumnType::Numeric,
        Scalar::Timestamptz => ColumnType::Timestamptz,
        Scalar::Timestamp => ColumnType::Timestamp,
        Scalar::Date => ColumnType::Date,
        Scalar::Time => ColumnType::Time,
        Scalar::TimeTz => ColumnType::TimeTz,
        Scalar::Interval => ColumnType::Interval,
        Scalar::Uuid => ColumnType::Uuid,
        Scalar::UuidText => ColumnType::UuidText,
        Scalar::Bytea => ColumnType::Bytea,
        Scalar::Json => ColumnType::Json,
        Scalar::Jsonb => ColumnType::Jsonb,
        Scalar::Text => ColumnType::Text,
        Scalar::Money => ColumnType::Money,
    }
}
