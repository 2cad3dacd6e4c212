//! The order of things in a cycle.
//!
//! First what was written here goes to the server, then what changed there comes: so an answer is there before the rows
//! that include it, and loading everything never meets a mutation of which nobody knows whether it arrived.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::mutation::clock_offset;
use super::{Summary, SyncError};
use crate::client::Event;
use crate::client::store::Store;
use crate::client::transport::{Download, Transport};
use crate::protocol::{End, ErrorCode, Lease, LeaseRequest, Limits, Pull, Register};
use crate::schema::{ColumnDefault, Push, Schema};
use crate::types::Timestamptz;

/// How long a file is held; it is kept by asking again in time.
const HOLD: Duration = Duration::from_secs(60);

/// How often it is asked for again.
const KEEP: Duration = Duration::from_secs(15);

/// How often a device registers anew in one cycle.
const ATTEMPTS: usize = 3;

/// What the server is told of this device.
#[derive(Debug, Clone, Default)]
pub(in crate::client) struct Registration {
    /// The version of the app.
    pub(in crate::client) app_version: Option<String>,
    /// What its user calls the device.
    pub(in crate::client) device: Option<String>,
    /// How many numbers of a sequence are asked for at once; 0 is none.
    pub(in crate::client) lease: u32,
}

/// As it is if nothing is said.
pub(in crate::client) fn registration() -> Registration {
    Registration { app_version: None, device: None, lease: 200 }
}

/// Takes a file through cycles.
pub(in crate::client) struct Syncer {
    pub(in crate::client) store: Store,
    pub(super) schema: &'static Schema,
    holder: String,
    registration: Registration,
    /// What the server takes, once it was asked in this process or before.
    limits: Option<Limits>,
    /// How far the server's clock is ahead, in milliseconds.
    pub(super) clock: i64,
    kept: Option<Instant>,
    /// The batch whose answer somebody waits for.
    pub(super) confirming: Option<u64>,
}

/// What a cycle works with.
pub(in crate::client) struct Context<'c> {
    pub(in crate::client) transport: &'c dyn Transport,
    pub(in crate::client) emit: &'c dyn Fn(Event),
    /// Set where the client is being stopped.
    pub(in crate::client) stopped: &'c AtomicBool,
}

impl Syncer {
    pub(in crate::client) fn new(
        store: Store,
        holder: String,
        registration: Registration,
    ) -> Result<Self, SyncError> {
        let limits = store.remembered("limits")?.and_then(|limits| serde_json::from_str(&limits).ok());
        let clock = store.remembered("clock")?.and_then(|clock| clock.parse().ok()).unwrap_or_default();
        let schema = store.schema();
        Ok(Self { store, schema, holder, registration, limits, clock, kept: None, confirming: None })
    }

    /// One cycle: push, then pull.
    ///
    /// # Errors
    ///
    /// See [`SyncError`].
    pub(in crate::client) fn cycle(&mut self, context: &Context<'_>) -> Result<Summary, SyncError> {
        self.run(context, |syncer, summary| {
            let pushed = syncer.push(context, summary);
            let goes_on = match &pushed {
                Ok(()) => true,
                // It is no reason to learn nothing new.
                Err(SyncError::Refused { code, .. }) => !is_unknown(code),
                Err(SyncError::Malformed { .. }) => true,
                Err(_) => false,
            };
            if !goes_on {
                return pushed;
            }
            let pulled = syncer.pull(context, summary);
            pushed?;
            pulled?;
            syncer.top_up(context)
        })
    }

    /// Takes in what a pull brought that waited for changes, if the file still stands where that pull began. `received` is
    /// called with what a delta ends with, once all of it is there and before it is written.
    pub(in crate::client) fn take(
        &mut self,
        context: &Context<'_>,
        request: &Pull,
        download: Download,
        received: &mut dyn FnMut(&End),
    ) -> Result<Summary, SyncError> {
        let mut download = Some(download);
        self.run(context, |syncer, summary| {
            if syncer.pull_request(None)?.is_none_or(|now| now.cursor != request.cursor) {
                return Ok(());
            }
            match download.take() {
                Some(Download::Frames(body)) => {
                    let delta = syncer.receive(context, body)?;
                    received(&delta.end);
                    syncer.apply(context, delta, false, summary).map(drop)
                }
                Some(Download::SnapshotRequired(_)) | None => syncer.pull(context, summary),
            }
        })
    }

