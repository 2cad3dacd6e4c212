//! What was written here goes to the server.

use std::cell::RefCell;

use super::cycle::{Context, Syncer};
use super::mutation::{body_of, mutation, mutations_of};
use super::outcome::answer;
use super::{Stage, Summary, SyncError};
use crate::client::store::{Answer, Batch, Fits, NextBatch, Outcome};
use crate::client::{Event, StoreError};
use crate::protocol::{ErrorCode, Mutation, MutationResult, Push, ReasonCode};

/// What a push has beside its mutations, in bytes; more than enough.
const ENVELOPE: u64 = 16 << 10;

impl Syncer {
    /// Sends batch after batch, until nothing is left of what was written before, or the server cannot take more now. What
    /// is written meanwhile is for the next cycle: a device that writes faster than it sends would never pull.
    pub(super) fn push(&mut self, context: &Context<'_>, summary: &mut Summary) -> Result<(), SyncError> {
        let mut left = self.store.dirty_count()?;
        loop {
            self.keep(context)?;
            // What was sent before and never answered comes first, and may have been written over since.
            let is_again = self.store.is_waiting()?;
            let NextBatch { batch, passed, unreadable, .. } = self.next_batch()?;
            summary.stuck = passed
                .into_iter()
                .map(|(change, why)| (change.table.to_owned(), why))
                .chain(unreadable)
                .collect();
            let Some(batch) = batch else { return Ok(()) };
            let retried = summary.retried;
            self.send(context, &batch, summary)?;
            let rows = summary.pushed + summary.conflicts + summary.rejected;
            (context.emit)(Event::Progress { stage: Stage::Push, rows, estimated: None });
            left = match is_again {
                true => self.store.dirty_count()?,
                false => left.saturating_sub(batch.unanswered.len() as u64),
            };
            if summary.retried > retried || left == 0 {
                return Ok(());
            }
        }
    }

    fn next_batch(&mut self) -> Result<NextBatch, SyncError> {
        let limits = self.limits();
        let room = limits.max_body.saturating_sub(ENVELOPE).max(ENVELOPE);
        let limit = usize::try_from(limits.max_mutations).unwrap_or(usize::MAX).max(1);
        let (schema, clock) = (self.schema, self.clock);
        let mutations: RefCell<Vec<Mutation>> = RefCell::default();
        let mut length = 0;
        let next = self.store.next_batch_of(
            limit,
            |change| {
                let mutation = match mutation(schema, change, None, clock) {
                    Ok(mutation) => mutation,
                    Err(error) => return Fits::Never(error.to_string()),
                };
                let size = match serde_json::to_vec(&mutation) {
                    Ok(json) => json.len() as u64 + 1,
                    Err(error) => return Fits::Never(error.to_string()),
                };
                if size > room {
                    let why =
                        format!("it has {size} bytes, and the server takes no more than {room} at once");
                    return Fits::Never(why);
                }
                if length + size > room {
                    return Fits::NotNow;
                }
                length += size;
                mutations.borrow_mut().push(mutation);
                Fits::Yes
            },
            |_| body_of(&mutations.borrow()),
        )?;
        Ok(next)
    }

    /// Sends a batch and stores the answers: all of them, or none.
    fn send(&mut self, context: &Context<'_>, batch: &Batch, summary: &mut Summary) -> Result<(), SyncError> {
        let damaged = |what: String| StoreError::Damaged { what: format!("batch {}: {what}", batch.id) };
        let mutations = mutations_of(&batch.body).map_err(damaged)?;
        let Some(client) = self.client()? else {
            return Err(SyncError::Refused {
                code: ErrorCode::UnknownClient,
                message: "this device has not registered".to_owned(),
            });
        };
        let push = Push {
            client,
            schema_hash: batch.schema_hash.clone(),
            mutations,
            acknowledged: self.acknowledged()?,
            lease: self.lacking()?,
        };
        let reply = context.transport.push(&push)?;
        let mut answers: Vec<Answer> = Vec::with_capacity(push.mutations.len());
        let mut forked = false;
        for (mutation, result) in paired(&push.mutations, &reply.results)? {
            forked = forked || result.reason == Some(ReasonCode::ClientForked);
            summary.retry_after = summary.retry_after.max(result.retry_after);
            if batch.unanswered.contains(&mutation.id) {
                answers.push(answer(self.schema, mutation, result)?);
            }
        }
        // What is to be confirmed has no dirty rows that would send it again. Unless somebody waits for the answer, it
        // is sent again as it is.
        let unsent = answers.iter().filter(|answer| answer.outcome == Outcome::Retry);
        let to_confirm = push.mutations.iter().any(|mutation| mutation.group.is_some());
        if to_confirm && self.confirming != Some(batch.id) && !forked && unsent.count() > 0 {
            let message = "the server could not take now what is to be confirmed".to_owned();
            return Err(SyncError::Unavailable { message, retry_after: summary.retry_after });
        }
        let answered = self.store.answer(&answers)?;
        summary.pushed += answered.applied as u64;
        summary.conflicts += answered.conflicts as u64;
        summary.rejected += answered.rejected as u64;
        summary.retried += answered.retried as u64;
        self.add_leases(&reply.lease)?;
        if forked {
            let message = "this device was restored or cloned".to_owned();
            return Err(SyncError::Refused { code: ErrorCode::ClientForked, message });
        }
        Ok(())
    }

    /// What the server may forget: what is answered, and was part of what the last pull brought. Until then the server
    /// tells of rows that a mutation reached and did not change.
    pub(super) fn acknowledged(&self) -> Result<Option<u64>, SyncError> {
        let included = self.store.remembered("included")?.and_then(|id| id.parse().ok()).unwrap_or_default();
        Ok(Some(self.store.acknowledged()?.min(included)).filter(|id| *id > 0))
    }
}

/// Each mutation with its answer.
fn paired<'a>(
    mutations: &'a [Mutation],
    results: &'a [MutationResult],
) -> Result<impl Iterator<Item = (&'a Mutation, &'a MutationResult)>, SyncError> {
    let sent = mutations.iter().map(|mutation| mutation.id);
    if !sent.eq(results.iter().map(|result| result.id)) {
        let what = "the answers to a push are not those of its mutations".to_owned();
        return Err(SyncError::Malformed { what });
    }
    Ok(mutations.iter().zip(results))
}
