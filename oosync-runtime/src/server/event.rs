//! What an application may want to know of what its server does, and what it may refuse.

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use super::auth::Identity;
use super::engine::Shared;
use super::{Engine, Error};
use crate::protocol::{ErrorCode, MutationResult, SnapshotReason, SnapshotRequired};

/// Something that happened, after it did.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A device and somebody else had changed the same, and it was settled and committed.
    Conflict {
        /// Whose device it is.
        identity: &'a Identity,
        /// The device.
        client: Uuid,
        /// The table, by its name on devices.
        table: &'a str,
        /// Both values of each column, and what was kept.
        result: &'a MutationResult,
    },
    /// A pull was answered to its end: the device may be current. One that waited in vain is none.
    PullComplete {
        /// Whose device it is.
        identity: &'a Identity,
        /// The device.
        client: Uuid,
        /// The rows in the answer; of several pages, in the last.
        rows: u64,
        /// The keys of rows that are gone, likewise.
        deletes: u64,
    },
    /// A device was built with a schema that cannot be served: it was never here, or something of it has gone.
    SchemaIncompatible {
        /// Whose device it is.
        identity: &'a Identity,
        /// The hash of its schema.
        schema_hash: &'a str,
        /// What it is told.
        code: &'a ErrorCode,
    },
    /// A device has to load everything anew, or for the first time.
    SnapshotRequired {
        /// Whose device it is.
        identity: &'a Identity,
        /// The device.
        client: Uuid,
        /// Why.
        reason: &'a SnapshotReason,
    },
    /// What no device within the retention needs is forgotten.
    Compacted {
        /// How many entries of the log went.
        gone: u64,
    },
}

/// A device that was away for longer than changes are kept.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StaleClient<'a> {
    /// Whose device it is.
    pub identity: &'a Identity,
    /// The device.
    pub client: Uuid,
}

type OnEvent = dyn Fn(&Event<'_>) + Send + Sync;
type OnStale = dyn Fn(&StaleClient<'_>) -> Result<(), String> + Send + Sync;

/// Who is told.
#[derive(Default)]
pub(super) struct Observers {
    pub(super) events: Vec<Arc<OnEvent>>,
    pub(super) stale: Option<Arc<OnStale>>,
    pub(super) minimum: Option<semver::Version>,
}

impl Observers {
    pub(super) fn tell(&self, event: Event<'_>) {
        for observer in &self.events {
            observer(&event);
        }
    }
}

impl Shared {
    /// Tells of a device that has to load everything anew.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Forbidden`] where it was away for too long, and the application refuses it.
    pub(super) fn anew(
        &self,
        identity: &Identity,
        client: Uuid,
        required: &SnapshotRequired,
    ) -> Result<(), Error> {
        let reason = &required.reason;
        if let (SnapshotReason::CheckpointBeforeRetention, Some(stale)) = (reason, &self.observers.stale) {
            stale(&StaleClient { identity, client })
                .map_err(|message| Error::new(ErrorCode::Forbidden, message).with_detail("a stale client"))?;
        }
        self.observers.tell(Event::SnapshotRequired { identity, client, reason });
        Ok(())
    }
}

impl Engine {
    /// Whether the server takes requests of this version of the app; `None` is one that does not say. Everything is
    /// taken where [`minimum_app_version`](super::EngineBuilder::minimum_app_version) was not called.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::UpgradeRequired`], with the version that is needed in its details.
    pub fn check_app_version(&self, version: Option<&str>) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Details<'v> {
            minimum_app_version: &'v str,
        }
        let Some(minimum) = &self.shared.observers.minimum else { return Ok(()) };
        let said = version.map(|version| semver::Version::parse(version.trim()));
        let message = match said {
            Some(Ok(said)) if said.cmp_precedence(minimum).is_ge() => return Ok(()),
            Some(Ok(said)) => format!("version {said} of the app is too old: {minimum} or newer is needed"),
            Some(Err(_)) => format!("the version of the app is none: {minimum} or newer is needed"),
            None => format!("the app does not say its version: {minimum} or newer is needed"),
        };
        let minimum_app_version = &*minimum.to_string();
        Err(Error::new(ErrorCode::UpgradeRequired, message).with_details(&Details { minimum_app_version }))
    }
}
