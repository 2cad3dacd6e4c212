//! Roles of other programs, on a database that is in use.

use std::collections::BTreeMap;

use oosync_build::postgres::{Installation, exposed_roles_sql};
use oosync_tests::{Cluster, TestDatabase};

use super::installed::{Outcome, PEOPLE, ask, connect, installation};

const SCHEMA: &str = "
    create table todos (id int primary key, user_id uuid not null, title text);
    create table notes (id int primary key, user_id uuid not null, title text);
    insert into todos values (1, '00000000-0000-4000-8000-000000000000', 'a');
    insert into notes values (1, '00000000-0000-4000-8000-000000000000', 'a');
";

/// Roles with names of this test's own: all databases of the server know them.
fn prepared() -> TestDatabase {
    let roles = [
        "web",
        "reporting",
        "owner",
        "helper",
        "super",
        "passing",
        "policied",
        "columns",
        "none",
        "group",
        "member",
    ];
    for role in roles {
        Cluster::shared().role(&format!("exposed_{role}"));
    }
    let database = TestDatabase::with_schema(SCHEMA);
    database.execute(
        "do $$ begin perform pg_advisory_lock(81); end $$;
         alter role exposed_super superuser; alter role exposed_passing bypassrls;
         grant exposed_owner to exposed_helper; grant exposed_group to exposed_member;
         alter table todos owner to exposed_owner; alter table notes owner to exposed_owner;
         grant all on todos, notes to exposed_web, exposed_policied;
         grant select on todos to exposed_reporting, exposed_passing;
         grant select (id), update (title) on todos to exposed_columns;
         grant insert on notes to exposed_group;
         create policy mine on todos for select to exposed_policied using (true);
         create policy narrower on todos as restrictive to exposed_web using (true);
         create policy every on notes to exposed_policied using (true);
         select pg_advisory_unlock(81);",
    );
    database
}

fn exposed(database: &TestDatabase, config: &str) -> BTreeMap<(String, String), Vec<String>> {
    let (_, config, plan, _) = installation(database, config);
    let sql = exposed_roles_sql(&plan, &config).unwrap();
    let rows = database.client().query(&sql, &[]).unwrap();
    let ours = rows.iter().filter(|row| row.get::<_, &str>(0).starts_with("exposed_"));
    ours.map(|row| ((row.get(0), row.get(1)), row.get(2))).collect()
}

#[test]
fn who_would_lose_rows_is_known_before() {
    let database = prepared();
    let found = exposed(&database, "");
    let lines: Vec<String> =
        found.iter().map(|((role, table), what)| format!("{role} {table} {}", what.join(" "))).collect();
    assert_eq!(
        lines,
        [
            r#"exposed_columns "public"."todos" SELECT UPDATE"#,
            r#"exposed_group "public"."notes" INSERT"#,
            r#"exposed_member "public"."notes" INSERT"#,
            r#"exposed_policied "public"."todos" DELETE INSERT UPDATE"#,
            r#"exposed_reporting "public"."todos" SELECT"#,
            r#"exposed_web "public"."notes" DELETE INSERT SELECT UPDATE"#,
            r#"exposed_web "public"."todos" DELETE INSERT SELECT UPDATE"#,
        ]
    );
    let settled = "[row_security]\nkeep = [\"exposed_web\", \"exposed_policied\"]\naccept = [\"exposed_reporting\", \"exposed_columns\", \"exposed_group\", \"exposed_member\"]";
    assert!(exposed(&database, settled).is_empty());
    // A role of requests loses nothing that it should have.
    assert!(
        !exposed(&database, "[server]\nrole = \"exposed_web\"").keys().any(|(role, _)| role == "exposed_web")
    );
    database.execute("alter table notes enable row level security");
    assert!(!exposed(&database, "").keys().any(|(_, table)| table.contains("notes")));
    let (_, config, plan, _) = installation(&database, "[sync]\nrow_security = \"existing\"");
    assert_eq!(exposed_roles_sql(&plan, &config), None);
}

