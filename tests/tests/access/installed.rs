//! A database with the installation, and requests to it.

use oosync_build::config::{Config, Tags};
use oosync_build::facts::Facts;
use oosync_build::introspect::snapshot;
use oosync_build::plan::{Draft, Plan, Strictness};
use oosync_build::postgres::Installation;
use oosync_tests::TestDatabase;
use postgres::error::SqlState;
use postgres::{Client, NoTls};

pub(crate) const SCHEMA: &str = include_str!("schema.sql");
pub(crate) const CONFIG: &str = include_str!("Oosync.toml");

/// Those who ask, in the order of the columns of the matrix; the last one is nobody.
pub(crate) const PEOPLE: [&str; 5] = [
    "00000000-0000-4000-8000-000000000000",
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-000000000003",
    "",
];

/// What a config leads to in a database.
pub(crate) fn installation(database: &TestDatabase, config: &str) -> (Facts, Config, Plan, Installation) {
    let facts = snapshot(&mut database.client(), &["public"]).unwrap();
    let config = Config::parse("Oosync.toml", config).unwrap();
    let (tags, _) = Tags::read(&facts);
    let problems = config.check(&facts, &tags);
    assert!(!problems.has_errors(), "{problems}");
    let plan = Draft::new(&facts, &config, &tags).validate(Strictness::Strict).unwrap().plan;
    let installation = Installation::new(&plan, &facts, &config).unwrap();
    (facts, config, plan, installation)
}

/// A database with a schema and what the config leads to.
pub(crate) fn installed(schema: &str, config: &str) -> TestDatabase {
    let database = TestDatabase::with_schema(schema);
    let (.., installation) = installation(&database, config);
    database.execute(&installation.install_sql());
    database
}

/// A connection as a role.
pub(crate) fn connect(database: &TestDatabase, role: &str) -> Client {
    Client::connect(&database.url_as(role), NoTls).unwrap()
}

/// What became of a statement in a transaction of its own, as a user, which is rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// So many rows.
    Rows(u64),
    /// No privilege, or a policy against it.
    Denied,
    /// Another error: its message.
    Error(String),
}

pub(crate) fn ask(client: &mut Client, user: &str, sql: &str) -> Outcome {
    let mut transaction = client.transaction().unwrap();
    transaction.execute("select set_config('oosync.user_id', $1, true)", &[&user]).unwrap();
    match transaction.execute(sql, &[]) {
        Ok(rows) => Outcome::Rows(rows),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Outcome::Denied,
        Err(error) => Outcome::Error(error.as_db_error().map(ToString::to_string).unwrap_or_default()),
    }
}
