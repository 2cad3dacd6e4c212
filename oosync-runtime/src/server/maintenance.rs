//! What a server does beside answering: marks, compaction, and asking how the log is.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::metrics::Database;
use super::{Engine, Error, session};

/// How often a server does what has to be done now and then. Any number of servers may do it at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Maintenance {
    /// Between two marks ([`Engine::mark`]): after a crash of Postgres, pulls repeat what was in the last one. Also how
    /// often the metrics ask Postgres how the log is. Default: 5 seconds.
    pub mark: Duration,
    /// Between two compactions ([`Engine::compact`]). Default: 10 minutes.
    pub compact: Duration,
    /// For how long changes are kept: a device that was away for longer loads everything anew. Default: 30 days.
    pub retention: Duration,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self {
            mark: Duration::from_secs(5),
            compact: Duration::from_secs(600),
            retention: Duration::from_secs(30 * 86_400),
        }
    }
}

impl Maintenance {
    /// The same, with the time that changes are kept.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// The same, with the time between two marks.
    #[must_use]
    pub fn with_mark(mut self, mark: Duration) -> Self {
        self.mark = mark;
        self
    }

    /// The same, with the time between two compactions.
    #[must_use]
    pub fn with_compact(mut self, compact: Duration) -> Self {
        self.compact = compact;
        self
    }
}

/// Ends the maintenance when it is dropped.
#[derive(Debug)]
#[must_use = "the maintenance ends when this is dropped"]
pub struct MaintenanceHandle(JoinHandle<()>);

impl Drop for MaintenanceHandle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Engine {
    /// Keeps the log in order until the handle is dropped. What fails is logged, and tried again at its next time.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn maintain(&self, options: Maintenance) -> MaintenanceHandle {
        let engine = self.clone();
        MaintenanceHandle(tokio::spawn(async move { engine.run_maintenance(&options).await }))
    }

    /// As [`maintain`](Self::maintain), in the present task, for ever.
    pub async fn run_maintenance(&self, options: &Maintenance) {
        // Servers that were started together do not compact together.
        let first = options.compact.mul_f64(0.5 + f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 512.0);
        let mut compaction =
            tokio::time::interval_at(Instant::now() + first, options.compact.max(Duration::from_millis(1)));
        compaction.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut marks = tokio::time::interval(options.mark.max(Duration::from_millis(1)));
        marks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let retention = format!("{} seconds", options.retention.as_secs());
        // What takes long must not keep the marks from being made.
        let mark = async {
            loop {
                marks.tick().await;
                if let Err(error) = self.mark_and_ask().await {
                    tracing::warn!(detail = error.detail(), "a mark could not be made");
                }
            }
        };
        let compact = async {
            loop {
                compaction.tick().await;
                match self.compact(&retention).await {
                    Ok(0) => {}
                    Ok(gone) => tracing::info!(gone, "the log was shortened"),
                    Err(error) => tracing::warn!(detail = error.detail(), "the log could not be shortened"),
                }
            }
        };
        futures_util::future::join(mark, compact).await;
    }

    async fn mark_and_ask(&self) -> Result<(), Error> {
        self.mark().await?;
        let connection = session::connection(&self.shared.pool).await?;
        // How old a transaction is, the marks tell that were made since: without rights on the statistics of others.
        let sql = "select pg_catalog.pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::float8,
                coalesce(extract(epoch from pg_catalog.now() - (select min(m.at) from oosync.mark m)), 0)::float8,
                case when pg_catalog.pg_snapshot_xmin(s) < pg_catalog.pg_snapshot_xmax(s) then
                  coalesce(extract(epoch from pg_catalog.now() - (
                    select min(m.at) from oosync.mark m
                      where m.oldest >= pg_catalog.pg_snapshot_xmin(s) and m.at > pg_catalog.now() - interval '1 day'
                  )), 0)
                else 0 end::float8
            from pg_catalog.pg_class c, pg_catalog.pg_current_snapshot() s
            where c.oid = 'oosync.change_log'::pg_catalog.regclass";
        let row = connection.query_typed_one(sql, &[]).await?;
        self.shared.metrics.asked(Database {
            log_bytes: row.try_get(0)?,
            log_rows: row.try_get(1)?,
            log_age: row.try_get(2)?,
            oldest_transaction: row.try_get(3)?,
        });
        Ok(())
    }
}
