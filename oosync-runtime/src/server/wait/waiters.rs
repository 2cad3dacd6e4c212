//! Who waits for which buckets.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio::sync::Notify;

use super::history::{History, Snapshot};
use super::tail;
use crate::server::Error;

/// Everyone who waits in this process.
pub(in crate::server) struct Waiters {
    state: Mutex<State>,
    /// The tail has begun, or failed to.
    pub(super) begun: Notify,
    /// There is somebody to ask for again.
    pub(super) arrived: Notify,
    pub(super) tick: Duration,
}

#[derive(Default)]
struct State {
    waiters: HashMap<u64, Waiter>,
    buckets: HashMap<Arc<str>, HashSet<u64>>,
    next: u64,
    tail: Tail,
    history: History,
    /// Tails that failed since the last one that began.
    failures: u32,
    closed: bool,
}

struct Waiter {
    buckets: Box<[Arc<str>]>,
    bell: Arc<Bell>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Tail {
    /// Nobody asks Postgres.
    #[default]
    Stopped,
    /// It has no snapshot yet: what is committed now could be missed.
    Starting,
    /// Whatever is committed from now on is told.
    Running,
}

/// Rung once or more, looked at by one.
struct Bell {
    rung: Notify,
    why: AtomicU8,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Ended {
    /// One of the buckets has changed.
    Changed = 1,
    /// The time is over, or the server is stopping.
    Over = 2,
    /// Postgres cannot be asked.
    Failed = 3,
}

impl Bell {
    fn ring(&self, why: Ended) {
        self.why.fetch_max(why as u8, Ordering::AcqRel);
        self.rung.notify_one();
    }

    /// Takes what was rung. A change is forgotten by that, the others are for good.
    fn heard(&self) -> Option<Ended> {
        let changed = Ended::Changed as u8;
        match self.why.compare_exchange(changed, 0, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(Ended::Changed),
            Err(0) => None,
            Err(why) if why == Ended::Over as u8 => Some(Ended::Over),
            Err(_) => Some(Ended::Failed),
        }
    }
}

/// A place among the waiters, given up when it is dropped.
pub(super) struct Place {
    waiters: Arc<Waiters>,
    number: u64,
    bell: Arc<Bell>,
}

impl Place {
    /// Waits until a bucket has changed since the last call, or since this place was taken.
    pub(super) async fn wait(&self, until: Instant) -> Ended {
        loop {
            if let Some(ended) = self.bell.heard() {
                return ended;
            }
            if tokio::time::timeout_at(until.into(), self.bell.rung.notified()).await.is_err() {
                return Ended::Over;
            }
        }
    }

    /// Whether a device that has seen this snapshot has all that these buckets had at the last tick; `false` where that is
    /// not known.
    pub(super) fn has_all(&self, snapshot: &Snapshot, buckets: &[String]) -> bool {
        self.waiters.lock().history.has_all(snapshot, buckets)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.waiters.lock();
        let Some(waiter) = state.waiters.remove(&self.number) else { return };
        for bucket in waiter.buckets {
            if let Some(of) = state.buckets.get_mut(&bucket) {
                of.remove(&self.number);
                if of.is_empty() {
                    state.buckets.remove(&bucket);
                }
            }
        }
    }
}

impl Waiters {
    pub(in crate::server) fn new(tick: Duration) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), begun: Notify::new(), arrived: Notify::new(), tick })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::server) fn len(&self) -> usize {
        self.lock().waiters.len()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many tails failed since the last one that began.
    pub(super) fn failures(&self) -> u32 {
        self.lock().failures
    }

    /// Whether anybody waits who is to be told of changes.
    pub(super) fn is_wanted(&self) -> bool {
        let state = self.lock();
        !state.closed && !state.waiters.is_empty()
    }

    /// Takes a place. Whatever is committed after this has answered rings its bell.
    pub(super) async fn join(self: &Arc<Self>, pool: &Pool, buckets: &[String]) -> Result<Place, Error> {
        let bell = Arc::new(Bell { rung: Notify::new(), why: AtomicU8::new(0) });
        let place = {
            let mut state = self.lock();
            let number = state.next;
            state.next += 1;
            if state.closed {
                bell.ring(Ended::Over);
            }
            let buckets = buckets.iter().map(|bucket| state.enter(bucket, number)).collect();
            state.waiters.insert(number, Waiter { buckets, bell: Arc::clone(&bell) });
            if state.tail == Tail::Stopped {
                state.tail = Tail::Starting;
                tail::spawn(Arc::clone(self), pool.clone());
            }
            Place { waiters: Arc::clone(self), number, bell }
        };
        self.arrived.notify_one();
        loop {
            let begun = self.begun.notified();
            tokio::pin!(begun);
            begun.as_mut().enable();
            if place.bell.why.load(Ordering::Acquire) == Ended::Failed as u8 {
                return Err(Error::unavailable(
                    "the database cannot be asked for changes at the moment",
                    "the tail of the log did not begin",
                ));
            }
            if self.lock().tail == Tail::Running {
                return Ok(place);
            }
            begun.await;
        }
    }

    /// Whatever is committed behind this snapshot will be told. Where it was another tail before, any bucket may have
    /// changed between them: everyone is woken.
    pub(super) fn has_begun(&self, at: Snapshot, again: bool) {
        let mut state = self.lock();
        state.failures = 0;
        state.history.begin(at);
        if again {
            for waiter in state.waiters.values() {
                waiter.bell.ring(Ended::Changed);
            }
        }
        if state.tail == Tail::Starting {
            state.tail = Tail::Running;
            drop(state);
            self.begun.notify_waiters();
        }
    }

    /// Wakes those who wait for one of these, which have changed for whoever sees `after`.
    pub(super) fn changed(&self, buckets: Vec<String>, after: Snapshot) {
        let mut state = self.lock();
        for bucket in &buckets {
            for number in state.buckets.get(bucket.as_str()).into_iter().flatten() {
                if let Some(waiter) = state.waiters.get(number) {
                    waiter.bell.ring(Ended::Changed);
                }
            }
        }
        state.history.changed(buckets, after);
    }

    /// The tail has ended with an error: everyone who relied on it is told.
    pub(super) fn failed(&self) {
        let mut state = self.lock();
        state.tail = Tail::Stopped;
        state.history.end();
        state.failures = state.failures.saturating_add(1);
        for waiter in state.waiters.values() {
            waiter.bell.ring(Ended::Failed);
        }
        drop(state);
        self.begun.notify_waiters();
    }

    /// Ends the tail if nobody waits: then true, and whoever comes next begins another one.
    pub(super) fn may_stop(&self) -> bool {
        let mut state = self.lock();
        let idle = state.waiters.is_empty();
        if idle {
            state.tail = Tail::Stopped;
            state.history.end();
        }
        idle
    }

    /// Ends every wait, those that begin later too.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for waiter in state.waiters.values() {
            waiter.bell.ring(Ended::Over);
        }
    }
}

impl State {
    fn enter(&mut self, bucket: &str, number: u64) -> Arc<str> {
        // Everyone who waits for a bucket shares its name.
        let known = self.buckets.get_key_value(bucket).map(|(name, _)| Arc::clone(name));
        let name = known.unwrap_or_else(|| Arc::from(bucket));
        self.buckets.entry(Arc::clone(&name)).or_default().insert(number);
        name
    }
}
