//! Postgres catalogs to [`Facts`]: one read-only transaction, a fixed number of queries.
//!
//! ```no_run
//! use oosync_build::introspect::{DatabaseUrl, snapshot};
//!
//! let url = DatabaseUrl::parse("postgres://app@localhost/app?sslmode=verify-full")?;
//! let facts = snapshot(&mut url.connect()?, &["public"])?;
//! facts.save("oosync.facts.json".as_ref())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Only `pg_catalog` is read (`information_schema` hides what the role may not touch), so that any role which
//! may connect gets the whole snapshot, whatever it owns or may select.
//!
//! - [`url`], `sslmode`, `tls`: connecting, with the sslmode values of libpq
//! - `session`: the transaction, its pinned settings, the schemas chosen
//! - `relations`, `types`, `constraints`, `security`: one group of catalogs each, SQL beside the code that
//!   reads its rows
//! - `expression`: the one spelling of expressions that Postgres majors print differently

mod constraints;
mod expression;
mod relations;
mod security;
mod session;
mod sslmode;
mod tls;
mod types;
pub mod url;

use postgres::Client;
use postgres::error::SqlState;

use self::session::Session;

pub use self::url::{ConnectError, DatabaseUrl};
use crate::facts::{FORMAT, Facts};
use crate::suggest;

/// The oldest Postgres that can be read.
pub const OLDEST_SUPPORTED_MAJOR: u32 = 13;

/// Why no snapshot could be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server is older than [`OLDEST_SUPPORTED_MAJOR`].
    #[error("this server is Postgres {found}, and oosync needs {OLDEST_SUPPORTED_MAJOR} or newer")]
    TooOld {
        /// The server's own words.
        found: String,
    },
    /// A schema was asked for that the database does not have.
    #[error("there is no schema `{name}` in this database")]
    NoSuchSchema {
        /// The name asked for.
        name: String,
        /// The schema that was probably meant.
        nearest: Option<String>,
        /// The schemas that exist, without the system's own.
        existing: Vec<String>,
    },
    /// A schema was asked for that is never part of a snapshot.
    #[error("the schema `{name}` belongs to {owner} and is never part of a snapshot")]
    ReservedSchema {
        /// The name asked for.
        name: String,
        /// Whose it is.
        owner: &'static str,
    },
    /// The catalogs hold something that this version does not know.
    #[error("{what} is not known to this version of oosync")]
    Unknown {
        /// What, and on which object.
        what: String,
    },
    /// Somebody kept changing the schema, or holds a lock on it.
    #[error("the schema is being changed by another session")]
    Changing,
    /// A query failed.
    #[error("reading the catalogs failed: {}", describe(.0))]
    Query(#[from] postgres::Error),
}

/// Takes a snapshot of `schemas`.
///
/// The whole of it is one state of the schema: where the schema changes meanwhile, it is read again. Objects that
/// belong to an extension are left out; columns of extension types are there, with their type.
///
/// # Errors
///
/// See [`Error`].
pub fn snapshot<S: AsRef<str>>(client: &mut Client, schemas: &[S]) -> Result<Facts, Error> {
    const ATTEMPTS: usize = 5;
    // Rows come from one database state, but Postgres prints the expressions in them from its newest catalogs, where
    // an object may have another name by now, or none.
    for _ in 0..ATTEMPTS {
        let mut session = Session::begin(client, schemas)?;
        let before = session.fingerprint()?;
        let result = read(&mut session, schemas);
        drop(session);
        match &result {
            Err(Error::Query(error)) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                return Err(Error::Changing);
            }
            Err(Error::Query(error)) if error.is_closed() => return result,
            _ => {}
        }
        if Session::begin(client, schemas)?.fingerprint()? == before {
            return result;
        }
    }
    Err(Error::Changing)
}

fn read<S: AsRef<str>>(session: &mut Session<'_>, schemas: &[S]) -> Result<Facts, Error> {
    let types = types::Types::read(session)?;
    let mut relations = relations::Relations::read(session, &types)?;
    constraints::read(session, &mut relations)?;
    security::read(session, &mut relations)?;
    let mut facts = Facts {
        format: FORMAT,
        schemas: schemas.iter().map(|schema| schema.as_ref().to_owned()).collect(),
        ..Facts::default()
    };
    types.describe(session, |oid| relations.contains(oid), &mut facts)?;
    facts.tables = relations.into_tables();
    facts.sort();
    Ok(facts)
}

/// The database's schemas, sorted, without the system's and oosync's own.
///
/// # Errors
///
/// [`Error::Query`].
pub fn schemas(client: &mut Client) -> Result<Vec<String>, Error> {
    let mut transaction = client.build_transaction().read_only(true).start()?;
    session::pin(&mut transaction)?;
    Ok(session::existing_schemas(&mut transaction)?.into_iter().map(|(_, name)| name).collect())
}

impl Error {
    /// What to do about it, where there is something.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::TooOld { .. } => Some(format!(
                "upgrade the server to Postgres {OLDEST_SUPPORTED_MAJOR} or newer, or point at another one"
            )),
            Self::NoSuchSchema { nearest: Some(nearest), .. } => {
                Some(format!("did you mean `--schema {nearest}`?"))
            }
            Self::NoSuchSchema { existing, .. } if existing.is_empty() => {
                Some("the database has no schema but the system's own".to_owned())
            }
            Self::NoSuchSchema { existing, .. } => {
                Some(format!("the database has the schemas {}", existing.join(", ")))
            }
            Self::Unknown { .. } => Some("upgrade oosync".to_owned()),
            Self::Changing => Some("run it again when the migration is done".to_owned()),
            Self::ReservedSchema { .. } | Self::Query(_) => None,
        }
    }

    fn no_such_schema(name: &str, existing: Vec<String>) -> Self {
        let nearest = suggest::nearest(name, existing.iter().map(String::as_str)).map(str::to_owned);
        Self::NoSuchSchema { name: name.to_owned(), nearest, existing }
    }
}

/// The server's message with its code, where the server spoke; otherwise the error and its cause.
pub(crate) fn describe(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => {
            let mut text = format!("{} (SQLSTATE {})", db.message(), db.code().code());
            for part in [db.detail(), db.hint()].into_iter().flatten() {
                text.push_str("; ");
                text.push_str(part);
            }
            text
        }
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}
