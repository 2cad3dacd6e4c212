//! After a crash of Postgres: an epoch is drawn by whoever needs one first.

use tokio_postgres::error::SqlState;

use super::engine::Shared;
use super::{Error, session};

/// One more try for what only reads and fails because the database has no epoch since a crash: only a transaction that
/// writes can draw one. No frame was written by then.
pub(super) struct SecondTry<'s> {
    shared: &'s Shared,
    left: bool,
}

impl<'s> SecondTry<'s> {
    pub(super) const fn new(shared: &'s Shared) -> Self {
        Self { shared, left: true }
    }

    /// Mends what a try has failed for.
    ///
    /// # Errors
    ///
    /// The same error, where it is another one, or the second, or the database takes no writes.
    pub(super) async fn after(&mut self, error: Error) -> Result<(), Error> {
        let code = error.postgres().and_then(tokio_postgres::Error::code);
        if code != Some(&SqlState::READ_ONLY_SQL_TRANSACTION) || !std::mem::take(&mut self.left) {
            return Err(error);
        }
        let connection = session::connection(&self.shared.pool).await?;
        connection.batch_execute("select oosync.mark()").await.map_err(|_| error)
    }
}
