//! `register`: a device makes itself known.

use tokio_postgres::Transaction;
use uuid::Uuid;

use super::auth::Identity;
use super::session::{self, Mode, as_server, as_user};
use super::{Engine, Error};
use crate::protocol::{ErrorCode, IdRange, Lease, LeaseRequest, Register, Registered};
use crate::schema::ColumnDefault;
use crate::types::Timestamptz;

impl Engine {
    /// Makes a device known, or knows it again.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Forbidden`] where the device has the rows of another user; a schema that cannot be served; and where
    /// Postgres does not answer.
    pub async fn register(&self, identity: &Identity, request: &Register) -> Result<Registered, Error> {
        if let Some(user) = request.user.as_ref().filter(|user| *user != identity.user()) {
            let message = format!(
                "the device has the rows of user {user}, and the token is of user {}: it needs another file, or to be \
                 emptied first",
                identity.user()
            );
            return Err(Error::new(ErrorCode::Forbidden, message));
        }
        self.shared.shape(&request.schema_hash, identity).await?;
        let mut connection = session::connection(&self.shared.pool).await?;
        let transaction = session::begin(&mut connection, identity, Mode::ReadWrite).await?;
        let known = match request.client {
            Some(client) => {
                let sql = "update oosync.client c
                      set schema_hash = $3, app_version = coalesce($4, app_version), device = coalesce($5, device),
                          seen_at = now()
                    where c.id = $1::text::uuid and c.user_id = $2";
                let id = client.to_string();
                let found = transaction
                    .execute(
                        sql,
                        &[&id, &identity.user(), &request.schema_hash, &request.app_version, &request.device],
                    )
                    .await?;
                (found > 0).then_some(client)
            }
            None => None,
        };
        let client = match known {
            Some(client) => client,
            None => {
                let client = Uuid::new_v4();
                let sql = "insert into oosync.client (id, user_id, schema_hash, app_version, device)
                    values ($1::text::uuid, $2, $3, $4, $5)";
                let id = client.to_string();
                transaction
                    .execute(
                        sql,
                        &[&id, &identity.user(), &request.schema_hash, &request.app_version, &request.device],
                    )
                    .await?;
                client
            }
        };
        let lease = self.lease(&transaction, identity, &request.lease).await?;
        transaction.commit().await?;
        Ok(Registered {
            client,
            user: identity.user().to_owned(),
            schema_hash: self.shared.schema.hash.to_owned(),
            server_time: Timestamptz::now(),
            limits: self.shared.limits.clone(),
            lease,
        })
    }

    /// Takes numbers of sequences for a device. What it asks of a column that nobody leases is left out.
    pub(super) async fn lease(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        requests: &[LeaseRequest],
    ) -> Result<Vec<Lease>, Error> {
        let mut leases = Vec::new();
        as_user(transaction, identity).await?;
        for request in requests {
            let Some(of) = self.shared.catalog.tables.iter().find(|of| of.table.name == request.table) else {
                continue;
            };
            let place = of.table.column(&request.column);
            let leased = place.is_some_and(|place| of.table.columns[place].default == ColumnDefault::Leased);
            if !leased {
                continue;
            }
            let count = i64::from(request.count.get().min(self.shared.limits.max_lease));
            let sql = "select pg_catalog.nextval(pg_catalog.pg_get_serial_sequence($1, $2)::regclass)
                from pg_catalog.generate_series(1, $3::int8)";
            let rows = transaction.query(sql, &[&of.name, &request.column, &count]).await?;
            let numbers: Result<Vec<i64>, _> = rows.iter().map(|row| row.try_get(0)).collect();
            let (table, column) = (request.table.clone(), request.column.clone());
            leases.push(Lease { table, column, ranges: ranges(&numbers?) });
        }
        as_server(transaction, identity).await?;
        Ok(leases)
    }
}

/// Numbers in the order they were given, as ranges.
fn ranges(numbers: &[i64]) -> Vec<IdRange> {
    let mut ranges: Vec<IdRange> = Vec::new();
    for number in numbers {
        let grown = ranges.last().filter(|range| range.last().checked_add(1) == Some(*number));
        match grown.and_then(|range| IdRange::new(range.first(), *number)) {
            Some(range) => {
                ranges.pop();
                ranges.push(range);
            }
            None => ranges.extend(IdRange::new(*number, *number)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_others_took_in_between_leave_several_ranges() {
        let found: Vec<_> =
            ranges(&[1, 2, 3, 7, 8, 10]).iter().map(|range| (range.first(), range.last())).collect();
        assert_eq!(found, [(1, 3), (7, 8), (10, 10)]);
        assert!(ranges(&[]).is_empty());
    }
}
