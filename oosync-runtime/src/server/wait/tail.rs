//! What asks Postgres which buckets have changed, while somebody waits.
//!
//! It has a connection of its own, beside those of the pool: pulls that use all of them up do not delay it.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::Waiters;
use super::history::Snapshot;
use crate::server::{Error, session};

/// Between two questions, at least.
const SHORTEST: Duration = Duration::from_millis(1);

/// How long it goes on when nobody waits: devices come back a moment after they were answered.
const IDLE: Duration = Duration::from_secs(10);

/// A question that takes longer is not answered any more: the connection has gone without a word.
const ANSWER: Duration = Duration::from_secs(15);

/// Before the second attempt to follow the log; twice as long before each one after that.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Before any attempt: for so long, Postgres may be there again without a device knowing.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn spawn(waiters: Arc<Waiters>, pool: Pool) {
    tokio::spawn(async move {
        let mut guard = Guard { waiters, done: false };
        tokio::time::sleep(pause(guard.waiters.failures())).await;
        match run(&guard.waiters, &pool).await {
            Ok(()) => guard.done = true,
            Err(error) if guard.waiters.is_wanted() => {
                tracing::warn!(detail = error.detail(), "the tail of the log broke off");
            }
            // The server stops, or nobody waits any more: Postgres may well have gone.
            Err(error) => tracing::debug!(detail = error.detail(), "the tail of the log ended"),
        }
    });
}

/// How long a tail waits that begins after so many failed, one after the other: devices come back at once.
fn pause(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        _ => (FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures - 1))).min(LONGEST_PAUSE),
    }
}

/// However the task ends, nobody waits for it in vain.
struct Guard {
    waiters: Arc<Waiters>,
    done: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.done {
            self.waiters.failed();
        }
    }
}

/// Why a connection is not followed any more.
enum Ended {
    /// Nobody waits.
    Idle,
    /// It has failed, after it had answered.
    Lost(Error),
}

async fn run(waiters: &Waiters, pool: &Pool) -> Result<(), Error> {
    let mut again = false;
    loop {
        match follow(waiters, pool, again).await? {
            Ended::Idle => return Ok(()),
            // It may have ended while nobody asked, or with a pooler; if it is Postgres that has gone, the next fails.
            Ended::Lost(error) => tracing::info!(detail = error.detail(), "the tail of the log begins anew"),
        }
        again = true;
    }
}

/// Follows the log on one connection. `again` is after another one: what happened between them is not known.
async fn follow(waiters: &Waiters, pool: &Pool, again: bool) -> Result<Ended, Error> {
    let connection = tokio::time::timeout(ANSWER, session::connection(pool)).await.map_err(late)??;
    let connection = Object::take(connection);
    let (mut since, _) = ask(&connection, None).await?;
    waiters.has_begun(read(&since)?, again);
    let mut ticks = tokio::time::interval(waiters.tick.max(SHORTEST));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // From this snapshot it goes on after a pause too.
        while waiters.len() == 0 {
            if tokio::time::timeout(IDLE, waiters.arrived.notified()).await.is_err() && waiters.may_stop() {
                return Ok(Ended::Idle);
            }
        }
        match ask(&connection, Some(since)).await {
            Ok((snapshot, buckets)) => {
                waiters.changed(buckets, read(&snapshot)?);
                since = snapshot;
            }
            Err(error) => return Ok(Ended::Lost(error)),
        }
    }
}

/// The present snapshot, and the buckets that changed since another one.
async fn ask(connection: &Client, since: Option<String>) -> Result<(String, Vec<String>), Error> {
    let sql = "select t.snapshot::text, t.buckets from oosync.tail($1::text::pg_snapshot) t";
    let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&since, Type::TEXT)];
    let question = connection.query_typed_one(sql, &parameters);
    let row = tokio::time::timeout(ANSWER, question).await.map_err(late)??;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

fn read(snapshot: &str) -> Result<Snapshot, Error> {
    snapshot.parse().map_err(|error| Error::internal(format!("snapshot {snapshot}: {error}")))
}

fn late(_: tokio::time::error::Elapsed) -> Error {
    Error::unavailable("the database does not answer", "the tail of the log waited too long")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_makes_the_next_attempt_wait_longer_but_not_long() {
        assert_eq!(pause(0), Duration::ZERO);
        let pauses: Vec<u128> = (1..=7).map(|failures| pause(failures).as_millis()).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
