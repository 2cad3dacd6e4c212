//! What the database says of the synced tables: asked once, when the server starts.

use std::collections::BTreeMap;

use serde::Deserialize;
use tokio_postgres::Client;

use super::session::{ident, literal};
use super::start::StartError;
use crate::codec::{self, Wire};
use crate::schema::{Column, ColumnDefault, ColumnType, Owner, Schema, Table};

/// The synced tables as the server reads them.
#[derive(Debug)]
pub(super) struct Catalog {
    /// In the order of the schema.
    pub(super) tables: Vec<TableSql>,
    /// Places in `tables` by the name that the log has.
    by_log_name: BTreeMap<String, usize>,
    /// Counts the schemas that were registered.
    pub(super) version: u64,
}

/// A table in SQL.
#[derive(Debug)]
pub(super) struct TableSql {
    pub(super) table: &'static Table,
    /// `"public"."todos"`.
    pub(super) name: String,
    /// The function that gives the keys of rows in buckets.
    pub(super) in_buckets: String,
    /// The function that says which keys are in buckets.
    pub(super) held: String,
    /// Whether the policies are those that were generated from the same plan: then whatever a user sees is in the
    /// user's buckets, and only that.
    pub(super) generated: bool,
    /// Of each column of the schema, its type in SQL without a length: a cast to it cuts nothing. Empty for those
    /// that only devices have.
    pub(super) types: Vec<String>,
    /// The same with length, precision and scale, as the table declares it.
    pub(super) declared: Vec<String>,
    /// Of each column, whether a cast of a text to its type reads it as the type's input function does: there is no
    /// function of another kind for that cast, and no domain, whose length would cut.
    pub(super) reads_text: Vec<bool>,
    /// What the roles of requests may do to rows at all.
    pub(super) rights: Rights,
}

/// What the roles of requests may do to the rows of a table, before any policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) insert: bool,
    /// Some columns of it; without that right no row can be locked either.
    pub(super) update: bool,
    pub(super) delete: bool,
}

/// A table in `oosync.manifest`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ManifestTable {
    pub(super) local_name: String,
    #[serde(default)]
    log_name: String,
    #[serde(default)]
    in_buckets: String,
    #[serde(default)]
    held: String,
    pub(super) primary_key: Vec<String>,
    pub(super) columns: Vec<ManifestColumn>,
}

/// A column in `oosync.manifest`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct ManifestColumn {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) ty: String,
    pub(super) nullable: bool,
}

impl Catalog {
    /// Reads what is installed, and refuses what does not go with the schema.
    pub(super) async fn load(client: &Client, schema: &'static Schema) -> Result<Self, StartError> {
        // Names of types are written as requests read them: without a search path.
        client.batch_execute("begin read only; set local search_path = ''").await?;
        let loaded = Self::read(client, schema).await;
        client.batch_execute("rollback").await?;
        loaded
    }

    async fn read(client: &Client, schema: &'static Schema) -> Result<Self, StartError> {
        let sql = "select m.version, m.hash, m.tables::text from oosync.current_manifest() m";
        let row = client.query_opt(sql, &[]).await?.ok_or(StartError::NotInstalled)?;
        let hash: String = row.try_get(1)?;
        if hash != schema.hash {
            return Err(StartError::OtherSchema { installed: hash, expected: schema.hash });
        }
        let version: i64 = row.try_get(0)?;
        let manifest = parse(row.try_get(2)?)?;
        let mut manifest: BTreeMap<_, _> =
            manifest.into_iter().map(|table| (table.local_name.clone(), table)).collect();
        let mut catalog = Self {
            tables: Vec::new(),
            by_log_name: BTreeMap::new(),
            version: u64::try_from(version).unwrap_or_default(),
        };
        for (place, table) in schema.tables.iter().enumerate() {
            let of = manifest.remove(table.name).ok_or(StartError::Manifest)?;
            if of.log_name.is_empty() {
                return Err(StartError::Manifest);
            }
            let name = format!("{}.{}", ident(table.pg_schema), ident(table.pg_name));
            let Types { types, declared, reads_text } = types(client, table, &name).await?;
            let sql = "select exists (select from pg_catalog.pg_policy p
                where p.polrelid = $1::text::regclass and p.polname = 'oosync_select')";
            let generated = client.query_one(sql, &[&name]).await?.try_get(0)?;
            let sql = "select pg_catalog.has_any_column_privilege($1::text, 'insert'),
                pg_catalog.has_any_column_privilege($1::text, 'update'), pg_catalog.has_table_privilege($1::text, 'delete')";
            let row = client.query_one(sql, &[&name]).await?;
            let rights = Rights { insert: row.try_get(0)?, update: row.try_get(1)?, delete: row.try_get(2)? };
            catalog.by_log_name.insert(of.log_name, place);
            let (in_buckets, held) = (of.in_buckets, of.held);
            catalog.tables.push(TableSql {
                table,
                name,
                in_buckets,
                held,
                generated,
                types,
                declared,
                reads_text,
                rights,
            });
        }
        Ok(catalog)
    }

    /// The place of a table by the name that the log has; tables that are not synced any more have none.
    pub(super) fn by_log_name(&self, name: &str) -> Option<usize> {
        self.by_log_name.get(name).copied()
    }
}

