//! How a client is doing.

use std::time::{Duration, SystemTime};

use super::Shared;
use crate::client::{StoreError, lock};

/// How a client is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// What it does, or how the last cycle ended.
    pub state: State,
    /// Why the last cycle ended early.
    pub failure: Option<String>,
    /// Whether everything has been loaded once. Before that, what is here is what was written here and the beginning of
    /// what the server has.
    pub ready: bool,
    /// About how many rows wait to be sent or answered.
    pub pending: u64,
    /// When the file was last brought to the state that the server had.
    pub synced_at: Option<SystemTime>,
    /// Which process syncs the file now; none where nobody does.
    pub holder: Option<String>,
    /// Whether this client syncs by itself.
    pub in_background: bool,
}

/// What a client does, or how the last cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Nothing is under way, and the last cycle ended well.
    Idle,
    /// A cycle is under way.
    Syncing,
    /// The server is not reached, or cannot answer now.
    Offline,
    /// The user has to sign in again.
    AuthRequired,
    /// The app has to be updated.
    UpgradeRequired,
    /// Another process syncs the file.
    HeldElsewhere,
    /// The last cycle ended early, for another reason.
    Failed,
}

impl Shared {
    pub(super) fn status(&self) -> Result<Status, StoreError> {
        let (state, failure) = lock(&self.state).clone();
        self.ask(|store| {
            let milliseconds = store.remembered("synced_at")?.and_then(|time| time.parse().ok());
            let synced_at =
                milliseconds.and_then(|time| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(time)));
            Ok(Status {
                state,
                failure,
                ready: store.is_ready()?,
                pending: store.dirty_count()?,
                synced_at,
                holder: store.holder()?,
                in_background: self.in_background.load(std::sync::atomic::Ordering::Relaxed),
            })
        })
    }
}
