//! Which process syncs, where several have the file open.

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
    /// kept by calling this again before the time is over.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn hold(&mut self, holder: &str, time: Duration) -> Result<bool, StoreError> {
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let (time, longest) = (milliseconds(time.min(LONGEST)), milliseconds(LONGEST));
        let sql = format!(
            "INSERT INTO _oosync_holder (one, holder, until) VALUES (1, ?1, {NOW} + ?2) \
             ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE holder = excluded.holder OR until <= {NOW} OR until > {NOW} + ?3"
        );
        let changed = self
            .connection
            .execute(&sql, params![holder, time, longest])
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
        self.connection.execute(sql, [holder]).doing(|| "giving back the right to sync".to_owned())?;
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
