//! What the app's threads and the background's have in common.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::State;
use super::watch::Watchers;
use crate::client::event::Listeners;
use crate::client::store::Store;
use crate::client::sync::{Context, Summary, Syncer};
use crate::client::transport::{Download, Transport, TransportError};
use crate::client::{Event, SyncError, lock};
use crate::protocol::{End, Pull};

/// What the app's threads and the background's have in common.
pub(in crate::client) struct Shared {
    /// Held for as long as a cycle takes.
    syncer: Mutex<Syncer>,
    /// The same file on another connection, for what is asked meanwhile.
    desk: Mutex<Store>,
    pub(in crate::client) transport: Arc<dyn Transport>,
    pub(super) listeners: Listeners,
    pub(super) watchers: Arc<Watchers>,
    /// How the last cycle ended, and whether one is under way.
    pub(super) state: Mutex<(State, Option<String>)>,
    /// Ends what is under way.
    pub(in crate::client) stopped: AtomicBool,
    /// Whether the right to sync is kept between cycles.
    pub(in crate::client) in_background: AtomicBool,
}

impl Shared {
    pub(super) fn new(syncer: Syncer, desk: Store, transport: Arc<dyn Transport>) -> Self {
        Self {
            syncer: Mutex::new(syncer),
            desk: Mutex::new(desk),
            transport,
            listeners: Listeners::default(),
            watchers: Arc::default(),
            state: Mutex::new((State::Idle, None)),
            stopped: AtomicBool::new(false),
            in_background: AtomicBool::new(false),
        }
    }

    /// Asks the file something, beside a cycle that is under way.
    pub(in crate::client) fn ask<T>(&self, ask: impl FnOnce(&mut Store) -> T) -> T {
        ask(&mut lock(&self.desk))
    }

    /// Does something with the syncer, after the cycle that is under way.
    pub(in crate::client) fn with_syncer<T>(&self, run: impl FnOnce(&mut Syncer, &Context<'_>) -> T) -> T {
        let mut syncer = lock(&self.syncer);
        let emit = |event: Event| self.listeners.tell(&event);
        let context = Context { transport: self.transport.as_ref(), emit: &emit, stopped: &self.stopped };
        let result = run(&mut syncer, &context);
        if !self.in_background.load(Ordering::Relaxed) {
            // Where it fails, the time of the hold ends it.
            let _ = syncer.release();
        }
        result
    }

    /// One cycle, and everybody is told.
    pub(in crate::client) fn cycle(&self) -> Result<Summary, SyncError> {
        self.with_syncer(|syncer, context| {
            // Where another process syncs, nothing begins here.
            if let Err(error) = syncer.keep(context) {
                self.tell_failure(&error);
                return Err(error);
            }
            self.begins();
            let result = syncer.cycle(context);
            self.ended(&result);
            result
        })
    }

    /// Takes in what a pull brought that waited for changes; what came. `received` is called with what a delta ends with,
    /// before it is written.
    pub(in crate::client) fn take(
        &self,
        request: &Pull,
        download: Download,
        received: &mut dyn FnMut(&End),
    ) -> Result<Summary, SyncError> {
        self.with_syncer(|syncer, context| {
            let result = syncer.take(context, request, download, received);
            if !matches!(&result, Ok(summary) if summary.rows + summary.deleted == 0) {
                self.ended(&result);
            }
            result
        })
    }

    /// What a pull that waits for changes asks for, `wait` at most.
    pub(in crate::client) fn long_poll(&self, wait: Duration) -> Result<Option<Pull>, SyncError> {
        self.with_syncer(|syncer, _| syncer.pull_request(Some(wait.min(syncer.max_wait()))))
    }

    /// A pull that waited failed.
    pub(in crate::client) fn failed(&self, error: TransportError) -> SyncError {
        let error = SyncError::from(error);
        self.tell_failure(&error);
        error
    }

    pub(super) fn begins(&self) {
        lock(&self.state).0 = State::Syncing;
        self.listeners.tell(&Event::Started);
    }

    pub(super) fn ended(&self, result: &Result<Summary, SyncError>) {
        self.watchers.written();
        match result {
            Ok(summary) => {
                *lock(&self.state) = (State::Idle, None);
                self.listeners.tell(&Event::Finished(summary.clone()));
            }
            Err(error) => self.tell_failure(error),
        }
    }

    fn tell_failure(&self, error: &SyncError) {
        let message = error.to_string();
        let (state, event) = match error {
            SyncError::Offline { .. } | SyncError::Unavailable { .. } => {
                (State::Offline, Some(Event::Offline { message: message.clone() }))
            }
            SyncError::AuthRequired { .. } => {
                (State::AuthRequired, Some(Event::AuthRequired { message: message.clone() }))
            }
            SyncError::UpgradeRequired { .. } => {
                (State::UpgradeRequired, Some(Event::UpgradeRequired { message: message.clone() }))
            }
            SyncError::HeldElsewhere { .. } => (State::HeldElsewhere, None),
            SyncError::Stopped => (State::Idle, None),
            _ => (State::Failed, Some(Event::Failed { message: message.clone() })),
        };
        *lock(&self.state) = (state, Some(message));
        if let Some(event) = event {
            self.listeners.tell(&event);
        }
    }
}
