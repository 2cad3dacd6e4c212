//! The device's tables: the plan as SQLite DDL.
//!
//! Tables are `STRICT` and hold what a device needs to hold, not what Postgres enforces: no checks and no unique keys
//! but the primary one, since only the server can decide them and a local one would stop a pull; foreign keys where
//! the parent is on the device whenever the child is. Floating point columns are `ANY`, the only type of a strict
//! table that keeps -0.0 and the text `NaN`.

use std::fmt::Write as _;

use crate::config::LocalType;
use crate::facts::ReferentialAction;
use crate::plan::{Literal, LocalNames, Plan, PlanColumn, PlanColumnKind, PlanDefault, PlanTable};
use crate::types::{ColumnType, Scalar};

/// Every table with its indexes, in the order of the plan.
pub fn schema_ddl(plan: &Plan) -> String {
    let names = LocalNames::new(plan);
    plan.tables.iter().map(|table| table_ddl_of(&names, table)).collect()
}

/// `CREATE TABLE` and the indexes of one table, each statement ended by `;` and a newline.
pub fn table_ddl(plan: &Plan, table: &PlanTable) -> String {
    table_ddl_of(&LocalNames::new(plan), table)
}

/// [`table_ddl`], for one table of many.
pub(crate) fn table_ddl_of(names: &LocalNames<'_>, table: &PlanTable) -> String {
    let mut ddl = format!("CREATE TABLE {} (\n", quoted(&table.local_name));
    for column in &table.columns {
        let _ = writeln!(ddl, "  {},", column_ddl(column));
    }
    let key: Vec<&str> = table.primary_key.iter().map(|place| table.columns[*place].name.as_str()).collect();
    let _ = write!(ddl, "  PRIMARY KEY ({})", list(&key));
    for key in table.foreign_keys.iter().filter(|key| key.declared) {
        let Some(target) = names.of(&key.table) else { continue };
        let _ = write!(
            ddl,
            ",\n  FOREIGN KEY ({}) REFERENCES {} ({}){} DEFERRABLE INITIALLY DEFERRED",
            list(&key.columns),
            quoted(target),
            list(&key.target),
            on_delete(key.on_delete),
        );
    }
    ddl.push_str("\n) STRICT;\n");
    for index in &table.indexes {
        let columns: Vec<String> = index
            .columns
            .iter()
            .map(|(name, descending)| format!("{}{}", quoted(name), if *descending { " DESC" } else { "" }))
            .collect();
        let (name, table) = (quoted(&index.name), quoted(&table.local_name));
        let _ = writeln!(ddl, "CREATE INDEX {name} ON {table} ({});", columns.join(", "));
    }
    ddl
}

fn column_ddl(column: &PlanColumn) -> String {
    let mut ddl = quoted(&column.name);
    let (ty, default) = match &column.kind {
        PlanColumnKind::Synced(synced) => (synced.ty.sqlite_type(), default(&synced.ty, &synced.default)),
        PlanColumnKind::Local(ty) => (local_type(*ty), None),
    };
    let _ = write!(ddl, " {ty}");
    if !column.nullable {
        ddl.push_str(" NOT NULL");
    }
    if let Some(default) = default {
        let _ = write!(ddl, " DEFAULT {default}");
    }
    ddl
}

/// What follows `DEFAULT`, where SQLite can make the value.
fn default(ty: &ColumnType, default: &PlanDefault) -> Option<String> {
    Some(match default {
        PlanDefault::Literal(literal) => self::literal(literal),
        PlanDefault::Now => format!("({})", now(ty)?),
        PlanDefault::Uuid if *ty == ColumnType::Scalar(Scalar::UuidText) => format!("({UUID_TEXT})"),
        PlanDefault::Uuid => format!("({UUID})"),
        PlanDefault::None | PlanDefault::Leased | PlanDefault::Server | PlanDefault::Generated => {
            return None;
        }
    })
}

/// A UUID of version 4 that every SQLite can make: `||` joins bytes to a text, the cast makes bytes of it again.
const UUID: &str = "CAST(randomblob(6) \
    || substr(X'404142434445464748494A4B4C4D4E4F', abs(random() % 16) + 1, 1) || randomblob(1) \
    || substr(X'808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9F\
A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF', abs(random() % 64) + 1, 1) \
    || randomblob(7) AS BLOB)";

/// The same as 36 characters.
const UUID_TEXT: &str = "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) \
    || '-' || substr('89AB', abs(random() % 4) + 1, 1) || substr(hex(randomblob(2)), 2) \
    || '-' || hex(randomblob(6)))";

/// The present time in the column's form; SQLite's clock has milliseconds.
fn now(ty: &ColumnType) -> Option<&'static str> {
    let ColumnType::Scalar(scalar) = ty else { return None };
    Some(match scalar {
        Scalar::Timestamptz => "strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')",
        Scalar::Timestamp => "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
        Scalar::Date => "strftime('%Y-%m-%d', 'now')",
        Scalar::Time => "strftime('%H:%M:%f000', 'now')",
        Scalar::TimeTz => "strftime('%H:%M:%f000+00:00', 'now')",
        _ => return None,
    })
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Integer(value) if *value < 0 => format!("({value})"),
        Literal::Integer(value) => value.to_string(),
        Literal::Real(value) if value.is_infinite() => {
            // What SQLite reads as an infinity.
            if *value > 0.0 { "9e999".to_owned() } else { "(-9e999)".to_owned() }
        }
        // `{:?}` keeps a point, so that SQLite reads a real.
        Literal::Real(value) => format!("({value:?})"),
        Literal::Text(text) if text.contains('\0') => {
            let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
            format!("(CAST(X'{hex}' AS TEXT))")
        }
        Literal::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Literal::Blob(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("X'{hex}'")
        }
    }
}

const fn local_type(ty: LocalType) -> &'static str {
    match ty {
        LocalType::Integer => "INTEGER",
        LocalType::Real => "REAL",
        LocalType::Text => "TEXT",
        LocalType::Blob => "BLOB",
    }
}

/// What the device does with the children of a row that is deleted on it, as Postgres will.
const fn on_delete(action: ReferentialAction) -> &'static str {
    match action {
        ReferentialAction::Cascade => " ON DELETE CASCADE",
        ReferentialAction::SetNull => " ON DELETE SET NULL",
        ReferentialAction::SetDefault => " ON DELETE SET DEFAULT",
        ReferentialAction::Restrict => " ON DELETE RESTRICT",
        _ => "",
    }
}

/// A name as SQLite needs it written, always quoted.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}
