//! Being told when tables change, whoever changes them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::Shared;
use crate::client::store::Observer;
use crate::client::{StoreError, lock};

/// How often the file is looked at while somebody watches; also as soon as the sync has written. A look at a file that
/// nobody has written to takes a few microseconds.
const LOOK: Duration = Duration::from_millis(100);

/// Tells when tables have changed by a commit: of this app, of another process, or of the sync. Several changes may be
/// told as one, and now and then a table is told of whose rows are the same as before. Dropped, it ends.
#[derive(Debug)]
pub struct Watch(Arc<Watcher>);

#[derive(Debug)]
struct Watcher {
    tables: BTreeSet<&'static str>,
    changed: Mutex<BTreeSet<&'static str>>,
    wake: Condvar,
    ended: AtomicBool,
}

impl Watch {
    /// Waits until a table has changed since the last call, for some time at most. The tables; none where the time is
    /// over.
    pub fn wait(&self, time: Duration) -> Vec<&'static str> {
        let until = Instant::now() + time;
        let mut changed = lock(&self.0.changed);
        while changed.is_empty() && !self.0.ended.load(Ordering::Relaxed) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            changed = self.0.wake.wait_timeout(changed, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::take(&mut *changed).into_iter().collect()
    }

    /// The tables that have changed since the last call, as far as that has been noticed.
    pub fn changed(&self) -> Vec<&'static str> {
        std::mem::take(&mut *lock(&self.0.changed)).into_iter().collect()
    }
}

/// Everybody who watches.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    all: Mutex<Vec<Weak<Watcher>>>,
    /// Whether the sync has written since the last look.
    written: Mutex<bool>,
    wake: Condvar,
}

impl Watchers {
    /// The sync has written.
    pub(super) fn written(&self) {
        *lock(&self.written) = true;
        self.wake.notify_all();
    }

    /// Waits until the next look is due.
    fn pause(&self) {
        let written = lock(&self.written);
        let waited = self.wake.wait_timeout_while(written, LOOK, |written| !*written);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

impl Shared {
    /// Watches tables; all of them where none is named.
    pub(super) fn watch(self: &Arc<Self>, tables: &[&str]) -> Result<Watch, StoreError> {
        let (tables, observer) = self.ask(|store| {
            let schema = store.schema();
            let mut places =
                tables.iter().map(|table| store.table_place(table)).collect::<Result<Vec<_>, _>>()?;
            if places.is_empty() {
                places = (0..schema.tables.len()).collect();
            }
            let tables = places.into_iter().map(|place| schema.tables[place].name).collect();
            Ok::<_, StoreError>((tables, store.observer()?))
        })?;
        let watcher = Arc::new(Watcher {
            tables,
            changed: Mutex::default(),
            wake: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let mut watchers = lock(&self.watchers.all);
        watchers.retain(|watcher| watcher.strong_count() > 0);
        let is_first = watchers.is_empty();
        watchers.push(Arc::downgrade(&watcher));
        drop(watchers);
        if is_first {
            let (shared, watchers) = (Arc::downgrade(self), Arc::clone(&self.watchers));
            std::thread::Builder::new()
                .name("oosync-watch".to_owned())
                .spawn(move || look(&shared, &watchers, observer))
                .map_err(|error| StoreError::State { what: format!("no thread to watch with: {error}") })?;
        }
        Ok(Watch(watcher))
    }

    /// Tells everybody who watches one of these tables; whether anybody watches at all.
    fn tell_changed(&self, tables: &[&'static str]) -> bool {
        let mut watchers = lock(&self.watchers.all);
        watchers.retain(|watcher| {
            let Some(watcher) = watcher.upgrade() else { return false };
            let mut changed = lock(&watcher.changed);
            changed.extend(tables.iter().filter(|table| watcher.tables.contains(*table)));
            if !changed.is_empty() {
                watcher.wake.notify_all();
            }
            true
        });
        !watchers.is_empty()
    }
}

/// Looks until nobody watches any more, or the client is gone.
fn look(shared: &Weak<Shared>, watchers: &Watchers, mut observer: Observer) {
    let mut ended: Vec<Weak<Watcher>> = Vec::new();
    loop {
        watchers.pause();
        let Some(shared) = shared.upgrade() else { break };
        // A file that is busy is looked at again.
        let tables = observer.look().ok().flatten().map(|observed| observed.tables).unwrap_or_default();
        if !shared.tell_changed(&tables) {
            return;
        }
        ended.clone_from(&lock(&watchers.all));
    }
    for watcher in ended.iter().filter_map(Weak::upgrade) {
        watcher.ended.store(true, Ordering::Relaxed);
        watcher.wake.notify_all();
    }
}
