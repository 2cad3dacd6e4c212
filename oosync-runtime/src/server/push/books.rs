//! What is remembered of devices: which of their mutations were answered, and how.
//!
//! The row of the client is locked first, so that two requests of one device come one after the other: the second
//! finds what the first has answered.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use crate::protocol::{ErrorCode, Mutation, MutationResult, Push, Status};
use crate::server::Error;
use crate::server::auth::Identity;
use crate::server::delta::int8;
use crate::server::engine::unknown_client;
use crate::types::Timestamptz;

/// The answers that were given before, by id.
pub(super) type Answered = BTreeMap<u64, MutationResult>;

/// SHA-256 of a mutation's JSON, which is written to a buffer.
fn body(mutation: &Mutation, json: &mut Vec<u8>) -> Result<Vec<u8>, Error> {
    json.clear();
    serde_json::to_writer(&mut *json, mutation).map_err(|error| Error::internal(error.to_string()))?;
    Ok(digest(&SHA256, json).as_ref().to_vec())
}

fn forked(id: u64) -> Error {
    #[derive(Serialize)]
    struct Which {
        id: u64,
    }
    let message =
        format!("mutation {id} came before with another content: this device was restored or cloned");
    Error::new(ErrorCode::ClientForked, message).with_details(&Which { id })
}

/// What the books say when a push begins.
pub(super) struct Opened {
    pub(super) answered: Answered,
    /// The clock of the database.
    pub(super) now: Timestamptz,
    /// The last mutation whose answer the device was known to have.
    pub(super) known: i64,
}

/// Locks the client, and finds what was answered before. What the device has stored is
/// [forgotten](crate::server::acknowledge) later: nobody waits for that.
///
/// # Errors
///
/// [`ErrorCode::UnknownClient`]; [`ErrorCode::ClientForked`] where an id came with another body, or is one whose answer
/// the device said it has.
pub(super) async fn open(
    transaction: &Transaction<'_>,
    identity: &Identity,
    push: &Push,
) -> Result<Opened, Error> {
    let client = push.client.to_string();
    let (user, text) = (identity.user(), Type::TEXT);
    let sql = "update oosync.client c set schema_hash = $3, seen_at = now()
        where c.id = $1::text::uuid and c.user_id = $2
        returning c.acknowledged, pg_catalog.clock_timestamp()::text";
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&client, text.clone()), (&user, text.clone()), (&push.schema_hash, text.clone())];
    // Each sees what the one before has waited for; together they cost one way to Postgres and back.
    let lock = transaction.query_typed(sql, &parameters);
    // Ids ascend: this is one way down the index, where a list of them is one each.
    let [first, last] = [push.mutations.first(), push.mutations.last()]
        .map(|one| one.map_or(0, |mutation| int8(mutation.id)));
    let sql = "select m.id, m.body, m.result from oosync.mutation m
        where m.client = $1::text::uuid and m.id between $2 and $3";
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&client, text), (&first, Type::INT8), (&last, Type::INT8)];
    let find = transaction.query_typed(sql, &parameters);
    let (row, rows) = try_join(lock, find).await?;
    let row = row.first().ok_or_else(unknown_client)?;
    let known: i64 = row.try_get(0)?;
    let acknowledged = known.max(push.acknowledged.map_or(0, int8));
    let now = row.try_get::<_, &str>(1)?.parse();
    let now = now.map_err(|_| Error::internal("the clock could not be read"))?;
    let mut stored: BTreeMap<i64, (Vec<u8>, String)> = BTreeMap::new();
    for row in rows {
        stored.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    let (mut answered, mut buffer) = (Answered::new(), Vec::new());
    for mutation in &push.mutations {
        match stored.get(&int8(mutation.id)) {
            _ if int8(mutation.id) <= acknowledged => return Err(forked(mutation.id)),
            Some((known, result)) if *known == body(mutation, &mut buffer)? => {
                let result = serde_json::from_str(result);
                answered.insert(mutation.id, result.map_err(|error| Error::internal(error.to_string()))?);
            }
            Some(_) => return Err(forked(mutation.id)),
            None => {}
        }
    }
    Ok(Opened { answered, now, known })
}

/// Remembers answers that are for good.
pub(super) async fn store<'m>(
    transaction: &Transaction<'_>,
    push: &Push,
    results: impl Iterator<Item = (&'m Mutation, &'m MutationResult)>,
) -> Result<(), Error> {
    let (mut ids, mut bodies, mut texts, mut buffer) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut tables, mut keys): (Vec<Option<&str>>, Vec<Option<String>>) = (Vec::new(), Vec::new());
    for (mutation, result) in results.filter(|(_, result)| result.status != Status::RejectedRetryable) {
        ids.push(int8(mutation.id));
        bodies.push(body(mutation, &mut buffer)?);
        let json = |error: serde_json::Error| Error::internal(error.to_string());
        texts.push(serde_json::to_string(result).map_err(json)?);
        // Of what was refused, the key may be none.
        let reached = matches!(result.status, Status::Applied | Status::Conflict);
        tables.push(reached.then_some(mutation.table.as_str()));
        keys.push(if reached { Some(serde_json::to_string(&mutation.key).map_err(json)?) } else { None });
    }
    if ids.is_empty() {
        return Ok(());
    }
    let sql = "insert into oosync.mutation (client, id, body, result, tbl, key)
        select $1::text::uuid, m.id, m.body, m.result, m.tbl, m.key
          from unnest($2, $3, $4, $5, $6) m (id, body, result, tbl, key)";
    let client = push.client.to_string();
    let parameters: [(&(dyn ToSql + Sync), Type); 6] = [
        (&client, Type::TEXT),
        (&ids, Type::INT8_ARRAY),
        (&bodies, Type::BYTEA_ARRAY),
        (&texts, Type::TEXT_ARRAY),
        (&tables, Type::TEXT_ARRAY),
        (&keys, Type::TEXT_ARRAY),
    ];
    transaction.execute_typed(sql, &parameters).await?;
    Ok(())
}
