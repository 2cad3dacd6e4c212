//! The way from a client to an engine in the same process, on which things get lost.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use oosync_runtime::client::{Download, Transport, TransportError};
use oosync_runtime::protocol::{
    Digest, Digests, ErrorBody, ErrorCode, Pull, Push, PushReply, RangeRows, Ranges, Register, Registered,
    Reply, Snapshot,
};
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::server::InProcess as Direct;
use oosync_runtime::server::auth::Identity;

use crate::server::{Server, user};

/// What happens to the next request of a kind.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It does not arrive.
    Lost,
    /// It arrives, and the answer is lost.
    ReplyLost,
    /// The body of the answer breaks off after so many bytes.
    CutAfter(usize),
    /// The byte in this place of the body of the answer is turned over; says whether there is one.
    Turned(usize, Arc<AtomicBool>),
    /// The server says this.
    Says(ErrorBody),
    /// It is answered after this has been done.
    After(Action),
}

/// Something that is done in the middle of a request.
#[derive(Clone)]
pub(crate) struct Action(pub(crate) Arc<dyn Fn() + Send + Sync>);

impl Action {
    /// Somebody writes on the device, by a connection of their own.
    pub(crate) fn sql(connection: Connection, sql: impl Into<String>) -> Self {
        let (connection, sql) = (Mutex::new(connection), sql.into());
        Self(Arc::new(move || connection.lock().unwrap().execute_batch(&sql).unwrap()))
    }

    /// Somebody writes on the server.
    pub(crate) fn on_server(server: &Server, sql: impl Into<String>) -> Self {
        let (url, sql) = (server.database.url(), sql.into());
        Self(Arc::new(move || {
            postgres::Client::connect(&url, postgres::NoTls).unwrap().batch_execute(&sql).unwrap();
        }))
    }
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Action")
    }
}

/// The faults to come, and what has been sent.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) offline: AtomicBool,
    faults: Mutex<Vec<(&'static str, Fault)>>,
    pub(crate) pushes: Mutex<Vec<Push>>,
    pub(crate) requests: AtomicUsize,
}

impl Network {
    /// The next request of this kind meets this.
    pub(crate) fn next(&self, kind: &'static str, fault: Fault) {
        self.faults.lock().unwrap().push((kind, fault));
    }

    /// Nothing is lost any more.
    pub(crate) fn calm(&self) {
        self.faults.lock().unwrap().clear();
    }

    fn fault(&self, kind: &str) -> Option<Fault> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if self.offline.load(Ordering::Relaxed) {
            return Some(Fault::Lost);
        }
        let mut faults = self.faults.lock().unwrap();
        let place = faults.iter().position(|(of, _)| *of == kind)?;
        Some(faults.remove(place).1)
    }
}

/// A client's way to an engine, by this network.
pub(crate) struct InProcess {
    engine: Direct,
    network: Arc<Network>,
}

impl InProcess {
    pub(crate) fn new(server: &Server, number: usize, network: &Arc<Network>) -> Self {
        Self::of(server, Identity::new(user(number)).unwrap(), network)
    }

    pub(crate) fn of(server: &Server, identity: Identity, network: &Arc<Network>) -> Self {
        let engine = Direct::new(server.engine.clone(), identity, server.runtime.handle().clone());
        // What only the server's log would have.
        let engine = engine.on_error(|error| {
            if error.body().code == ErrorCode::Internal {
                eprintln!("{error:?}");
            }
        });
        Self { engine, network: Arc::clone(network) }
    }

    fn answer<T>(
        &self,
        kind: &str,
        request: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<(T, Option<Fault>), TransportError> {
        let lost = || TransportError::Offline { what: "lost by the test".to_owned() };
        let fault = self.network.fault(kind);
        match &fault {
            Some(Fault::Lost) => return Err(lost()),
            Some(Fault::Says(body)) => return Err(TransportError::Refused(body.clone())),
            Some(Fault::After(action)) => (action.0)(),
            Some(Fault::ReplyLost | Fault::CutAfter(_) | Fault::Turned(..)) | None => {}
        }
        let reply = request();
        if let Some(Fault::ReplyLost) = fault {
            return Err(lost());
        }
        Ok((reply?, fault))
    }

    fn download(
        &self,
        kind: &str,
        request: impl FnOnce() -> Result<Download, TransportError>,
    ) -> Result<Download, TransportError> {
        let (reply, fault) = self.answer(kind, request)?;
        let Download::Frames(mut body) = reply else { return Ok(reply) };
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).unwrap();
        match fault {
            Some(Fault::CutAfter(count)) => bytes.truncate(count),
            Some(Fault::Turned(place, turned)) => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 0x21;
                    turned.store(true, Ordering::Relaxed);
                }
            }
            _ => {}
        }
        Ok(Download::Frames(Box::new(Slow(bytes, 0))))
    }
}

/// Gives a body in parts of odd sizes.
struct Slow(Vec<u8>, usize);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = &self.0[self.1..];
        let count = left.len().min(buffer.len()).min(1_777);
        buffer[..count].copy_from_slice(&left[..count]);
        self.1 += count;
        Ok(count)
    }
}

impl Transport for InProcess {
    fn register(&self, request: &Register) -> Result<Registered, TransportError> {
        Ok(self.answer("register", || self.engine.register(request))?.0)
    }

    fn pull(&self, request: &Pull) -> Result<Download, TransportError> {
        self.download("pull", || self.engine.pull(request))
    }

    fn snapshot(&self, request: &Snapshot) -> Result<Download, TransportError> {
        self.download("snapshot", || self.engine.snapshot(request))
    }

    fn digest(&self, request: &Digest) -> Result<Reply<Digests>, TransportError> {
        Ok(self.answer("digest", || self.engine.digest(request))?.0)
    }

    fn ranges(&self, request: &Ranges) -> Result<Reply<RangeRows>, TransportError> {
        Ok(self.answer("ranges", || self.engine.ranges(request))?.0)
    }

    fn push(&self, request: &Push) -> Result<PushReply, TransportError> {
        self.network.pushes.lock().unwrap().push(request.clone());
        Ok(self.answer("push", || self.engine.push(request))?.0)
    }
}
