//! One statement for many mutations; where it fails, for fewer, until it is known which of them it fails for.

use tokio_postgres::types::Type;
use tokio_postgres::{Row, Transaction};

use crate::server::Error;
use crate::server::error::passes;

/// What a statement did for one mutation.
pub(super) enum Reached {
    /// It gave a row for it.
    Row(Row),
    /// It counted as many as there were.
    Counted,
    /// It gave no row for it.
    No,
}

/// Why a statement failed for one mutation.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Postgres refused it.
    Postgres(tokio_postgres::Error),
    /// It counted none.
    Skipped,
    /// It wrote columns that only the owner of a row may write.
    NotOwned,
}

/// A statement over records, the parameter `$1`.
pub(super) struct Statement<'s> {
    pub(super) sql: &'s str,
    /// It gives no rows: those that it wrote are counted.
    pub(super) counted: bool,
    /// A query over the same records that gives a row for each that must not be.
    pub(super) verify: Option<&'s str>,
    /// Where it is taken apart, the last mutation comes first.
    pub(super) backwards: bool,
}

impl<'s> Statement<'s> {
    /// One that gives rows, each with the number of its mutation.
    pub(super) const fn query(sql: &'s str) -> Self {
        Self { sql, counted: false, verify: None, backwards: false }
    }
}

/// The number of a mutation that a row begins with.
pub(super) fn number(row: &Row) -> Result<usize, Error> {
    usize::try_from(row.try_get::<_, i32>(0)?).map_err(|error| Error::internal(error.to_string()))
}

/// The records of some mutations, each with its number.
pub(super) type Records = Vec<(usize, String)>;

fn array(records: &[(usize, String)]) -> String {
    let mut json = String::with_capacity(records.iter().map(|(_, json)| json.len() + 1).sum::<usize>() + 2);
    json.push('[');
    for (at, (_, record)) in records.iter().enumerate() {
        json.push_str(if at == 0 { "" } else { "," });
        json.push_str(record);
    }
    json.push(']');
    json
}

/// Runs a statement for all records, and finds those that it fails for: the rest are written.
///
/// # Errors
///
/// What ends the transaction: a deadlock, a connection that broke.
pub(super) async fn each(
    transaction: &Transaction<'_>,
    statement: &Statement<'_>,
    records: &[(usize, String)],
) -> Result<Vec<(usize, Result<Reached, Trouble>)>, Error> {
    let mut done = Vec::with_capacity(records.len());
    let mut todo = vec![records];
    while let Some(part) = todo.pop() {
        if part.is_empty() {
            continue;
        }
        match once(transaction, statement, part).await? {
            Ok(reached) => done.extend(reached.into_iter().map(|(n, reached)| (n, Ok(reached)))),
            Err(trouble) if part.len() == 1 => done.push((part[0].0, Err(trouble))),
            Err(_) => {
                let (first, second) = part.split_at(part.len() / 2);
                todo.extend(if statement.backwards { [first, second] } else { [second, first] });
            }
        }
    }
    done.sort_by_key(|(n, _)| *n);
    Ok(done)
}

/// Runs a statement for these records, all or none.
async fn once(
    transaction: &Transaction<'_>,
    statement: &Statement<'_>,
    records: &[(usize, String)],
) -> Result<Result<Vec<(usize, Reached)>, Trouble>, Error> {
    transaction.batch_execute("savepoint oosync_set").await?;
    let json = array(records);
    let done = run(transaction, statement, records, &json).await?;
    let end = match &done {
        Ok(_) => "release savepoint oosync_set",
        Err(_) => "rollback to savepoint oosync_set; release savepoint oosync_set",
    };
    transaction.batch_execute(end).await?;
    Ok(done)
}

async fn run(
    transaction: &Transaction<'_>,
    statement: &Statement<'_>,
    records: &[(usize, String)],
    json: &str,
) -> Result<Result<Vec<(usize, Reached)>, Trouble>, Error> {
    let refused = |error: tokio_postgres::Error| {
        if passes(&error) { Err(Error::from(error)) } else { Ok(Err(Trouble::Postgres(error))) }
    };
    let reached = if statement.counted {
        match transaction.execute_typed(statement.sql, &[(&json, Type::TEXT)]).await {
            Ok(count) if count == records.len() as u64 => {
                records.iter().map(|(n, _)| (*n, Reached::Counted)).collect()
            }
            Ok(_) => return Ok(Err(Trouble::Skipped)),
            Err(error) => return refused(error),
        }
    } else {
        let rows = match transaction.query_typed(statement.sql, &[(&json, Type::TEXT)]).await {
            Ok(rows) => rows,
            Err(error) => return refused(error),
        };
        let mut found = std::collections::BTreeMap::new();
        for row in rows {
            found.insert(number(&row)?, row);
        }
        records.iter().map(|(n, _)| (*n, found.remove(n).map_or(Reached::No, Reached::Row))).collect()
    };
    if let Some(verify) = statement.verify {
        match transaction.query_typed(verify, &[(&json, Type::TEXT)]).await {
            Ok(wrong) if wrong.is_empty() => {}
            Ok(_) => return Ok(Err(Trouble::NotOwned)),
            Err(error) => return refused(error),
        }
    }
    Ok(Ok(reached))
}
