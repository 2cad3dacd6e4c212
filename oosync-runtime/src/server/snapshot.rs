//! `snapshot`: everything that a user may see, table after table.
//!
//! A part may be of another moment than the one before: the cursor at the end is of the moment before the first row, and
//! the pull from there makes the device exact.
//!
//! - `part`: in which parts a table is read, and where one goes on

mod part;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::try_join;
use futures_util::{StreamExt as _, pin_mut};
use serde::{Deserialize, Serialize};
use tokio_postgres::Transaction;
use tokio_postgres::types::Type;

use self::part::After;
use super::auth::Identity;
use super::compatible::Shape;
use super::cursor::{Cursor, Holder, Kind, State};
use super::delta::read;
use super::engine::Shared;
use super::epoch::SecondTry;
use super::rows::Room;
use super::session::{as_server, as_user};
use super::spool::Body;
use super::stream::{Frames, Output};
use super::{Engine, Error, session};
use crate::protocol::{
    Buckets, CopyOut, Counts, End, ErrorCode, Header, Mode, Next, Order, PROTOCOL_VERSION, Progress, RawJson,
    Reply, Snapshot, SnapshotPage, SnapshotReply, TableHeader, tuple,
};

/// After how many rows a body says where it could go on.
const PROGRESS: u64 = 20_000;

/// Where a snapshot goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    #[serde(flatten)]
    holder: Holder,
    /// Before the first row, and what the parts so far saw.
    state: State,
    /// The cursor of a device that has other tables already, and what the parts so far saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<State>,
    /// The table, by its place in the catalog.
    table: usize,
    /// Where to go on in it; none is the beginning.
    after: Option<After>,
    /// The rows so far.
    rows: u64,
    estimated: Option<u64>,
    /// The tables asked for; empty is all.
    tables: Vec<String>,
}

impl Engine {
    /// A page of everything, in JSON.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn snapshot(&self, identity: &Identity, request: &Snapshot) -> Result<SnapshotReply, Error> {
        let mut second = SecondTry::new(&self.shared);
        loop {
            match self.snapshot_now(identity, request).await {
                Err(error) => second.after(error).await?,
                reply => return reply,
            }
        }
    }

    async fn snapshot_now(&self, identity: &Identity, request: &Snapshot) -> Result<SnapshotReply, Error> {
        let shared = &self.shared;
        let shape = shared.shape(&request.schema_hash, identity).await?;
        let mut connection = session::connection(&shared.pool).await?;
        let transaction = read(&mut connection, identity).await?;
        let (mut place, buckets) = shared.place(&transaction, identity, request, &shape).await?;
        let first = request.resume.is_none();
        let mut room = u64::from(request.limit.unwrap_or_default().get());
        let mut bytes = Room::default();
        let mut records: BTreeMap<String, Vec<RawJson>> = BTreeMap::new();
        let mut next = None;
        for (at, header) in shared.wanted(&shape, &place) {
            if room == 0 {
                place.table = at;
                next = Some(Next::Resume(shared.signer.sign(&place)?));
                break;
            }
            let table = &shared.catalog.tables[at];
            let after = if at == place.table { place.after.take() } else { None };
            let after = after.map(After::key).transpose()?;
            let sql = format!(
                "select {}::text, row_to_json(o.*)::text from {} t cross join lateral (select {}) o {} limit $1",
                table.key_text(),
                table.name,
                table.columns_for_json(&shared.catalog, &header.columns, identity.user()),
                table.after_key(after.as_deref()),
            );
            let limit = i64::try_from(room).unwrap_or(i64::MAX);
            let held = shared.all_held(&transaction, at, &buckets).await?;
            as_user(&transaction, identity).await?;
            let (mut seen, mut count, mut last) = (0, 0, None);
            let kept = records.entry(header.name.clone()).or_default();
            bytes
                .take(&transaction, &sql, (&limit, Type::INT8), |key, json| {
                    seen += 1;
                    // Policies of the database's own may show more than the user's buckets.
                    if held.as_ref().is_none_or(|held| held.contains(&key)) {
                        count += 1;
                        kept.push(json);
                    }
                    last = Some(key);
                })
                .await?;
            as_server(&transaction, identity).await?;
            place.rows += count;
            shared.metrics.rows.copied(count);
            room = if bytes.is_full() { 0 } else { room - seen };
            if let (0, Some(last)) = (room, last) {
                (place.table, place.after) = (at, Some(After::Key(last)));
                next = Some(Next::Resume(shared.signer.sign(&place)?));
                break;
            }
        }
        records.retain(|_, rows| !rows.is_empty());
        shared.unless_rewritten(&transaction).await?;
        transaction.commit().await?;
        let next = match next {
            Some(next) => next,
            None => Next::Cursor(shared.end(&place)?),
        };
        let added = if first { place.state.buckets.clone() } else { Vec::new() };
        Ok(Reply::Given(SnapshotPage {
            records,
            buckets: Buckets { added, removed: Vec::new() },
            schema: Some(shared.version()),
            rows: place.rows,
            estimated: place.estimated,
            next,
        }))
    }

    /// Everything, in frames; with a `P` frame now and then, from where another request may go on.
    ///
    /// # Errors
    ///
    /// See [`Error`]; what fails later ends the body with an `X` frame.
    pub async fn snapshot_frames(
        &self,
        identity: &Identity,
        request: &Snapshot,
    ) -> Result<Reply<Body>, Error> {
        let shape = self.shared.shape(&request.schema_hash, identity).await?;
        let whole = Whole { shape, identity: identity.clone(), request: request.clone() };
        let ((), body) = self.stream(whole).await?;
        Ok(Reply::Given(body))
    }
}

