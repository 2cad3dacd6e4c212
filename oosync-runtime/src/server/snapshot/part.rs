//! In which parts the rows of a table are read, and where one goes on.
//!
//! In the order of keys, all rows are one part, which can be broken off after any of them. In no order they are read as
//! they lie, by ranges of blocks, and a body can be broken off between two. Whoever has a small part of a large table
//! gets it by an index, and then in the order of keys.

use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;
use tokio_postgres::{SimpleQueryMessage, Transaction};

use crate::codec::Wire;
use crate::protocol::{ErrorCode, TableHeader, tuple};
use crate::server::Error;
use crate::server::auth::Identity;
use crate::server::catalog::TableSql;
use crate::server::session::{as_server, as_user, ident, literal};
use crate::{ValueError, codec};

/// The blocks of a part: 16 MiB with Postgres's usual size of a block.
const BLOCKS: i64 = 2_048;

/// Where reading a table goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum After {
    /// Behind the key with this text.
    Key(String),
    /// At a block of a file, by the file's number, which another one has once the table was rewritten.
    Block { file: i64, block: i64 },
}

impl After {
    /// A key; what is none cannot be gone on from in the order of keys.
    pub(super) fn key(self) -> Result<String, Error> {
        match self {
            Self::Key(key) => Ok(key),
            Self::Block { .. } => Err(begin_anew()),
        }
    }
}

fn begin_anew() -> Error {
    Error::new(ErrorCode::InvalidToken, "this snapshot cannot be continued: begin anew")
}

/// A part of a table.
pub(super) struct Part {
    /// What follows `from … t`.
    pub(super) sql: String,
    /// It is in the order of keys, and can be broken off after any.
    pub(super) ordered: bool,
    /// Where to go on behind it; none where it is the last.
    pub(super) then: Option<After>,
}

/// The parts of a table that are still to come.
pub(super) enum Parts<'t> {
    /// One, in the order of keys.
    Ordered(&'t TableSql, Option<String>),
    Blocks {
        file: i64,
        next: i64,
        end: i64,
    },
    Over,
}

impl Iterator for Parts<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let (part, rest) = match std::mem::replace(self, Self::Over) {
            Self::Over => return None,
            Self::Ordered(table, after) => {
                (Part { sql: table.after_key(after.as_deref()), ordered: true, then: None }, Self::Over)
            }
            Self::Blocks { file, next, end } => {
                let until = next + BLOCKS;
                // What was added since is behind the last one.
                let last = until >= end;
                let from = (next > 0).then(|| format!("t.ctid >= '({next},0)'"));
                let to = (!last).then(|| format!("t.ctid < '({until},0)'"));
                let range: Vec<String> = from.into_iter().chain(to).collect();
                let sql =
                    if range.is_empty() { String::new() } else { format!("where {}", range.join(" and ")) };
                let then = (!last).then_some(After::Block { file, block: until });
                let rest = if last { Self::Over } else { Self::Blocks { file, next: until, end } };
                (Part { sql, ordered: false, then }, rest)
            }
        };
        *self = rest;
        Some(part)
    }
}

