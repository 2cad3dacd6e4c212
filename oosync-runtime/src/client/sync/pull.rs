//! What changed on the server comes here.

use std::io::Read;
use std::time::Duration;

use super::cycle::{Context, Syncer};
use super::incoming::{Incoming, Part};
use super::{Stage, Summary, SyncError};
use crate::client::store::Store;
use crate::client::transport::{Download, TransportError};
use crate::client::{Event, StoreError};
use crate::protocol::{End, ErrorCode, Mode, Next, Pull, SnapshotReason};
use crate::types::Timestamptz;

impl Syncer {
    /// Brings the file to the server's present state.
    pub(super) fn pull(&mut self, context: &Context<'_>, summary: &mut Summary) -> Result<(), SyncError> {
        let under_way = self.store.bootstrap()?;
        let is_of_all = under_way.as_ref().is_some_and(|under_way| under_way.tables.is_none());
        if is_of_all || self.store.cursor()?.is_none() {
            self.bootstrap(context, summary)?;
        } else if under_way.is_some() || !self.store.to_fetch()?.is_empty() {
            self.fetch(context, summary)?;
        }
        match self.pull_once(context, summary)? {
            Pulled::Applied => Ok(()),
            Pulled::SnapshotRequired => {
                self.bootstrap(context, summary)?;
                match self.pull_once(context, summary)? {
                    Pulled::Applied => Ok(()),
                    Pulled::SnapshotRequired => Err(SyncError::Malformed {
                        what: "the server does not go on from where its own snapshot ended".to_owned(),
                    }),
                }
            }
        }
    }

    fn pull_once(&mut self, context: &Context<'_>, summary: &mut Summary) -> Result<Pulled, SyncError> {
        self.keep(context)?;
        let Some(request) = self.pull_request(None)? else { return Ok(Pulled::SnapshotRequired) };
        match context.transport.pull(&request) {
            Ok(Download::Frames(body)) => {
                let delta = self.receive(context, body)?;
                self.apply(context, delta, true, summary)
            }
            Ok(Download::SnapshotRequired(required)) => {
                // Its sequences may have fallen back.
                if required.reason == SnapshotReason::DatabaseRestored {
                    self.store.forget_leases()?;
                }
                Ok(Pulled::SnapshotRequired)
            }
            // A cursor of another server, or of the name that this device had before.
            Err(TransportError::Refused(body)) if body.code == ErrorCode::InvalidToken => {
                Ok(Pulled::SnapshotRequired)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a pull asks for; nothing where there is no cursor yet.
    pub(in crate::client) fn pull_request(&self, wait: Option<Duration>) -> Result<Option<Pull>, SyncError> {
        let (Some(client), Some(cursor)) = (self.client()?, self.cursor()?) else { return Ok(None) };
        Ok(Some(Pull {
            client,
            schema_hash: self.schema.hash.to_owned(),
            cursor: Some(cursor),
            resume: None,
            limit: None,
            wait,
            acknowledged: self.acknowledged()?,
        }))
    }

    /// The state that the file has.
    pub(super) fn cursor(&self) -> Result<Option<String>, StoreError> {
        let cursor = self.store.cursor()?.map(String::from_utf8).transpose();
        cursor.map_err(|_| StoreError::Damaged { what: "the cursor is no text".to_owned() })
    }

    /// Receives a delta, all of it.
    pub(super) fn receive(
        &mut self,
        context: &Context<'_>,
        body: Box<dyn Read + Send>,
    ) -> Result<Delta, SyncError> {
        let mut incoming = Incoming::new(body, self.schema, false, self.store.is_encrypted());
        let Part::End(end) = incoming.receive(&mut || self.keep(context))? else {
            return Err(SyncError::Malformed { what: "a delta in parts".to_owned() });
        };
        incoming.expect(&[Mode::Delta])?;
        Ok(Delta { incoming, end })
    }

    /// Takes a delta in, in one transaction. `is_new` says that it was asked for after everything was answered that is: a
    /// server that does not include all of that was restored to a state of before the answer, and only a comparison of
    /// everything tells what it has.
    pub(super) fn apply(
        &mut self,
        context: &Context<'_>,
        Delta { mut incoming, end }: Delta,
        is_new: bool,
        summary: &mut Summary,
    ) -> Result<Pulled, SyncError> {
        let Next::Cursor(cursor) = &end.next else {
            return Err(SyncError::Malformed { what: "a delta in frames that is cut into pages".to_owned() });
        };
        if is_new && self.store.lacks_answered(&end.included)? {
            self.store.forget_leases()?;
            return Ok(Pulled::SnapshotRequired);
        }
        let through = self.store.included_through(&end.included)?;
        let included = through.to_string();
        let mut write = |store: &mut Store| {
            let mut apply = store.begin_apply(through)?;
            incoming.write(&mut apply)?;
            apply.remember("included", &included)?;
            let now = Timestamptz::now().unix_microseconds().unwrap_or_default() / 1_000;
            apply.remember("synced_at", &now.to_string())?;
            Ok::<_, SyncError>(apply.commit(cursor.as_bytes())?)
        };
        // Where it includes no more of what was written here, a power failure takes nothing away that the server does not
        // tell again.
        let applied = match self.store.remembered("included")?.as_ref() == Some(&included) {
            true => self.store.lightly(write),
            false => write(&mut self.store),
        }?;
        summary.rows += applied.rows;
        summary.deleted += applied.deleted;
        if applied.rows + applied.deleted > 0 {
            let estimated = incoming.header().and_then(|header| header.estimated);
            let rows = applied.rows + applied.deleted;
            (context.emit)(Event::Progress { stage: Stage::Pull, rows, estimated });
        }
        Ok(Pulled::Applied)
    }
}

/// A delta of which all is there.
pub(super) struct Delta {
    incoming: Incoming,
    pub(super) end: End,
}

/// How a pull ended.
pub(super) enum Pulled {
    Applied,
    SnapshotRequired,
}