pub(super) fn parse(manifest: &str) -> Result<Vec<ManifestTable>, StartError> {
    serde_json::from_str(manifest).map_err(|_| StartError::Manifest)
}

/// What [`TableSql`] says of the types of columns.
struct Types {
    types: Vec<String>,
    declared: Vec<String>,
    reads_text: Vec<bool>,
}

/// The types of a table's columns.
async fn types(client: &Client, table: &'static Table, name: &str) -> Result<Types, StartError> {
    // `character` and `bit` by those names are of length 1; with -1 Postgres gives the names without a length.
    let sql = "select a.attname::text, pg_catalog.format_type(a.atttypid, -1),
            pg_catalog.format_type(a.atttypid, a.atttypmod),
            t.typtype in ('b', 'e', 'r', 'm') and not exists (select from pg_catalog.pg_cast c
              where c.castsource = 'pg_catalog.text'::pg_catalog.regtype and c.casttarget = t.oid and c.castmethod = 'f')
          from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
        where a.attrelid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped";
    let rows = client.query(sql, &[&name]).await?;
    type Found = (String, String, bool);
    let found: Result<BTreeMap<String, Found>, tokio_postgres::Error> = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))))
        .collect();
    let mut found = found?;
    let mut types = Types { types: Vec::new(), declared: Vec::new(), reads_text: Vec::new() };
    for column in table.columns {
        let (ty, declared, reads_text) = match found.remove(column.name) {
            Some(of) => of,
            None if column.default == ColumnDefault::Local => Default::default(),
            None => return Err(StartError::NoColumn { table: table.name, column: column.name }),
        };
        types.types.push(ty);
        types.declared.push(declared);
        types.reads_text.push(reads_text);
    }
    Ok(types)
}

impl TableSql {
    /// Keys by their texts, which `from` has as `k (k)`, to be joined as [`by_key`](Self::by_key) says: `k.k` is the text,
    /// `k.k1` and on are its parts.
    ///
    /// They are made before the join: Postgres looks a row up in an index under a policy only by what cannot leak, and
    /// reading a text can.
    pub(super) fn keys_of(&self, from: &str) -> String {
        let parts = self.table.primary_key.iter().enumerate();
        let parts = parts.map(|(at, place)| format!("{} as k{}", self.key_part(at, *place), at + 1));
        format!("(select k.k, {} from {from} offset 0) k", parts.collect::<Vec<_>>().join(", "))
    }

    /// `t."id" = k.k1 and …`: how a row is found by its key out of [`keys_of`](Self::keys_of).
    pub(super) fn by_key(&self) -> String {
        let columns = self.table.primary_key.iter().enumerate();
        let columns = columns
            .map(|(at, place)| format!("t.{} = k.k{}", ident(self.table.columns[*place].name), at + 1));
        columns.collect::<Vec<_>>().join(" and ")
    }

    fn key_part(&self, at: usize, place: usize) -> String {
        format!("(k.k::text[])[{}]::{}", at + 1, self.types[place])
    }

    /// Whether a column has what was sent, if a value of it was sent and nobody else writes to the row: its type has
    /// neither lengths nor other forms of the same value.
    pub(super) fn keeps(&self, place: usize) -> bool {
        let ty = self.types[place].as_str();
        let named = match self.table.columns[place].ty {
            ColumnType::Bool => ty == "boolean",
            ColumnType::Int2 => ty == "smallint",
            ColumnType::Int4 => ty == "integer",
            ColumnType::Int8 => ty == "bigint",
            ColumnType::Float8 => ty == "double precision",
            ColumnType::Uuid | ColumnType::UuidText => ty == "uuid",
            ColumnType::Text => matches!(ty, "text" | "character varying"),
            ColumnType::Bytea => ty == "bytea",
            ColumnType::Date => ty == "date",
            ColumnType::Timestamp => ty == "timestamp without time zone",
            ColumnType::Timestamptz => ty == "timestamp with time zone",
            _ => false,
        };
        named && self.declared[place] == ty
    }