impl TableSql {
    /// In which parts the table is read, as a user whose columns of it are these.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidToken`] where what is there has another order than what came before.
    pub(super) async fn parts(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        columns: &str,
        any_order: bool,
        after: Option<After>,
    ) -> Result<Parts<'_>, Error> {
        let begun = match after {
            after if !any_order => return Ok(Parts::Ordered(self, after.map(After::key).transpose()?)),
            Some(After::Key(key)) => return Ok(Parts::Ordered(self, Some(key))),
            Some(After::Block { file, block }) => Some((file, block)),
            None => None,
        };
        as_user(transaction, identity).await?;
        let extent = self.extent(transaction).await?;
        let parts = match (extent, begun) {
            (Some((file, end)), Some((same, next))) if file == same => Parts::Blocks { file, next, end },
            (_, Some(_)) => return Err(begin_anew()),
            (Some((file, end)), None)
                if end <= BLOCKS || self.is_read_whole(transaction, columns).await? =>
            {
                Parts::Blocks { file, next: 0, end }
            }
            _ => Parts::Ordered(self, None),
        };
        as_server(transaction, identity).await?;
        Ok(parts)
    }

    /// The number of the file, and of its blocks, where rows can be read by ranges of blocks.
    async fn extent(&self, transaction: &Transaction<'_>) -> Result<Option<(i64, i64)>, Error> {
        // Before 14, Postgres reads the whole table for each range.
        let sql = "select pg_catalog.pg_relation_filenode(c.oid)::int8,
                pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8
              from pg_catalog.pg_class c join pg_catalog.pg_am a on a.oid = c.relam
            where c.oid = pg_catalog.to_regclass($1) and c.relkind = 'r' and not c.relhassubclass
              and a.amname = 'heap' and pg_catalog.current_setting('server_version_num')::int4 >= 140000
              and pg_catalog.has_column_privilege(c.oid, 'ctid', 'select')";
        let rows = transaction.query_typed(sql, &[(&self.name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (file, blocks): (Option<i64>, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(file.map(|file| (file, blocks)))
    }

    /// Whether Postgres would read the whole table for what the user sees of it.
    async fn is_read_whole(&self, transaction: &Transaction<'_>, columns: &str) -> Result<bool, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Explained {
            plan: Plan,
        }
        #[derive(Deserialize)]
        struct Plan {
            #[serde(rename = "Node Type")]
            node: String,
            #[serde(rename = "Plans", default)]
            plans: Vec<Plan>,
        }
        let scans = |plan: &Plan| plan.node == "Seq Scan";
        let sql = format!("explain (format json) select {columns} from {} t", self.name);
        let messages = transaction.simple_query(&sql).await?;
        let json = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        let explained: Vec<Explained> = serde_json::from_str(json.unwrap_or("[]"))
            .map_err(|error| Error::internal(format!("Postgres explained a query by {error}")))?;
        Ok(explained
            .iter()
            .any(|Explained { plan }| scans(plan) || (plan.node == "Gather" && plan.plans.iter().any(scans))))
    }

    /// The text of the key of a row, as an array: what [`key_text`](Self::key_text) would say of it. A column for it
    /// would be made for every row, and is needed for few. None where the device is not sent all of the key.
    pub(super) fn key_of_row(
        &self,
        header: &TableHeader,
        row: &tuple::Tuple<'_>,
    ) -> Result<Option<String>, Error> {
        let unreadable =
            |error: ValueError| Error::internal(format!("a key of {} is not read: {error}", self.name));
        let mut text = String::from("{");
        for place in self.table.primary_key {
            let column = &self.table.columns[*place];
            let field = header.columns.iter().position(|name| name == column.name);
            let Some(bytes) = field.and_then(|at| row.fields().nth(at).flatten()) else { return Ok(None) };
            let part = match Wire::of(&column.ty) {
                Wire::Text => String::from_utf8_lossy(bytes).into_owned(),
                Wire::Binary => {
                    let value = codec::from_binary(&column.ty, bytes).map_err(unreadable)?;
                    codec::to_text(&column.ty, &value).map_err(unreadable)?.into_owned()
                }
            };
            text.push_str(if text.len() > 1 { ",\"" } else { "\"" });
            text.push_str(&part.replace('\\', "\\\\").replace('"', "\\\""));
            text.push('"');
        }
        text.push('}');
        Ok(Some(text))
    }

    /// The text of the key of the row `t`, as an array.
    pub(in crate::server) fn key_text(&self) -> String {
        let columns = self.table.primary_key.iter();
        let columns = columns.map(|place| format!("t.{}::text", ident(self.table.columns[*place].name)));
        format!("array[{}]", columns.collect::<Vec<_>>().join(", "))
    }

    /// `where (t."id") > (…) order by t."id"`.
    pub(super) fn after_key(&self, after: Option<&str>) -> String {
        let places = &self.table.primary_key;
        let columns: Vec<_> =
            places.iter().map(|place| format!("t.{}", ident(self.table.columns[*place].name))).collect();
        let columns = columns.join(", ");
        let Some(after) = after else { return format!("order by {columns}") };
        let after = literal(after);
        let parts = places.iter().enumerate();
        let parts = parts.map(|(at, place)| format!("({after}::text[])[{}]::{}", at + 1, self.types[*place]));
        format!("where ({columns}) > ({}) order by {columns}", parts.collect::<Vec<_>>().join(", "))
    }
}
