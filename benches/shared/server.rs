//! A server that waits for the disk, as those in production do.

use std::sync::Arc;

use oosync_build::config::{Config, Tags};
use oosync_build::facts::Facts;
use oosync_build::introspect::snapshot;
use oosync_build::plan::{Draft, Strictness};
use oosync_build::postgres::Installation;
use oosync_tests::{Cluster, ClusterOptions, TestDatabase};
use postgres::Client;

const SCHEMA: &str = include_str!("schema.sql");
/// The config that goes with the tables.
pub const CONFIG: &str = include_str!("Oosync.toml");

/// Later settings win over those that the harness starts every server with. No autovacuum, and few checkpoints: what
/// runs beside one round and not beside the other would be measured.
const SETTINGS: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "wal_level=replica",
    "shared_buffers=1GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=1h",
    "maintenance_work_mem=512MB",
    "autovacuum=off",
];

/// A running server.
pub struct Server {
    cluster: Arc<Cluster>,
}

impl Server {
    /// Starts one.
    pub fn start() -> Self {
        let settings = SETTINGS.iter().map(|setting| (*setting).to_owned()).collect();
        let cluster = Cluster::private(&ClusterOptions { settings, ..ClusterOptions::default() });
        cluster.role("oosync_server");
        Self { cluster: Arc::new(cluster) }
    }

    /// A database with the tables, and nothing of oosync.
    pub fn without_capture(&self) -> TestDatabase {
        let database = TestDatabase::empty_in(&self.cluster);
        database.execute(SCHEMA);
        database
    }

    /// The same with everything that oosync installs for capture.
    pub fn with_capture(&self) -> TestDatabase {
        let database = self.without_capture();
        let (_, installation) = Self::planned(&database);
        database.execute(&installation.install_sql());
        database
    }

    /// What is to be installed in a database with the tables, and its facts.
    pub fn planned(database: &TestDatabase) -> (Facts, Installation) {
        let facts = snapshot(&mut database.client(), &["public"]).expect("the schema can be read");
        let config = Config::parse("Oosync.toml", CONFIG).expect("the config is valid");
        let (tags, _) = Tags::read(&facts);
        let plan =
            Draft::new(&facts, &config, &tags).validate(Strictness::Strict).expect("the plan is valid").plan;
        let installation = Installation::new(&plan, &facts, &config).expect("everything can be captured");
        (facts, installation)
    }

    /// Two databases of the same rows, the second with capture.
    pub fn without_and_with(&self, fill: fn(&TestDatabase)) -> [TestDatabase; 2] {
        let both = [self.without_capture(), self.with_capture()];
        both.iter().for_each(fill);
        both
    }

    /// What it is, for whoever reads the figures.
    pub fn describe(&self) -> String {
        let version: String = value(&mut self.cluster.client(), "select version()");
        let version = version.split(" on ").next().unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        format!("{version}, {cores} cores, {}", SETTINGS.join(" "))
    }
}

/// The one value of a query.
pub fn value<T: for<'a> postgres::types::FromSql<'a>>(client: &mut Client, sql: &str) -> T {
    client.query_one(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
}

/// Runs statements, and says which one it was that failed.
pub fn run(client: &mut Client, sql: &str) {
    client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// The user with this number, as SQL: `of` is an expression.
pub fn uuid_of(of: &str) -> String {
    format!("md5(({of})::text)::uuid")
}
