//! A transaction of a request: as the server it reads the log and keeps books, as the user it reads and writes rows.

use std::fmt::Write as _;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::Transaction;

use super::Error;
use super::auth::Identity;

/// What texts of values depend on, as [`codec`](crate::codec) reads them; and what a session that others have used may
/// have been left with.
const PINS: &str = "set local search_path = ''; set local datestyle = 'ISO, YMD'; set local intervalstyle = iso_8601; \
                    set local timezone = 'UTC'; set local extra_float_digits = 1; set local bytea_output = hex; \
                    set local lc_monetary = 'C'; set local row_security = on; set local standard_conforming_strings = on; \
                    set local client_min_messages = warning; ";

/// How a transaction reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One state of the database, and nothing is written.
    Snapshot,
    /// Each statement sees what others have committed.
    ReadWrite,
}

/// A connection for one request.
pub(super) async fn connection(pool: &Pool) -> Result<Object, Error> {
    Ok(pool.get().await?)
}

/// Begins a transaction of a user's request; as the server until [`as_user`].
pub(super) async fn begin<'c>(
    connection: &'c mut Object,
    identity: &Identity,
    mode: Mode,
) -> Result<Transaction<'c>, Error> {
    let transaction = start(connection, mode).await?;
    set_up(&transaction, identity).await?;
    Ok(transaction)
}

/// Begins a transaction that has yet to be [set up](set_up).
pub(super) async fn start(connection: &mut Object, mode: Mode) -> Result<Transaction<'_>, Error> {
    // Without deadpool's cache of statements.
    let client: &mut tokio_postgres::Client = connection;
    let builder = client.build_transaction();
    let builder = match mode {
        Mode::Snapshot => {
            builder.isolation_level(tokio_postgres::IsolationLevel::RepeatableRead).read_only(true)
        }
        Mode::ReadWrite => {
            builder.isolation_level(tokio_postgres::IsolationLevel::ReadCommitted).read_only(false)
        }
    };
    Ok(builder.start().await?)
}

/// Says to a transaction that has just begun whose it is, and what texts of values depend on.
///
/// Everything is set for this transaction alone: connections may be shared with others, behind a pooler too. Joined with
/// the first question, and before it, this costs no way to Postgres and back of its own.
pub(super) async fn set_up(transaction: &Transaction<'_>, identity: &Identity) -> Result<(), Error> {
    let mut sql = PINS.to_owned();
    for (name, value) in identity.settings() {
        // `set` is no query: it takes no snapshot yet.
        let _ = write!(sql, "set local {} = {}; ", setting(name), literal(value));
    }
    Ok(transaction.batch_execute(&sql).await?)
}

/// From now on, everything is done with the rights of the user.
pub(super) async fn as_user(transaction: &Transaction<'_>, identity: &Identity) -> Result<(), Error> {
    if let Some(role) = identity.role() {
        transaction.batch_execute(&format!("set local role {}", literal(role))).await?;
    }
    Ok(())
}

/// From now on, as the server again.
pub(super) async fn as_server(transaction: &Transaction<'_>, identity: &Identity) -> Result<(), Error> {
    if identity.role().is_some() {
        transaction.batch_execute("set local role none").await?;
    }
    Ok(())
}

/// A string constant.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// An identifier.
pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"app"."tenant"`.
fn setting(name: &str) -> String {
    name.split('.').map(ident).collect::<Vec<_>>().join(".")
}
