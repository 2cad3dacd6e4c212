//! What changed for a user since a cursor: the keys, in one snapshot of the database.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::auth::Identity;
use super::compatible::Shape;
use super::cursor::State;
use super::engine::{Shared, unknown_client};
use super::{Error, session};
use crate::protocol::{Buckets, Included, SnapshotReason};

/// Where a pull may begin.
pub(super) enum Since {
    /// At a snapshot, as Postgres writes it.
    Snapshot(String),
    /// Nowhere: everything has to be loaded anew.
    Unknown(SnapshotReason),
}

/// The state of the database that a request sees.
pub(super) struct Now {
    pub(super) state: State,
    pub(super) since: Since,
    /// The last mutation whose answer the device is known to have.
    pub(super) acknowledged: i64,
}

/// The keys that changed, by the place of their table in the catalog; each with whether it was only gained: then the
/// device has never had the row.
pub(super) type Keys = BTreeMap<usize, BTreeMap<String, bool>>;

impl Shared {
    /// Begins to read one state of the database as a user, and looks at what it is.
    pub(super) async fn read_now<'c>(
        &self,
        connection: &'c mut deadpool_postgres::Object,
        identity: &Identity,
        (client, schema): (Uuid, &str),
        since: Option<&State>,
    ) -> Result<(Transaction<'c>, Now), Error> {
        let transaction = session::start(connection, session::Mode::Snapshot).await?;
        let now = self.now(&transaction, identity, client, schema, since);
        let ((), now) = try_join(session::set_up(&transaction, identity), now).await?;
        Ok((transaction, now))
    }

    /// Looks at the database: the first query of a transaction of mode [`Snapshot`](session::Mode::Snapshot).
    pub(super) async fn now(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        client: Uuid,
        schema: &str,
        since: Option<&State>,
    ) -> Result<Now, Error> {
        let sql = "
            select l.incarnation::text, l.timeline, l.epoch::text, l.lsn::text, l.snapshot::text, l.buckets,
                   l.resumed::text, l.known, l.acknowledged, l.last
              from oosync.look($1::text::uuid, $2, $3::text::pg_snapshot, $4::text::uuid, $5::text::pg_lsn,
                               $6::text::uuid, $7) l";
        let (id, user) = (client.to_string(), identity.user());
        let texts = |of: fn(&State) -> &String| since.map(of);
        let (snapshot, epoch) = (texts(|state| &state.snapshot), texts(|state| &state.epoch));
        let (lsn, incarnation) = (texts(|state| &state.lsn), texts(|state| &state.incarnation));
        let timeline = since.map(|state| state.timeline);
        let row = transaction
            .query_typed_one(
                sql,
                &[
                    (&id, Type::TEXT),
                    (&user, Type::TEXT),
                    (&snapshot, Type::TEXT),
                    (&epoch, Type::TEXT),
                    (&lsn, Type::TEXT),
                    (&incarnation, Type::TEXT),
                    (&timeline, Type::INT8),
                ],
            )
            .await?;
        let acknowledged: i64 = row.try_get::<_, Option<i64>>(8)?.ok_or_else(unknown_client)?;
        let last: i64 = row.try_get::<_, Option<i64>>(9)?.unwrap_or_default();
        let included = included(transaction, &id, acknowledged, last).await?;
        let state = State {
            incarnation: row.try_get(0)?,
            timeline: row.try_get(1)?,
            epoch: row.try_get(2)?,
            lsn: row.try_get(3)?,
            snapshot: row.try_get(4)?,
            buckets: row.try_get(5)?,
            unsure: BTreeSet::new(),
            access: identity.access_hash().to_string(),
            schema: schema.to_owned(),
            included,
        };
        let resumed: Option<String> = row.try_get(6)?;
        let known: Option<bool> = row.try_get(7)?;
        let since = match (since, resumed, known) {
            (None, ..) => Since::Unknown(SnapshotReason::InitialSync),
            (Some(_), None, _) => Since::Unknown(SnapshotReason::DatabaseRestored),
            (Some(_), Some(snapshot), Some(true)) => Since::Snapshot(snapshot),
            (Some(_), Some(_), _) => Since::Unknown(SnapshotReason::CheckpointBeforeRetention),
        };
        Ok(Now { state, since, acknowledged })
    }

    /// Whether the database is the one of a cursor, and knows of no mutation of the device that the cursor does not include.
    pub(super) async fn is_current(
        &self,
        identity: &Identity,
        client: Uuid,
        before: &State,
    ) -> Result<bool, Error> {
        let sql = "
            select not exists (select from oosync.mutation m where m.client = c.id and (m.id > $8 or m.id = any ($9)))
              from oosync.cursor_state() s
              join oosync.client c on c.id = $1::text::uuid and c.user_id = $2
             where s.incarnation::text = $3 and s.timeline = $4 and s.epoch::text = $5
               and oosync.resume($6::text::pg_snapshot, $5::text::uuid, $7::text::pg_lsn)::text = $6
               and oosync.is_known($6::text::pg_snapshot)";
        let (id, user) = (client.to_string(), identity.user());
        let except: Vec<i64> = before.included.except().iter().copied().map(int8).collect();
        let connection = session::connection(&self.pool).await?;
        let rows = connection
            .query_typed(
                sql,
                &[
                    (&id, Type::TEXT),
                    (&user, Type::TEXT),
                    (&before.incarnation, Type::TEXT),
                    (&before.timeline, Type::INT8),
                    (&before.epoch, Type::TEXT),
                    (&before.snapshot, Type::TEXT),
                    (&before.lsn, Type::TEXT),
                    (&int8(before.included.through()), Type::INT8),
                    (&except, Type::INT8_ARRAY),
                ],
            )
            .await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(false))
    }

    /// Everything that a device has to be told of, to come from `since` to now.
    pub(super) async fn keys(
        &self,
        transaction: &Transaction<'_>,
        shape: &Shape,
        before: &State,
        since: &str,
        now: &State,
        client: Uuid,
    ) -> Result<Keys, Error> {
        let then: BTreeSet<&String> = before.buckets.iter().collect();
        let buckets: BTreeSet<&String> = now.buckets.iter().collect();
        let with_unsure = |buckets: BTreeSet<&String>| -> Vec<String> {
            buckets.into_iter().chain(&before.unsure).collect::<BTreeSet<_>>().into_iter().cloned().collect()
        };
        let all = with_unsure(&then | &buckets);
        let mut keys = Keys::new();
        let served: BTreeSet<usize> = shape.tables.iter().map(|(place, _)| *place).collect();
        let sql = "select c.tbl, c.pk::text, c.gained from oosync.changes($1::text::pg_snapshot, $2) c";
        let parameters = [(&since as &(dyn ToSql + Sync), Type::TEXT), (&all, Type::TEXT_ARRAY)];
        let changed = async { Ok(transaction.query_typed(sql, &parameters).await?) };
        // Where the cursor includes all that the device has pushed, nothing of that is new.
        let none_pushed = now.included == before.included && before.included.except().is_empty();
        let pushed = async {
            if none_pushed { Ok(Vec::new()) } else { self.pushed(transaction, before, client).await }
        };
        let (changed, pushed) = try_join(changed, pushed).await?;
        for row in changed {
            let Some(place) = self.catalog.by_log_name(row.try_get(0)?) else { continue };
            if served.contains(&place) {
                keys.entry(place).or_default().insert(row.try_get(1)?, row.try_get(2)?);
            }
        }
        for (name, reached) in &pushed {
            let place = self.catalog.tables.iter().position(|table| table.table.name == name);
            let Some(place) = place.filter(|place| served.contains(place)) else { continue };
            let sql = format!(
                "select distinct {}::text from pg_catalog.unnest($1) k (k)",
                self.catalog.tables[place].key_of_json()
            );
            for row in transaction.query_typed(&sql, &[(reached, Type::TEXT_ARRAY)]).await? {
                keys.entry(place).or_default().insert(row.try_get(0)?, false);
            }
        }
        // A bucket that was gained or lost is answered as a whole; and all of them, where policies see another request.
        let turned = if before.access == now.access { with_unsure(&then ^ &buckets) } else { all };
        if turned.is_empty() {
            return Ok(keys);
        }
        for place in served {
            let sql =
                format!("select distinct b.pk::text from {}($1) b", self.catalog.tables[place].in_buckets);
            for row in transaction.query_typed(&sql, &[(&turned, Type::TEXT_ARRAY)]).await? {
                // Whether the device had it is not known: it is told either way.
                keys.entry(place).or_default().insert(row.try_get(0)?, false);
            }
        }
        Ok(keys)
    }

    /// The rows that the device's own mutations reached since, by the names of tables, their keys in JSON: it waits to
    /// hear of them, also where nothing changed.
    async fn pushed(
        &self,
        transaction: &Transaction<'_>,
        before: &State,
        client: Uuid,
    ) -> Result<Vec<(String, Vec<String>)>, Error> {
        let through = int8(before.included.through());
        let except: Vec<i64> = before.included.except().iter().copied().map(int8).collect();
        let client = client.to_string();
        let sql = "select m.tbl, pg_catalog.array_agg(m.key) from oosync.mutation m
            where m.client = $1::text::uuid and (m.id > $2 or m.id = any ($3)) and m.tbl is not null group by m.tbl";
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&client, Type::TEXT), (&through, Type::INT8), (&except, Type::INT8_ARRAY)];
        let rows = transaction.query_typed(sql, &parameters).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Of some keys of a table those whose rows lie in the user's buckets; all of them where policies say so themselves.
    pub(super) async fn held(
        &self,
        transaction: &Transaction<'_>,
        place: usize,
        keys: &[&str],
        buckets: &[String],
    ) -> Result<Option<BTreeSet<String>>, Error> {
        let table = &self.catalog.tables[place];
        if table.generated {
            return Ok(None);
        }
        let sql = format!("select distinct h.pk::text from {}($1, $2) h", table.held);
        let rows =
            transaction.query_typed(&sql, &[(&keys, Type::TEXT_ARRAY), (&buckets, Type::TEXT_ARRAY)]).await?;
        let held: Result<BTreeSet<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        Ok(Some(held?))
    }

    /// The keys of all rows of a table in buckets; none where policies say so themselves.
    pub(super) async fn all_held(
        &self,
        transaction: &Transaction<'_>,
        place: usize,
        buckets: &[String],
    ) -> Result<Option<BTreeSet<String>>, Error> {
        let table = &self.catalog.tables[place];
        if table.generated {
            return Ok(None);
        }
        let sql = format!("select distinct b.pk::text from {}($1) b", table.in_buckets);
        let rows = transaction.query_typed(&sql, &[(&buckets, Type::TEXT_ARRAY)]).await?;
        let held: Result<BTreeSet<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        Ok(Some(held?))
    }

    /// Whether what was read is what was there: see `oosync.rewritten()`. Asked last, as the server.
    pub(super) async fn rewritten(&self, transaction: &Transaction<'_>) -> Result<bool, Error> {
        let row = transaction.query_typed_one("select oosync.rewritten()", &[]).await?;
        Ok(row.try_get(0)?)
    }

    /// Nothing that was read of a table counts that was rewritten meanwhile.
    pub(super) async fn unless_rewritten(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        if self.rewritten(transaction).await? {
            return Err(Error::unavailable("a table was rewritten meanwhile", "a table was rewritten"));
        }
        Ok(())
    }
}

