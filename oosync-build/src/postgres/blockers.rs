//! Who holds the lock that we wait for.
//!
//! Once a wait has timed out, Postgres no longer knows what it was for. So another connection looks while we wait; it is
//! only made where there is a wait.

use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::diagnostic::one_line;
use crate::introspect::DatabaseUrl;

/// A session, or a prepared transaction, that another one waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocker {
    /// The process id of its backend; 0 for a prepared transaction, which has none.
    pub pid: i32,
    /// Its user; of a prepared transaction, its owner.
    pub user: String,
    /// What it calls itself; of a prepared transaction, its name.
    pub application: String,
    /// `active`, `idle in transaction`, …
    pub state: String,
    /// Its present or last query, in one line, cut to 100 characters; empty where we may not see it.
    pub query: String,
    /// When its transaction began, in UTC.
    pub since: String,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, user, application, state, query, since } = self;
        if *pid == 0 {
            return write!(f, "the prepared transaction `{application}` of {user}, since {since}");
        }
        write!(f, "pid {pid}")?;
        for part in [user, application, state].into_iter().filter(|part| !part.is_empty()) {
            write!(f, ", {part}")?;
        }
        if !since.is_empty() {
            write!(f, ", since {since}")?;
        }
        if !query.is_empty() {
            write!(f, ": {query}")?;
        }
        Ok(())
    }
}

/// A look at who blocks a session, now and then, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    seen: Arc<Mutex<Vec<Blocker>>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to look after the backend `pid` of the database, every `interval`, for the first time after one.
    pub fn begin(url: &DatabaseUrl, pid: i32, interval: Duration) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = channel();
        let (url, shared) = (url.clone(), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            let mut client = None;
            while matches!(stopped.recv_timeout(interval), Err(RecvTimeoutError::Timeout)) {
                if client.is_none() {
                    client = url.connect().ok();
                }
                let Some(connected) = &mut client else { return };
                match blockers(connected, pid) {
                    Ok(found) if !found.is_empty() => {
                        *shared.lock().unwrap_or_else(PoisonError::into_inner) = found;
                    }
                    Ok(_) => {}
                    // Who blocks is worth knowing, and no reason to fail.
                    Err(_) => return,
                }
            }
        });
        Self { seen, stop: Some(stop), thread: Some(thread) }
    }

    /// Whoever blocked it when somebody was last seen to.
    pub fn seen(&self) -> Vec<Blocker> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing to say; if it panicked, that has been printed.
            let _ = thread.join();
        }
    }
}

fn blockers(client: &mut postgres::Client, pid: i32) -> Result<Vec<Blocker>, postgres::Error> {
    let rows = client.query(
        "select distinct b.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''), coalesce(a.state, ''),
                coalesce(a.query, ''),
                coalesce(to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"'), '')
         from pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) b(pid)
         left join pg_catalog.pg_stat_activity a on a.pid = b.pid
         where b.pid <> 0
         union all
         select 0, p.owner::text, p.gid, '', '', to_char(p.prepared at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"')
         from pg_catalog.pg_prepared_xacts p
         where p.database = current_database() and 0 = any (pg_catalog.pg_blocking_pids($1))",
        &[&pid],
    )?;
    rows.iter()
        .map(|row| {
            let text = |column: usize| row.try_get::<_, String>(column);
            let query = text(4)?.split_whitespace().collect::<Vec<_>>().join(" ");
            let short: String = query.chars().take(100).collect();
            Ok(Blocker {
                pid: row.try_get(0)?,
                user: text(1)?,
                application: text(2)?,
                state: text(3)?,
                query: one_line(if short.len() < query.len() { format!("{short}…") } else { short }),
                since: text(5)?,
            })
        })
        .collect()
}
