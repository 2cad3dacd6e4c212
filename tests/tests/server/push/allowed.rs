//! Who writes which columns, and with which rights.

use oosync_runtime::protocol::{Kept, Push, ReasonCode, Register, Status};
use oosync_runtime::server::auth::Identity;
use oosync_tests::Cluster;
use serde_json::json;

use super::support::{Device, conflicts, count, id, insert, list, row, text, todo, update};
use crate::support::{Server, user};

#[test]
fn a_column_that_only_the_owner_sees_only_the_owner_writes() {
    let schema = "
        create table users (id uuid primary key, name text);
        create table teams (id uuid primary key, owner_id uuid not null references users);
        create table members (team_id uuid references teams, user_id uuid references users, primary key (team_id, user_id));
        create table files (id int primary key, owner_id uuid not null references users, team_id uuid references teams,
          name text, secret text);";
    let config = "
        [tables.users]
        owner_column = \"id\"
        [tables.files]
        bucket = \"team\"
        bucket_column = \"team_id\"
        conflict = \"client_wins\"
        [tables.files.columns.secret]
        owner_only = true
        [buckets.team]
        members = { table = \"members\", user = \"user_id\", key = \"team_id\" }
        write = \"members\"
    ";
    let server = Server::with(schema, config);
    server.database.execute(&format!(
        "insert into users values ('{0}', 'a'), ('{1}', 'b'); insert into teams values ('{2}', '{0}');
         insert into members values ('{2}', '{0}'), ('{2}', '{1}')",
        user(0),
        user(1),
        id(1, 1)
    ));
    let (mut owner, mut member) = (Device::new(&server, 0), Device::new(&server, 1));
    let file = |number: i32, of: usize, secret: Option<&str>| {
        let mut values = json!({"owner_id": user(of), "team_id": id(1, 1), "name": "n"});
        if let Some(secret) = secret {
            values["secret"] = json!(secret);
        }
        insert("files", json!({"id": number}), values)
    };
    owner.applies(&[file(1, 0, Some("s"))]);
    // A member who sees null there.
    let secret = update(
        "files",
        json!({"id": 1}),
        json!({"secret": "x", "name": "m"}),
        json!({"secret": null, "name": "n"}),
    );
    let result = member.refuses(secret);
    assert_eq!(
        (result.reason, result.columns),
        (Some(ReasonCode::ColumnNotAuthorized), vec!["secret".to_owned()])
    );
    let result =
        member.one(update("files", json!({"id": 1}), json!({"name": "m"}), json!({"name": "other"})));
    assert_eq!(result.conflicts[0].kept, Kept::Mine);
    assert!(row(&result.row)["secret"].is_null());
    // A row in the name of somebody else, with a secret.
    let results = member.push(&[file(2, 0, Some("x")), file(3, 1, Some("mine")), file(4, 0, None)]);
    let reasons: Vec<_> = results.iter().map(|result| result.reason.clone()).collect();
    assert_eq!(reasons, [Some(ReasonCode::ColumnNotAuthorized), None, None], "{results:#?}");
    owner.applies(&[update("files", json!({"id": 1}), json!({"secret": "t"}), json!({"secret": "s"}))]);
    assert_eq!(
        text(&server, "select string_agg(id || coalesce(secret, ''), ',' order by id) from files"),
        "1t,3mine,4"
    );
}

#[test]
fn requests_run_as_the_role_of_their_user_under_policies_of_its_own() {
    for role in ["push_server", "push_people"] {
        Cluster::shared().role(role);
    }
    let schema = "
        create table notes (id int primary key, user_id uuid not null, title text unique);
        alter table notes enable row level security;
        create policy seen on notes for select to push_people using (true);
        create policy made on notes for insert to push_people with check (user_id = current_setting('request.user')::uuid);
        create policy own on notes for update to push_people using (user_id = current_setting('request.user')::uuid);
        create policy gone on notes for delete to push_people using (title = 'old');";
    let config = "[sync]\nrow_security = \"existing\"\ndeny_delete = false\n[server]\nrole = \"push_server\"\n\
        [claims]\nrole = \"role\"\nroles = { authenticated = \"push_people\" }\nsettings = { \"request.user\" = \"sub\" }\n\
        [tables.notes]\nconflict = \"reject\"";
    let server = Server::built_as("push_server", schema, config, |builder| builder);
    let identity = |number: usize| {
        let identity = Identity::new(user(number)).unwrap().with_role("push_people").unwrap();
        identity.with_setting("request.user", user(number)).unwrap()
    };
    let mut devices: Vec<Device<'_>> = (0..2).map(|number| Device::of(&server, identity(number))).collect();
    let note = |number: i32, of: usize| {
        insert(
            "notes",
            json!({"id": number}),
            json!({"user_id": user(of), "title": format!("note {number}")}),
        )
    };
    devices[0].applies(&[note(1, 0)]);
    assert_eq!(devices[0].refuses(note(2, 1)).reason, Some(ReasonCode::NotAuthorized));
    // Seen and not the user's to write: told so, and shown.
    let change = update("notes", json!({"id": 1}), json!({"title": "x"}), json!({"title": "note 1"}));
    let result = devices[1].refuses(change);
    assert_eq!(result.reason, Some(ReasonCode::NotAuthorized));
    assert_eq!(row(&result.row)["title"], "note 1");
    let gone = json!({"table": "notes", "op": "delete", "key": {"id": 1}, "base": {"title": "note 1"}});
    assert_eq!(devices[1].refuses(gone.clone()).reason, Some(ReasonCode::NotAuthorized));
    // Who may not change a row may delete it all the same, if it is what they think.
    server.database.execute("update notes set title = 'old'");
    let result = devices[1].one(gone.clone());
    assert_eq!(result.status, Status::RejectedTerminal, "{result:?}");
    let mut gone = gone;
    gone["base"]["title"] = json!("old");
    devices[1].applies(&[gone]);
    assert_eq!(count(&server, "notes"), 0);
}

#[test]
fn a_device_of_an_older_app_pushes_the_columns_that_it_knows() {
    let server = Server::todo();
    let old = "0".repeat(64);
    server.database.execute(&format!(
        "select oosync.register_manifest('{old}', (
           select jsonb_agg(case t->>'local_name' when 'todos' then jsonb_set(t, '{{columns}}', (
             select jsonb_agg(c) from jsonb_array_elements(t->'columns') c where c->>'name' not in ('budget', 'tags'))) else t end)
           from oosync.current_manifest() m, jsonb_array_elements(m.tables) t where t->>'local_name' <> 'attachments'));
         select oosync.register_manifest('{0}', (select m.tables from oosync.manifest m where m.hash = '{0}'))",
        server.engine.schema().hash
    ));
    let identity = Identity::new(user(0)).unwrap();
    let register = Register {
        client: None,
        user: None,
        schema_hash: old.clone(),
        app_version: None,
        device: None,
        lease: Vec::new(),
    };
    let client = server.wait(server.engine.register(&identity, &register)).unwrap().client;
    let mut device = Device::known(&server, identity, client);
    let mut priced = todo(2, 1);
    priced["values"]["budget"] = json!("1");
    let mutations = device.mutations(&[
        list(1, 0),
        todo(1, 1),
        priced,
        insert("attachments", json!({"id": id(4, 1)}), json!({})),
    ]);
    let push = Push { schema_hash: old, ..device.request(mutations) };
    let results = device.send(&push).unwrap().results;
    let reasons: Vec<_> = results.iter().map(|result| result.reason.clone()).collect();
    assert_eq!(reasons, [None, None, Some(ReasonCode::UnknownColumn), Some(ReasonCode::UnknownTable)]);
    let shown = row(&results[1].row);
    assert_eq!(
        (shown["priority"].clone(), shown.get("tags"), shown.get("budget")),
        (json!("normal"), None, None)
    );
}

