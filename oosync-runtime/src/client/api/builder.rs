//! How a client is made.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::{Client, Shared};
use crate::client::SyncError;
use crate::client::store::{FileKey, OpenOptions, Store};
use crate::client::sync::{Registration, Syncer, registration};
use crate::client::transport::{
    Download, HttpTransport, HttpTransportBuilder, TokenError, Transport, TransportError,
};
use crate::protocol::{APP_VERSION, Pull, Push, PushReply, Register, Registered, Snapshot};
use crate::schema::Schema;

/// How a [`Client`] is made.
pub struct ClientBuilder {
    path: PathBuf,
    schema: &'static Schema,
    transport: Option<Arc<dyn Transport>>,
    http: Option<HttpTransportBuilder>,
    /// What was said of a token or header before there was a URL.
    changes: Vec<Box<dyn FnOnce(HttpTransportBuilder) -> HttpTransportBuilder>>,
    options: OpenOptions,
    registration: Registration,
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    pub(super) fn new(path: &Path, schema: &'static Schema) -> Self {
        Self {
            path: path.to_owned(),
            schema,
            transport: None,
            http: None,
            changes: Vec::new(),
            options: OpenOptions::default(),
            registration: registration(),
        }
    }

    /// The server's URL; its endpoints are below it.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.http = Some(HttpTransport::builder(url));
        self
    }

    /// Where the token comes from that says who the user is; see [`HttpTransportBuilder::token`].
    #[must_use]
    pub fn token(
        mut self,
        source: impl Fn(bool) -> Result<String, TokenError> + Send + Sync + 'static,
    ) -> Self {
        self.changes.push(Box::new(|http| http.token(source)));
        self
    }

    /// A header of every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.changes.push(Box::new(|http| http.header(name, value)));
        self
    }

    /// Another way to the server than a URL.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The version of the app, for people who look after the server, and for a server that asks for a minimum: then
    /// as in `2.1.0`.
    #[must_use]
    pub fn app_version(mut self, version: impl Into<String>) -> Self {
        let version = version.into();
        self.registration.app_version = Some(version.clone());
        self.header(APP_VERSION, version)
    }

    /// What the user calls this device.
    #[must_use]
    pub fn device(mut self, name: impl Into<String>) -> Self {
        self.registration.device = Some(name.into());
        self
    }

    /// How many numbers of a sequence are leased at once, for tables whose keys are numbers: 200 if nothing is said. New
    /// ones are asked for when half of them are used; 0 asks for none.
    #[must_use]
    pub fn lease(mut self, numbers: u32) -> Self {
        self.registration.lease = numbers;
        self
    }

    /// How long to wait for another connection that writes; 5 seconds if nothing is said.
    #[must_use]
    pub fn busy_timeout(mut self, time: Duration) -> Self {
        self.options.busy_timeout = time;
        self
    }

    /// The file is encrypted with what this function returns: a pass phrase, or `x'…'` with 64 hexadecimal digits. It needs
    /// SQLCipher: the app depends on `rusqlite` with the feature `bundled-sqlcipher`; without it, opening is an error. What
    /// the server sends is then kept in memory until it is written, and never in a temporary file.
    #[must_use]
    pub fn key(mut self, source: impl Fn() -> Result<String, String> + Send + Sync + 'static) -> Self {
        self.options.key = Some(FileKey::new(source));
        self
    }

    /// Only to read what another process syncs, a widget say: connections cannot write, nothing is synced, and
    /// [`Client::watch`] tells what changes. The file is there, and of the same version of the app.
    #[must_use]
    pub fn read_only(mut self, only: bool) -> Self {
        self.options.read_only = only;
        self
    }

    /// Whether to change tables back that a newer version of the app has changed; not if nothing is said.
    #[must_use]
    pub fn allow_older(mut self, allow: bool) -> Self {
        self.options.allow_older = allow;
        self
    }

    /// Opens the file, or makes it. Nothing is sent. Without a URL or transport, the client works offline for good.
    ///
    /// # Errors
    ///
    /// [`SyncError::Store`], and [`SyncError::Malformed`] for a URL that is none.
    pub fn open(self) -> Result<Client, SyncError> {
        let transport = match (self.transport, self.http) {
            (Some(transport), _) => transport,
            (None, Some(http)) => {
                Arc::new(self.changes.into_iter().fold(http, |http, change| change(http)).build()?)
            }
            (None, None) => Arc::new(Nowhere),
        };
        let store = Store::open_with(&self.path, self.schema, &self.options)?;
        let opened = store.opened().clone();
        let desk = Store::open_with(&self.path, self.schema, &self.options)?;
        let syncer = Syncer::new(store, Uuid::new_v4().to_string(), self.registration)?;
        Ok(Client::new(Shared::new(syncer, desk, transport), opened))
    }
}

/// No server.
struct Nowhere;

impl Nowhere {
    fn offline<T>() -> Result<T, TransportError> {
        Err(TransportError::Offline { what: "this client was given no server".to_owned() })
    }
}

impl Transport for Nowhere {
    fn register(&self, _: &Register) -> Result<Registered, TransportError> {
        Self::offline()
    }

    fn pull(&self, _: &Pull) -> Result<Download, TransportError> {
        Self::offline()
    }

    fn snapshot(&self, _: &Snapshot) -> Result<Download, TransportError> {
        Self::offline()
    }

    fn push(&self, _: &Push) -> Result<PushReply, TransportError> {
        Self::offline()
    }
}
