//! How far changes have been looked for.
//!
//! Rows whose mutation was answered stay dirty until a pull includes it. A batch that began at the first dirty row would
//! compare all of them again, for each of many batches. It goes on behind the one before instead, as long as nothing was
//! written in between but plain answers: whoever writes may have made a parent of a row that is still to come.

use rusqlite::Connection;

use super::pending::PendingChange;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Another one once another connection has written.
    version: i64,
    /// How many rows this connection had written.
    changes: u64,
    /// How many tables were looked through, those for deletes counted once more.
    pub(super) step: usize,
    /// The place in the table after them behind which it goes on.
    pub(super) after: i64,
    /// What was passed over so far.
    pub(super) passed: Vec<(PendingChange, String)>,
    /// What could not be read so far.
    pub(super) unreadable: Vec<(String, String)>,
}

impl Scan {
    /// The scan before, if nothing was written since. `changes` is what this connection had written before the
    /// transaction that it is in.
    pub(super) fn unless_written(
        before: Option<Self>,
        connection: &Connection,
        changes: u64,
    ) -> Result<Option<Self>, StoreError> {
        let version = version(connection)?;
        Ok(before.filter(|scan| scan.version == version && scan.changes == changes))
    }

    /// A scan that begins with the first row.
    pub(super) fn anew(connection: &Connection) -> Result<Self, StoreError> {
        Ok(Self { version: version(connection)?, after: i64::MIN, ..Self::default() })
    }

    /// What this connection has written up to now does not count.
    pub(super) fn up_to_now(self, connection: &Connection) -> Self {
        Self { changes: connection.total_changes(), ..self }
    }
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    let doing = || "looking for changes".to_owned();
    let mut statement = connection.prepare_cached("PRAGMA data_version").doing(doing)?;
    statement.query_row([], |row| row.get(0)).doing(doing)
}
