//! `pull`: from one state of the database to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_postgres::Transaction;

use super::acknowledge::Acknowledged;
use super::auth::Identity;
use super::compatible::Shape;
use super::cursor::{Cursor, Holder, Kind, State};
use super::delta::{Keys, Now, Since, read, turned};
use super::engine::Shared;
use super::epoch::SecondTry;
use super::event::Event;
use super::rows::{BATCH, Room};
use super::spool::Body;
use super::stream::{Frames, Output};
use super::wait::Patience;
use super::{Engine, Error, session};
use crate::protocol::{
    Buckets, Changes, Counts, End, Header, Mode, Next, PROTOCOL_VERSION, Pull, PullReply, Reply,
    SnapshotReason, SnapshotRequired,
};

/// How often a request begins anew because a table was rewritten under it.
const ATTEMPTS: usize = 5;

/// The token of a page: what the first page began with, and how far the pages have come.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Page {
    #[serde(flatten)]
    holder: Holder,
    /// Where the changes begin that these pages are of.
    before: State,
    /// The state that the first of these pages saw, and what those after it saw: what changed after it comes behind them.
    first: State,
    /// The table, by its place, and the key after which to go on; none is the beginning.
    after: Option<(usize, String)>,
}

impl Engine {
    /// What changed since the request's cursor, in JSON. Where nothing did and the request has a `wait`, the answer
    /// comes when something does, or when the time is over.
    ///
    /// # Errors
    ///
    /// See [`Error`]; what was sent before stays right.
    pub async fn pull(&self, identity: &Identity, request: &Pull) -> Result<PullReply, Error> {
        let before = self.shared.cursor(identity, request)?;
        let patience = self.patience(identity, request, before.as_ref()).await?;
        loop {
            let reply = self.pull_now(identity, request).await?;
            let nothing = matches!(&reply, Reply::Given(changes) if is_nothing(before.as_ref(), changes));
            match &patience {
                Some(patience) if nothing && patience.wait().await? => {}
                _ => {
                    self.shared.answered(identity, request, &reply, nothing && patience.is_some())?;
                    return Ok(reply);
                }
            }
        }
    }

    async fn pull_now(&self, identity: &Identity, request: &Pull) -> Result<PullReply, Error> {
        let shape = self.shared.shape(&request.schema_hash, identity).await?;
        let mut second = SecondTry::new(&self.shared);
        for _ in 0..ATTEMPTS {
            let mut connection = session::connection(&self.shared.pool).await?;
            let transaction = read(&mut connection, identity).await?;
            let (reply, known) = match self.shared.page(&transaction, identity, &shape, request).await {
                Err(error) => {
                    drop(transaction);
                    drop(connection);
                    second.after(error).await?;
                    continue;
                }
                Ok(page) => page,
            };
            if !self.shared.rewritten(&transaction).await? {
                transaction.commit().await?;
                Acknowledged::of(request, known).forget(&connection, identity).await?;
                if let Reply::Given(changes) = &reply {
                    let rows = changes.records.values().map(Vec::len).sum::<usize>();
                    let deletes = changes.deletes.values().map(Vec::len).sum::<usize>();
                    self.shared.metrics.rows.pulled(rows as u64, deletes as u64);
                }
                return Ok(reply);
            }
        }
        Err(Error::unavailable("tables are being rewritten", "a table was rewritten in every attempt"))
    }

    /// What changed since the request's cursor, in frames; it waits as [`pull`](Self::pull) does.
    ///
    /// # Errors
    ///
    /// See [`Error`]; what fails later ends the body with an `X` frame.
    pub async fn pull_frames(&self, identity: &Identity, request: &Pull) -> Result<Reply<Body>, Error> {
        let before = self.shared.cursor(identity, request)?;
        let patience = self.patience(identity, request, before.as_ref()).await?;
        loop {
            let (reply, nothing) = self.pull_frames_now(identity, request).await?;
            match &patience {
                Some(patience) if nothing && patience.wait().await? => {}
                _ => {
                    if let Reply::SnapshotRequired(required) = &reply {
                        self.shared.anew(identity, request.client, required)?;
                    }
                    return Ok(reply);
                }
            }
        }
    }

    /// A place among the waiters, for a request that waits; it has waited already where nothing new is there.
    async fn patience(
        &self,
        identity: &Identity,
        request: &Pull,
        before: Option<&State>,
    ) -> Result<Option<Patience>, Error> {
        let patience = self.shared.patience(identity, request, before).await?;
        if let (Some(patience), Some(before)) = (&patience, before) {
            self.shared.shape(&request.schema_hash, identity).await?;
            self.shared.wait_unseen(patience, identity, request, before).await?;
        }
        Ok(patience)
    }