/// Everything that a user may see.
struct Whole {
    shape: Arc<Shape>,
    identity: Identity,
    request: Snapshot,
}

impl Frames for Whole {
    type Told = ();

    const WHAT: &'static str = "snapshot";

    async fn write(&self, shared: &Shared, output: &mut Output<()>) -> Result<(), Error> {
        shared.snapshot_frames(self, output).await
    }
}

impl Shared {
    fn snapshot_holder(identity: &Identity, request: &Snapshot) -> Holder {
        Holder { kind: Kind::Snapshot, user: identity.user().to_owned(), client: request.client }
    }

    /// Where a request begins, and the user's buckets.
    async fn place(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        request: &Snapshot,
        shape: &Shape,
    ) -> Result<(Place, Vec<String>), Error> {
        let holder = Self::snapshot_holder(identity, request);
        let resumed: Option<Place> = match &request.resume {
            Some(token) => Some(self.signer.read(token)?),
            None => None,
        };
        let before = resumed.as_ref().map(|place| &place.state);
        let now = self.now(transaction, identity, request.client, &request.schema_hash, before).await?;
        let buckets = now.state.buckets.clone();
        if let Some(mut place) = resumed {
            place.holder.check(&holder)?;
            // What came before is of another database, or too old to be made exact.
            let same = matches!(now.since, super::delta::Since::Snapshot(_))
                && place.state.access == now.state.access
                && place.state.schema == now.state.schema;
            return if same {
                for state in std::iter::once(&mut place.state).chain(&mut place.cursor) {
                    state.saw(&now.state);
                }
                Ok((place, buckets))
            } else {
                Err(Error::new(ErrorCode::InvalidToken, "this snapshot cannot be continued: begin anew"))
            };
        }
        let tables = request.tables.clone().unwrap_or_default();
        if let Some(unknown) =
            tables.iter().find(|name| !shape.tables.iter().any(|(_, header)| header.name == **name))
        {
            return Err(Error::new(ErrorCode::BadRequest, format!("there is no table {unknown:?}")));
        }
        let cursor = match &request.cursor {
            Some(token) => {
                let mut cursor: Cursor = self.signer.read(token)?;
                cursor.holder.check(&Holder { kind: Kind::Cursor, ..holder.clone() })?;
                cursor.state.saw(&now.state);
                Some(cursor.state)
            }
            None => None,
        };
        let state = now.state;
        let mut place =
            Place { holder, state, cursor, table: 0, after: None, rows: 0, estimated: None, tables };
        place.estimated = self.estimate(transaction, &self.wanted(shape, &place)).await?;
        Ok((place, buckets))
    }

