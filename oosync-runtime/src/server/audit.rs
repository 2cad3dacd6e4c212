//! `digest` and `ranges`: what a device has is compared with what the tables have, not with what the log says.
//!
//! Both read whole tables, as the user. Rows that changed since the device's cursor are left out, so that whatever
//! differs has changed behind the log: by hand on the device, under triggers that were off, in a rewrite.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::auth::Identity;
use super::compatible::Shape;
use super::delta::{Keys, Now, Since, read};
use super::engine::Shared;
use super::pull::required;
use super::rows::{BATCH, Room};
use super::session::{as_server, as_user};
use super::{Engine, Error, session};
use crate::Value;
use crate::digest::{Digester, Sums};
use crate::protocol::tuple::Tuples;
use crate::protocol::{
    CopyOut, Digest, Digests, ErrorCode, KeyDigest, Layout, MAX_DIGEST_BITS, Pull, RangeRows, Ranges, Reply,
    TableDigest, TableHeader,
};

/// After how many rows the answer to [`Ranges`] leaves the other ranges for the next.
const ENOUGH: usize = 10_000;

impl Engine {
    /// Digests of tables, but for what changed since the device's cursor.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn digest(&self, identity: &Identity, request: &Digest) -> Result<Reply<Digests>, Error> {
        let shared = &self.shared;
        let shape = shared.shape(&request.schema_hash, identity).await?;
        let mut tables = Vec::with_capacity(request.tables.len());
        for (name, bits) in &request.tables {
            check_bits(*bits)?;
            tables.push((table(&shape, name)?, *bits));
        }
        let mut connection = session::connection(&shared.pool).await?;
        let transaction = read(&mut connection, identity).await?;
        let asker = (request.client, request.schema_hash.as_str(), request.cursor.as_str());
        let (now, keys) = match shared.since(&transaction, identity, &shape, asker).await? {
            Reply::Given(given) => given,
            Reply::SnapshotRequired(why) => return Ok(Reply::SnapshotRequired(why)),
        };
        let mut digests = Digests::default();
        for ((place, header), bits) in tables {
            let compared = shared.compared(&transaction, (place, header), &now, &keys).await?;
            let mut sums = Sums::new(bits);
            shared
                .each_row(&transaction, identity, (place, header), |digester, row, _| {
                    let digest = digester.row(row);
                    if compared.has(digest.key) {
                        sums.add(digest);
                    }
                })
                .await?;
            let (rows, ranges) = (sums.rows, sums.ranges().collect());
            let changed = compared.changed.into_iter().collect();
            digests.tables.insert(header.name.clone(), TableDigest { rows, ranges, changed });
        }
        shared.unless_rewritten(&transaction).await?;
        transaction.commit().await?;
        Ok(Reply::Given(digests))
    }

    /// The rows of ranges, but for what changed since the device's cursor.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn ranges(&self, identity: &Identity, request: &Ranges) -> Result<Reply<RangeRows>, Error> {
        let shared = &self.shared;
        let shape = shared.shape(&request.schema_hash, identity).await?;
        check_bits(request.bits)?;
        let (place, header) = table(&shape, &request.table)?;
        let asked: BTreeSet<u32> = request.ranges.iter().copied().collect();
        if asked.is_empty() || asked.last().is_some_and(|last| last >> request.bits > 0) {
            return Err(Error::new(ErrorCode::BadRequest, "there are no such ranges"));
        }
        let mut connection = session::connection(&shared.pool).await?;
        let transaction = read(&mut connection, identity).await?;
        let asker = (request.client, request.schema_hash.as_str(), request.cursor.as_str());
        let (now, keys) = match shared.since(&transaction, identity, &shape, asker).await? {
            Reply::Given(given) => given,
            Reply::SnapshotRequired(why) => return Ok(Reply::SnapshotRequired(why)),
        };
        let compared = shared.compared(&transaction, (place, header), &now, &keys).await?;
        let mut found: BTreeMap<u32, Vec<String>> = asked.iter().map(|range| (*range, Vec::new())).collect();
        shared
            .each_row(&transaction, identity, (place, header), |digester, row, key| {
                let digest = digester.key(row);
                if let Some(keys) = found.get_mut(&digest.range(request.bits))
                    && compared.has(digest)
                {
                    keys.push(key.to_owned());
                }
            })
            .await?;
        let mut rows = RangeRows::default();
        for (range, keys) in &found {
            if !rows.ranges.is_empty() && rows.records.len() + keys.len() > ENOUGH {
                break;
            }
            for keys in keys.chunks(BATCH) {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                // A range comes as a whole.
                let whole = &mut Room::endless();
                let records = shared.json_rows(&transaction, identity, (place, header), &keys, whole).await?;
                rows.records.extend(records.into_values());
            }
            rows.ranges.push(*range);
        }
        rows.changed = compared.changed.into_iter().collect();
        shared.unless_rewritten(&transaction).await?;
        transaction.commit().await?;
        Ok(Reply::Given(rows))
    }
}

/// Which rows of a table are compared.
struct Compared {
    /// The keys that changed since the cursor: not those.
    changed: BTreeSet<KeyDigest>,
    /// The keys in the user's buckets, where policies alone do not say which those are: only those.
    held: Option<BTreeSet<KeyDigest>>,
}

impl Compared {
    fn has(&self, key: KeyDigest) -> bool {
        !self.changed.contains(&key) && self.held.as_ref().is_none_or(|held| held.contains(&key))
    }
}