    /// The columns of the key out of its text `k.k`, in the form of tuples.
    pub(super) fn key_columns(&self) -> String {
        let columns = self.table.primary_key.iter().enumerate().map(|(at, place)| {
            let part = self.key_part(at, *place);
            match Wire::of(&self.table.columns[*place].ty) {
                Wire::Text => format!("({part})::text"),
                Wire::Binary => part,
            }
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The key out of its text `k.k`, as columns for JSON.
    pub(super) fn key_columns_for_json(&self) -> String {
        let columns = self.table.primary_key.iter().enumerate().map(|(at, place)| {
            let column = &self.table.columns[*place];
            let cast = if codec::cast_in_json(&column.ty) { "::text" } else { "" };
            format!("({}){cast} as {}", self.key_part(at, *place), ident(column.name))
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The key as the log has it, of a key in JSON, which is the text `k.k`.
    pub(super) fn key_of_json(&self) -> String {
        let columns = self.table.primary_key.iter().map(|place| {
            let name = literal(self.table.columns[*place].name);
            format!("(k.k::json operator(pg_catalog.->>) {name})::{}::text", self.types[*place])
        });
        format!("array[{}]", columns.collect::<Vec<_>>().join(", "))
    }

    /// A column of the row `t` as the user may see it.
    fn seen(&self, column: &Column, catalog: &Catalog, user: &str) -> String {
        let plain = format!("t.{}", ident(column.name));
        if !column.access.owner_only {
            return plain;
        }
        match self.owned(catalog, "t", 0, user) {
            Some(owned) => format!("case when {owned} then {plain} end"),
            // Nobody owns it.
            None => format!("case when false then {plain} end"),
        }
    }

    /// Whether the user owns the row of this alias: by its own column, or by those of its ancestors.
    pub(super) fn owned(&self, catalog: &Catalog, alias: &str, depth: usize, user: &str) -> Option<String> {
        match self.table.rules.owner {
            Owner::ColumnOrEveryone(owner) | Owner::Column(owner) => {
                let (name, ty) = (ident(self.table.columns[owner].name), &self.types[owner]);
                Some(format!("{alias}.{name} = {}::{ty}", literal(user)))
            }
            Owner::Parent(columns) => {
                let key = self.table.foreign_keys.iter().find(|key| key.columns == columns)?;
                let above = catalog.tables.iter().find(|table| table.table.name == key.table)?;
                let parent = format!("p{}", depth + 1);
                let pairs = key.columns.iter().zip(key.target).map(|(from, to)| {
                    format!("{parent}.{} = {alias}.{}", ident(to), ident(self.table.columns[*from].name))
                });
                let (pairs, owned) = (
                    pairs.collect::<Vec<_>>().join(" and "),
                    above.owned(catalog, &parent, depth + 1, user)?,
                );
                Some(format!("exists (select from {} {parent} where {pairs} and {owned})", above.name))
            }
            Owner::Bucket | Owner::Everyone => None,
        }
    }

    /// The columns named, as they are in tuples.
    pub(super) fn columns(&self, catalog: &Catalog, names: &[String], user: &str) -> String {
        let columns = names.iter().filter_map(|name| {
            let column = &self.table.columns[self.table.column(name)?];
            let seen = self.seen(column, catalog, user);
            Some(match Wire::of(&column.ty) {
                Wire::Text => format!("({seen})::text"),
                Wire::Binary => seen,
            })
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The columns named, with their names, as JSON is made of them.
    pub(super) fn columns_for_json(&self, catalog: &Catalog, names: &[String], user: &str) -> String {
        let columns = names.iter().filter_map(|name| {
            let column = &self.table.columns[self.table.column(name)?];
            let cast = if codec::cast_in_json(&column.ty) { "::text" } else { "" };
            Some(format!("({}){cast} as {}", self.seen(column, catalog, user), ident(column.name)))
        });
        columns.collect::<Vec<_>>().join(", ")
    }
}
