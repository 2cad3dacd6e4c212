//! What the thread does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::StartOptions;
use super::pace::{Ended, Pace};
use crate::client::SyncError;
use crate::client::api::Shared;
use crate::client::store::Observer;
use crate::client::sync::Summary;
use crate::client::transport::{Download, Transport, TransportError};
use crate::protocol::{Next, Pull};

/// A pull that was to wait and is answered sooner, with nothing, is one of a server that does not wait.
const SOON: Duration = Duration::from_secs(1);

/// What the thread is told.
pub(super) enum Command {
    SyncNow,
    NetworkChanged,
    Stop,
    /// A pull that waited for changes has been answered: which one, what it asked, and what came.
    Polled(u64, Box<Pull>, Result<Download, TransportError>),
}

/// What the thread works with.
pub(super) struct Worker {
    shared: Arc<Shared>,
    options: StartOptions,
    observer: Observer,
    pace: Pace,
    commands: Sender<Command>,
    receiver: Receiver<Command>,
    /// The thread that pulls, where there is one.
    asker: Option<Asker>,
    /// The number of the last pull that waits, and since when it does.
    polls: u64,
    polling: Option<Instant>,
    /// When the next one may begin.
    next_poll: Instant,
}

/// A thread that asks for one pull after the other.
struct Asker {
    questions: Sender<(u64, Pull)>,
    /// It has answered all of them: until then, who knows what it waits for.
    is_idle: bool,
}

impl Asker {
    /// Ends once nobody asks any more, or nobody is there for an answer.
    fn start(transport: Arc<dyn Transport>, commands: Sender<Command>) -> std::io::Result<Self> {
        let (questions, asked) = channel();
        let answers = move || {
            for (poll, request) in asked {
                let result = transport.pull(&request);
                if commands.send(Command::Polled(poll, Box::new(request), result)).is_err() {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("oosync-live".to_owned()).spawn(answers)?;
        Ok(Self { questions, is_idle: true })
    }
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        options: StartOptions,
        observer: Observer,
        commands: Sender<Command>,
        receiver: Receiver<Command>,
    ) -> Self {
        let now = Instant::now();
        let pace = Pace::new(options.clone(), now);
        Self {
            shared,
            options,
            observer,
            pace,
            commands,
            receiver,
            asker: None,
            polls: 0,
            polling: None,
            next_poll: now,
        }
    }

    pub(super) fn run(&mut self) {
        while !self.shared.stopped.load(Ordering::Relaxed) {
            self.look();
            if self.pace.due() <= Instant::now() {
                let result = self.shared.cycle();
                self.ended(&result);
                continue;
            }
            self.begin_poll();
            let until = self.pace.due().saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(until.min(self.options.look)) {
                Ok(Command::SyncNow) => self.pace.kick(Instant::now()),
                Ok(Command::NetworkChanged) => {
                    // Whether the old connection ever answers, nobody knows.
                    self.polling = None;
                    self.pace.kick(Instant::now());
                }
                Ok(Command::Polled(poll, request, result)) if poll == self.polls => {
                    if let Some(asker) = &mut self.asker {
                        asker.is_idle = true;
                    }
                    if self.polling.is_some() {
                        self.polled(&request, result);
                    }
                }
                Ok(Command::Polled(..)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.shared.in_background.store(false, Ordering::Relaxed);
        // Gives the right to sync back.
        self.shared.with_syncer(|_, _| ());
    }

    /// Whether something was written here.
    fn look(&mut self) {
        // A file that is busy is looked at again.
        if let Ok(Some(observed)) = self.observer.look()
            && !observed.tables.is_empty()
        {
            self.pace.changed(Instant::now(), observed.dirty);
        }
    }

    fn ended(&mut self, result: &Result<Summary, SyncError>) {
        let ended = match result {
            Ok(summary) if summary.retried > 0 => Ended::Again(summary.retry_after),
            Ok(_) => Ended::Well,
            Err(SyncError::HeldElsewhere { .. }) => Ended::Held,
            Err(error) => Ended::Again(error.retry_after()),
        };
        self.pace.ended(Instant::now(), ended, jitter());
        if let Ok(summary) = result {
            self.still_dirty(summary);
        }
    }

    /// What the cycle itself wrote is no news; what somebody wrote meanwhile is.
    fn still_dirty(&mut self, summary: &Summary) {
        let stuck = summary.stuck.len();
        match self.observer.look() {
            Ok(Some(observed)) if observed.dirty > stuck as u64 => {}
            _ => return,
        }
        let pending = self.shared.ask(|store| store.pending(stuck + 1));
        if pending.is_ok_and(|pending| pending.changes.len() + pending.unreadable.len() > stuck) {
            self.pace.changed(Instant::now(), 1);
        }
    }

    /// Lets a pull wait for changes of others, unless one does.
    fn begin_poll(&mut self) {
        let Some(wait) = self.options.live else { return };
        if self.polling.is_some() || !self.pace.is_well() || Instant::now() < self.next_poll {
            return;
        }
        let Ok(Some(request)) = self.shared.long_poll(wait) else { return };
        self.poll(request);
    }

    fn poll(&mut self, request: Pull) {
        // One that is asked already may wait for a connection that is gone.
        let asker = self.asker.take().filter(|asker| asker.is_idle);
        let begin = || Asker::start(Arc::clone(&self.shared.transport), self.commands.clone());
        let asker = asker.map_or_else(begin, Ok);
        self.polls += 1;
        match asker {
            Ok(asker) if asker.questions.send((self.polls, request)).is_ok() => {
                self.asker = Some(Asker { is_idle: false, ..asker });
                self.polling = Some(Instant::now());
            }
            // Without a thread, the interval has to do.
            _ => self.next_poll = Instant::now() + self.options.interval,
        }
    }

    fn polled(&mut self, request: &Pull, result: Result<Download, TransportError>) {
        let soon = self.polling.take().is_none_or(|since| since.elapsed() < SOON);
        let result = match result {
            Ok(download) => {
                let shared = Arc::clone(&self.shared);
                // The next pull waits already while this one is written. If that fails, its answer is for nobody.
                shared.take(request, download, &mut |end| match &end.next {
                    Next::Cursor(cursor) if end.counts.values().any(|of| of.rows + of.deletes > 0) => {
                        self.poll(Pull { cursor: Some(cursor.clone()), ..request.clone() });
                    }
                    _ => {}
                })
            }
            Err(error) => Err(self.shared.failed(error)),
        };
        match &result {
            Ok(summary) => {
                let nothing = summary.rows + summary.deleted == 0;
                let wait = if nothing && soon { self.options.interval.min(SOON * 5) } else { Duration::ZERO };
                self.next_poll = Instant::now() + wait;
                self.still_dirty(summary);
            }
            Err(_) => {
                self.polling = None;
                self.ended(&result);
            }
        }
    }
}

/// From 0 to 1, another one each time.
fn jitter() -> f64 {
    let [byte, ..] = Uuid::new_v4().into_bytes();
    f64::from(byte) / 255.0
}
