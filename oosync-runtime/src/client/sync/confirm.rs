//! Writes that count only once the server has them.

use std::error::Error as StdError;

use rusqlite::Connection;
use thiserror::Error;

use super::cycle::{Context, Syncer};
use super::mutation::{body_of, mutation};
use super::{Summary, SyncError};
use crate::client::StoreError;
use crate::client::store::{InboxItem, InboxKind};

/// What was confirmed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Confirmed<T> {
    /// What the closure returned.
    pub value: T,
    /// What met changes of somebody else's, and was settled.
    pub conflicts: Vec<InboxItem>,
    /// Whether the rows are here already. Otherwise they come with the next pull.
    pub arrived: bool,
}

/// Why something was not confirmed. But for [`ConfirmError::Unknown`], it is nowhere: not here, not on the server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfirmError {
    /// The closure said so.
    #[error("what was to be confirmed could not be written: {0}")]
    App(#[source] Box<dyn StdError + Send + Sync>),
    /// The server refused; these are its reasons, one for each change.
    #[error("the server refused: {}", reason(.0))]
    Rejected(Vec<InboxItem>),
    /// It could not be sent.
    #[error("it was not sent: {0}")]
    NotSent(#[source] SyncError),
    /// It was sent, and no answer came. It is sent again until there is one; then its rows come here, or what was refused
    /// is in the inbox.
    #[error("it was sent, and no answer came yet: {0}")]
    Unknown(#[source] SyncError),
}

fn reason(items: &[InboxItem]) -> String {
    // A group fails for one of its changes.
    let cause = items.iter().find(|item| item.code.as_deref() != Some("group_failed")).or(items.first());
    cause.and_then(|item| item.message.clone().or_else(|| item.code.clone())).unwrap_or_default()
}

/// What the closure of a rehearsal can fail with.
enum Rehearsal {
    Store(StoreError),
    App(Box<dyn StdError + Send + Sync>),
}

impl From<StoreError> for Rehearsal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Syncer {
    /// Writes on the server what `run` writes here, all of it or nothing, and then here.
    pub(in crate::client) fn confirm<T, E: Into<Box<dyn StdError + Send + Sync>>>(
        &mut self,
        context: &Context<'_>,
        run: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<Confirmed<T>, ConfirmError> {
        // What is queued goes first, so that a change of the same row is not sent before its base.
        self.run(context, |syncer, summary| syncer.push(context, summary)).map_err(ConfirmError::NotSent)?;
        let store = |error: StoreError| ConfirmError::NotSent(error.into());
        if self.store.is_waiting().map_err(store)? {
            let message = "something else waits for the server's answer".to_owned();
            return Err(ConfirmError::NotSent(SyncError::Unavailable { message, retry_after: None }));
        }
        let rehearsed =
            self.store.rehearse(|connection| run(connection).map_err(|error| Rehearsal::App(error.into())));
        let rehearsed = rehearsed.map_err(|error| match error {
            Rehearsal::Store(error) => store(error),
            Rehearsal::App(error) => ConfirmError::App(error),
        })?;
        if rehearsed.changes.is_empty() {
            return Ok(Confirmed { value: rehearsed.value, conflicts: Vec::new(), arrived: true });
        }
        let limits = self.limits();
        if rehearsed.changes.len() as u64 > u64::from(limits.max_mutations) {
            let what = format!("{} changes are more than the server takes at once", rehearsed.changes.len());
            return Err(store(StoreError::State { what }));
        }
        let (schema, clock) = (self.schema, self.clock);
        let batch = self.store.write_batch(rehearsed.changes, |changes| {
            let group = changes.first().map(|first| first.id);
            let mutations = changes.iter().map(|change| mutation(schema, change, group, clock));
            let mutations = mutations.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
            let body = body_of(&mutations)?;
            if body.len() as u64 > limits.max_body {
                return Err(format!("{} bytes are more than the server takes at once", body.len()));
            }
            Ok(body)
        });
        let batch = batch.map_err(store)?;
        let noted = self.store.last_noted().map_err(store)?;
        self.confirming = Some(batch.id);
        let sent = self.run(context, |syncer, summary| syncer.push(context, summary));
        self.confirming = None;
        let unknown = |error: StoreError| ConfirmError::Unknown(error.into());
        let waits = self.store.waiting().map_err(unknown)?.iter().any(|waiting| waiting.id == batch.id);
        let summary = match sent {
            Ok(summary) => summary,
            // The answer came, and something else failed.
            Err(_) if !waits => Summary::default(),
            Err(error) => return Err(ConfirmError::Unknown(error)),
        };
        let ids = &batch.unanswered;
        let mut items = self.store.inbox_after(noted).map_err(unknown)?;
        items.retain(|item| item.mutation.is_some_and(|id| ids.contains(&id)));
        if items.iter().any(|item| item.kind == InboxKind::Rejected) {
            // Whoever asked is told at once.
            for item in &items {
                self.store.dismiss(item.id).map_err(unknown)?;
            }
            return Err(ConfirmError::Rejected(items));
        }
        if summary.retried > 0 {
            let message = "the server cannot take it now".to_owned();
            let retry_after = summary.retry_after;
            return Err(ConfirmError::NotSent(SyncError::Unavailable { message, retry_after }));
        }
        let arrived = self.run(context, |syncer, summary| syncer.pull(context, summary)).is_ok();
        Ok(Confirmed { value: rehearsed.value, conflicts: items, arrived })
    }
}