    /// The tables that are still to come.
    fn wanted<'s>(&self, shape: &'s Shape, place: &Place) -> Vec<(usize, &'s TableHeader)> {
        let asked = |name: &String| place.tables.is_empty() || place.tables.contains(name);
        let all = shape.tables.iter().map(|(at, header)| (*at, header));
        all.filter(|(at, header)| *at >= place.table && asked(&header.name)).collect()
    }

    /// About how many rows Postgres believes there are: for a progress bar. Tables that are small, or that the user has
    /// a part of, make it too large.
    async fn estimate(
        &self,
        transaction: &Transaction<'_>,
        tables: &[(usize, &TableHeader)],
    ) -> Result<Option<u64>, Error> {
        let names: Vec<&str> = tables.iter().map(|(at, _)| self.catalog.tables[*at].name.as_str()).collect();
        let sql = "select sum(greatest(c.reltuples, 0))::int8 from pg_catalog.unnest($1) t
            join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(t)";
        let row = transaction.query_typed_one(sql, &[(&names, Type::TEXT_ARRAY)]).await?;
        let sum: Option<i64> = row.try_get(0)?;
        Ok(sum.and_then(|sum| u64::try_from(sum).ok()))
    }

    fn end(&self, place: &Place) -> Result<String, Error> {
        let holder = Holder { kind: Kind::Cursor, ..place.holder.clone() };
        let state = place.cursor.as_ref().unwrap_or(&place.state).clone();
        self.signer.sign(&Cursor { holder, state })
    }

    /// Keeps a table from being rewritten, and sees that it has not been since this transaction's snapshot.
    async fn lock(&self, transaction: &Transaction<'_>, at: usize) -> Result<(), Error> {
        let sql = format!("select from {} limit 0", self.catalog.tables[at].name);
        let locked = async { Ok(transaction.batch_execute(&sql).await?) };
        try_join(locked, self.unless_rewritten(transaction)).await?;
        Ok(())
    }

    async fn snapshot_frames(
        &self,
        Whole { shape, identity, request }: &Whole,
        output: &mut Output<()>,
    ) -> Result<(), Error> {
        let framed = |error: crate::protocol::frame::FrameError| Error::internal(error.to_string());
        let malformed = |error: &dyn std::fmt::Display| Error::internal(format!("Postgres sent {error}"));
        let mut connection = session::connection(&self.pool).await?;
        let transaction = read(&mut connection, identity).await?;
        let (mut place, buckets) = self.place(&transaction, identity, request, shape).await?;
        let first = request.resume.is_none();
        let any_order = request.order == Some(Order::Any);
        // Whether it can be gone on with is said before anything is sent.
        let begun = self.wanted(shape, &place).first().map(|(at, header)| (*at, *header));
        let mut begun = match (place.after.take(), begun) {
            (Some(after), Some((at, header))) if at == place.table => {
                let table = &self.catalog.tables[at];
                let columns = table.columns(&self.catalog, &header.columns, identity.user());
                Some(table.parts(&transaction, identity, &columns, any_order, Some(after)).await?)
            }
            _ => None,
        };
        let header = Header {
            protocol: PROTOCOL_VERSION,
            mode: if first { Mode::Snapshot } else { Mode::Chunk },
            schema_hash: request.schema_hash.clone(),
            schema: Some(self.version()),
            tables: shape.tables.iter().map(|(_, header)| header.clone()).collect(),
            buckets: Buckets {
                added: if first { place.state.buckets.clone() } else { Vec::new() },
                removed: Vec::new(),
            },
            estimated: place.estimated,
        };
        output.writer.header(&header).map_err(framed)?;
        if !output.tell(()) {
            return Ok(());
        }
        let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
        for (at, header) in self.wanted(shape, &place) {
            let index = shape.tables.iter().position(|(place, _)| *place == at).unwrap_or_default();
            output.writer.table(index).map_err(framed)?;
            let table = &self.catalog.tables[at];
            // Policies of the database's own may show more than the user's buckets: then the key's text comes with each row.
            let held = self.all_held(&transaction, at, &buckets).await?;
            let key = held.as_ref().map(|_| format!(", {}::text", table.key_text())).unwrap_or_default();
            let columns = table.columns(&self.catalog, &header.columns, identity.user());
            let count = counts.entry(header.name.clone()).or_default();
            let before = count.rows;
            let progress = |place: &mut Place, at: usize, after: After, output: &mut Output<()>| {
                (place.table, place.after) = (at, Some(after));
                let resume = self.signer.sign(place)?;
                place.after = None;
                let (rows, estimated) = (place.rows, place.estimated);
                output.writer.progress(&Progress { resume, rows, estimated }).map_err(framed)?;
                output.writer.table(index).map_err(framed)
            };
            // What was read so far was there, and stays so until the end: a device may rely on it from the next `P` frame on.
            self.lock(&transaction, at).await?;
            let parts = match begun.take() {
                Some(parts) => parts,
                None => table.parts(&transaction, identity, &columns, any_order, None).await?,
            };
            for part in parts {
                let sql = format!(
                    "copy (select {columns}{key} from {} t {}) to stdout (format binary)",
                    table.name, part.sql,
                );
                as_user(&transaction, identity).await?;
                let messages = transaction.copy_out(&sql).await?;
                pin_mut!(messages);
                let mut out = CopyOut::new(header.columns.len() + usize::from(held.is_some()));
                while let Some(message) = messages.next().await {
                    let message: Bytes = message?;
                    for row in out.tuples(&message).map_err(|error| malformed(&error))? {
                        let row = row.map_err(|error| malformed(&error))?;
                        let sent = match &held {
                            Some(held) => {
                                let (sent, key) = without_last(&row, header.columns.len());
                                if !held.contains(&key) {
                                    continue;
                                }
                                Cow::Owned(sent)
                            }
                            None => Cow::Borrowed(row.as_bytes()),
                        };
                        output.writer.row(&sent).map_err(framed)?;
                        count.rows += 1;
                        place.rows += 1;
                        let due = part.ordered && place.rows % PROGRESS == 0;
                        if let Some(key) = due.then(|| table.key_of_row(header, &row)).transpose()?.flatten()
                        {
                            progress(&mut place, at, After::Key(key), output)?;
                        }
                        output.flush_when_large();
                    }
                    if output.spool.is_abandoned() {
                        return Ok(());
                    }
                }
                out.finish().map_err(|error| malformed(&error))?;
                as_server(&transaction, identity).await?;
                if let Some(then) = part.then {
                    progress(&mut place, at, then, output)?;
                }
            }
            self.metrics.rows.copied(count.rows - before);
        }
        // What policies read has been locked by now as well.
        self.unless_rewritten(&transaction).await?;
        transaction.commit().await?;
        let next = Next::Cursor(self.end(&place)?);
        let included = crate::protocol::Included::NONE;
        output.writer.end(&End { next, counts, digest: None, included }).map_err(framed)?;
        output.flush();
        Ok(())
    }
}

/// A tuple without its last field, and that field as text.
fn without_last(row: &tuple::Tuple<'_>, columns: usize) -> (Vec<u8>, String) {
    let (bytes, last) = (row.as_bytes(), row.fields().nth(columns).flatten().unwrap_or_default());
    let mut kept = bytes[..bytes.len().saturating_sub(last.len() + 4)].to_vec();
    if let (Some(head), Ok(count)) = (kept.get_mut(..2), i16::try_from(columns)) {
        head.copy_from_slice(&count.to_be_bytes());
    }
    (kept, String::from_utf8_lossy(last).into_owned())
}
