//! The thread that syncs by itself.
//!
//! It does one thing at a time: a cycle, or taking in what a pull brought that waited for changes. That pull waits on a
//! thread of its own, which only asks and hands the answer over, so that a local change need not wait for it.
//!
//! - `pace`: when the next cycle is due, without threads or clocks

mod pace;
mod worker;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use self::worker::{Command, Worker};
use super::api::Shared;
use super::{StoreError, SyncError};

/// When a client syncs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartOptions {
    /// How often to look for changes of others, where no pull waits for them: a minute.
    pub interval: Duration,
    /// How long no change has been made here before changes are sent: a second.
    pub debounce: Duration,
    /// After how many changes they are sent at once: 10.
    pub changes: u64,
    /// After how long they are sent, even if more are being made: 5 minutes.
    pub longest: Duration,
    /// How often the file is looked at for changes: 200 milliseconds.
    pub look: Duration,
    /// How long a pull waits for changes of others; none is no such pull. 50 seconds, or less if the server says so.
    pub live: Option<Duration>,
    /// How long to wait after a cycle that failed; twice as long after the next, and so on: a second.
    pub first_retry: Duration,
    /// The longest such wait: a minute. With work queued and a network, an attempt happens within this time, unless the
    /// server asked for a longer one.
    pub last_retry: Duration,
}

impl Default for StartOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            debounce: Duration::from_secs(1),
            changes: 10,
            longest: Duration::from_secs(300),
            look: Duration::from_millis(200),
            live: Some(Duration::from_secs(50)),
            first_retry: Duration::from_secs(1),
            last_retry: Duration::from_secs(60),
        }
    }
}

/// A thread that was started.
pub(super) struct Background {
    commands: Sender<Command>,
    thread: JoinHandle<()>,
}

impl Background {
    pub(super) fn start(shared: &Arc<Shared>, options: StartOptions) -> Result<Self, SyncError> {
        let (commands, receiver) = channel();
        let observer = shared.ask(|store| store.observer())?;
        shared.stopped.store(false, Ordering::Relaxed);
        shared.in_background.store(true, Ordering::Relaxed);
        let mut worker = Worker::new(Arc::clone(shared), options, observer, commands.clone(), receiver);
        let thread = std::thread::Builder::new().name("oosync".to_owned()).spawn(move || worker.run());
        let thread = thread.map_err(|error| {
            shared.in_background.store(false, Ordering::Relaxed);
            StoreError::State { what: format!("no thread to sync on: {error}") }
        })?;
        Ok(Self { commands, thread })
    }

    /// Ends it, and waits for that.
    pub(super) fn stop(self, shared: &Shared) {
        let thread = self.end(shared);
        // A panic of the thread has been shown where it happened.
        let _ = thread.join();
        shared.stopped.store(false, Ordering::Relaxed);
    }

    /// Ends it.
    pub(super) fn end(self, shared: &Shared) -> JoinHandle<()> {
        shared.stopped.store(true, Ordering::Relaxed);
        let _ = self.commands.send(Command::Stop);
        self.thread
    }

    pub(super) fn sync_now(&self) -> bool {
        self.commands.send(Command::SyncNow).is_ok()
    }

    pub(super) fn network_changed(&self) {
        let _ = self.commands.send(Command::NetworkChanged);
    }
}
