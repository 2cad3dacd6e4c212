//! The client.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::{ClientBuilder, Shared, Status, Watch};
use crate::client::background::{Background, StartOptions};
use crate::client::store::Opened;
use crate::client::sync::{ConfirmError, Confirmed, Summary, Syncer, Verified};
use crate::client::{Event, StoreError, SyncError, lock};
use crate::schema::Schema;

/// A device: a file of ordinary tables, and its sync.
///
/// All of its functions may be called from any thread. Dropped, it ends what syncs by itself, without waiting for it.
pub struct Client {
    shared: Arc<Shared>,
    schema: &'static Schema,
    opened: Opened,
    background: Mutex<Option<Background>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("schema", &self.schema.hash).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of a file, for the schema that the app was built with.
    pub fn builder(path: impl AsRef<Path>, schema: &'static Schema) -> ClientBuilder {
        ClientBuilder::new(path.as_ref(), schema)
    }

    pub(super) fn new(shared: Shared, opened: Opened) -> Self {
        let schema = shared.ask(|store| store.schema());
        Self { shared: Arc::new(shared), schema, opened, background: Mutex::default() }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// What opening the file did.
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// A connection for the app: ordinary SQL on ordinary tables, whether or not there is a network. Any number may be
    /// open. Transactions that write begin best with `BEGIN IMMEDIATE`.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn connection(&self) -> Result<Connection, StoreError> {
        self.shared.ask(|store| store.connect())
    }

    /// One cycle, now, on this thread: what was written here goes to the server, what changed there comes here. If one
    /// is under way, this one comes after it.
    ///
    /// # Errors
    ///
    /// See [`SyncError`]. What was written stays queued, and what had come is kept.
    pub fn sync(&self) -> Result<Summary, SyncError> {
        self.shared.cycle()
    }

    /// Begins to sync by itself, on a thread of its own, until [`Client::stop`]. What was begun before is ended.
    ///
    /// # Errors
    ///
    /// What SQLite says, where there is no thread, and where this client only reads.
    pub fn start(&self, options: StartOptions) -> Result<(), SyncError> {
        self.shared.ask(|store| store.check_writable())?;
        let mut background = lock(&self.background);
        if let Some(before) = background.take() {
            before.stop(&self.shared);
        }
        *background = Some(Background::start(&self.shared, options)?);
        Ok(())
    }

    /// Ends what [`Client::start`] began, and waits for the request that is under way.
    pub fn stop(&self) {
        if let Some(background) = lock(&self.background).take() {
            background.stop(&self.shared);
        }
    }

    /// Lets what syncs by itself begin a cycle now, whatever it waits for; `false` if nothing does.
    pub fn sync_now(&self) -> bool {
        lock(&self.background).as_ref().is_some_and(Background::sync_now)
    }

    /// The device is in another network, or in one again: it is tried now, on new connections.
    pub fn network_changed(&self) {
        self.shared.transport.network_changed();
        if let Some(background) = lock(&self.background).as_ref() {
            background.network_changed();
        }
    }

    /// How it is doing.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn status(&self) -> Result<Status, StoreError> {
        self.shared.status()
    }

    /// What happens from now on. Whoever does not take events misses some, and is told how many.
    pub fn events(&self) -> Receiver<Event> {
        self.shared.listeners.add()
    }

    /// Tells when these tables change by a commit, of whatever process; all tables where none is named.
    ///
    /// # Errors
    ///
    /// A table that the schema does not have, and what SQLite says.
    pub fn watch(&self, tables: &[&str]) -> Result<Watch, StoreError> {
        self.shared.watch(tables)
    }

    /// One cycle, and then a comparison of every table with the server's, by digests: it finds what no pull would bring,
    /// since it changed behind the backs of both. A row in the file that was altered without the store's notice, or by a
    /// bad disk; rows on the server that were changed while triggers were off, or by a rewrite of the table. Where
    /// something differs, those rows are fetched and written; what was written here and is not pushed yet stays.
    ///
    /// Both sides read their tables whole: it is for a quiet hour, once a month say.
    ///
    /// # Errors
    ///
    /// See [`SyncError`]; [`SyncError::Refused`] where the server has no digests.
    pub fn verify(&self) -> Result<Verified, SyncError> {
        self.shared.with_syncer(Syncer::verify)
    }

    /// Only compares every table with the server's, as [`Client::verify`] does, and changes nothing, here or there: what was
    /// written here is not sent, what changed there does not come, and what differs stays. The state that is compared is
    /// that of the last pull.
    ///
    /// # Errors
    ///
    /// See [`SyncError`]; [`SyncError::Unavailable`] where the server does not know that state any more, or nothing was
    /// pulled yet.
    pub fn compare(&self) -> Result<Verified, SyncError> {
        self.shared.with_syncer(|syncer, context| syncer.compare(context, false))
    }

    /// Whether the config says that writes to a table count only once the server has them: they go through
    /// [`Client::confirm`]. Plain SQL can write such a table all the same; it is sent like any other.
    pub fn is_confirmed(&self, table: &str) -> bool {
        self.schema.table(table).is_some_and(|table| table.rules.confirmed)
    }

    /// Writes something on the server first: `run` writes to a copy of the present state, that is thrown away; what it
    /// wrote to synced tables is sent as one, and comes back as the server has it. Needs a network.
    ///
    /// # Errors
    ///
    /// See [`ConfirmError`]: what the server does not have is not here either.
    pub fn confirm<T, E: Into<Box<dyn StdError + Send + Sync>>>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<Confirmed<T>, ConfirmError> {
        self.shared.with_syncer(|syncer, context| syncer.confirm(context, run))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(background) = lock(&self.background).take() {
            background.end(&self.shared);
        }
    }
}
