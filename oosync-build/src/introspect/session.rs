//! The transaction a snapshot is read in.

use postgres::{Client, IsolationLevel, Row, Transaction};

use super::{Error, OLDEST_SUPPORTED_MAJOR};

/// Settings that change what a name means or how Postgres prints expressions and constants, and limits that a role
/// may carry; pinned for this transaction only (a pooler may hand the connection to somebody else afterwards).
///
/// Before anything else: the database's own `search_path` may put somebody's functions before Postgres'.
const PINNED: &str = "
    set local search_path = '';
    set local statement_timeout = 0;
    set local idle_in_transaction_session_timeout = 0;
    set local lock_timeout = '20s';
    set local DateStyle = 'ISO';
    set local IntervalStyle = 'iso_8601';
    set local TimeZone = 'UTC';
    set local extra_float_digits = 1;
    set local bytea_output = 'hex';
    set local lc_monetary = 'C';
    set local quote_all_identifiers = off;
    set local standard_conforming_strings = on;
";

/// Settings that came with some major.
const PINNED_SINCE: [(u32, &str); 2] =
    [(11, "set local jit = off"), (17, "set local transaction_timeout = 0")];

/// Changes whenever a row of the catalogs does that a snapshot reads: every new version of a row has a newer xmin.
const FINGERPRINT: &str = "
    with relations as (
        select oid, xmin::text::int8 as xmin from pg_class where relnamespace = any($1)
    ), rows(catalog, xmin) as (
        select 1, xmin from relations
        union all select 2, a.xmin::text::int8 from pg_attribute a join relations r on r.oid = a.attrelid
        union all select 3, f.xmin::text::int8 from pg_attrdef f join relations r on r.oid = f.adrelid
        union all select 4, k.xmin::text::int8 from pg_constraint k where k.connamespace = any($1)
        union all select 5, i.xmin::text::int8 from pg_index i join relations r on r.oid = i.indrelid
        union all select 6, p.xmin::text::int8 from pg_policy p join relations r on r.oid = p.polrelid
        union all select 7, t.xmin::text::int8 from pg_trigger t join relations r on r.oid = t.tgrelid
        union all select 8, t.xmin::text::int8 from pg_type t where t.typnamespace = any($1)
        union all select 9, n.xmin::text::int8 from pg_namespace n
    )
    select string_agg(format('%s:%s:%s', catalog, count, sum), ' ' order by catalog)
    from (select catalog, count(*), sum(xmin) from rows group by catalog) c";

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
        transaction.batch_execute(PINNED)?;
        let version = transaction.query_one(
            "select current_setting('server_version_num')::int4, current_setting('server_version')",
            &[],
        )?;
        let major = u32::try_from(version.try_get::<_, i32>(0)? / 10_000).unwrap_or(0);
        if major < OLDEST_SUPPORTED_MAJOR {
            return Err(Error::TooOld { found: version.try_get(1)? });
        }
        for (since, setting) in PINNED_SINCE {
            if major >= since {
                transaction.batch_execute(setting)?;
            }
        }
        let existing = existing_schemas(&mut transaction)?;
        let namespaces = schemas
            .iter()
            .map(|schema| namespace(schema.as_ref(), &existing))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { transaction, major, namespaces })
    }

    /// What the catalogs look like in this transaction; equal fingerprints of two transactions mean that nothing
    /// changed between them.
    pub(super) fn fingerprint(&mut self) -> Result<Option<String>, Error> {
        Ok(self.transaction.query_one(FINGERPRINT, &[&self.namespaces])?.try_get(0)?)
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
}

/// The database's schemas by OID and name, without the system's and our own.
pub(super) fn existing_schemas(transaction: &mut Transaction<'_>) -> Result<Vec<(u32, String)>, Error> {
    let rows = transaction
        .query("select oid, nspname::text from pg_namespace order by nspname collate \"C\"", &[])?;
    let mut schemas = Vec::new();
    for row in rows {
        let name: String = row.try_get(1)?;
        if owner(&name).is_none() {
            schemas.push((row.try_get(0)?, name));
        }
    }
    Ok(schemas)
}

/// The pinned settings for a transaction of another module.
pub(super) fn pin(transaction: &mut Transaction<'_>) -> Result<(), Error> {
    Ok(transaction.batch_execute(PINNED)?)
}

/// Whose a schema is that no snapshot holds.
fn owner(schema: &str) -> Option<&'static str> {
    match schema {
        "oosync" => Some("oosync itself"),
        "information_schema" => Some("Postgres"),
        _ if schema.starts_with("pg_") => Some("Postgres"),
        _ => None,
    }
}

fn namespace(schema: &str, existing: &[(u32, String)]) -> Result<u32, Error> {
    if let Some(owner) = owner(schema) {
        return Err(Error::ReservedSchema { name: schema.to_owned(), owner });
    }
    existing
        .iter()
        .find(|(_, name)| name == schema)
        .map(|(oid, _)| *oid)
        .ok_or_else(|| Error::no_such_schema(schema, existing.iter().map(|(_, name)| name.clone()).collect()))
}
