//! Databases that are not there, refuse, or cannot be read.

use oosync_tests::{Cluster, ClusterOptions, TestDatabase};

use crate::project::{Project, SCHEMA};

#[test]
fn without_a_database_the_variable_to_set_is_named() {
    insta::assert_snapshot!(Project::new().run(&["snapshot"]).all(), @r"
    exit code 2
    --- stderr
    error: no database was named
     |
     = help: set OOSYNC_DATABASE_URL, for example `export OOSYNC_DATABASE_URL=postgres://localhost/app`
    ");
}

#[test]
fn database_url_is_used_only_if_it_points_at_this_machine() {
    let project = Project::new();
    let remote =
        project.run_with(&[("DATABASE_URL", "postgres://app:s3cret@db.example.org/app")], &["snapshot"]);
    insta::assert_snapshot!(remote.all(), @r#"
    exit code 2
    --- stderr
    error: no database was named
     |
     = note: DATABASE_URL points at app@db.example.org:5432/app, and is used only if it points at this machine
     = help: if you mean that database, say so: `export OOSYNC_DATABASE_URL="$DATABASE_URL"`
    "#);
    let database = TestDatabase::with_schema(SCHEMA);
    let local = project.run_with(&[("DATABASE_URL", &database.url())], &["snapshot"]);
    assert_eq!(local.code, 0, "{local:?}");
    // The project's own variable wins over the shared one.
    let both = [("DATABASE_URL", "postgres://localhost:1/x"), ("OOSYNC_DATABASE_URL", &database.url())];
    assert_eq!(project.run_with(&both, &["check"]).code, 0);
}

#[test]
fn a_server_that_does_not_answer() {
    let url = "postgres://app:s3cret@127.0.0.1:1/shop";
    let output = Project::new().run(&["snapshot", "--database-url", url]);
    assert_eq!(output.code, 3);
    // The system's own words follow.
    let start = "error: cannot reach app@127.0.0.1:[port]/shop: Connection refused";
    assert!(output.stderr.starts_with(start), "{output:?}");
    assert!(
        output.stderr.contains("help: is the server running, and are host and port right?"),
        "{output:?}"
    );
}

#[test]
fn a_url_that_is_none() {
    let output =
        Project::new().run(&["snapshot", "--database-url", "postgres://app:s3cret@localhost:port/shop"]);
    insta::assert_snapshot!(output.all(), @r"
    exit code 2
    --- stderr
    error: the database URL is not valid: invalid value for option `port`
     |
     = note: it comes from --database-url
     = help: write it as postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full
    ");
}

#[test]
fn a_database_or_schema_that_does_not_exist() {
    let project = Project::new();
    let database = TestDatabase::with_schema("create schema accounting; create schema \"Sales\"");
    let missing = database.url().replace(database.name(), "nowhere");
    insta::assert_snapshot!(project.run(&["snapshot", "--database-url", &missing]).all(), @r#"
    exit code 3
    --- stderr
    error: postgres@127.0.0.1:[port]/nowhere: database "nowhere" does not exist (SQLSTATE 3D000)
     |
     = help: list the databases with `psql -l`
    "#);
    let url = database.url();
    let near = project.run(&["snapshot", "--database-url", &url, "--schema", "acounting"]);
    insta::assert_snapshot!(near.all(), @r"
    exit code 2
    --- stderr
    error: there is no schema `acounting` in this database
     |
     = help: did you mean `--schema accounting`?
    ");
    let far = project.run(&["snapshot", "--database-url", &url, "--schema", "warehouse"]);
    assert!(far.stderr.contains("the database has the schemas Sales, accounting, public"), "{far:?}");
    let system = project.run(&["snapshot", "--database-url", &url, "--schema", "pg_catalog"]);
    assert!(system.code == 2 && system.stderr.contains("never part of a snapshot"), "{system:?}");
    assert!(!project.path("oosync.facts.json").exists(), "nothing is written");
}

#[test]
fn logins_that_are_refused() {
    let cluster = Cluster::private(&ClusterOptions {
        hba: Some(
            "host all postgres 127.0.0.1/32 trust\n\
             host all outsider 127.0.0.1/32 trust\n\
             host all app 127.0.0.1/32 scram-sha-256\n"
                .to_owned(),
        ),
        ..ClusterOptions::default()
    });
    let mut client = cluster.client();
    for statement in [
        // Postgres 13 would store it in the older way.
        "set password_encryption = 'scram-sha-256'",
        "create role app login password 's3cret'",
        "create role outsider login",
        "create database shop",
        "revoke connect on database shop from public",
        "grant connect on database shop to app",
    ] {
        client.batch_execute(statement).unwrap();
    }
    let project = Project::new();
    let snapshot = |user: &str| {
        let url = cluster.url("shop").replace("postgres@", user);
        project.run(&["snapshot", "--database-url", &url])
    };
    insta::assert_snapshot!(snapshot("app:wr0ng@").all(), @r#"
    exit code 3
    --- stderr
    error: app@127.0.0.1:[port]/shop refused the login: password authentication failed for user "app" (SQLSTATE 28P01)
     |
     = help: check user and password, and the server's pg_hba.conf
    "#);
    insta::assert_snapshot!(snapshot("app@").all(), @r"
    exit code 3
    --- stderr
    error: app@127.0.0.1:[port]/shop asks for a password, and the database URL has none
     |
     = help: put it into the URL, or set PGPASSWORD
    ");
    insta::assert_snapshot!(snapshot("outsider@").all(), @r#"
    exit code 3
    --- stderr
    error: outsider@127.0.0.1:[port]/shop refused the connection: permission denied for database "shop" (SQLSTATE 42501); User does not have CONNECT privilege.
     |
     = help: let the owner run `grant connect on database DATABASE to ROLE`; nothing more is needed
    "#);
    let stranger = snapshot("stranger@");
    assert_eq!(stranger.code, 3, "{stranger:?}");
    // Majors end this message differently.
    assert!(stranger.stderr.contains("refused the login: no pg_hba.conf entry for host"), "{stranger:?}");
    assert_eq!(snapshot("app:s3cret@").code, 0);
    let url = cluster.url("shop").replace("postgres@", "app@");
    let from_environment = project.run_with(&[("PGPASSWORD", "s3cret")], &["check", "--database-url", &url]);
    assert_eq!(from_environment.code, 0, "{from_environment:?}");
}

#[test]
fn a_role_that_may_read_nothing_gets_the_whole_snapshot() {
    let database = TestDatabase::with_schema(&format!(
        "{SCHEMA}
        create schema hidden; create table hidden.secrets (id int primary key, seq serial);
        create policy own on orders using (user_id is not null);
        alter table orders enable row level security;
        revoke all on schema public from public;
        revoke all on all tables in schema public from public;
        do $$ begin create role oosync_reads_nothing login; exception when duplicate_object then end $$;"
    ));
    let schemas = ["public", "hidden"];
    let all = oosync_build::introspect::snapshot(&mut database.client(), &schemas).unwrap();
    let url = database.url_as("oosync_reads_nothing");
    let mut client = oosync_build::introspect::DatabaseUrl::parse(&url).unwrap().connect().unwrap();
    client.batch_execute("select 1 from public.orders").unwrap_err();
    let read = oosync_build::introspect::snapshot(&mut client, &schemas).unwrap();
    assert_eq!(all.to_json(), read.to_json());
}

/// Needs a server older than what is supported, which only `scripts/matrix.sh` brings.
#[test]
fn a_server_that_is_too_old_is_refused() {
    let Some(binaries) = std::env::var_os("OOSYNC_TOO_OLD_PG_BIN") else {
        println!("OOSYNC_TOO_OLD_PG_BIN is not set: run by scripts/matrix.sh");
        return;
    };
    let cluster =
        Cluster::private(&ClusterOptions { binaries: Some(binaries.into()), ..ClusterOptions::default() });
    let output = Project::new().run(&["snapshot", "--database-url", &cluster.url("postgres")]);
    assert_eq!(output.code, 3, "{output:?}");
    assert!(output.stderr.contains("error: this server is Postgres 12"), "{output:?}");
    assert!(output.stderr.contains("upgrade the server to Postgres 13 or newer"), "{output:?}");
}
