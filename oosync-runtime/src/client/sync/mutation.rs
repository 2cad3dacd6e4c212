//! Changes of rows as mutations, and batches of them as the file keeps them.

use std::time::Duration;

use crate::client::store::{Op, SentChange};
use crate::protocol::{self, JsonRow, Mutation};
use crate::schema::{Column, Schema, Table};
use crate::types::Timestamptz;
use crate::{Error, Value};

/// A change as a mutation. `clock` is what the server's clock is ahead of the device's, in milliseconds.
///
/// # Errors
///
/// Where a value is none of its column's type: plain SQL can write such.
pub(crate) fn mutation(
    schema: &Schema,
    sent: &SentChange,
    group: Option<u64>,
    clock: i64,
) -> Result<Mutation, Error> {
    let change = &sent.change;
    let unknown = Error::NotPushed { table: change.table, column: "" };
    let table = schema.table(change.table).ok_or(unknown)?;
    let key = table.primary_key.iter().map(|place| &table.columns[*place]).zip(&change.key);
    let columns = |value: fn(&crate::client::store::ChangedColumn) -> &Value<'static>| {
        let known = change
            .changed
            .iter()
            .filter_map(move |changed| Some((column(table, changed.name)?, value(changed))));
        JsonRow::of(table, known)
    };
    let (op, values, base) = match change.op {
        Op::Insert => (protocol::Op::Insert, columns(|changed| &changed.current)?, JsonRow::new()),
        Op::Update => {
            (protocol::Op::Update, columns(|changed| &changed.current)?, columns(|changed| &changed.base)?)
        }
        Op::Delete => (protocol::Op::Delete, JsonRow::new(), columns(|changed| &changed.base)?),
    };
    let edited = change.changed_at.saturating_add(clock).saturating_mul(1_000);
    Ok(Mutation {
        id: sent.id,
        table: change.table.to_owned(),
        op,
        key: JsonRow::of(table, key)?,
        values,
        base,
        edited_at: Timestamptz::from_unix_microseconds(edited),
        group,
    })
}

fn column(table: &'static Table, name: &str) -> Option<&'static Column> {
    table.column(name).map(|place| &table.columns[place])
}

/// Mutations as the file keeps them: a list in JSON, each to the byte as it is sent.
pub(crate) fn body_of(mutations: &[Mutation]) -> Result<Vec<u8>, String> {
    serde_json::to_vec(mutations).map_err(|error| error.to_string())
}

/// What [`body_of`] wrote.
pub(crate) fn mutations_of(body: &[u8]) -> Result<Vec<Mutation>, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// How far the server's clock is ahead, in milliseconds: its time beside the middle of the request.
pub(crate) fn clock_offset(server: Timestamptz, sent_at: Timestamptz, took: Duration) -> Option<i64> {
    let server = server.unix_microseconds()?;
    let sent_at = sent_at.unix_microseconds()?;
    let half = i64::try_from(took.as_micros() / 2).ok()?;
    server.checked_sub(sent_at.checked_add(half)?).map(|offset| offset / 1_000)
}