fn check_bits(bits: u8) -> Result<(), Error> {
    if bits <= MAX_DIGEST_BITS {
        return Ok(());
    }
    let message = format!("a table has no more than 2^{MAX_DIGEST_BITS} ranges");
    Err(Error::new(ErrorCode::BadRequest, message))
}

fn table<'s>(shape: &'s Shape, name: &str) -> Result<(usize, &'s TableHeader), Error> {
    let found = shape.tables.iter().find(|(_, header)| header.name == name);
    let unknown = || Error::new(ErrorCode::BadRequest, format!("there is no table {name:?}"));
    found.map(|(place, header)| (*place, header)).ok_or_else(unknown)
}

fn malformed(error: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("Postgres sent {error}"))
}

impl Shared {
    /// The present state, and the keys that changed since the device's.
    async fn since(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        shape: &Shape,
        (client, schema_hash, cursor): (Uuid, &str, &str),
    ) -> Result<Reply<(Now, Keys)>, Error> {
        let pull = Pull {
            client,
            schema_hash: schema_hash.to_owned(),
            cursor: Some(cursor.to_owned()),
            resume: None,
            limit: None,
            wait: None,
            acknowledged: None,
        };
        let before = self.cursor(identity, &pull)?;
        let now = self.now(transaction, identity, client, schema_hash, before.as_ref()).await?;
        let (before, since) = match (before, &now.since) {
            (Some(before), Since::Snapshot(since)) => (before, since),
            (_, Since::Unknown(reason)) => return Ok(Reply::SnapshotRequired(required(reason.clone()))),
            (None, Since::Snapshot(_)) => return Err(Error::internal("a cursor that is none")),
        };
        let keys = self.keys(transaction, shape, &before, since, &now.state, client).await?;
        Ok(Reply::Given((now, keys)))
    }

    async fn compared(
        &self,
        transaction: &Transaction<'_>,
        (place, header): (usize, &TableHeader),
        now: &Now,
        keys: &Keys,
    ) -> Result<Compared, Error> {
        let changed: Vec<&str> =
            keys.get(&place).into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let changed = self.digests_of(transaction, (place, header), &changed).await?;
        let Some(held) = self.all_held(transaction, place, &now.state.buckets).await? else {
            return Ok(Compared { changed, held: None });
        };
        let held: Vec<&str> = held.iter().map(String::as_str).collect();
        let held = self.digests_of(transaction, (place, header), &held).await?;
        Ok(Compared { changed, held: Some(held) })
    }

    /// The digests of keys, by their texts.
    async fn digests_of(
        &self,
        transaction: &Transaction<'_>,
        (place, header): (usize, &TableHeader),
        keys: &[&str],
    ) -> Result<BTreeSet<KeyDigest>, Error> {
        let layout = Layout::of(self.schema, header).map_err(|error| Error::internal(error.to_string()))?;
        let mut digester = digester(layout.table());
        let mut digests = BTreeSet::new();
        for keys in keys.chunks(BATCH) {
            self.key_tuples(transaction, place, keys, |bytes| {
                for tuple in Tuples::new(bytes, layout.table().primary_key.len()) {
                    let tuple = tuple.map_err(|error| malformed(&error))?;
                    let mut row = vec![Value::Null; layout.table().columns.len()];
                    for value in layout.key(tuple) {
                        let (place, value) = value.map_err(|error| malformed(&error))?;
                        row[place] = value;
                    }
                    digests.insert(digester.key(&row));
                }
                Ok(())
            })
            .await?;
        }
        Ok(digests)
    }

    /// Every row of a table that the user sees, with the text of its key.
    async fn each_row(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        (place, header): (usize, &TableHeader),
        mut each: impl FnMut(&mut Digester, &[Value<'_>], &str),
    ) -> Result<(), Error> {
        let table = &self.catalog.tables[place];
        let layout = Layout::of(self.schema, header).map_err(|error| Error::internal(error.to_string()))?;
        let mut digester = digester(table.table);
        let columns = header.columns.len();
        // The key's text is a last field, which the layout passes over.
        let sql = format!(
            "copy (select {}, {}::text from {} t) to stdout (format binary)",
            table.columns(&self.catalog, &header.columns, identity.user()),
            table.key_text(),
            table.name,
        );
        as_user(transaction, identity).await?;
        let messages = transaction.copy_out(&sql).await?;
        pin_mut!(messages);
        let mut out = CopyOut::new(columns + 1);
        while let Some(message) = messages.next().await {
            let message: Bytes = message?;
            for tuple in out.tuples(&message).map_err(|error| malformed(&error))? {
                let tuple = tuple.map_err(|error| malformed(&error))?;
                let key = tuple.fields().nth(columns).flatten().unwrap_or_default();
                let mut row = vec![Value::Null; table.table.columns.len()];
                for value in layout.row(tuple) {
                    let (place, value) = value.map_err(|error| malformed(&error))?;
                    row[place] = value;
                }
                each(&mut digester, &row, &String::from_utf8_lossy(key));
            }
        }
        out.finish().map_err(|error| malformed(&error))?;
        as_server(transaction, identity).await
    }
}

/// For rows that have the columns of the table in its order.
fn digester(table: &'static crate::schema::Table) -> Digester {
    let columns = table.columns.iter().enumerate();
    Digester::new(columns.map(|(place, column)| (column.name, table.primary_key.contains(&place))))
}