    /// The body, and whether nothing is in it.
    async fn pull_frames_now(
        &self,
        identity: &Identity,
        request: &Pull,
    ) -> Result<(Reply<Body>, bool), Error> {
        let shape = self.shared.shape(&request.schema_hash, identity).await?;
        let delta = Delta { shape, identity: identity.clone(), request: request.clone() };
        Ok(match self.stream(delta).await? {
            (Told::Body { nothing }, body) => (Reply::Given(body), nothing),
            (Told::Required(required), _) => (Reply::SnapshotRequired(required), false),
        })
    }
}

/// What changed since a request's cursor.
struct Delta {
    shape: Arc<Shape>,
    identity: Identity,
    request: Pull,
}

impl Frames for Delta {
    type Told = Told;

    const WHAT: &'static str = "pull";

    async fn write(&self, shared: &Shared, output: &mut Output<Told>) -> Result<(), Error> {
        shared.frames(self, output).await
    }
}

/// Whether there will be a body.
enum Told {
    /// There will be one; `nothing` if it is sure already that it holds nothing new.
    Body { nothing: bool },
    /// There is none.
    Required(SnapshotRequired),
}

/// Whether a reply tells the device nothing that it did not know.
fn is_nothing(before: Option<&State>, changes: &Changes) -> bool {
    changes.records.is_empty()
        && changes.deletes.is_empty()
        && changes.buckets.is_empty()
        && before.is_some_and(|before| before.included == changes.included)
}

pub(super) fn required(reason: SnapshotReason) -> SnapshotRequired {
    let message = match reason {
        SnapshotReason::InitialSync => "this device has not loaded anything yet",
        SnapshotReason::CheckpointBeforeRetention => {
            "the device was away for longer than changes are remembered"
        }
        SnapshotReason::DatabaseRestored => "the database is not the one that the device knows",
        _ => "what changed since is not known",
    };
    SnapshotRequired { reason, message: Some(message.to_owned()) }
}

impl Shared {
    fn holder(identity: &Identity, request: &Pull, kind: Kind) -> Holder {
        Holder { kind, user: identity.user().to_owned(), client: request.client }
    }

    /// Tells of an answer in JSON.
    fn answered(
        &self,
        identity: &Identity,
        request: &Pull,
        reply: &PullReply,
        in_vain: bool,
    ) -> Result<(), Error> {
        let client = request.client;
        match reply {
            Reply::SnapshotRequired(required) => self.anew(identity, client, required)?,
            Reply::Given(changes) if matches!(changes.next, Next::Cursor(_)) && !in_vain => {
                let rows = changes.records.values().map(Vec::len).sum::<usize>() as u64;
                let deletes = changes.deletes.values().map(Vec::len).sum::<usize>() as u64;
                self.observers.tell(Event::PullComplete { identity, client, rows, deletes });
            }
            Reply::Given(_) => {}
        }
        Ok(())
    }

    /// Where a request begins.
    pub(super) fn cursor(&self, identity: &Identity, request: &Pull) -> Result<Option<State>, Error> {
        let Some(token) = &request.cursor else { return Ok(None) };
        let cursor: Cursor = self.signer.read(token)?;
        cursor.holder.check(&Self::holder(identity, request, Kind::Cursor))?;
        Ok(Some(cursor.state))
    }

    fn sign(&self, identity: &Identity, request: &Pull, state: State) -> Result<String, Error> {
        self.signer.sign(&Cursor { holder: Self::holder(identity, request, Kind::Cursor), state })
    }

