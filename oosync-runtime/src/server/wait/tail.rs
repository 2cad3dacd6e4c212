//! What asks Postgres which buckets have changed, while somebody waits.
//!
//! It has a connection of its own, beside those of the pool: pulls that use all of them up do not delay it.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::Waiters;
use crate::server::{Error, session};

/// How long it goes on when nobody waits: devices come back a moment after they were answered.
const IDLE: Duration = Duration::from_secs(10);

/// A question that takes longer is not answered any more: the connection has gone without a word.
const ANSWER: Duration = Duration::from_secs(15);

pub(super) fn spawn(waiters: Arc<Waiters>, pool: Pool) {
    tokio::spawn(async move {
        let mut guard = Guard { waiters, done: false };
        match run(&guard.waiters, &pool).await {
            Ok(()) => guard.done = true,
            Err(error) => tracing::warn!(detail = error.detail(), "the tail of the log broke off"),
        }
    });
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
    if again {
        waiters.everyone();
    }
    waiters.has_begun();
    loop {
        tokio::time::sleep(waiters.tick).await;
        // From this snapshot it goes on after a pause too.
        while waiters.len() == 0 {
            if tokio::time::timeout(IDLE, waiters.arrived.notified()).await.is_err() && waiters.may_stop() {
                return Ok(Ended::Idle);
            }
        }
        match ask(&connection, Some(since)).await {
            Ok((snapshot, buckets)) => {
                waiters.changed(buckets.iter().map(String::as_str));
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

fn late(_: tokio::time::error::Elapsed) -> Error {
    Error::unavailable("the database does not answer", "the tail of the log waited too long")
}
