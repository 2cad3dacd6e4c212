//! An engine in this process as a device's way to the server.

use std::fmt;
use std::io::{Cursor, Read};
use std::sync::Arc;

use tokio::runtime::Handle;

use super::auth::Identity;
use super::{Body, Engine, Error};
use crate::client::{Download, Transport, TransportError};
use crate::protocol::{
    Digest, Digests, Pull, Push, PushReply, RangeRows, Ranges, Register, Registered, Reply, Snapshot,
};

type OnError = dyn Fn(&Error) + Send + Sync;

/// An engine in this process as a device's way to the server, without HTTP: for tests of an app, and for tools. Who asks is
/// said once, and believed.
///
/// Its calls block until the engine has answered, so they may not be made on a thread of the runtime. A body comes into
/// memory as a whole.
///
/// ```no_run
/// use oosync_runtime::client::Client;
/// use oosync_runtime::server::{Engine, InProcess, auth::Identity};
///
/// # fn sync(engine: &Engine, runtime: &tokio::runtime::Runtime) -> Result<(), Box<dyn std::error::Error>> {
/// let server = InProcess::new(engine.clone(), Identity::new("ada")?, runtime.handle().clone());
/// let device = Client::builder("app.db", engine.schema()).transport(server).open()?;
/// device.sync()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InProcess {
    engine: Engine,
    identity: Identity,
    runtime: Handle,
    on_error: Option<Arc<OnError>>,
}

impl InProcess {
    /// The engine as this identity sees it. Its answers are waited for on the runtime, which has to live as long.
    pub fn new(engine: Engine, identity: Identity, runtime: Handle) -> Self {
        Self { engine, identity, runtime, on_error: None }
    }

    /// Tells of errors in full, as a server's log does: a device is only told what it may know.
    #[must_use]
    pub fn on_error(mut self, tell: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Arc::new(tell));
        self
    }

    fn answer<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, TransportError> {
        self.runtime.block_on(request).map_err(|error| {
            if let Some(tell) = &self.on_error {
                tell(&error);
            }
            TransportError::Refused(error.into_body())
        })
    }

    fn download(&self, reply: Reply<Body>) -> Result<Download, TransportError> {
        let body = match reply {
            Reply::Given(body) => body,
            Reply::SnapshotRequired(required) => return Ok(Download::SnapshotRequired(required)),
        };
        let bytes = self.runtime.block_on(body.collect());
        let bytes = bytes.map_err(|error| TransportError::Offline { what: error.to_string() })?;
        let body: Box<dyn Read + Send> = Box::new(Cursor::new(bytes));
        Ok(Download::Frames(body))
    }
}

impl Transport for InProcess {
    fn register(&self, request: &Register) -> Result<Registered, TransportError> {
        self.answer(self.engine.register(&self.identity, request))
    }

    fn pull(&self, request: &Pull) -> Result<Download, TransportError> {
        let reply = self.answer(self.engine.pull_frames(&self.identity, request))?;
        self.download(reply)
    }

    fn snapshot(&self, request: &Snapshot) -> Result<Download, TransportError> {
        let reply = self.answer(self.engine.snapshot_frames(&self.identity, request))?;
        self.download(reply)
    }

    fn push(&self, request: &Push) -> Result<PushReply, TransportError> {
        self.answer(self.engine.push(&self.identity, request))
    }

    fn digest(&self, request: &Digest) -> Result<Reply<Digests>, TransportError> {
        self.answer(self.engine.digest(&self.identity, request))
    }

    fn ranges(&self, request: &Ranges) -> Result<Reply<RangeRows>, TransportError> {
        self.answer(self.engine.ranges(&self.identity, request))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("identity", &self.identity).finish_non_exhaustive()
    }
}
