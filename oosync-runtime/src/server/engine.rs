//! The sync server without HTTP.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;

use super::auth::{Authenticator, Identity, RequestParts};
use super::catalog::Catalog;
use super::compatible::Known;
use super::cursor::Signer;
use super::event::{Event, Observers, StaleClient};
use super::metrics::Metrics;
use super::permissions::Permissions;
use super::push::{PushHook, PushRules, Resolver};
use super::start::{self, StartError};
use super::wait::{TICK, Waiters};
use super::{Error, session};
use crate::protocol::{ErrorCode, Limits};
use crate::schema::Schema;

/// A sync server over a Postgres database: everything that devices ask for, each as a method that takes who is asking.
///
/// It keeps nothing of devices in memory: any number of servers may serve one database. Cloning it is cheap.
#[derive(Clone)]
pub struct Engine {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) pool: Pool,
    pub(super) schema: &'static Schema,
    pub(super) catalog: Catalog,
    pub(super) signer: Signer,
    pub(super) limits: Limits,
    pub(super) authenticator: Arc<dyn Authenticator>,
    pub(super) known: Known,
    pub(super) push_rules: PushRules,
    pub(super) permissions: Permissions,
    pub(super) waiters: Arc<Waiters>,
    pub(super) metrics: Metrics,
    pub(super) observers: Observers,
}

/// How an [`Engine`] is made.
pub struct EngineBuilder {
    pool: Pool,
    schema: &'static Schema,
    authenticator: Arc<dyn Authenticator>,
    limits: Limits,
    push_rules: PushRules,
    permissions: Permissions,
    tick: Duration,
    observers: Observers,
}

impl Engine {
    /// An engine over connections of the server's role, for the schema that the database has; `authenticator` says who is
    /// asking.
    pub fn builder(pool: Pool, schema: &'static Schema, authenticator: impl Authenticator) -> EngineBuilder {
        EngineBuilder {
            pool,
            schema,
            authenticator: Arc::new(authenticator),
            limits: Limits::default(),
            push_rules: PushRules::default(),
            permissions: Permissions::default(),
            tick: TICK,
            observers: Observers::default(),
        }
    }

    /// The schema that is served.
    pub fn schema(&self) -> &'static Schema {
        self.shared.schema
    }

    /// What is taken of a request.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Who sends a request.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unauthenticated`], [`ErrorCode::Forbidden`], [`ErrorCode::Unavailable`].
    pub async fn authenticate(&self, request: RequestParts<'_>) -> Result<Identity, Error> {
        Ok(self.shared.authenticator.authenticate(request).await?)
    }

    /// Remembers how far transaction ids have come, and draws what a database needs after a crash. To be called every
    /// few seconds, by one server or by many.
    ///
    /// # Errors
    ///
    /// Where Postgres does not answer.
    pub async fn mark(&self) -> Result<(), Error> {
        let connection = session::connection(&self.shared.pool).await?;
        connection.batch_execute("select oosync.mark()").await?;
        Ok(())
    }

    /// Forgets what no device within the retention needs, as an interval of Postgres, as in `30 days`: devices that
    /// come later load everything anew. How many entries of the log went.
    ///
    /// # Errors
    ///
    /// Where Postgres does not answer; what was done until then stays done.
    pub async fn compact(&self, retention: &str) -> Result<u64, Error> {
        let connection = session::connection(&self.shared.pool).await?;
        let mut gone = 0;
        loop {
            let sql = "select gone, done from oosync.compact($1::text::interval)";
            let row = connection.query_one(sql, &[&retention]).await?;
            gone += u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
            if row.try_get(1)? {
                self.shared.observers.tell(Event::Compacted { gone });
                return Ok(gone);
            }
        }
    }
}

pub(super) fn unknown_client() -> Error {
    Error::new(ErrorCode::UnknownClient, "this device is not known here: it has to register")
}