#[test]
fn clocks_of_devices_may_be_off_by_as_much_as_the_server_says() {
    let server = Server::todo_built(|builder| builder.skew(std::time::Duration::from_secs(5)));
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    server.database.execute("alter table lists disable trigger touch");
    let change = |edited_at: &str| {
        let mut change =
            update("lists", json!({"id": id(2, 1)}), json!({"title": "mine"}), json!({"title": "list 1"}));
        change["edited_at"] = json!(edited_at);
        change
    };
    for (edited_at, kept) in
        [("2024-01-01 11:59:55+00", Kept::Mine), ("2024-01-01 11:59:54.999999+00", Kept::Theirs)]
    {
        server.database.execute("update lists set title = 'theirs', updated_at = '2024-01-01 12:00:00+00'");
        let result = device.one(change(edited_at));
        assert_eq!(conflicts(&result)[0].4, kept, "{edited_at}");
    }
}

#[test]
fn a_user_whose_id_is_none_of_the_schema_is_told_so() {
    let server = Server::todo();
    let mut device = Device::of(&server, Identity::new("no uuid").unwrap());
    let mutations = device.mutations(&[list(1, 0)]);
    let error = device.send(&device.request(mutations)).unwrap_err();
    assert_eq!(error.body().code, oosync_runtime::protocol::ErrorCode::Forbidden);
}
