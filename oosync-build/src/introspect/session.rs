//! The transaction a snapshot is read in.

use postgres::{Client, IsolationLevel, Row, Transaction};

use super::{Error, OLDEST_SUPPORTED_MAJOR};

/// Settings that change how Postgres prints expressions and constants, pinned for this transaction only (a
/// pooler may hand the connection to somebody else afterwards), and limits a role may carry.
const PINNED: &str = "
    set local search_path = '';
    set local DateStyle = 'ISO';
    set local IntervalStyle = 'iso_8601';
    set local TimeZone = 'UTC';
    set local extra_float_digits = 1;
    set local bytea_output = 'hex';
    set local lc_monetary = 'C';
    set local quote_all_identifiers = off;
    set local standard_conforming_strings = on;
    set local statement_timeout = 0;
    set local jit = off;
";

/// An open snapshot transaction.
pub(super) struct Session<'a> {
    transaction: Transaction<'a>,
    /// `server_version_num` / 10000.
    major: u32,
    /// The OIDs of the chosen schemas.
    namespaces: Vec<u32>,
}

impl<'a> Session<'a> {
    pub(super) fn begin<S: AsRef<str>>(client: &'a mut Client, schemas: &[S]) -> Result<Self, Error> {
        let mut transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()?;
        let version = transaction.query_one(
            "select current_setting('server_version_num')::int4, current_setting('server_version')",
            &[],
        )?;
        let major = u32::try_from(version.try_get::<_, i32>(0)? / 10_000).unwrap_or(0);
        if major < OLDEST_SUPPORTED_MAJOR {
            return Err(Error::TooOld { found: version.try_get(1)? });
        }
        transaction.batch_execute(PINNED)?;
        let existing = transaction.query("select oid, nspname::text from pg_namespace", &[])?;
        let existing = existing
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<Vec<(u32, String)>, postgres::Error>>()?;
        let namespaces = schemas
            .iter()
            .map(|schema| namespace(schema.as_ref(), &existing))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { transaction, major, namespaces })
    }

    /// The rows of a query whose one parameter, `$1`, is the list of chosen schemas.
    pub(super) fn query(&mut self, sql: &str) -> Result<Vec<Row>, Error> {
        Ok(self.transaction.query(sql, &[&self.namespaces])?)
    }

    /// The rows of a query whose one parameter, `$1`, is a list of OIDs.
    pub(super) fn query_for(&mut self, sql: &str, oids: &[u32]) -> Result<Vec<Row>, Error> {
        Ok(self.transaction.query(sql, &[&oids])?)
    }

    /// `sql` where the server is of this major or newer, otherwise `otherwise`.
    pub(super) fn since<'s>(&self, major: u32, sql: &'s str, otherwise: &'s str) -> &'s str {
        if self.major >= major { sql } else { otherwise }
    }

    pub(super) fn end(self) -> Result<(), Error> {
        Ok(self.transaction.commit()?)
    }
}

fn namespace(schema: &str, existing: &[(u32, String)]) -> Result<u32, Error> {
    let owner = match schema {
        "oosync" => Some("oosync itself"),
        "information_schema" => Some("Postgres"),
        _ if schema.starts_with("pg_") => Some("Postgres"),
        _ => None,
    };
    if let Some(owner) = owner {
        return Err(Error::ReservedSchema { name: schema.to_owned(), owner });
    }
    existing.iter().find(|(_, name)| name == schema).map(|(oid, _)| *oid).ok_or_else(|| {
        let mut names: Vec<String> = existing
            .iter()
            .map(|(_, name)| name.clone())
            .filter(|name| !name.starts_with("pg_") && name != "information_schema" && name != "oosync")
            .collect();
        names.sort();
        Error::no_such_schema(schema, names)
    })
}
