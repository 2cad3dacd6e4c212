//! What asks Postgres which buckets have changed, while somebody waits.
//!
//! It has a connection of its own, beside those of the pool: pulls that use all of them up do not delay it.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
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
        match follow(&guard.waiters, &pool).await {
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

async fn follow(waiters: &Waiters, pool: &Pool) -> Result<(), Error> {
    let late = |_| Error::unavailable("the database does not answer", "the tail of the log waited too long");
    let connection = tokio::time::timeout(ANSWER, session::connection(pool)).await.map_err(late)??;
    let connection = Object::take(connection);
    let mut since: Option<String> = None;
    loop {
        let sql = "select t.snapshot::text, t.buckets from oosync.tail($1::text::pg_snapshot) t";
        let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&since, Type::TEXT)];
        let question = connection.query_typed_one(sql, &parameters);
        let row = tokio::time::timeout(ANSWER, question).await.map_err(late)??;
        let buckets: Vec<&str> = row.try_get(1)?;
        waiters.changed(buckets);
        since = Some(row.try_get(0)?);
        waiters.has_begun();
        tokio::time::sleep(waiters.tick).await;
        // From this snapshot it goes on after a pause too.
        while waiters.len() == 0 {
            if tokio::time::timeout(IDLE, waiters.arrived.notified()).await.is_err() && waiters.may_stop() {
                return Ok(());
            }
        }
    }
}