impl EngineBuilder {
    /// What is taken of a request; by default [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Which roles read and write columns in field groups; by default, nobody.
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// How far the clocks of devices may be off. Where the later edit wins, an edit of a device that is no more than this
    /// before the server's stamp counts as the later one; one that is further in the future than this counts as made
    /// now. By default it is two seconds.
    pub fn skew(mut self, skew: Duration) -> Self {
        self.push_rules.skew = skew;
        self
    }

    /// Code that settles conflicts, before the rule of a table does.
    pub fn resolver(mut self, resolver: impl Resolver) -> Self {
        self.push_rules.resolver = Some(Arc::new(resolver));
        self
    }

    /// Code that is called in the transaction of every push, after its mutations were applied. Where there are several,
    /// each is called, in this order.
    pub fn on_push(mut self, hook: impl PushHook) -> Self {
        self.push_rules.hooks.push(Arc::new(hook));
        self
    }

    /// Code that is told what happened, after it did: see [`Event`]. It is called where requests are answered: it should
    /// not wait for anything. Where there are several, each is called, in this order.
    pub fn on_event(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observers.events.push(Arc::new(observer));
        self
    }

    /// Code that is asked about each device that was away for longer than changes are kept, before it is told to load
    /// everything anew. Refused, with a message for a person, it is told that it may not ([`ErrorCode::Forbidden`]).
    pub fn on_stale_client(
        mut self,
        decide: impl Fn(&StaleClient<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.observers.stale = Some(Arc::new(decide));
        self
    }

    /// The oldest version of the app that is served. Requests say theirs in the header `X-App-Version`, `register` also
    /// in its body; those that are older, or say none, are told to upgrade. By default every version is served.
    pub fn minimum_app_version(mut self, version: semver::Version) -> Self {
        self.observers.minimum = Some(version);
        self
    }

    /// How often Postgres is asked for changes while pulls wait, once for all of them; by default every 10
    /// milliseconds. Each server takes one connection for it, beside those of the pool.
    pub fn tick(mut self, tick: Duration) -> Self {
        self.tick = tick;
        self
    }

    /// Looks at the database and begins to serve it.
    ///
    /// # Errors
    ///
    /// Where the database cannot be served, or not by this role; see [`StartError`].
    pub async fn build(self) -> Result<Engine, StartError> {
        let mut connection = self.pool.get().await?;
        let named = |table: &crate::schema::Table| {
            format!("{}.{}", session::ident(table.pg_schema), session::ident(table.pg_name))
        };
        let tables: Vec<String> = self.schema.tables.iter().map(|table| named(table)).collect();
        let client: &mut tokio_postgres::Client = &mut connection;
        let transaction = client.transaction().await?;
        // Names of types are whole then.
        transaction.batch_execute("set local search_path = ''").await?;
        start::check(transaction.client(), &tables).await?;
        let catalog = Catalog::load(transaction.client(), self.schema).await?;
        transaction.batch_execute("select oosync.mark()").await?;
        let key = transaction.query_one("select m.cursor_key from oosync.meta m", &[]).await?;
        let signer = Signer::new(key.try_get(0)?);
        transaction.commit().await?;
        drop(connection);
        let shared = Shared {
            pool: self.pool,
            schema: self.schema,
            catalog,
            signer,
            limits: self.limits,
            authenticator: self.authenticator,
            known: Known::default(),
            push_rules: self.push_rules,
            permissions: self.permissions,
            waiters: Waiters::new(self.tick),
            metrics: Metrics::default(),
            observers: self.observers,
        };
        Ok(Engine { shared: Arc::new(shared) })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables: BTreeSet<_> = self.shared.schema.tables.iter().map(|table| table.name).collect();
        f.debug_struct("Engine").field("tables", &tables).field("schema", &self.shared.schema.hash).finish()
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder").field("schema", &self.schema.hash).finish_non_exhaustive()
    }
}
