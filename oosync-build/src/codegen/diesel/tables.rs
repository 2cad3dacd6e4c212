//! Which tables Diesel can have, and what their parts are called in `table!`.

use std::collections::BTreeSet;

use proc_macro2::Ident;

use super::super::names::ident;
use super::super::table::TableCode;
use super::super::types::column_type;
use super::{Database, DieselLeftOut};
use crate::names::snake;
use crate::plan::{Plan, PlanColumnKind, PlanForeignKey, PlanTable};
use crate::types::{ColumnType, Scalar};

/// What `table!` defines beside the columns, and names that its code means as they are in the language.
const RESERVED: &[&str] = &[
    "table",
    "columns",
    "dsl",
    "star",
    "all_columns",
    "diesel",
    "std",
    "core",
    "alloc",
    "oosync_sql",
    "diesel_sql",
    "oosync_tags",
    "schema_tags",
    "markers",
    "bool",
    "char",
    "str",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "f32",
    "f64",
];

/// What `table!` of Diesel 2.3 also calls a variable of its own, where a column would be taken for a pattern.
const RESERVED_IN_TABLE: &[&str] = &["q"];

/// The tables of one module.
pub(super) struct Tables<'a> {
    pub(super) database: Database,
    pub(super) plan: &'a Plan,
    pub(super) tables: Vec<DieselTable<'a>>,
    pub(super) left_out: Vec<DieselLeftOut>,
}

/// A table with the names it has in `table!`.
pub(super) struct DieselTable<'a> {
    pub(super) plan: &'a PlanTable,
    pub(super) code: &'a TableCode<'a>,
    pub(super) name: Ident,
    pub(super) columns: Vec<Ident>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        codes: &'a [TableCode<'a>],
        database: Database,
        columns: usize,
    ) -> Self {
        let mut taken: BTreeSet<String> = RESERVED.iter().map(|&name| name.to_owned()).collect();
        let (mut tables, mut left_out) = (Vec::new(), Vec::new());
        for (table, code) in plan.tables.iter().zip(codes).filter(|(table, _)| table.diesel) {
            if let Some(reason) = refused(table, database, columns) {
                left_out.push(DieselLeftOut { table: table.name.clone(), module: database.module(), reason });
                continue;
            }
            let name = take(&code.names.module.to_string(), &mut taken);
            let mut in_table: BTreeSet<String> =
                RESERVED.iter().chain(RESERVED_IN_TABLE).map(|&name| name.to_owned()).collect();
            in_table.insert(name.to_string());
            let columns =
                code.names.fields.iter().map(|field| take(&field.to_string(), &mut in_table)).collect();
            tables.push(DieselTable { plan: table, code, name, columns });
        }
        Self { database, plan, tables, left_out }
    }

    /// The table that a foreign key of one column leads to, with the column's place, if it leads to the primary key
    /// and the types are the same: what Diesel joins along.
    pub(super) fn parent(
        &self,
        table: &DieselTable<'_>,
        key: &PlanForeignKey,
    ) -> Option<(&DieselTable<'a>, usize)> {
        let ([column], [target]) = (key.columns.as_slice(), key.target.as_slice()) else { return None };
        let parent = self.tables.iter().find(|parent| parent.plan.name == key.table)?;
        let [primary] = parent.plan.primary_key.as_slice() else { return None };
        let place = table.plan.columns.iter().position(|other| other.name == *column)?;
        let primary = &parent.plan.columns[*primary];
        let same = column_type(&table.plan.columns[place]) == column_type(primary);
        (primary.name == *target && same).then_some((parent, place))
    }
}

/// Why a table cannot have the form.
fn refused(table: &PlanTable, database: Database, columns: usize) -> Option<String> {
    if table.columns.len() > columns {
        return Some(format!(
            "has {} columns, and Diesel is used with up to {columns}: Builder::diesel_columns and a feature of diesel \
             allow 64 or 128",
            table.columns.len()
        ));
    }
    if database == Database::Sqlite {
        return None;
    }
    if snake(&table.name.schema) != table.name.schema || table.name.schema.is_empty() {
        return Some(format!("is in the schema {:?}, whose name `table!` cannot spell", table.name.schema));
    }
    table.columns.iter().find_map(|column| match &column.kind {
        PlanColumnKind::Local(_) => {
            Some(format!("has the column {:?}, which only the device has", column.name))
        }
        PlanColumnKind::Synced(synced) if !has_binary_form(&synced.ty) => Some(format!(
            "has the column {:?} of type {}, which has no binary form that every server reads",
            column.name, synced.declared
        )),
        PlanColumnKind::Synced(_) => None,
    })
}

/// Whether Diesel can send it to Postgres and read it from there.
fn has_binary_form(ty: &ColumnType) -> bool {
    match ty {
        ColumnType::Scalar(_) | ColumnType::Enum(_) => true,
        ColumnType::Text(_) | ColumnType::Composite(..) => false,
        // The form names the type of the elements by a number, which differs from server to server for an enum.
        ColumnType::Array(element) => matches!(element.as_ref(), ColumnType::Scalar(_)),
    }
}

/// Whether Diesel's own type holds every value of the column in this database, and gives back what it took.
pub(super) const fn built_in(scalar: Scalar, database: Database) -> Option<&'static str> {
    match (scalar, database) {
        (Scalar::Bool, _) => Some("Bool"),
        (Scalar::Int8, _) => Some("BigInt"),
        (Scalar::Text, _) => Some("Text"),
        (Scalar::Bytea, _) => Some("Binary"),
        (Scalar::Int2, Database::Postgres) => Some("SmallInt"),
        (Scalar::Int4, Database::Postgres) => Some("Integer"),
        (Scalar::Oid, Database::Postgres) => Some("Oid"),
        (Scalar::Float4, Database::Postgres) => Some("Float"),
        (Scalar::Float8, Database::Postgres) => Some("Double"),
        (Scalar::Uuid, Database::Postgres) => Some("Uuid"),
        _ => None,
    }
}

/// The name, or the first with `_` behind it that is free; never a raw identifier, which `table!` does not take.
fn take(name: &str, taken: &mut BTreeSet<String>) -> Ident {
    let mut free = match name.strip_prefix("r#") {
        Some(keyword) => format!("{keyword}_"),
        None => name.to_owned(),
    };
    while !taken.insert(free.clone()) {
        free.push('_');
    }
    ident(&free)
}
