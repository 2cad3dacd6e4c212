//! A new version of an app on a device that has the rows of the one before.

use std::path::Path;
use std::sync::Arc;

use oosync_build::facts::Facts;
use oosync_build::plan::Strictness;
use oosync_build::postgres::Wrapping;
use oosync_build::project::Project;
use oosync_runtime::client::{Client, Summary, SyncError};
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::schema::Schema;
use oosync_runtime::server::schema_of;
use oosync_tests::TestDatabase;

use crate::network::{Action, Fault, InProcess, Network};
use crate::server::{Server, planned, user};
use crate::support::{Folder, blob, id, key, rows};

/// A server that has gone on from a first version of a schema to the next, and the facts of both.
pub(crate) fn upgraded(schema: &str, next: &str, config: &str) -> (Server, Facts, Facts) {
    let database = TestDatabase::with_schema(schema);
    let (first, _, installation) = planned(&database, config);
    database.execute(&installation.script(Wrapping::Transaction));
    database.execute(next);
    let (next, ..) = planned(&database, config);
    (Server::over(database, config, |builder| builder), first, next)
}

/// The schema of a version of an app.
pub(crate) fn schema(facts: &Facts, config: &str) -> &'static Schema {
    let mut project = Project::without_config(Path::new("."));
    project.config = oosync_build::config::Config::parse("Oosync.toml", config).unwrap();
    schema_of(&project.plan_of(facts, Strictness::Strict).unwrap_or_else(|error| panic!("{error}")).plan)
}

const SCHEMA: &str = "
    create table lists (id uuid primary key, user_id uuid not null, title text not null);
    create table items (
        id uuid primary key, list_id uuid not null references lists on delete cascade, title text not null
    );
    create index on items (list_id);";

pub(crate) const NEXT: &str = "
    alter table lists add column note text;
    create table tags (
        id uuid primary key, list_id uuid not null references lists on delete cascade, name text not null
    );
    create index on tags (list_id);";

pub(crate) const CONFIG: &str = "
    [tables.lists]
    deny_delete = false
    [tables.items]
    deny_delete = false
    ";

/// A device with 500 items and 10 lists, whose app is about to be updated; on the server there are 40 tags.
struct Upgrade {
    server: Server,
    next: &'static Schema,
    network: Arc<Network>,
    folder: Folder,
}

impl Upgrade {
    fn new() -> Self {
        let (server, first, _) = upgraded(SCHEMA, NEXT, CONFIG);
        let owner = user(0);
        server.database.execute(&format!(
            "insert into lists (id, user_id, title, note)
               select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, '{owner}', 'List ' || n, 'Note ' || n
                 from generate_series(1, 10) n;
             insert into items select gen_random_uuid(), l.id, l.title || n from lists l, generate_series(1, 50) n;
             insert into tags select gen_random_uuid(), l.id, l.title || n from lists l, generate_series(1, 4) n"
        ));
        let upgrade =
            Self { next: server.engine.schema(), server, network: Arc::default(), folder: Folder::new() };
        let before = upgrade.open(schema(&first, CONFIG));
        assert!(before.sync().unwrap().bootstrapped);
        let app = before.connection().unwrap();
        app.execute_batch(&format!("UPDATE lists SET title = 'Mine' WHERE id = {}", key(1))).unwrap();
        upgrade
    }

