//! Which process syncs, where several have the file open.
//!
//! A row says who does, and until when. Beside the file there is an empty one (`app.db-oosync`) that whoever syncs has
//! locked: the system frees it when a process ends, however it ends, so that nobody waits for one that crashed. Where
//! there are no such locks, the time in the row decides.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::Store;
use super::sql::NOW;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// Longer than anyone holds a file. What is said to be held for longer was written while the clock was wrong.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Takes or keeps the right to sync for some time, a day at most; `false` if another process has it. It is to be
    /// kept by calling this again before the time is over. Of a process that has ended, it is taken at once.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn hold(&mut self, holder: &str, time: Duration) -> Result<bool, StoreError> {
        self.check_writable()?;
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let (time, longest) = (milliseconds(time.min(LONGEST)), milliseconds(LONGEST));
        if self.lock.is_none() {
            self.lock = locked(self.lock_path());
        }
        let sql = format!(
            "INSERT INTO _oosync_holder (one, holder, until) VALUES (1, ?1, {NOW} + ?2) \
             ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE holder = excluded.holder OR ?4 OR until <= {NOW} OR until > {NOW} + ?3"
        );
        let changed = self
            .connection
            .execute(&sql, params![holder, time, longest, self.lock.is_some()])
            .doing(|| "asking for the right to sync".to_owned())?;
        Ok(changed > 0)
    }

    /// Gives the right to sync back.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn release(&mut self, holder: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM _oosync_holder WHERE holder = ?1";
        let deleted = self.connection.execute(sql, [holder]);
        self.lock = None;
        deleted.doing(|| "giving back the right to sync".to_owned())?;
        Ok(())
    }

    fn lock_path(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push("-oosync");
        path.into()
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

/// A file that this process alone has locked; none where another has, and where there are no locks.
fn locked(path: PathBuf) -> Option<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).ok()?;
    file.try_lock().ok()?;
    Some(file)
}
