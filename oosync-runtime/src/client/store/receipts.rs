//! Which mutations are answered, and which of them a state of the server includes.

use std::collections::BTreeSet;

use super::sql::quoted;
use super::{Store, batch};
use crate::client::StoreError;
use crate::client::error::Doing as _;
use crate::protocol::Included;

impl Store {
    /// All mutations up to this id have been answered, and the answers are in the file; 0 before the first.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn acknowledged(&self) -> Result<u64, StoreError> {
        let first: Option<i64> = self
            .connection
            .query_row("SELECT min(id) FROM _oosync_sent", [], |row| row.get(0))
            .doing(|| "reading what was sent".to_owned())?;
        let next = first.map(i64::cast_unsigned).map_or_else(|| batch::next_id(&self.connection), Ok)?;
        Ok(next.saturating_sub(1))
    }

    /// Whether something was sent that is not answered.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn is_waiting(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM _oosync_sent)";
        self.connection.query_row(sql, [], |row| row.get(0)).doing(|| "reading what was sent".to_owned())
    }

    /// Whether a row waits for a mutation that was answered and that this state of the server does not include.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn lacks_answered(&self, included: &Included) -> Result<bool, StoreError> {
        let doing = || "reading what was answered".to_owned();
        for layout in &self.layouts {
            let shadow = quoted(&layout.names.shadow);
            let sql = format!("SELECT awaiting FROM {shadow} WHERE awaiting IS NOT NULL");
            let mut statement = self.connection.prepare_cached(&sql).doing(doing)?;
            let mut rows = statement.query([]).doing(doing)?;
            while let Some(row) = rows.next().doing(doing)? {
                let id = row.get::<_, i64>(0).doing(doing)?.cast_unsigned();
                if id > included.through() || included.except().contains(&id) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The last mutation up to which a state of the server includes all that matter here: those that are on their way,
    /// and the last ones of rows that wait to be included. An id that was given up, because its mutation was to be tried
    /// again under another one, is never included and holds up nothing.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn included_through(&self, included: &Included) -> Result<u64, StoreError> {
        if included.except().is_empty() {
            return Ok(included.through());
        }
        let mut ids = BTreeSet::new();
        let mut collect = |sql: &str| {
            let doing = || "reading what was sent".to_owned();
            let mut statement = self.connection.prepare_cached(sql).doing(doing)?;
            let mut rows = statement.query([]).doing(doing)?;
            while let Some(row) = rows.next().doing(doing)? {
                ids.insert(row.get::<_, i64>(0).doing(doing)?.cast_unsigned());
            }
            Ok::<_, StoreError>(())
        };
        collect("SELECT id FROM _oosync_sent")?;
        for layout in &self.layouts {
            let shadow = quoted(&layout.names.shadow);
            collect(&format!("SELECT awaiting FROM {shadow} WHERE awaiting IS NOT NULL"))?;
        }
        let missing = included.except().iter().find(|id| ids.contains(id));
        Ok(missing.map_or(included.through(), |id| id - 1))
    }
}
