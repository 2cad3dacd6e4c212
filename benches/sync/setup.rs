//! A database with rows of one user, and `oosyncd` over it.

use oosync_benches::server::{CONFIG, Server, run};
use oosync_build::postgres::Wrapping;
use oosync_runtime::schema::Schema;
use oosync_runtime::server::schema_of;
use oosync_tests::TestDatabase;
use tempfile::TempDir;

use super::http::Http;
use super::process::Daemon;

/// The user with all the rows.
pub(crate) const ADA: &str = "00000000-0000-4000-8000-000000000000";

/// What the whole benchmark is about.
pub(crate) struct Setup {
    pub(crate) database: TestDatabase,
    pub(crate) schema: &'static Schema,
    pub(crate) daemon: Daemon,
    /// With `Oosync.toml`, facts, and room for files.
    pub(crate) folder: TempDir,
}

impl Setup {
    /// With so many rows of `documents`.
    pub(crate) fn new(server: &Server, rows: usize) -> Self {
        let database = server.without_capture();
        let mut client = database.client();
        run(&mut client, &format!("insert into documents select * from ({}) s", documents(1, rows)));
        run(&mut client, "vacuum (freeze, analyze) documents");
        let (facts, installation) = Server::planned(&database);
        database.execute(&installation.script(Wrapping::Transaction));
        let folder = TempDir::new().expect("a folder can be made");
        std::fs::write(folder.path().join("Oosync.toml"), CONFIG).expect("a file can be written");
        facts.save(&folder.path().join("oosync.facts.json")).expect("a file can be written");
        let daemon = Daemon::start(folder.path(), &database.url_as("oosync_server"));
        let schema = schema(folder.path());
        Self { database, schema, daemon, folder }
    }

    /// A device of a user that is known to the server: its id as JSON.
    pub(crate) fn register(&self, user: &str) -> serde_json::Value {
        let asked = serde_json::json!({"schema_hash": self.schema.hash});
        Http::new(self.daemon.address, user).json("register", &asked)["client"].clone()
    }
}

/// The schema that a folder is of.
pub(crate) fn schema(folder: &std::path::Path) -> &'static Schema {
    let project = oosync_build::project::Project::with_config(&folder.join("Oosync.toml"));
    let project = project.unwrap_or_else(|error| panic!("{error}"));
    let plan = project.plan(oosync_build::plan::Strictness::Strict);
    schema_of(&plan.unwrap_or_else(|error| panic!("{error}")).plan)
}

/// A query that makes rows: keys in no order.
pub(crate) fn documents(from: usize, to: usize) -> String {
    format!(
        "select md5(n::text)::uuid as id, '{ADA}'::uuid as user_id, 'title ' || n as title, repeat('body ', 8) as body,
           (n / 8.0)::numeric(12, 2) as amount, n as position, n % 2 = 0 as done, now() as starts_at,
           current_date as due, array['a', 'b'] as tags, now() as created_at, now() as updated_at
         from generate_series({from}, {to}) n"
    )
}
