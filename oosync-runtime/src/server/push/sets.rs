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
    let mut stride = Stride::of(records.len(), statement.backwards);
    // What became of the statement before goes with the next one: each costs one way to Postgres and back.
    let mut before = "";
    while let Some(range) = stride.next() {
        let part = &records[range];
        let begin = format!("{before}savepoint oosync_set");
        let json = array(part);
        let (begun, reached) = futures_util::future::join(
            transaction.batch_execute(&begin),
            run(transaction, statement, part, &json),
        )
        .await;
        begun?;
        match reached? {
            Ok(reached) => {
                before = "release savepoint oosync_set; ";
                stride.went_in();
                done.extend(reached.into_iter().map(|(n, reached)| (n, Ok(reached))));
            }
            Err(trouble) => {
                before = "rollback to savepoint oosync_set; release savepoint oosync_set; ";
                if stride.failed() {
                    done.push((part[0].0, Err(trouble)));
                }
            }
        }
    }
    if !before.is_empty() {
        transaction.batch_execute(before).await?;
    }
    done.sort_by_key(|(n, _)| *n);
    Ok(done)
}

/// How many are tried together: half as many after a failure, twice as many after a success.
///
/// One failure among many costs the logarithm of their number, as halving does; where everything fails, each
/// costs one statement, where halving would take two.
#[derive(Debug)]
struct Stride {
    /// Those that are not decided.
    left: std::ops::Range<usize>,
    step: usize,
    backwards: bool,
}

impl Stride {
    const fn of(count: usize, backwards: bool) -> Self {
        Self { left: 0..count, step: count, backwards }
    }

    /// What is tried next.
    fn next(&self) -> Option<std::ops::Range<usize>> {
        let step = self.step.clamp(1, self.left.len().max(1));
        let std::ops::Range { start, end } = self.left;
        (start < end).then(|| if self.backwards { end - step..end } else { start..start + step })
    }

    fn went_in(&mut self) {
        self.pass();
        self.step = self.step.saturating_mul(2);
    }

    /// Whether that decides: only one was tried.
    fn failed(&mut self) -> bool {
        self.step = self.step.min(self.left.len());
        let one = self.step <= 1;
        if one {
            self.pass();
        }
        self.step = (self.step / 2).max(1);
        one
    }

    /// What was tried is decided.
    fn pass(&mut self) {
        if let Some(range) = self.next() {
            if self.backwards {
                self.left.end = range.start;
            } else {
                self.left.start = range.end;
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Which of them are found to fail, and after how many statements.
    fn found(fails: &[bool], backwards: bool) -> (Vec<usize>, usize) {
        let (mut found, mut decided, mut tries) = (Vec::new(), Vec::new(), 0);
        let mut stride = Stride::of(fails.len(), backwards);
        while let Some(range) = stride.next() {
            tries += 1;
            if range.clone().any(|place| fails[place]) {
                if stride.failed() {
                    found.push(range.start);
                    decided.extend(range);
                }
            } else {
                stride.went_in();
                decided.extend(range);
            }
        }
        decided.sort_unstable();
        assert!(decided.into_iter().eq(0..fails.len()), "each is decided once");
        found.sort_unstable();
        (found, tries)
    }

    #[test]
    fn what_all_fails_costs_one_statement_each_and_what_all_goes_in_one_for_all() {
        assert!(found(&[true; 1_000], false).1 <= 1_010);
        assert_eq!(found(&[false; 1_000], false), (Vec::new(), 1));
        assert_eq!(found(&[], true), (Vec::new(), 0));
    }

    #[test]
    fn one_failure_among_many_costs_few_statements() {
        for place in [0, 1, 499, 500, 998, 999] {
            let mut fails = [false; 1_000];
            fails[place] = true;
            for backwards in [false, true] {
                let (found, tries) = found(&fails, backwards);
                assert!(found == [place] && tries <= 40, "{place}: {tries}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_fails_is_found(fails in proptest::collection::vec(any::<bool>(), 0..200), backwards: bool) {
            let expected: Vec<usize> = (0..fails.len()).filter(|place| fails[*place]).collect();
            prop_assert_eq!(found(&fails, backwards).0, expected);
        }
    }
}
