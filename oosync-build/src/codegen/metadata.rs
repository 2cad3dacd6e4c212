//! The static data of a table.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::text::{Code, list, literal};
use super::types::{column_type, metadata};
use crate::config::{ConflictRule, OwnerNull, Push, WriteMode};
use crate::facts::ReferentialAction;
use crate::plan::{
    LocalNames, Ownership, PlanColumn, PlanColumnKind, PlanDefault, PlanForeignKey, PlanTable, SyncedColumn,
};
use crate::sqlite::table_ddl_of;

/// `pub static TABLE`.
///
/// The names of metadata are brought into scope inside of the value: a table may be called `column`.
pub(crate) fn table(names: &LocalNames<'_>, table: &PlanTable, depth: usize) -> Code {
    let mut code = Code::at(depth);
    code.line(format_args!("/// What is known of the table."));
    code.open(format_args!("pub static TABLE: oosync::schema::Table = {{"));
    let actions =
        if table.foreign_keys.iter().any(|key| names.of(&key.table).is_some()) { ", OnDelete" } else { "" };
    code.line(format_args!(
        "use oosync::schema::{{self, Access, Column, ColumnDefault, ColumnType{actions}}};"
    ));
    code.open(format_args!("schema::Table {{"));
    code.line(format_args!("pg_schema: {},", literal(&table.name.schema)));
    code.line(format_args!("pg_name: {},", literal(&table.name.name)));
    code.line(format_args!("name: {},", literal(&table.local_name)));
    code.open(format_args!("columns: &["));
    let places = Places::of(table);
    let protected: HashSet<&str> = table.protected.iter().map(String::as_str).collect();
    for column in &table.columns {
        self::column(&mut code, column, protected.contains(column.name.as_str()));
    }
    code.close("],");
    code.line(format_args!("primary_key: &[{}],", list(&table.primary_key)));
    code.open(format_args!("foreign_keys: &["));
    for key in &table.foreign_keys {
        let Some(target) = names.of(&key.table) else { continue };
        let columns = places.list(&key.columns);
        let (target, target_columns) =
            (literal(target), list(key.target.iter().map(|column| literal(column))));
        let on_delete = on_delete(key);
        code.line(format_args!(
            "schema::ForeignKey {{ columns: &[{columns}], table: {target}, target: &[{target_columns}], on_delete: \
             OnDelete::{on_delete} }},"
        ));
    }
    code.close("],");
    rules(&mut code, &places, table);
    code.line(format_args!("ddl: {},", literal(&table_ddl_of(names, table))));
    code.close("}");
    code.close("};");
    code
}

/// What the device does, which is nothing where it does not declare the key.
const fn on_delete(key: &PlanForeignKey) -> &'static str {
    match key.on_delete {
        ReferentialAction::Cascade if key.declared => "Cascade",
        ReferentialAction::SetNull if key.declared => "SetNull",
        ReferentialAction::SetDefault if key.declared => "SetDefault",
        _ => "Nothing",
    }
}

fn column(code: &mut Code, column: &PlanColumn, protected: bool) {
    let (name, ty, nullable) = (literal(&column.name), metadata(column_type(column)), column.nullable);
    let (default, access) = match &column.kind {
        PlanColumnKind::Local(_) => ("Local", "Access::PLAIN".into()),
        PlanColumnKind::Synced(synced) => (default(&synced.default.value), access(synced, protected)),
    };
    code.line(format_args!(
        "Column {{ name: {name}, ty: {ty}, nullable: {nullable}, default: ColumnDefault::{default}, access: {access} }},"
    ));
}

const fn default(default: &PlanDefault) -> &'static str {
    match default {
        PlanDefault::None => "None",
        PlanDefault::Literal(_) | PlanDefault::Now => "Sqlite",
        PlanDefault::Uuid => "Uuid",
        PlanDefault::Leased => "Leased",
        PlanDefault::Server => "Server",
        PlanDefault::Generated => "Generated",
    }
}

fn access(column: &SyncedColumn, protected: bool) -> Cow<'static, str> {
    let owner_only = column.owner_only;
    match (owner_only, protected, column.field_groups.is_empty()) {
        (false, false, true) => "Access::PLAIN".into(),
        (false, true, true) => "Access::PROTECTED".into(),
        _ => {
            let groups = list(column.field_groups.iter().map(|group| literal(group)));
            format!(
                "Access {{ owner_only: {owner_only}, protected: {protected}, field_groups: &[{groups}] }}"
            )
            .into()
        }
    }
}

fn rules(code: &mut Code, places: &Places<'_>, table: &PlanTable) {
    let owner = match &table.ownership.value {
        Ownership::Owner { column, null } => {
            let column = places.one(column);
            match null {
                Some(OwnerNull::Everyone) => format!("ColumnOrEveryone({column})"),
                Some(OwnerNull::Nobody) | None => format!("Column({column})"),
            }
        }
        Ownership::Parent { columns, .. } => format!("Parent(&[{}])", places.list(columns)),
        Ownership::Bucket => "Bucket".to_owned(),
        Ownership::Everyone => "Everyone".to_owned(),
    };
    let bucket = match &table.bucket {
        Some(bucket) => format!(
            "Some(schema::Bucket {{ name: {}, columns: &[{}] }})",
            literal(&bucket.name),
            places.list(&bucket.columns)
        ),
        None => "None".to_owned(),
    };
    let push = match table.push.value {
        Push::OwnerOnly => "OwnerOnly",
        Push::Members => "Members",
        Push::Disabled => "Disabled",
    };
    let conflict = match table.conflict.value {
        ConflictRule::ServerWins => "ServerWins",
        ConflictRule::ClientWins => "ClientWins",
        ConflictRule::Lww => "LastWriteWins",
        ConflictRule::Reject => "Reject",
    };
    let stamp = |stamp: &Option<crate::plan::Decided<String>>| match stamp {
        Some(column) => format!("Some({})", places.one(column)),
        None => "None".to_owned(),
    };
    let change_category = match &table.change_category {
        Some(category) => format!("Some({})", literal(category)),
        None => "None".to_owned(),
    };
    code.open(format_args!("rules: schema::Rules {{"));
    code.line(format_args!("owner: schema::Owner::{owner},"));
    code.line(format_args!("bucket: {bucket},"));
    code.line(format_args!("push: schema::Push::{push},"));
    code.line(format_args!("deny_delete: {},", table.deny_delete.value));
    code.line(format_args!("confirmed: {},", table.write_mode.value == WriteMode::Confirmed));
    code.line(format_args!("conflict: schema::Conflict::{conflict},"));
    code.line(format_args!("created: {},", stamp(&table.created)));
    code.line(format_args!("updated: {},", stamp(&table.updated)));
    code.line(format_args!("deleted: {},", stamp(&table.deleted)));
    code.line(format_args!("conflict_target: &[{}],", places.list(&table.conflict_target)));
    code.line(format_args!("order: {},", table.order));
    code.line(format_args!("change_category: {change_category},"));
    code.line(format_args!("normalize_datetime: &[{}],", places.list(&table.normalize_datetime)));
    code.close("},");
}

/// Where the columns of a table are.
struct Places<'a>(HashMap<&'a str, usize>);

impl<'a> Places<'a> {
    fn of(table: &'a PlanTable) -> Self {
        let columns = table.columns.iter().enumerate();
        Self(columns.map(|(place, column)| (column.name.as_str(), place)).collect())
    }

    /// A plan is validated: every column that it names is there.
    fn one(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(usize::MAX)
    }

    fn list(&self, names: &[String]) -> String {
        list(names.iter().map(|name| self.one(name)))
    }
}
