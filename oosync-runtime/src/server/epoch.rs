//! After a crash of Postgres: an epoch is drawn by whoever needs one first.

use tokio_postgres::error::SqlState;

use super::engine::Shared;
use super::{Error, session};

impl Shared {
    /// Mends what a request that only reads has failed for, so that it can be answered at once: the database has no
    /// epoch since a crash, and only a transaction that writes can draw one. No frame was written by then.
    ///
    /// # Errors
    ///
    /// The same error, where it is another one, or the database takes no writes.
    pub(super) async fn can_go_on(&self, error: Error) -> Result<(), Error> {
        let code = error.postgres().and_then(tokio_postgres::Error::code);
        if code != Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
            return Err(error);
        }
        let connection = session::connection(&self.pool).await?;
        match connection.batch_execute("select oosync.mark()").await {
            Ok(()) => Ok(()),
            Err(_) => Err(error),
        }
    }
}
