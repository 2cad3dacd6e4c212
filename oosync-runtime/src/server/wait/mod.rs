//! Pulls that wait until something changes: one question to Postgres per tick, whatever the number of devices.
//!
//! - `waiters`: who waits for which buckets
//! - `tail`: what asks Postgres, while somebody waits
//! - `history`: what it has told lately
//!
//! A device is among the waiters before it looks for changes. So nothing is missed: what is committed after the look is
//! behind the snapshot of a later tick than the one before the device came. A device that was answered a moment ago has
//! seen what the tail has told since, or nothing was told of its buckets: it waits without a look.

mod history;
mod tail;
mod waiters;

use std::time::{Duration, Instant, SystemTime};

use super::auth::Identity;
use super::cursor::State;
use super::engine::Shared;
use super::{Engine, Error};
use crate::protocol::Pull;

pub(super) use self::waiters::Waiters;
use self::waiters::{Ended, Place};

/// How often Postgres is asked while somebody waits: a row is on the other device in a few milliseconds more than half
/// of this, and a question takes a fraction of a millisecond.
pub(in crate::server) const TICK: Duration = Duration::from_millis(10);

/// A pull that is ready to wait.
pub(super) struct Patience {
    place: Place,
    until: Instant,
}

impl Patience {
    /// Waits until there may be something new: then true. False once the time is over.
    pub(super) async fn wait(&self) -> Result<bool, Error> {
        match self.place.wait(self.until).await {
            Ended::Changed => Ok(true),
            Ended::Over => Ok(false),
            Ended::Failed => Err(Error::unavailable(
                "the database cannot be asked for changes at the moment",
                "the tail of the log broke off",
            )),
        }
    }

    /// Whether nothing has been told that a cursor does not see.
    fn has_all(&self, before: &State) -> bool {
        before.snapshot.parse().is_ok_and(|snapshot| self.place.has_all(&snapshot, &before.buckets))
    }
}

impl Shared {
    /// Waits where a look at the rows would find nothing new: that is known from what the tail has told and from a
    /// question about the device. Once that is over, or where it is not known, a look is to be had.
    pub(super) async fn wait_unseen(
        &self,
        patience: &Patience,
        identity: &Identity,
        request: &Pull,
        before: &State,
    ) -> Result<(), Error> {
        let same = before.unsure.is_empty()
            && before.schema == request.schema_hash
            && before.access == identity.access_hash().to_string();
        // What fails here fails in the look as well, where it is told.
        if same
            && patience.has_all(before)
            && self.is_current(identity, request.client, before).await.unwrap_or(false)
        {
            patience.wait().await?;
        }
        Ok(())
    }

    /// Takes a place among the waiters, if the request is one that waits: a first page with a cursor.
    pub(super) async fn patience(
        &self,
        identity: &Identity,
        request: &Pull,
        before: Option<&State>,
    ) -> Result<Option<Patience>, Error> {
        let (Some(wait), None, Some(before)) = (request.wait, &request.resume, before) else {
            return Ok(None);
        };
        let mut wait = wait.min(self.limits.max_wait);
        if let Some(expires) = identity.expires() {
            wait = wait.min(expires.duration_since(SystemTime::now()).unwrap_or_default());
        }
        if wait.is_zero() || self.waiters.is_closed() {
            return Ok(None);
        }
        let until = Instant::now() + wait;
        // Those of the cursor: where the user's buckets are others by now, there is no need to wait. A change of
        // membership is logged in the user's own.
        let place = Waiters::join(&self.waiters, &self.pool, &before.buckets).await?;
        Ok(Some(Patience { place, until }))
    }
}

impl Engine {
    /// Answers every pull that waits, now and from now on without waiting: before a server stops.
    pub fn stop_waiting(&self) {
        self.shared.waiters.close();
    }

    /// Whether [`stop_waiting`](Self::stop_waiting) was called.
    pub(super) fn is_stopping(&self) -> bool {
        self.shared.waiters.is_closed()
    }

    /// How many pulls are waiting.
    pub fn waiting(&self) -> usize {
        self.shared.waiters.len()
    }
}
