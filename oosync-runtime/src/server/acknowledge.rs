//! What a request says of answers that the device has stored: they are forgotten once it has been answered itself.

use deadpool_postgres::Object;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::Error;
use super::auth::Identity;
use super::delta::int8;
use crate::protocol::Pull;

/// Which answers a device has stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acknowledged {
    pub(super) client: Uuid,
    /// Those to all mutations up to this one, as a request says.
    pub(super) through: Option<u64>,
    /// Up to which one the server knew it.
    pub(super) known: i64,
}

impl Acknowledged {
    /// What a pull says.
    pub(super) const fn of(request: &Pull, known: i64) -> Self {
        Self { client: request.client, through: request.acknowledged, known }
    }

    /// Forgets these answers.
    ///
    /// After the transaction of the request, on the same connection. Where a push of the device is under way, nobody
    /// waits: the next request says it again.
    pub(super) async fn forget(self, connection: &Client, identity: &Identity) -> Result<(), Error> {
        let Some(through) = self.through.map(int8) else { return Ok(()) };
        if through <= self.known {
            return Ok(());
        }
        // What was forgotten before is not looked for again: until a vacuum, the index still leads there.
        let sql = "with known as (
              select c.id, c.acknowledged from oosync.client c
              where c.id = $1::text::uuid and c.user_id = $2 and c.acknowledged < $3 for update skip locked
            ), heard as (
              update oosync.client c set acknowledged = $3, seen_at = now() from known k where c.id = k.id
              returning c.id, k.acknowledged as known
            )
            delete from oosync.mutation m using heard h where m.client = h.id and m.id > h.known and m.id <= $3";
        let (client, user) = (self.client.to_string(), identity.user());
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&client, Type::TEXT), (&user, Type::TEXT), (&through, Type::INT8)];
        connection.execute_typed(sql, &parameters).await?;
        Ok(())
    }

    /// The same where nobody waits for it.
    pub(super) async fn forget_later(self, connection: Object, identity: Identity) {
        if let Err(error) = self.forget(&connection, &identity).await {
            tracing::debug!(detail = error.detail(), "what a request acknowledged is not forgotten yet");
        }
    }
}
