//! What the server's answer to a mutation means for the row here.

use crate::client::store::{Answer, Outcome, ServerRow};
use crate::protocol::{
    ColumnConflict, JsonRow, Kept, Mutation, MutationResult, Op, RawJson, ReasonCode, Status,
};
use crate::schema::{Schema, Table};
use crate::{Value, codec};

use super::SyncError;

/// The answer to a mutation.
pub(super) fn answer(
    schema: &'static Schema,
    mutation: &Mutation,
    result: &MutationResult,
) -> Result<Answer, SyncError> {
    let outcome = match &result.status {
        Status::Applied => Outcome::Applied,
        Status::RejectedRetryable => Outcome::Retry,
        // The device was restored or cloned: under another name, it is sent once more.
        _ if result.reason == Some(ReasonCode::ClientForked) => Outcome::Retry,
        Status::Conflict => conflict(schema, mutation, result)?,
        Status::RejectedTerminal => rejected(schema, mutation, result)?,
        Status::Other(word) => {
            let what = format!("mutation {} is answered with {word:?}", mutation.id);
            return Err(SyncError::Malformed { what });
        }
    };
    Ok(Answer { id: mutation.id, outcome })
}

fn conflict(
    schema: &'static Schema,
    mutation: &Mutation,
    result: &MutationResult,
) -> Result<Outcome, SyncError> {
    let row = own_row(schema, mutation, result)?;
    let is_gone = mutation.op != Op::Delete
        && row.is_none()
        && matches!(result.reason, Some(ReasonCode::RowMissing | ReasonCode::ChangedAndDeleted))
        && result.conflicts.iter().all(|conflict| conflict.theirs.is_none() && conflict.kept != Kept::Mine);
    let won = !is_gone && result.conflicts.iter().all(|conflict| conflict.kept == Kept::Mine);
    if won || (mutation.op == Op::Delete && row.is_none()) {
        let mut values = Vec::new();
        for conflict in &result.conflicts {
            values.extend(theirs(schema, mutation, conflict)?.map(|value| (conflict.column.clone(), value)));
        }
        return Ok(Outcome::Won { theirs: values });
    }
    let server = match (mutation.op, row) {
        (Op::Delete, Some(row)) => ServerRow::Columns(row),
        (_, None) if is_gone => ServerRow::Gone,
        (_, row) => {
            let mut lost = Vec::new();
            for conflict in result.conflicts.iter().filter(|conflict| conflict.kept != Kept::Mine) {
                let kept = row.iter().flatten().find(|(name, _)| *name == conflict.column);
                let value = match kept {
                    Some((_, value)) => Some(value.clone()),
                    None => theirs(schema, mutation, conflict)?,
                };
                lost.extend(value.map(|value| (conflict.column.clone(), value)));
            }
            ServerRow::Columns(lost)
        }
    };
    Ok(Outcome::Conflict { server })
}

/// The server's value of a column that two sides changed, where the answer has no row.
fn theirs(
    schema: &'static Schema,
    mutation: &Mutation,
    conflict: &ColumnConflict,
) -> Result<Option<Value<'static>>, SyncError> {
    let (Some(theirs), Some(table)) = (&conflict.theirs, schema.table(&mutation.table)) else {
        return Ok(None);
    };
    let Some(place) = table.column(&conflict.column) else { return Ok(None) };
    let column = &table.columns[place];
    let value = codec::from_json(&column.ty, theirs.get()).map_err(|source| {
        SyncError::from(crate::Error::Value { table: table.name, column: column.name, source })
    })?;
    Ok(Some(value.into_owned()))
}

fn rejected(
    schema: &'static Schema,
    mutation: &Mutation,
    result: &MutationResult,
) -> Result<Outcome, SyncError> {
    let own = own_row(schema, mutation, result)?;
    let other = if own.is_none() { result.row.as_ref() } else { None };
    let is_missing = mutation.op != Op::Insert && result.reason == Some(ReasonCode::RowMissing);
    let server = match own {
        Some(row) => Some(ServerRow::Columns(row)),
        None if is_missing => Some(ServerRow::Gone),
        None => None,
    };
    Ok(Outcome::Rejected {
        code: result.reason.as_ref().map_or("rejected", ReasonCode::as_str).to_owned(),
        message: result.message.clone().unwrap_or_default(),
        detail: detail(result, other)?,
        server,
    })
}

/// What an answer says beside code and message, in JSON: the columns that the reason is about, the values of both
/// sides, the mutation that a group failed for, and another row that is in the way.
fn detail(result: &MutationResult, other: Option<&RawJson>) -> Result<Option<String>, SyncError> {
    #[derive(serde::Serialize)]
    struct Detail<'a> {
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        columns: &'a [String],
        #[serde(skip_serializing_if = "<[ColumnConflict]>::is_empty")]
        conflicts: &'a [ColumnConflict],
        #[serde(skip_serializing_if = "Option::is_none")]
        failed_for: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        row: Option<&'a RawJson>,
    }

    let MutationResult { columns, conflicts, failed_for, .. } = result;
    if columns.is_empty() && conflicts.is_empty() && failed_for.is_none() && other.is_none() {
        return Ok(None);
    }
    let detail = Detail { columns, conflicts, failed_for: *failed_for, row: other };
    let json = serde_json::to_string(&detail);
    json.map(Some).map_err(|error| SyncError::Malformed { what: error.to_string() })
}

/// The row of an answer, where it is the one that the mutation is about.
fn own_row(
    schema: &'static Schema,
    mutation: &Mutation,
    result: &MutationResult,
) -> Result<Option<Vec<(String, Value<'static>)>>, SyncError> {
    let (Some(row), Some(table)) = (&result.row, schema.table(&mutation.table)) else { return Ok(None) };
    let row: JsonRow = serde_json::from_str(row.get()).map_err(|error| SyncError::Malformed {
        what: format!("the row of the answer to mutation {}: {error}", mutation.id),
    })?;
    let values = row.values(table)?;
    if key(table, &values) != key(table, &mutation.key.values(table)?) {
        return Ok(None);
    }
    let named =
        values.into_iter().map(|(place, value)| (table.columns[place].name.to_owned(), value.into_owned()));
    Ok(Some(named.collect()))
}

fn key<'v>(table: &Table, values: &'v [(usize, Value<'v>)]) -> Vec<Option<&'v Value<'v>>> {
    let places = table.primary_key.iter();
    places.map(|place| values.iter().find(|(at, _)| at == place).map(|(_, value)| value)).collect()
}
