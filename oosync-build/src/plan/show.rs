//! A plan for people, and for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{
    Decided, Literal, Ownership, Plan, PlanBucket, PlanColumn, PlanColumnKind, PlanDefault, PlanTable,
    SyncedColumn, TableBucket, Why,
};
use crate::config::{BucketWrite, Membership, OwnerNull, RustType};
use crate::diagnostic::one_line;
use crate::facts::{QualifiedName, quoted};
use crate::types::ColumnType;

impl Plan {
    /// The table of this name, as the config would write it: `todos` or `app.todos`.
    pub fn table(&self, schema: &str, name: &str) -> Option<&PlanTable> {
        self.tables.iter().find(|table| table.name.schema == schema && table.name.name == name)
    }

    /// An overview: a line for each table, with what was decided and why, and what is not synced.
    pub fn overview(&self) -> String {
        let mut text = format!("schema hash {}\n", self.hash);
        let width = self.tables.iter().map(|table| table.name.to_string().chars().count()).max().unwrap_or(0);
        for table in &self.tables {
            let name = one_line(table.name.to_string());
            let _ = write!(text, "\n{:>4}  {name:<width$}  {}", table.order, one_line(to_whom(table)));
            let _ = write!(
                text,
                "\n      {:<width$}  push {}, conflict {}",
                "",
                decided(&table.push),
                decided(&table.conflict)
            );
        }
        for bucket in &self.buckets {
            let _ = write!(text, "\n\nbucket {}: {}", one_line(&bucket.name), one_line(members(bucket)));
            for (table, columns) in &bucket.tables {
                let _ = write!(text, "\n      {}", one_line(table.to_string()));
                if !columns.is_empty() {
                    let _ = write!(text, " by {}", one_line(columns.join(", ")));
                }
            }
        }
        if !self.not_synced.is_empty() {
            let width =
                self.not_synced.iter().map(|table| table.name.to_string().chars().count()).max().unwrap_or(0);
            text.push_str("\n\nnot synced");
            for table in &self.not_synced {
                let name = one_line(table.name.to_string());
                let _ =
                    write!(text, "\n      {name:<width$}  {}", one_line(reason(&table.reason, &table.why)));
            }
        }
        for cycle in &self.cycles {
            let names: Vec<_> = cycle.iter().map(ToString::to_string).collect();
            let _ = write!(text, "\n\na circle of foreign keys: {}", one_line(names.join(", ")));
        }
        text
    }

