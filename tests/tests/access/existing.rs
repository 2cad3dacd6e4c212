//! Policies that are there already, which read the claims of a token.

use oosync_tests::{Cluster, TestDatabase};

use super::installed::{Outcome, PEOPLE, connect, installation};

const SCHEMA: &str = "
    create schema auth;
    create function auth.uid() returns uuid language sql stable as $$
      select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
    $$;
    grant usage on schema auth to existing_people;
    create table todos (id int primary key, user_id uuid not null, done boolean not null default false);
    alter table todos enable row level security;
    create policy \"own rows\" on todos to existing_people using ((select auth.uid()) = user_id);
    create table notes (id int primary key, user_id uuid not null);
    insert into todos select n, ('00000000-0000-4000-8000-00000000000' || n % 2)::uuid from generate_series(1, 5) n;
    insert into notes select n, ('00000000-0000-4000-8000-00000000000' || n % 2)::uuid from generate_series(1, 5) n;
";

#[test]
fn policies_that_are_there_are_left_alone_and_work() {
    for role in ["existing_server", "existing_people"] {
        Cluster::shared().role(role);
    }
    let database = TestDatabase::with_schema(SCHEMA);
    let config = "[sync]\nrow_security = \"existing\"\n[server]\nrole = \"existing_server\"\n\
        [claims]\nrole = \"role\"\nroles = { authenticated = \"existing_people\" }\nsettings = { \"request.jwt.claims\" = \"*\" }";
    let (.., installation) = installation(&database, config);
    database.execute(&installation.install_sql());
    let policies = "select string_agg(polname, ' ') from pg_policy";
    assert_eq!(database.client().query_one(policies, &[]).unwrap().get::<_, String>(0), "own rows");
    let on = "select relrowsecurity from pg_class where oid = 'notes'::regclass";
    assert!(!database.client().query_one(on, &[]).unwrap().get::<_, bool>(0));

    let mut client = connect(&database, "existing_server");
    let mut rows = |user: &str, sql: &str| {
        let mut transaction = client.transaction().unwrap();
        let claims = format!("{{\"sub\": \"{user}\", \"role\": \"authenticated\"}}");
        transaction
            .execute(
                "select set_config('request.jwt.claims', $1, true), set_config('oosync.user_id', $2, true)",
                &[&claims, &user],
            )
            .unwrap();
        transaction.batch_execute("set local role existing_people").unwrap();
        match transaction.execute(sql, &[]) {
            Ok(rows) => Outcome::Rows(rows),
            Err(error) => Outcome::Error(error.to_string()),
        }
    };
    assert_eq!(rows(PEOPLE[0], "select from todos"), Outcome::Rows(2));
    assert_eq!(rows(PEOPLE[1], "select from todos"), Outcome::Rows(3));
    assert_eq!(rows(PEOPLE[2], "select from todos"), Outcome::Rows(0));
    assert_eq!(rows(PEOPLE[0], "update todos set done = true"), Outcome::Rows(2));
    database.execute(&installation.uninstall_sql());
    assert_eq!(database.client().query_one(policies, &[]).unwrap().get::<_, String>(0), "own rows");
}