    async fn frames(
        &self,
        Delta { shape, identity, request }: &Delta,
        output: &mut Output<Told>,
    ) -> Result<(), Error> {
        let before = self.cursor(identity, request)?;
        let mut connection = session::connection(&self.pool).await?;
        let device = (request.client, request.schema_hash.as_str());
        let (transaction, now) = self.read_now(&mut connection, identity, device, before.as_ref()).await?;
        let known = now.acknowledged;
        let (before, since) = match (before, &now.since) {
            (Some(before), Since::Snapshot(since)) => (before, since.clone()),
            (_, since) => {
                let reason = match since {
                    Since::Unknown(reason) => reason.clone(),
                    Since::Snapshot(_) => SnapshotReason::InitialSync,
                };
                output.tell(Told::Required(required(reason)));
                return Ok(());
            }
        };
        let keys = self.keys(&transaction, shape, &before, &since, &now.state, request.client).await?;
        let headers: Vec<_> = shape.tables.iter().map(|(_, header)| header.clone()).collect();
        let count: usize = keys.values().map(BTreeMap::len).sum();
        let framed = |error: crate::protocol::frame::FrameError| Error::internal(error.to_string());
        let header = Header {
            protocol: PROTOCOL_VERSION,
            mode: Mode::Delta,
            schema_hash: request.schema_hash.clone(),
            schema: Some(self.version()),
            tables: headers,
            buckets: turned(&before, &now.state),
            estimated: u64::try_from(count).ok(),
        };
        output.writer.header(&header).map_err(framed)?;
        let nothing = count == 0 && header.buckets.is_empty() && before.included == now.state.included;
        if !output.tell(Told::Body { nothing }) {
            return Ok(());
        }
        let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
        for (index, (place, header)) in shape.tables.iter().enumerate() {
            let Some(keys) = keys.get(place) else { continue };
            output.writer.table(index).map_err(framed)?;
            let of = counts.entry(header.name.clone()).or_default();
            let keys: Vec<(&str, bool)> = keys.iter().map(|(key, gained)| (key.as_str(), *gained)).collect();
            for batch in keys.chunks(BATCH) {
                let asked: Vec<&str> = batch.iter().map(|(key, _)| *key).collect();
                let held = self.held(&transaction, *place, &asked, &now.state.buckets).await?;
                let asked: Vec<&str> = match &held {
                    Some(held) => asked.into_iter().filter(|key| held.contains(*key)).collect(),
                    None => asked,
                };
                let found = self
                    .tuples(&transaction, identity, (*place, header), &asked, |tuple| {
                        of.rows += 1;
                        output.writer.row(tuple).map_err(framed)?;
                        output.flush_when_large();
                        Ok(())
                    })
                    .await?;
                let gone: Vec<&str> = batch
                    .iter()
                    .filter(|(key, gained)| !*gained && !found.contains(*key))
                    .map(|(key, _)| *key)
                    .collect();
                self.key_tuples(&transaction, *place, &gone, |tuple| {
                    of.deletes += 1;
                    output.writer.delete(tuple).map_err(framed)?;
                    output.flush_when_large();
                    Ok(())
                })
                .await?;
                if output.spool.is_abandoned() {
                    return Ok(());
                }
            }
        }
        self.unless_rewritten(&transaction).await?;
        for of in counts.values() {
            self.metrics.rows.pulled(of.rows, of.deletes);
        }
        if !nothing || request.wait.is_none() {
            let (rows, deletes) =
                counts.values().fold((0, 0), |sum, of| (sum.0 + of.rows, sum.1 + of.deletes));
            self.observers.tell(Event::PullComplete { identity, client: request.client, rows, deletes });
        }
        let Now { state, .. } = now;
        let included = state.included.clone();
        let next = Next::Cursor(self.sign(identity, request, state)?);
        output.writer.end(&End { next, counts, digest: None, included }).map_err(framed)?;
        output.flush();
        // The device has its answer. Nothing was written, and what is not acknowledged now is the next time.
        let heard = match transaction.commit().await {
            Ok(()) => Acknowledged::of(request, known).forget(&connection, identity).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = heard {
            tracing::debug!(detail = error.detail(), "what a pull acknowledged is not forgotten yet");
        }
        Ok(())
    }

    /// A reply in JSON: all that changed, or a page of it; and the last mutation whose answer the device is known to have.
    async fn page(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        shape: &Shape,
        request: &Pull,
    ) -> Result<(PullReply, i64), Error> {
        let page: Option<Page> = match &request.resume {
            Some(token) => {
                let page: Page = self.signer.read(token)?;
                page.holder.check(&Self::holder(identity, request, Kind::Page))?;
                Some(page)
            }
            None => None,
        };
        let first_page = page.is_none();
        let before = match &page {
            Some(page) => Some(page.before.clone()),
            None => self.cursor(identity, request)?,
        };
        let now =
            self.now(transaction, identity, request.client, &request.schema_hash, before.as_ref()).await?;
        let anew = |reason| Ok((Reply::SnapshotRequired(required(reason)), now.acknowledged));
        let (before, since) = match (before, &now.since) {
            (Some(before), Since::Snapshot(since)) => (before, since.clone()),
            (_, Since::Unknown(reason)) => return anew(reason.clone()),
            (None, Since::Snapshot(_)) => return anew(SnapshotReason::InitialSync),
        };
        let limit = request.limit.unwrap_or_default().get() as usize;
        let mut reply = Collected { room: limit, ..Collected::default() };
        let (mut before, mut first, mut after) = match page {
            Some(page) => (page.before, page.first, page.after),
            None => (before, now.state.clone(), None),
        };
        let mut buckets = if first_page { turned(&before, &now.state) } else { Buckets::default() };
        let mut since = since;
        let next = loop {
            let keys = self.keys(transaction, shape, &before, &since, &now.state, request.client).await?;
            let stopped =
                self.collect(transaction, identity, shape, &now, keys, after.take(), &mut reply).await?;
            first.saw(&now.state);
            if let Stopped::At(after) = stopped {
                let holder = Self::holder(identity, request, Kind::Page);
                let page = Page { holder, before, first, after };
                break Next::Resume(self.signer.sign(&page)?);
            }
            if first.snapshot == now.state.snapshot {
                break Next::Cursor(self.sign(identity, request, now.state.clone())?);
            }
            // These pages are through. What changed since the first of them comes behind them.
            before = std::mem::replace(&mut first, now.state.clone());
            let more = turned(&before, &now.state);
            buckets.added.extend(more.added);
            buckets.removed.extend(more.removed);
            let resumed =
                self.now(transaction, identity, request.client, &request.schema_hash, Some(&before)).await?;
            since = match resumed.since {
                Since::Snapshot(since) => since,
                Since::Unknown(reason) => return anew(reason),
            };
        };
        let known = now.acknowledged;
        let changes = Changes {
            records: reply.records,
            deletes: reply.deletes,
            buckets,
            schema: Some(self.version()),
            included: now.state.included,
            next,
        };
        Ok((Reply::Given(changes), known))
    }

    /// Adds what fits to a page.
    #[expect(clippy::too_many_arguments, reason = "they are what a page is made of")]
    async fn collect(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        shape: &Shape,
        now: &Now,
        keys: Keys,
        after: Option<(usize, String)>,
        reply: &mut Collected,
    ) -> Result<Stopped, Error> {
        let mut last = after.clone();
        for (place, header) in &shape.tables {
            let Some(keys) = keys.get(place) else { continue };
            let passed =
                |key: &String| after.as_ref().is_some_and(|after| (*place, key) <= (after.0, &after.1));
            let todo: Vec<(&str, bool)> = keys
                .iter()
                .filter(|(key, _)| !passed(key))
                .map(|(key, gained)| (key.as_str(), *gained))
                .collect();
            if todo.is_empty() {
                continue;
            }
            if reply.room == 0 {
                return Ok(Stopped::At(last));
            }
            let batch = &todo[..todo.len().min(reply.room)];
            let asked: Vec<&str> = batch.iter().map(|(key, _)| *key).collect();
            let held = self.held(transaction, *place, &asked, &now.state.buckets).await?;
            let asked: Vec<&str> = match &held {
                Some(held) => asked.into_iter().filter(|key| held.contains(*key)).collect(),
                None => asked,
            };
            let bytes = &mut reply.bytes;
            let found = self.json_rows(transaction, identity, (*place, header), &asked, bytes).await?;
            let batch = match found.last_key_value() {
                // What stands behind the last one that there was room for is not known.
                Some((last, _)) if bytes.is_full() => {
                    reply.room = 0;
                    &batch[..batch.partition_point(|(key, _)| *key <= last.as_str())]
                }
                _ => {
                    reply.room -= batch.len();
                    batch
                }
            };
            let gone: Vec<&str> = batch
                .iter()
                .filter(|(key, gained)| !*gained && !found.contains_key(*key))
                .map(|(key, _)| *key)
                .collect();
            if !gone.is_empty() {
                let gone = self.json_keys(transaction, *place, &gone).await?;
                reply.deletes.entry(header.name.clone()).or_default().extend(gone);
            }
            if !found.is_empty() {
                reply.records.entry(header.name.clone()).or_default().extend(found.into_values());
            }
            last = batch.last().map(|(key, _)| (*place, (*key).to_owned()));
            if batch.len() < todo.len() {
                return Ok(Stopped::At(last));
            }
        }
        Ok(Stopped::AtTheEnd)
    }
}

/// How far a page has come.
enum Stopped {
    /// Behind this key; none is the beginning, where there was no room at all.
    At(Option<(usize, String)>),
    AtTheEnd,
}

/// What a page holds so far, and how much more it may hold.
#[derive(Default)]
struct Collected {
    /// Of rows and keys.
    room: usize,
    bytes: Room,
    records: BTreeMap<String, Vec<crate::protocol::RawJson>>,
    deletes: BTreeMap<String, Vec<crate::protocol::JsonRow>>,
}