    fn open(&self, schema: &'static Schema) -> Client {
        Client::builder(self.folder.file(), schema)
            .transport(InProcess::new(&self.server, 0, &self.network))
            .open()
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn agrees(&self, app: &Connection) {
        for (here, there) in [
            (
                "SELECT lower(hex(id)), title, note FROM lists ORDER BY 1",
                "select replace(id::text, '-', ''), title, note from lists order by 1",
            ),
            (
                "SELECT lower(hex(id)), title FROM items ORDER BY 1",
                "select replace(id::text, '-', ''), title, null from items order by 1",
            ),
            (
                "SELECT lower(hex(id)), name FROM tags ORDER BY 1",
                "select replace(id::text, '-', ''), name, null from tags order by 1",
            ),
        ] {
            let rows_there = self.server.database.client().query(there, &[]).unwrap();
            let text =
                |row: &postgres::Row, at| row.get::<_, Option<String>>(at).unwrap_or_else(|| "∅".to_owned());
            let columns = if here.contains("note") { 3 } else { 2 };
            let rows_there: Vec<String> = rows_there
                .iter()
                .map(|row| (0..columns).map(|at| text(row, at)).collect::<Vec<_>>().join("|"))
                .collect();
            assert_eq!(rows(app, here), rows_there);
        }
    }
}

#[track_caller]
fn fetched(summary: &Summary) {
    assert!(!summary.bootstrapped, "{summary:?}");
    assert_eq!(summary.fetched, ["lists", "tags"]);
    assert!(summary.rows < 100, "{summary:?}: the items were here");
}

#[test]
fn an_update_of_the_app_fetches_only_tables_that_are_new_or_have_changed() {
    let upgrade = Upgrade::new();
    let client = upgrade.open(upgrade.next);
    let app = client.connection().unwrap();
    assert_eq!(rows(&app, "SELECT count(*) FROM items"), ["500"]);
    // What is written to a new table before its rows are here, and what others did since the last pull.
    app.execute_batch(&format!(
        "INSERT INTO tags (id, list_id, name) VALUES ({}, {}, 'mine')",
        key(77),
        key(2)
    ))
    .unwrap();
    upgrade.server.database.execute(&format!(
        "delete from lists where id = '{}'; update items set title = 'theirs' where list_id = '{}'; \
         delete from tags where list_id = '{}'",
        id(3),
        id(4),
        id(5)
    ));
    let summary = client.sync().unwrap();
    assert!(!summary.bootstrapped && summary.pushed == 2, "{summary:?}");
    assert_eq!(summary.fetched, ["lists", "tags"]);
    assert!(summary.rows < 200, "{summary:?}: of the items, those that changed");
    upgrade.agrees(&app);
    let summary = client.sync().unwrap();
    assert_eq!((summary.rows, summary.deleted, summary.fetched.len()), (0, 0, 0));
    upgrade.agrees(&app);
    assert!(client.verify().unwrap().is_right());
}

#[test]
fn tables_that_are_half_fetched_are_gone_on_with_after_a_restart() {
    let upgrade = Upgrade::new();
    let client = upgrade.open(upgrade.next);
    upgrade.network.next("snapshot", Fault::CutAfter(900));
    client.sync().unwrap_err();
    let app = client.connection().unwrap();
    assert_eq!(rows(&app, "SELECT count(*) FROM lists"), ["10"], "what was here stays until all is");
    drop((client, app));
    let client = upgrade.open(upgrade.next);
    fetched(&client.sync().unwrap());
    upgrade.agrees(&client.connection().unwrap());
}

#[test]
fn a_server_that_does_not_know_the_cursor_any_more_sends_everything() {
    let upgrade = Upgrade::new();
    let client = upgrade.open(upgrade.next);
    upgrade.server.database.execute("update oosync.meta set incarnation = gen_random_uuid()");
    let summary = client.sync().unwrap();
    assert!(summary.bootstrapped, "{summary:?}");
    upgrade.agrees(&client.connection().unwrap());
}

#[test]
fn an_updated_app_on_a_device_that_the_server_forgot_loads_everything() {
    for half_fetched in [false, true] {
        let upgrade = Upgrade::new();
        let client = upgrade.open(upgrade.next);
        if half_fetched {
            upgrade.network.next("snapshot", Fault::CutAfter(900));
            client.sync().unwrap_err();
        }
        upgrade.server.database.execute("delete from oosync.mutation; delete from oosync.client");
        // The cursor is of the name that the device had before.
        let summary = client.sync().unwrap();
        assert!(summary.bootstrapped, "{summary:?}");
        upgrade.agrees(&client.connection().unwrap());
        let summary = client.sync().unwrap();
        assert!(!summary.bootstrapped && summary.fetched.is_empty(), "{summary:?}");
    }
}

#[test]
fn rows_of_a_new_table_that_come_and_go_around_its_download_leave_no_ghost() {
    let upgrade = Upgrade::new();
    let client = upgrade.open(upgrade.next);
    // Made after the cursor, read by the download, gone before the pull.
    let made = format!("insert into tags values ('{}', '{}', 'short-lived')", id(88), id(1));
    upgrade.server.database.execute(&made);
    let gone =
        format!("delete from tags where id = '{}'; delete from tags where list_id = '{}'", id(88), id(2));
    upgrade.network.next("pull", Fault::After(Action::on_server(&upgrade.server, gone)));
    fetched(&client.sync().unwrap());
    upgrade.agrees(&client.connection().unwrap());
    let owner = blob(&user(0));
    assert_eq!(
        rows(&client.connection().unwrap(), &format!("SELECT count(*) FROM lists WHERE user_id = {owner}")),
        ["10"]
    );
}

#[test]
fn a_server_that_the_database_and_the_app_are_ahead_of_says_that_it_is_old_and_not_that_the_app_is() {
    let server = Server::over(TestDatabase::with_schema(SCHEMA), CONFIG, |builder| builder);
    let (network, folder) = (Arc::default(), Folder::new());
    // Another server is to take over, and this one goes on until it does.
    server.database.execute(NEXT);
    let (next, _, installation) = planned(&server.database, CONFIG);
    let client = Client::builder(folder.file(), schema(&next, CONFIG))
        .transport(InProcess::new(&server, 0, &network))
        .open()
        .unwrap();
    let is_outdated = |result| matches!(result, Err(SyncError::ServerOutdated { .. }));
    assert!(is_outdated(client.sync()), "the database knows nothing of it yet");
    server.database.execute(&installation.script(Wrapping::Transaction));
    assert!(is_outdated(client.sync()), "the database does, the server does not");
    drop(client);

    let Server { database, .. } = server;
    let server = Server::over(database, CONFIG, |builder| builder);
    let client = Client::builder(folder.file(), server.engine.schema())
        .transport(InProcess::new(&server, 0, &network))
        .open()
        .unwrap();
    assert!(client.sync().unwrap().bootstrapped);
}