    pub(super) fn run(
        &mut self,
        context: &Context<'_>,
        mut steps: impl FnMut(&mut Self, &mut Summary) -> Result<(), SyncError>,
    ) -> Result<Summary, SyncError> {
        self.kept = None;
        self.keep(context)?;
        let mut noted = self.store.last_noted()?;
        let mut summary = Summary::default();
        let mut anew = false;
        for _ in 0..ATTEMPTS {
            let mut result = Ok(());
            if anew || self.limits.is_none() || self.store.identity()?.is_none() {
                result = self.register(context, anew);
            }
            if result.is_ok() {
                result = steps(self, &mut summary);
            }
            for item in self.store.inbox_after(noted)? {
                noted = item.id;
                (context.emit)(Event::of(item));
            }
            match result {
                Err(SyncError::Refused { ref code, .. }) if is_unknown(code) && !anew => anew = true,
                Err(error) => return Err(error),
                Ok(()) => return Ok(summary),
            }
        }
        let what = "the server forgets this device as soon as it has registered".to_owned();
        Err(SyncError::Malformed { what })
    }

    /// Keeps the right to sync, and ends where the client is stopped.
    pub(in crate::client) fn keep(&mut self, context: &Context<'_>) -> Result<(), SyncError> {
        if context.stopped.load(Ordering::Relaxed) {
            return Err(SyncError::Stopped);
        }
        if self.kept.is_some_and(|kept| kept.elapsed() < KEEP) {
            return Ok(());
        }
        if self.store.hold(&self.holder, HOLD)? {
            self.kept = Some(Instant::now());
            return Ok(());
        }
        let holder = self.store.holder()?.unwrap_or_else(|| "another process".to_owned());
        Err(SyncError::HeldElsewhere { holder })
    }

    /// The file was emptied.
    pub(in crate::client) fn forget(&mut self) {
        (self.limits, self.clock, self.kept) = (None, 0, None);
    }

    /// Gives the right to sync back.
    pub(in crate::client) fn release(&mut self) -> Result<(), SyncError> {
        self.kept = None;
        Ok(self.store.release(&self.holder)?)
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits.clone().unwrap_or_default()
    }

    /// How long a pull may wait for changes.
    pub(in crate::client) fn max_wait(&self) -> Duration {
        self.limits().max_wait
    }

    pub(super) fn client(&self) -> Result<Option<Uuid>, SyncError> {
        Ok(self.store.identity()?.and_then(|identity| identity.client.parse().ok()))
    }

    /// Makes the device known; as a new one, where the server does not know it any more.
    fn register(&mut self, context: &Context<'_>, anew: bool) -> Result<(), SyncError> {
        self.keep(context)?;
        let request = Register {
            client: if anew { None } else { self.client()? },
            user: self.store.identity()?.map(|identity| identity.user),
            schema_hash: self.schema.hash.to_owned(),
            app_version: self.registration.app_version.clone(),
            device: self.registration.device.clone(),
            lease: self.lacking()?,
        };
        let (sent_at, begun) = (Timestamptz::now(), Instant::now());
        let registered = context.transport.register(&request)?;
        self.store.register(&registered.client.to_string(), &registered.user)?;
        if let Some(clock) = clock_offset(registered.server_time, sent_at, begun.elapsed()) {
            self.clock = clock;
            self.store.remember("clock", &clock.to_string())?;
        }
        if let Ok(limits) = serde_json::to_string(&registered.limits) {
            self.store.remember("limits", &limits)?;
        }
        self.limits = Some(registered.limits);
        self.add_leases(&registered.lease)
    }

    /// Asks for numbers, where a push has not done it.
    fn top_up(&mut self, context: &Context<'_>) -> Result<(), SyncError> {
        if self.lacking()?.is_empty() { Ok(()) } else { self.register(context, false) }
    }

    /// Of which columns there are less than half as many numbers as are asked for at once.
    pub(super) fn lacking(&self) -> Result<Vec<LeaseRequest>, SyncError> {
        let mut requests = Vec::new();
        let most = self.limits.as_ref().map_or(u32::MAX, |limits| limits.max_lease);
        let count = self.registration.lease.min(most);
        let Some(at_once) = std::num::NonZeroU32::new(count) else { return Ok(requests) };
        for table in self.schema.tables.iter().filter(|table| table.rules.push != Push::Disabled) {
            for column in table.columns.iter().filter(|column| column.default == ColumnDefault::Leased) {
                if self.store.leases_left(table.name, column.name)? <= u64::from(count / 2) {
                    let (table, column) = (table.name.to_owned(), column.name.to_owned());
                    requests.push(LeaseRequest { table, column, count: at_once });
                }
            }
        }
        Ok(requests)
    }

    pub(super) fn add_leases(&mut self, leases: &[Lease]) -> Result<(), SyncError> {
        for lease in leases {
            for range in &lease.ranges {
                self.store.add_lease(&lease.table, &lease.column, range.first(), range.last())?;
            }
        }
        Ok(())
    }
}

/// Whether the server does not know the device under its name.
fn is_unknown(code: &ErrorCode) -> bool {
    matches!(code, ErrorCode::UnknownClient | ErrorCode::ClientForked)
}
