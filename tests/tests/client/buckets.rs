//! Policies of the database's own that show more than a user's buckets: a device holds what is in both.

use oosync_runtime::client::Client;
use oosync_runtime::server::auth::Identity;
use oosync_tests::Cluster;

use crate::network::InProcess;
use crate::server::{Server, user};
use crate::support::{Folder, id, rows};

#[test]
fn a_download_has_no_rows_outside_of_the_users_buckets() {
    for role in ["buckets_server", "buckets_people"] {
        Cluster::shared().role(role);
    }
    let schema = "
        create table notes (id uuid primary key, user_id uuid not null, title text);
        alter table notes enable row level security;
        create policy seen on notes for select to buckets_people using (true);";
    let config = "[sync]\nrow_security = \"existing\"\ndeny_delete = false\n[server]\nrole = \"buckets_server\"\n\
        [claims]\nrole = \"role\"\nroles = { authenticated = \"buckets_people\" }\n";
    let server = Server::built_as("buckets_server", schema, config, |builder| builder);
    let identity = || Identity::new(user(0)).unwrap().with_role("buckets_people").unwrap();
    let note = |number: usize, of: usize| {
        let sql = format!("insert into notes values ('{}', '{}', 'note {number}')", id(number), user(of));
        server.database.execute(&sql);
    };
    note(1, 0);
    note(2, 1);
    let folder = Folder::new();
    let client = Client::builder(folder.file(), server.engine.schema())
        .transport(InProcess::of(&server, identity(), &std::sync::Arc::default()))
        .open()
        .unwrap_or_else(|error| panic!("{error}"));
    client.sync().unwrap_or_else(|error| panic!("{error}"));
    let app = client.connection().unwrap();
    assert_eq!(rows(&app, "SELECT title FROM notes"), ["note 1"], "by the download");
    note(3, 0);
    note(4, 1);
    client.sync().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows(&app, "SELECT title FROM notes ORDER BY 1"), ["note 1", "note 3"], "by the pull");
    assert!(client.verify().unwrap_or_else(|error| panic!("{error}")).is_right());
}
