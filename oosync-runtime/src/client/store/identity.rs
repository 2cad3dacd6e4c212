//! Whose file it is, and what else the sync remembers.

use rusqlite::Connection;

use super::cascade::{Fate, settle_taken_by, takes_along};
use super::entry::{Rows, ServerImage};
use super::observe::count_written;
use super::sql::quoted;
use super::{Store, meta, silently};
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// Who the server knows this file as.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The id of the client.
    pub client: String,
    /// The user whose rows it has.
    pub user: String,
}

impl Store {
    /// Who the server knows this file as; nobody before it is registered.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        let client = meta::get(&self.connection, "client")?;
        let user = meta::get(&self.connection, "user")?;
        Ok(client.zip(user).map(|(client, user)| Identity { client, user }))
    }

    /// The server knows this file as `client` from now on. As a new client, what was sent is sent again under new ids, and
    /// numbers that were leased to the one before are not used: where this file is a copy, that one goes on with them.
    ///
    /// # Errors
    ///
    /// Where the file has the rows of another user, and what SQLite says.
    pub fn register(&mut self, client: &str, user: &str) -> Result<(), StoreError> {
        let before = self.identity()?;
        if let Some(before) = &before
            && before.user != user
        {
            let what = format!(
                "the file has the rows of user {}, and cannot be that of {user}: use another file, or empty it with \
                 `Store::wipe`",
                before.user
            );
            return Err(StoreError::State { what });
        }
        if before.is_some_and(|before| before.client != client) {
            self.unsend()?;
            self.forget_leases()?;
        }
        silently(&mut self.connection, |connection| {
            meta::set(connection, "client", client)?;
            meta::set(connection, "user", user)
        })
    }

    /// Something the sync remembers of the server: its incarnation, say.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn remembered(&self, name: &str) -> Result<Option<String>, StoreError> {
        meta::get(&self.connection, &remembered(name))
    }

    /// Remembers something until [`Store::wipe`], or until a power failure.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn remember(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.lightly(|store| remember(&store.connection, name, value))
    }

    /// Undoes what was changed of a row and not sent: it is what the server has again. `false` if nothing was.
    ///
    /// # Errors
    ///
    /// Where a change of the row is on its way, a table or key that the schema does not have, and what SQLite says.
    pub fn discard(&mut self, table: &str, key: &[Value<'_>]) -> Result<bool, StoreError> {
        let place = self.table_place(table)?;
        let layouts = &self.layouts;
        let layout = &layouts[place];
        let (found, expected) = (key.len(), layout.key.len());
        if found != expected {
            return Err(StoreError::Width { table: table.to_owned(), found, expected });
        }
        silently(&mut self.connection, |connection| {
            let rows = Rows { connection, layout };
            let Some(mut entry) = rows.entry(key)? else { return Ok(false) };
            if entry.sent.is_some() {
                let what = format!("a change of this row of `{table}` is on its way: wait for its answer");
                return Err(StoreError::State { what });
            }
            let theirs = match std::mem::replace(&mut entry.server, ServerImage::AsBase) {
                ServerImage::AsBase => entry.existed.then(|| entry.base.clone()),
                ServerImage::Other { row, .. } => row,
            };
            match &theirs {
                Some(theirs) => rows.write(theirs)?,
                None => {
                    rows.remove(key)?;
                }
            }
            entry.existed = theirs.is_some();
            if let Some(theirs) = &theirs {
                entry.base.clone_from(theirs);
            }
            rows.settle(entry, theirs.as_deref())?;
            count_written(connection, layout.table.name)?;
            if theirs.is_some() && takes_along(layouts, place) {
                let key = key.iter().map(|value| value.clone().into_owned()).collect();
                settle_taken_by(connection, layouts, (place, key, Fate::Back))?;
            }
            Ok(true)
        })
    }

    /// Empties the synced tables and forgets everything of the sync, also what was not pushed and the inbox: for a user
    /// who logs out. Look at [`Store::pending`] before.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn wipe(&mut self) -> Result<(), StoreError> {
        let layouts = &self.layouts;
        silently(&mut self.connection, |connection| {
            let doing = || "emptying the file".to_owned();
            for layout in layouts {
                let names = &layout.names;
                for table in [&names.table, &names.shadow, &names.server] {
                    connection.execute_batch(&format!("DELETE FROM {}", quoted(table))).doing(doing)?;
                }
                count_written(connection, layout.table.name)?;
                let staged = format!("DROP TABLE IF EXISTS {}", quoted(&names.staged));
                connection.execute_batch(&staged).doing(doing)?;
            }
            super::bootstrap::make_indexes(connection)?;
            connection
                .execute_batch(
                    "DELETE FROM _oosync_batch; DELETE FROM _oosync_sent; DELETE FROM _oosync_sent_column;
                     DELETE FROM _oosync_inbox; DELETE FROM _oosync_inbox_column; DELETE FROM _oosync_lease;
                     DELETE FROM _oosync_meta WHERE name NOT IN ('format', 'description', 'schema_history')
                       AND name NOT GLOB 'written.*'",
                )
                .doing(doing)
        })
    }
}

fn remembered(name: &str) -> String {
    format!("remembered.{name}")
}

/// Remembers something in the transaction that is open, if one is.
pub(super) fn remember(connection: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    meta::set(connection, &remembered(name), value)
}
