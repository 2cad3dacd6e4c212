//! What a server makes sure of before it answers anybody.

use thiserror::Error;
use tokio_postgres::Client;

/// Why a server does not start. Each is mended in the database or the config, never by going on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be reached.
    #[error("no connection to Postgres: {0}")]
    Connection(#[from] deadpool_postgres::PoolError),
    /// A query failed.
    #[error("asking Postgres what is installed failed: {}", describe(.0))]
    Query(#[from] tokio_postgres::Error),
    /// Nothing is installed, or the role of the server may not see it.
    #[error("oosync is not installed in this database: run `cargo oosync migrate --apply`")]
    NotInstalled,
    /// The present manifest is of another schema.
    #[error(
        "the database has the schema {installed}, this server was built for {expected}: run `cargo oosync migrate \
         --apply`, or deploy the server that goes with it"
    )]
    OtherSchema {
        /// The hash of the present manifest.
        installed: String,
        /// The hash of the schema that the server was given.
        expected: &'static str,
    },
    /// The manifest was made by a version that this one does not know.
    #[error("what is installed was made by another version of oosync: run `cargo oosync migrate --apply`")]
    Manifest,
    /// A column of the schema is not in the database.
    #[error("{table} has no column {column}: run `cargo oosync migrate --check`")]
    NoColumn {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// Policies do not bind the role.
    #[error("the server may not log in as `{role}`, which {power}: policies do not bind it")]
    Role {
        /// Its name.
        role: String,
        /// Why.
        power: &'static str,
    },
    /// A standby's snapshots do not say which transactions are running.
    #[error("this is a standby: a sync server needs the primary")]
    Standby,
    /// Changes are not logged.
    #[error(
        "changes of {tables} are not captured: `cargo oosync migrate --check` tells why, `--apply` mends it"
    )]
    NotCaptured {
        /// Which tables.
        tables: String,
    },
    /// Rows would be shown to everybody.
    #[error("row-level security of {tables} is off: run `cargo oosync migrate --apply`")]
    NoRowSecurity {
        /// Which tables.
        tables: String,
    },
}

fn describe(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Whether the database can be served, and by this role.
pub(super) async fn check(client: &Client, tables: &[String]) -> Result<(), StartError> {
    let standby = client.query_one("select pg_catalog.pg_is_in_recovery()", &[]).await?;
    if standby.try_get(0)? {
        return Err(StartError::Standby);
    }
    let installed = "select pg_catalog.to_regclass('oosync.meta') is not null
        and pg_catalog.has_schema_privilege('oosync', 'usage')";
    let installed = client.query_one(installed, &[]).await;
    if !installed.ok().is_some_and(|row| row.try_get(0).unwrap_or_default()) {
        return Err(StartError::NotInstalled);
    }
    let role = "select r.rolname::text, r.rolsuper, r.rolbypassrls, exists (
          select from pg_catalog.unnest($1::text[]) t join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(t)
            where pg_catalog.pg_has_role(r.oid, c.relowner, 'usage'))
        from pg_catalog.pg_roles r where r.rolname = current_user";
    let row = client.query_one(role, &[&tables]).await?;
    let powers = ["is a superuser", "bypasses row-level security", "owns synced tables"];
    for (place, power) in powers.into_iter().enumerate() {
        if row.try_get(place + 1)? {
            return Err(StartError::Role { role: row.try_get(0)?, power });
        }
    }
    let stopped = "select pg_catalog.string_agg(distinct o.relation, ', ') from oosync.object o
        left join pg_catalog.pg_trigger t on t.tgrelid = pg_catalog.to_regclass(o.relation) and not t.tgisinternal
          and '\"' || pg_catalog.replace(t.tgname, '\"', '\"\"') || '\"' = o.name
        where o.kind = 'trigger' and t.tgenabled is distinct from 'A'";
    if let Some(tables) = client.query_one(stopped, &[]).await?.try_get(0)? {
        return Err(StartError::NotCaptured { tables });
    }
    let open = "select pg_catalog.string_agg(t, ', ') from pg_catalog.unnest($1::text[]) t
        join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(t) where not c.relrowsecurity";
    match client.query_one(open, &[&tables]).await?.try_get(0)? {
        Some(tables) => Err(StartError::NoRowSecurity { tables }),
        None => Ok(()),
    }
}