    /// Everything, with stable keys, for programs.
    pub fn document(&self) -> Value {
        json!({
            "hash": self.hash,
            "tables": self.tables.iter().map(PlanTable::document).collect::<Vec<_>>(),
            "not_synced": self.not_synced.iter().map(|table| json!({
                "table": table.name.to_string(), "reason": table.reason, "why": why_document(&table.why),
            })).collect::<Vec<_>>(),
            "enums": self.enums.iter().map(|ty| json!({"name": ty.name.to_string(), "labels": ty.labels})).collect::<Vec<_>>(),
            "composites": self.composites.iter().map(|ty| json!({
                "name": ty.name.to_string(),
                "attributes": ty.attributes.iter().map(|(part, declared)| json!({
                    "name": part.name, "type": declared.to_string(), "sqlite": part.ty.sqlite_type(),
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "text_types": names(&self.text_types),
            "buckets": self.buckets.iter().map(bucket_document).collect::<Vec<_>>(),
            "roles": self.roles.iter().map(|role| json!({"role": role.role, "read": role.read, "write": role.write})).collect::<Vec<_>>(),
            "cycles": self.cycles.iter().map(|cycle| names(cycle)).collect::<Vec<_>>(),
        })
    }
}

fn names(names: &[QualifiedName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(super) fn bucket_document(bucket: &PlanBucket) -> Value {
    json!({
        "name": bucket.name,
        "members": members(bucket),
        "write": bucket.write.map(BucketWrite::as_str),
        "fan_out_limit": bucket.fan_out_limit,
        "tables": bucket.tables.iter().map(|(table, columns)| json!({"table": table.to_string(), "columns": columns})).collect::<Vec<_>>(),
    })
}

/// Who is a member of a bucket.
fn members(bucket: &PlanBucket) -> String {
    match &bucket.members {
        Membership::Table { user, key, table } => {
            let table = bucket.table.as_ref().map_or_else(|| table.value.to_string(), ToString::to_string);
            let key: Vec<_> = key.iter().map(|column| column.value.as_str()).collect();
            format!("members are in {table}, `{}` by {}", user.value, key.join(", "))
        }
        Membership::Query(query) => format!("members by a query, {}", query.value),
        Membership::Function(function) => {
            let schema = function.value.schema.as_deref().unwrap_or("public");
            format!("members by the function {}", QualifiedName::new(schema, &function.value.name))
        }
    }
}

impl PlanTable {
    /// All that was decided of this table, and why, for people.
    pub fn describe(&self) -> String {
        let mut text = format!("{} is `{}` on a device", self.name, self.local_name);
        let mut line = |what: &str, said: String| {
            let _ = write!(text, "\n  {what:<16} {}", one_line(said));
        };
        line("order", self.order.to_string());
        line("readers", to_whom(self));
        line("push", decided(&self.push));
        line("deny delete", decided(&self.deny_delete));
        line("write mode", decided(&self.write_mode));
        line("conflict", decided(&self.conflict));
        let key: Vec<_> = self.primary_key.iter().map(|place| self.columns[*place].name.as_str()).collect();
        line("primary key", key.join(", "));
        line("conflict target", because(&self.conflict_target.value.join(", "), &self.conflict_target.why));
        for (what, stamp) in
            [("created", &self.created), ("updated", &self.updated), ("deleted", &self.deleted)]
        {
            if let Some(stamp) = stamp {
                line(what, decided(stamp));
            }
        }
        line("protected", self.protected.join(", "));
        for (what, columns) in [("normalized", &self.normalize_datetime)] {
            if !columns.is_empty() {
                line(what, columns.join(", "));
            }
        }
        if let Some(category) = &self.change_category {
            line("change category", category.clone());
        }
        if self.diesel {
            line("diesel", "yes".to_owned());
        }
        for column in &self.columns {
            line("column", column.describe());
        }
        for (column, why) in &self.excluded_columns {
            line("on the server", because(&quoted(column), why));
        }
        for key in &self.unique_keys {
            let kind = if key.index_only { "index" } else { "constraint" };
            line("unique", format!("{} ({}), {kind}", quoted(&key.name), key.columns.join(", ")));
        }
        for key in &self.foreign_keys {
            let declared = if key.declared { "declared" } else { "not declared" };
            let (columns, target) = (key.columns.join(", "), key.target.join(", "));
            line(
                "foreign key",
                format!("{} ({columns}) to {} ({target}), {declared}", quoted(&key.name), key.table),
            );
        }
        for index in &self.indexes {
            let columns: Vec<_> = index
                .columns
                .iter()
                .map(|(column, descending)| format!("{column}{}", if *descending { " desc" } else { "" }))
                .collect();
            line("index", format!("{} ({})", quoted(&index.name), columns.join(", ")));
        }
        text
    }

    /// All that was decided of this table, for programs.
    pub fn document(&self) -> Value {
        let key: Vec<_> = self.primary_key.iter().map(|place| &self.columns[*place].name).collect();
        let excluded =
            self.excluded_columns.iter().map(|(name, why)| json!({"name": name, "why": why_document(why)}));
        json!({
            "table": self.name.to_string(),
            "schema": self.name.schema,
            "name": self.name.name,
            "local_name": self.local_name,
            "comment": self.comment,
            "order": self.order,
            "columns": self.columns.iter().map(PlanColumn::document).collect::<Vec<_>>(),
            "excluded_columns": excluded.collect::<Vec<_>>(),
            "primary_key": key,
            "unique_keys": self.unique_keys.iter().map(|key| json!({
                "name": key.name, "columns": key.columns, "index_only": key.index_only,
            })).collect::<Vec<_>>(),
            "conflict_target": decision(&self.conflict_target, |columns| json!(columns)),
            "ownership": decision(&self.ownership, ownership_document),
            "bucket": self.bucket.as_ref().map(|bucket| decision(bucket, bucket_of_table)),
            "push": decision(&self.push, |push| json!(push.as_str())),
            "deny_delete": decision(&self.deny_delete, |deny| json!(deny)),
            "write_mode": decision(&self.write_mode, |mode| json!(mode.as_str())),
            "conflict": decision(&self.conflict, |rule| json!(rule.as_str())),
            "created": self.created.as_ref().map(|stamp| decision(stamp, |name| json!(name))),
            "updated": self.updated.as_ref().map(|stamp| decision(stamp, |name| json!(name))),
            "server_maintains_updated": self.server_maintains_updated,
            "deleted": self.deleted.as_ref().map(|stamp| decision(stamp, |name| json!(name))),
            "protected": self.protected,
            "change_category": self.change_category,
            "normalize_datetime": self.normalize_datetime,
            "foreign_keys": self.foreign_keys.iter().map(|key| json!({
                "name": key.name, "columns": key.columns, "table": key.table.to_string(), "target": key.target,
                "on_delete": key.on_delete, "declared": key.declared,
            })).collect::<Vec<_>>(),
            "indexes": self.indexes.iter().map(|index| json!({
                "name": index.name,
                "columns": index.columns.iter().map(|(name, descending)| json!({"name": name, "descending": descending})).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "diesel": self.diesel,
            "rust_name": self.rust_name.as_ref().map(|name| decision(name, |name| json!(name))),
        })
    }
}

impl PlanColumn {
    fn describe(&self) -> String {
        let name = quoted(&self.name);
        let mut said = match &self.kind {
            PlanColumnKind::Local(ty) => format!("{name} {}, on the device alone", ty.as_str()),
            PlanColumnKind::Synced(synced) => {
                let held = synced.ty.sqlite_type();
                format!("{name} {}, {}{held}", synced.declared, marked(&synced.ty))
            }
        };
        said.push_str(if self.nullable { ", null" } else { ", not null" });
        if let PlanColumnKind::Synced(synced) = &self.kind {
            if synced.default.value != PlanDefault::None {
                said.push_str(&format!(
                    ", default {}",
                    because(&default_shown(&synced.default.value), &synced.default.why)
                ));
            }
            if synced.owner_only {
                said.push_str(", the owner's alone");
            }
            if !synced.field_groups.is_empty() {
                said.push_str(&format!(", field groups {}", synced.field_groups.join(", ")));
            }
        }
        if let Some(name) = &self.rust_name {
            said.push_str(&format!(", in Rust `{}`", name.value));
        }
        if let Some(ty) = self.rust_type {
            said.push_str(&format!(", held by {ty}"));
        }
        said
    }

    fn document(&self) -> Value {
        let mut document = Map::new();
        document.insert("name".to_owned(), json!(self.name));
        document.insert("comment".to_owned(), json!(self.comment));
        document.insert("nullable".to_owned(), json!(self.nullable));
        document.insert("rust_name".to_owned(), json!(self.rust_name.as_ref().map(|name| &name.value)));
        document.insert("rust_type".to_owned(), json!(self.rust_type.map(RustType::as_str)));
        let (local, sqlite) = match &self.kind {
            PlanColumnKind::Local(ty) => (true, ty.as_str().to_uppercase()),
            PlanColumnKind::Synced(synced) => {
                let SyncedColumn {
                    declared, not_null, default, expression, owner_only, field_groups, ..
                } = synced.as_ref();
                document.insert("type".to_owned(), json!(declared.to_string()));
                document.insert("not_null".to_owned(), json!(not_null));
                document.insert("default".to_owned(), decision(default, default_document));
                document.insert("expression".to_owned(), json!(expression));
                document.insert("owner_only".to_owned(), json!(owner_only));
                document.insert("field_groups".to_owned(), json!(field_groups));
                (false, synced.ty.sqlite_type().to_owned())
            }
        };
        document.insert("local_only".to_owned(), json!(local));
        document.insert("sqlite".to_owned(), json!(sqlite));
        Value::Object(document)
    }
}

/// What the SQLite type does not tell.
fn marked(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Array(_) | ColumnType::Composite(..) => "JSON in ",
        ColumnType::Text(_) => "as Postgres prints it in ",
        ColumnType::Scalar(_) | ColumnType::Enum(_) => "",
    }
}

fn to_whom(table: &PlanTable) -> String {
    let readers = match &table.ownership.value {
        Ownership::Owner { column, null: None } => format!("the owner in {}", quoted(column)),
        Ownership::Owner { column, null: Some(OwnerNull::Everyone) } => {
            format!("the owner in {}, or everyone where it is null", quoted(column))
        }
        Ownership::Owner { column, null: Some(OwnerNull::Nobody) } => {
            format!("the owner in {}, or nobody where it is null", quoted(column))
        }
        Ownership::Parent { columns, table, .. } => {
            format!("whoever has its row of {table}, by {}", columns.join(", "))
        }
        Ownership::Bucket => "members of its bucket".to_owned(),
        Ownership::Everyone => "everyone".to_owned(),
    };
    let mut text = because(&readers, &table.ownership.why);
    if let Some(bucket) = &table.bucket {
        let TableBucket { name, columns } = &bucket.value;
        text.push_str(&because(
            &match columns.as_slice() {
                [] => format!("; whom the function of bucket {name} names"),
                columns => format!("; members of bucket {name}, by {}", columns.join(", ")),
            },
            &bucket.why,
        ));
    }
    text
}

fn reason(said: &str, why: &Why) -> String {
    match why {
        // The reason is the whole of it.
        Why::Inferred(_) | Why::Default => said.to_owned(),
        why => because(said, why),
    }
}

fn because(said: &str, why: &Why) -> String {
    match why {
        Why::Config(place) | Why::Tag(place) => format!("{said} ({place})"),
        Why::Inferred(reason) => format!("{said} ({reason})"),
        Why::Default => said.to_owned(),
    }
}

fn decided<T: std::fmt::Display>(decision: &Decided<T>) -> String {
    because(&decision.value.to_string(), &decision.why)
}

fn default_shown(default: &PlanDefault) -> String {
    match default {
        PlanDefault::None => "none".to_owned(),
        PlanDefault::Literal(literal) => format!("{literal}"),
        PlanDefault::Now => "the present time".to_owned(),
        PlanDefault::Uuid => "a new uuid".to_owned(),
        PlanDefault::Leased => "a leased number".to_owned(),
        PlanDefault::Server => "from the server".to_owned(),
        PlanDefault::Generated => "generated".to_owned(),
    }
}

/// As SQL writes it.
impl std::fmt::Display for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Real(value) => write!(f, "{value:?}"),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Blob(bytes) => {
                f.write_str("x'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
        }
    }
}

pub(super) fn default_document(default: &PlanDefault) -> Value {
    match default {
        PlanDefault::None => json!({"kind": "none"}),
        PlanDefault::Literal(literal) => {
            let value = match literal {
                Literal::Integer(value) => json!(value),
                Literal::Real(value) => json!(value),
                Literal::Text(text) => json!(text),
                Literal::Blob(_) => json!(literal.to_string()),
            };
            json!({"kind": "literal", "value": value})
        }
        PlanDefault::Now => json!({"kind": "now"}),
        PlanDefault::Uuid => json!({"kind": "uuid"}),
        PlanDefault::Leased => json!({"kind": "leased"}),
        PlanDefault::Server => json!({"kind": "server"}),
        PlanDefault::Generated => json!({"kind": "generated"}),
    }
}

fn ownership_document(ownership: &Ownership) -> Value {
    match ownership {
        Ownership::Owner { column, null: meaning } => {
            let meaning = meaning.map(OwnerNull::as_str);
            json!({"kind": "owner", "column": column, "null": meaning})
        }
        Ownership::Parent { foreign_key, columns, table } => {
            json!({"kind": "parent", "foreign_key": foreign_key, "columns": columns, "table": table.to_string()})
        }
        Ownership::Bucket => json!({"kind": "bucket"}),
        Ownership::Everyone => json!({"kind": "everyone"}),
    }
}

fn bucket_of_table(bucket: &TableBucket) -> Value {
    json!({"name": bucket.name, "columns": bucket.columns})
}

fn decision<T>(decided: &Decided<T>, value: impl Fn(&T) -> Value) -> Value {
    json!({"value": value(&decided.value), "why": why_document(&decided.why)})
}

fn why_document(why: &Why) -> Value {
    match why {
        Why::Config(place) => json!({"by": "config", "place": place}),
        Why::Tag(place) => json!({"by": "tag", "place": place}),
        Why::Inferred(reason) => json!({"by": "inference", "reason": reason}),
        Why::Default => json!({"by": "default"}),
    }
}
