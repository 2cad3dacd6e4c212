//! A database with the example's schema, an engine over it, and people who use it.

use std::path::Path;

use deadpool_postgres::{Manager, Pool};
use oosync_build::facts::Facts;
use oosync_build::introspect::snapshot;
use oosync_build::plan::{Plan, Strictness};
use oosync_build::postgres::Installation;
use oosync_build::project::Project;
use oosync_runtime::protocol::Register;
use oosync_runtime::server::auth::{Header, Identity};
use oosync_runtime::server::{Engine, EngineBuilder, schema_of};
use oosync_tests::TestDatabase;
use tokio_postgres::NoTls;
use uuid::Uuid;

pub(crate) const SCHEMA: &str = include_str!("../../../examples/todo/schema.sql");

/// The user with this number.
pub(crate) fn user(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// What a schema and a config lead to.
pub(crate) fn planned(database: &TestDatabase, config: &str) -> (Facts, Plan, Installation) {
    let facts = snapshot(&mut database.client(), &["public"]).unwrap();
    let mut project = Project::without_config(Path::new("."));
    project.config = oosync_build::config::Config::parse("Oosync.toml", config).unwrap();
    let plan = project.plan_of(&facts, Strictness::Strict).unwrap_or_else(|error| panic!("{error}")).plan;
    let installation = Installation::new(&plan, &facts, &project.config).unwrap();
    (facts, plan, installation)
}

/// A database, and a server of it.
pub(crate) struct Server {
    pub(crate) database: TestDatabase,
    pub(crate) engine: Engine,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Server {
    /// With the example's schema and three users.
    pub(crate) fn todo() -> Self {
        Self::todo_built(|builder| builder)
    }

    /// The same, with something more said of the engine.
    pub(crate) fn todo_built(built: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Self {
        let server = Self::built(SCHEMA, include_str!("../../../Oosync.toml"), built);
        people(&server);
        server
    }

    pub(crate) fn with(schema: &str, config: &str) -> Self {
        Self::built(schema, config, |builder| builder)
    }

    /// With something more said of the engine.
    pub(crate) fn built(
        schema: &str,
        config: &str,
        built: impl FnOnce(EngineBuilder) -> EngineBuilder,
    ) -> Self {
        Self::built_as("oosync_server", schema, config, built)
    }

    /// With another role of the server.
    pub(crate) fn built_as(
        role: &str,
        schema: &str,
        config: &str,
        built: impl FnOnce(EngineBuilder) -> EngineBuilder,
    ) -> Self {
        Self::over_as(role, TestDatabase::with_schema(schema), config, built)
    }

    /// Over a database that has its schema.
    #[allow(dead_code, reason = "the tests of HTTP use it, which share this module")]
    pub(crate) fn over(
        database: TestDatabase,
        config: &str,
        built: impl FnOnce(EngineBuilder) -> EngineBuilder,
    ) -> Self {
        Self::over_as("oosync_server", database, config, built)
    }

    fn over_as(
        role: &str,
        database: TestDatabase,
        config: &str,
        built: impl FnOnce(EngineBuilder) -> EngineBuilder,
    ) -> Self {
        let (_, plan, installation) = planned(&database, config);
        database.execute(&installation.script(oosync_build::postgres::Wrapping::Transaction));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let engine = runtime
            .block_on(async {
                let pool = pool_as(&database, role);
                let header = Header::trusting("x-user".parse().unwrap());
                built(Engine::builder(pool, schema_of(&plan), header)).build().await
            })
            .unwrap_or_else(|error| panic!("{error}"));
        Self { database, engine, runtime }
    }

    /// Waits for an answer.
    pub(crate) fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// A device of a user that is known to the server.
    pub(crate) fn register(&self, number: usize) -> (Identity, Uuid) {
        let identity = Identity::new(user(number)).unwrap();
        let client = self.register_as(&identity);
        (identity, client)
    }

    /// A device of this user that is known to the server.
    pub(crate) fn register_as(&self, identity: &Identity) -> Uuid {
        let request = Register {
            client: None,
            user: None,
            schema_hash: self.engine.schema().hash.to_owned(),
            app_version: None,
            device: None,
            lease: Vec::new(),
        };
        self.wait(self.engine.register(identity, &request)).unwrap().client
    }
}

/// Three users.
pub(crate) fn people(server: &Server) {
    for number in 0..3 {
        server.database.execute(&format!(
            "insert into users (id, email, name) values ('{}', 'user{number}@example.org', 'User {number}')",
            user(number)
        ));
    }
}

/// Another server of the same database, with connections of its own.
pub(crate) fn engine_of(server: &Server) -> Engine {
    server
        .wait(async {
            let header = Header::trusting("x-user".parse().unwrap());
            Engine::builder(pool(&server.database), server.engine.schema(), header).build().await
        })
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Connections as the server's role.
pub(crate) fn pool(database: &TestDatabase) -> Pool {
    pool_as(database, "oosync_server")
}

fn pool_as(database: &TestDatabase, role: &str) -> Pool {
    let config = database.url_as(role).parse().unwrap();
    Pool::builder(Manager::new(config, NoTls)).max_size(8).build().unwrap()
}
