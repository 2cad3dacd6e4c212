//! What a pull says of answers that the device has stored: they are forgotten here, as a push has them forgotten.

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::Error;
use super::auth::Identity;
use crate::protocol::Pull;

/// Forgets the answers to mutations up to the one that the request acknowledges; `known` is the last one whose answer
/// the device was known to have.
///
/// After the transaction that reads, on the same connection. Where a push of the device is under way, nobody waits:
/// the next request says it again.
pub(super) async fn acknowledge(
    connection: &Client,
    identity: &Identity,
    request: &Pull,
    known: i64,
) -> Result<(), Error> {
    let Some(acknowledged) = request.acknowledged else { return Ok(()) };
    let acknowledged = i64::try_from(acknowledged).unwrap_or(i64::MAX);
    if acknowledged <= known {
        return Ok(());
    }
    let sql = "with known as (
          select c.id from oosync.client c where c.id = $1::text::uuid and c.user_id = $2 and c.acknowledged < $3
            for update skip locked
        ), heard as (
          update oosync.client c set acknowledged = $3, seen_at = now() from known k where c.id = k.id returning c.id
        )
        delete from oosync.mutation m using heard h where m.client = h.id and m.id <= $3";
    let (client, user) = (request.client.to_string(), identity.user());
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&client, Type::TEXT), (&user, Type::TEXT), (&acknowledged, Type::INT8)];
    connection.execute_typed(sql, &parameters).await?;
    Ok(())
}
