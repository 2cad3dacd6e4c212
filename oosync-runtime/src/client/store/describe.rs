//! What a schema is, written down: the next version of the app finds out from it what has changed.

use serde::{Deserialize, Serialize};

use super::layout::{Layout, Names};
use super::sql::storage;
use crate::schema::{Column, ColumnDefault, ColumnType};

/// The tables of a file, as the schema described them that made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) tables: Vec<DescribedTable>,
}

/// A table of a [`Description`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DescribedTable {
    pub(super) pg_schema: String,
    pub(super) pg_name: String,
    pub(super) names: Names,
    pub(super) columns: Vec<DescribedColumn>,
    /// Names of columns, in key order.
    pub(super) primary_key: Vec<String>,
    pub(super) ddl: String,
}

/// A column of a [`DescribedTable`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DescribedColumn {
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) storage: String,
    pub(super) nullable: bool,
    pub(super) default: String,
}

impl Description {
    /// Of the tables of a schema.
    pub(super) fn of(layouts: &[Layout]) -> Self {
        Self { tables: layouts.iter().map(DescribedTable::of).collect() }
    }
}

impl DescribedTable {
    fn of(layout: &Layout) -> Self {
        let table = layout.table;
        Self {
            pg_schema: table.pg_schema.to_owned(),
            pg_name: table.pg_name.to_owned(),
            names: layout.names.clone(),
            columns: table.columns.iter().map(DescribedColumn::of).collect(),
            primary_key: layout.key.iter().map(|position| layout.column(*position).to_owned()).collect(),
            ddl: table.ddl.to_owned(),
        }
    }

    /// The synced columns, in the order of the table.
    pub(super) fn synced(&self) -> impl Iterator<Item = &DescribedColumn> {
        self.columns.iter().filter(|column| column.default != LOCAL)
    }

    pub(super) fn is_key(&self, column: &str) -> bool {
        self.primary_key.iter().any(|key| key == column)
    }
}

impl DescribedColumn {
    fn of(column: &Column) -> Self {
        Self {
            name: column.name.to_owned(),
            ty: type_name(&column.ty),
            storage: storage(&column.ty).to_owned(),
            nullable: column.nullable,
            default: default_name(column.default).to_owned(),
        }
    }

    /// Whether a local change of it counts.
    pub(super) fn is_tracked(&self) -> bool {
        self.default != GENERATED && self.default != LOCAL
    }
}

const LOCAL: &str = "local";
const GENERATED: &str = "generated";

const fn default_name(default: ColumnDefault) -> &'static str {
    match default {
        ColumnDefault::None => "none",
        ColumnDefault::Sqlite => "sqlite",
        ColumnDefault::Uuid => "uuid",
        ColumnDefault::Leased => "leased",
        ColumnDefault::Server => "server",
        ColumnDefault::Generated => GENERATED,
        ColumnDefault::Local => LOCAL,
    }
}

/// A name for the type that stays what it is, whatever the type is called in Rust.
pub(super) fn type_name(ty: &ColumnType) -> String {
    match ty {
        ColumnType::Bool => "bool".to_owned(),
        ColumnType::Int2 => "int2".to_owned(),
        ColumnType::Int4 => "int4".to_owned(),
        ColumnType::Int8 => "int8".to_owned(),
        ColumnType::Oid => "oid".to_owned(),
        ColumnType::Float4 => "float4".to_owned(),
        ColumnType::Float8 => "float8".to_owned(),
        ColumnType::Numeric => "numeric".to_owned(),
        ColumnType::Timestamptz => "timestamptz".to_owned(),
        ColumnType::Timestamp => "timestamp".to_owned(),
        ColumnType::Date => "date".to_owned(),
        ColumnType::Time => "time".to_owned(),
        ColumnType::TimeTz => "timetz".to_owned(),
        ColumnType::Interval => "interval".to_owned(),
        ColumnType::Uuid => "uuid".to_owned(),
        ColumnType::UuidText => "uuid as text".to_owned(),
        ColumnType::Bytea => "bytea".to_owned(),
        ColumnType::Json => "json".to_owned(),
        ColumnType::Jsonb => "jsonb".to_owned(),
        ColumnType::Text => "text".to_owned(),
        ColumnType::Money => "money".to_owned(),
        ColumnType::Enum => "enum".to_owned(),
        ColumnType::PgText(name) => format!("text of {name}"),
        ColumnType::Array(element) => format!("{}[]", type_name(element)),
        ColumnType::Composite(attributes) => {
            let attributes: Vec<String> = attributes
                .iter()
                .map(|attribute| format!("{:?} {}", attribute.name, type_name(&attribute.ty)))
                .collect();
            format!("({})", attributes.join(", "))
        }
    }
}
