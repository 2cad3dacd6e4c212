//! An engine in this process as the way to the server.

use std::io::{Cursor, Read};
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::client::{Download, Transport, TransportError};
use crate::protocol::{
    Digest, Digests, Pull, Push, PushReply, RangeRows, Ranges, Register, Registered, Reply, Snapshot,
};
use crate::server::auth::Identity;
use crate::server::{Body, Engine, Error};

/// An engine, and whom it answers.
#[derive(Clone)]
pub(super) struct Direct {
    engine: Engine,
    identity: Identity,
    runtime: Arc<Runtime>,
}

impl Direct {
    pub(super) fn new(engine: Engine, identity: Identity, runtime: Runtime) -> Self {
        Self { engine, identity, runtime: Arc::new(runtime) }
    }

    fn answer<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, TransportError> {
        self.runtime.block_on(request).map_err(|error| TransportError::Refused(error.into_body()))
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

impl Transport for Direct {
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
