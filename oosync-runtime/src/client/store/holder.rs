//! Which process syncs, where several have the file open.
//!
//! The right to sync ends with a time that is written into the file, so that a process that hangs or is suspended does not
//! keep it for good. A process that ends early, as an app does that the system kills, does not keep it at all: whoever has
//! the right also locks a file beside the database, and the system gives such a lock back when its process ends.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::sql::NOW;
use super::{Store, meta};
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// Longer than anyone holds a file. What is said to be held for longer was written while the clock was wrong.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The name under which the file says that its holder has the lock as well.
const LOCKED: &str = "holder_locked";

impl Store {
    /// Takes or keeps the right to sync for some time, a day at most; `false` if another process has it. It is to be
    /// kept by calling this again before three quarters of the time are over: as long as more than that is left, nothing
    /// is written. Of a process that has ended, it is taken at once.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn hold(&mut self, holder: &str, time: Duration) -> Result<bool, StoreError> {
        self.check_writable()?;
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let (time, longest) = (milliseconds(time.min(LONGEST)), milliseconds(LONGEST));
        let doing = || "asking for the right to sync".to_owned();
        if self.lock.is_some() && self.has_long(holder, time)? {
            return Ok(true);
        }
        let is_locked = self.lock();
        let is_ours = self.lightly(|store| {
            let connection = &mut store.connection;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
            // Whoever had the lock that we have now is gone.
            let gone: Option<String> = if is_locked { meta::get(&transaction, LOCKED)? } else { None };
            let sql = format!(
                "INSERT INTO _oosync_holder (one, holder, until) VALUES (1, ?1, {NOW} + ?2) \
                 ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until \
                 WHERE holder = excluded.holder OR holder = ?4 OR until <= {NOW} OR until > {NOW} + ?3"
            );
            let is_ours = transaction.execute(&sql, params![holder, time, longest, gone]).doing(doing)? > 0;
            if is_ours {
                meta::set(&transaction, LOCKED, is_locked.then_some(holder))?;
            }
            transaction.commit().doing(doing)?;
            Ok(is_ours)
        })?;
        if !is_ours {
            // It is for whoever has the right.
            self.lock = None;
        }
        Ok(is_ours)
    }

    /// Whether the holder has the right for at least three quarters of some milliseconds, and no longer than all of them:
    /// the clock may have been set back.
    fn has_long(&self, holder: &str, time: i64) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT 1 FROM _oosync_holder WHERE holder = ?1 AND until BETWEEN {NOW} + ?2 - ?2 / 4 AND {NOW} + ?2"
        );
        let doing = || "asking for the right to sync".to_owned();
        let mut statement = self.connection.prepare_cached(&sql).doing(doing)?;
        statement.exists(params![holder, time]).doing(doing)
    }

    /// Whether this store has the lock now. Not where the file system has no locks: then, the time alone counts.
    fn lock(&mut self) -> bool {
        if self.lock.is_none() {
            let mut name = OsString::from(&self.path);
            name.push("-sync");
            let file = File::options().create(true).truncate(false).write(true).open(PathBuf::from(name));
            self.lock = file.ok().filter(|file| file.try_lock().is_ok());
        }
        self.lock.is_some()
    }

    /// Gives the right to sync back.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn release(&mut self, holder: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM _oosync_holder WHERE holder = ?1";
        let doing = || "giving back the right to sync".to_owned();
        self.lightly(|store| store.connection.execute(sql, [holder]).doing(doing))?;
        self.lock = None;
        Ok(())
    }

    /// Who has the right to sync now.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn holder(&self) -> Result<Option<String>, StoreError> {
        let sql = format!("SELECT holder FROM _oosync_holder WHERE until > {NOW}");
        let found = self.connection.query_row(&sql, [], |row| row.get(0)).optional();
        found.doing(|| "asking who syncs".to_owned())
    }
}
