//! A database for one test.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};

use super::{Cluster, psql};

/// A database of its own, dropped at the end of the test.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    cluster: Arc<Cluster>,
}

impl TestDatabase {
    /// An empty database.
    ///
    /// # Panics
    ///
    /// Where there is no Postgres, with the command that installs it.
    pub fn empty() -> Self {
        Self::copy_of("template0", Cluster::shared())
    }

    /// An empty database of another cluster: for what is known to all databases of one, such as roles.
    ///
    /// # Panics
    ///
    /// As [`TestDatabase::empty`].
    pub fn empty_in(cluster: &Arc<Cluster>) -> Self {
        Self::copy_of("template0", cluster)
    }

    /// A database with this schema.
    ///
    /// # Panics
    ///
    /// Also where Postgres refuses the schema.
    pub fn with_schema(sql: &str) -> Self {
        let database = Self::empty();
        database.execute(sql);
        database
    }

    /// A database with this schema, copied from one that is made once a run: for tests that share a schema.
    ///
    /// # Panics
    ///
    /// As [`TestDatabase::with_schema`].
    pub fn from_template(sql: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        sql.hash(&mut hasher);
        let template = format!("oosync_template_{:016x}", hasher.finish());
        let mut client = Cluster::shared().client();
        // Held until the connection closes: whoever comes second finds the template complete.
        client.execute("select pg_advisory_lock(hashtext($1))", &[&template]).expect("a lock can be taken");
        let known = client.query("select from pg_database where datname = $1", &[&template]);
        if known.expect("pg_database is readable").is_empty() {
            // Under another name until it is complete.
            let unfinished = Self::with_schema(sql);
            client
                .batch_execute(&format!("alter database {} rename to {template}", unfinished.name))
                .expect("nobody is connected to it");
            std::mem::forget(unfinished);
        }
        Self::copy_of(&template, Cluster::shared())
    }

    /// The URL, as superuser.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// The URL, as another user of the server.
    pub fn url_as(&self, user: &str) -> String {
        let url = self.url();
        let (scheme, rest) = url.split_once("://").expect("a URL has a scheme");
        let host = rest.split_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{user}@{host}")
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection, as superuser.
    pub fn client(&self) -> Client {
        Client::connect(&self.url(), NoTls).expect("the test server accepts connections")
    }

    /// Runs statements.
    ///
    /// # Panics
    ///
    /// Where Postgres refuses one.
    pub fn execute(&self, sql: &str) {
        if let Err(error) = self.client().batch_execute(sql) {
            panic!("{error}: {:?}", error.as_db_error());
        }
    }

    /// Runs a file with `psql`, which knows `COPY … FROM stdin` and `\` commands.
    ///
    /// # Panics
    ///
    /// Where a statement fails.
    pub fn execute_file(&self, path: &Path) {
        let output = Command::new(psql())
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url(), "-f"])
            .arg(path)
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .stdin(Stdio::null())
            .output()
            .expect("psql runs");
        assert!(
            output.status.success(),
            "{} could not be loaded: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn copy_of(template: &str, cluster: &Arc<Cluster>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("oosync_test_{}_{number}", std::process::id());
        let mut client = cluster.client();
        // Copying files is the fast way where nothing waits for the disk; older servers know no other.
        let version = client.query_one("select current_setting('server_version_num')::int4", &[]);
        let version: i32 = version.expect("every server has a version").get(0);
        let strategy = if version >= 150_000 { "strategy file_copy" } else { "" };
        client
            .batch_execute(&format!("create database {name} template {template} {strategy}"))
            .expect("tests may create databases");
        Self { name, cluster: Arc::clone(cluster) }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(&self.cluster.url("postgres"), NoTls) {
            let _ = client.batch_execute(&format!("drop database if exists {} with (force)", self.name));
        }
    }
}