#[test]
fn who_is_kept_goes_on_and_who_is_accepted_finds_nothing() {
    let database = prepared();
    let config = "[row_security]\nkeep = [\"exposed_web\"]\naccept = [\"exposed_reporting\"]";
    let (.., installation) = installation(&database, config);
    let rows = |role: &str, sql: &str| ask(&mut connect(&database, role), "", sql);
    assert_eq!(rows("exposed_reporting", "select from todos"), Outcome::Rows(1));
    database.execute(&installation.install_sql());
    assert_eq!(rows("exposed_reporting", "select from todos"), Outcome::Rows(0));
    for sql in [
        "select from todos",
        "update todos set title = 'b'",
        "insert into todos values (2, gen_random_uuid())",
        "delete from todos",
    ] {
        assert_eq!(rows("exposed_web", sql), Outcome::Rows(1), "{sql}");
    }
    // Never forced: the owner, and who is as the owner, go on as before.
    for role in ["exposed_owner", "exposed_helper", "exposed_super", "exposed_passing"] {
        assert_eq!(rows(role, "select from todos"), Outcome::Rows(1), "{role}");
    }
    assert_eq!(rows("oosync_server", "select from todos"), Outcome::Rows(0));
}

#[test]
fn a_role_of_requests_that_would_keep_every_row_stops_the_installation() {
    for role in ["kept_crowd", "kept_server"] {
        Cluster::shared().role(role);
    }
    let database = TestDatabase::with_schema(SCHEMA);
    database.execute("grant kept_crowd to kept_server");
    let (.., installation) =
        installation(&database, "[server]\nrole = \"kept_server\"\n[row_security]\nkeep = [\"kept_crowd\"]");
    let refused = database.client().batch_execute(&installation.install_sql()).unwrap_err();
    let message = refused.as_db_error().unwrap().message().to_owned();
    assert!(message.contains("kept_server is a member of kept_crowd"), "{message}");
}

#[test]
fn what_cannot_be_generated_is_said() {
    let database = TestDatabase::with_schema(SCHEMA);
    database.execute(
        "alter table todos force row level security; create policy mine on notes for select using (true)",
    );
    let refused = |config: &str| {
        let facts = oosync_build::introspect::snapshot(&mut database.client(), &["public"]).unwrap();
        let config = oosync_build::config::Config::parse("Oosync.toml", config).unwrap();
        let (tags, _) = oosync_build::config::Tags::read(&facts);
        let plan = oosync_build::plan::Draft::new(&facts, &config, &tags)
            .validate(oosync_build::plan::Strictness::Strict)
            .unwrap()
            .plan;
        Installation::new(&plan, &facts, &config).map(|_| ()).map_err(|problems| problems.to_string())
    };
    insta::assert_snapshot!(refused("[claims]\nrole = \"role\"").unwrap_err(), @r#"
    error: which roles `claims.role` stands for is not known
     |
     = note: policies and privileges are generated for roles that are named
     = help: name them: `[claims] roles = { … }`

    error: the policy `mine` of public.notes would show its rows to users of the sync as well
     |
     = note: it holds for `public`, and whatever one policy allows is allowed
     = help: if your own policies say who sees what, write `row_security = "existing"` under `[sync]`; else name the roles that it is for: `alter policy mine on public.notes to …`

    error: row-level security of public.todos is forced: capture would not see its rows
     |
     = help: `alter table public.todos no force row level security`, and take the facts again
    "#);
    assert_eq!(refused("[sync]\nrow_security = \"existing\"\n[claims]\nrole = \"role\""), Ok(()));
}

#[test]
fn a_partition_is_reached_through_its_root_alone() {
    let database = TestDatabase::with_schema(
        "create table events (id int, user_id uuid, primary key (id)) partition by range (id);
         create table events_low partition of events for values from (0) to (10);
         insert into events values (1, '00000000-0000-4000-8000-000000000000'), (2, '00000000-0000-4000-8000-000000000001')",
    );
    let (.., installation) = installation(&database, "[tables.events]\nowner_null = \"nobody\"");
    database.execute(&installation.install_sql());
    let mut client = connect(&database, "oosync_server");
    assert_eq!(ask(&mut client, PEOPLE[0], "select from events"), Outcome::Rows(1));
    assert_eq!(ask(&mut client, PEOPLE[0], "select from events_low"), Outcome::Denied);
    assert_eq!(
        ask(&mut client, PEOPLE[0], &format!("insert into events values (3, '{}')", PEOPLE[0])),
        Outcome::Rows(1)
    );
}