/// The id of a mutation, as Postgres has it; none that is stored is beyond its numbers.
pub(super) fn int8(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// The device's mutations that are part of what the transaction sees.
async fn included(
    transaction: &Transaction<'_>,
    client: &str,
    acknowledged: i64,
    last: i64,
) -> Result<Included, Error> {
    let through = acknowledged.max(last);
    let missing = if last > acknowledged {
        let sql = "select n from pg_catalog.generate_series($2 + 1, $3) n
            where not exists (select from oosync.mutation m where m.client = $1::text::uuid and m.id = n)";
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&client, Type::TEXT), (&acknowledged, Type::INT8), (&last, Type::INT8)];
        let rows = transaction.query_typed(sql, &parameters).await?;
        let missing: Result<Vec<i64>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        missing?
    } else {
        Vec::new()
    };
    let positive = |id: i64| u64::try_from(id).unwrap_or_default();
    let missing = missing.into_iter().map(positive).collect();
    Ok(Included::new(positive(through), missing).unwrap_or_default())
}

/// What a device gained and lost.
pub(super) fn turned(before: &State, now: &State) -> Buckets {
    let (then, buckets): (BTreeSet<&String>, BTreeSet<&String>) =
        (before.buckets.iter().collect(), now.buckets.iter().collect());
    let list = |of: &BTreeSet<&String>, without: &BTreeSet<&String>| {
        of.difference(without).map(|bucket| (*bucket).clone()).collect()
    };
    Buckets { added: list(&buckets, &then), removed: list(&then, &buckets) }
}

/// A transaction that reads one state of the database as a user.
pub(super) async fn read<'c>(
    connection: &'c mut deadpool_postgres::Object,
    identity: &Identity,
) -> Result<Transaction<'c>, Error> {
    session::begin(connection, identity, session::Mode::Snapshot).await
}
