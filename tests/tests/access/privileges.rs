//! What roles may do at all: columns, the log, functions.

use oosync_tests::{Cluster, TestDatabase};
use postgres::Client;

use super::installed::{CONFIG, Outcome, PEOPLE, SCHEMA, ask, connect, installation, installed};

/// Requests run as a role that a claim stands for.
const MAPPED: &str =
    "[server]\nrole = \"access_server\"\n[claims]\nrole = \"role\"\nroles = { people = \"access_people\" }\n";

pub(crate) fn mapped() -> TestDatabase {
    for role in ["access_server", "access_people"] {
        Cluster::shared().role(role);
    }
    // Two tests at once would both make the one a member of the other, and Postgres would refuse the second.
    let mut alone = Cluster::shared().client();
    alone.batch_execute("select pg_advisory_lock(82)").unwrap();
    installed(SCHEMA, &format!("{CONFIG}\n{MAPPED}"))
}

fn one(client: &mut Client, user: &str, sql: &str) -> String {
    let mut transaction = client.transaction().unwrap();
    transaction.execute("select set_config('oosync.user_id', $1, true)", &[&user]).unwrap();
    transaction.query_one(sql, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

#[test]
fn a_column_that_stays_on_the_server_is_neither_read_nor_written() {
    let database = installed(SCHEMA, CONFIG);
    let mut client = connect(&database, "oosync_server");
    let mut ask = |sql| ask(&mut client, PEOPLE[0], sql);
    assert_eq!(ask("select id, body from diaries"), Outcome::Rows(1));
    assert_eq!(ask("select * from diaries"), Outcome::Denied);
    assert_eq!(ask("select from diaries where secret = 'secret'"), Outcome::Denied);
    assert_eq!(ask("update diaries set secret = ''"), Outcome::Denied);
    assert_eq!(
        ask(
            "insert into diaries (id, owner_id, secret) values (9, current_setting('oosync.user_id')::uuid, '')"
        ),
        Outcome::Denied
    );
    assert_eq!(
        ask("insert into diaries (id, owner_id) values (9, current_setting('oosync.user_id')::uuid)"),
        Outcome::Rows(1)
    );
}

#[test]
fn what_no_push_may_change_is_not_granted() {
    let schema = "create table todos (id bigserial primary key, user_id uuid not null, created_at timestamptz default now(),
        n bigint generated always as identity, title text, status text, shout text generated always as (upper(title)) stored)";
    let database =
        installed(schema, "[tables.todos]\nprotected = [\"status\"]\ncreated_column = \"created_at\"");
    let mut client = connect(&database, "oosync_server");
    let mut ask = |sql: &str| ask(&mut client, PEOPLE[0], &sql.replace("$u", PEOPLE[0]));
    assert_eq!(
        ask("insert into todos (user_id, created_at, title, status) values ('$u', now(), 'a', 'new')"),
        Outcome::Rows(1)
    );
    for (column, value) in
        [("id", "2"), ("user_id", "'$u'"), ("created_at", "now()"), ("status", "'x'"), ("shout", "default")]
    {
        assert_eq!(ask(&format!("update todos set {column} = {value}")), Outcome::Denied, "{column}");
    }
    assert_eq!(ask("update todos set title = 'b'"), Outcome::Rows(0));
    // Rows without a mark for deleted ones are not deleted, unless a person says so.
    assert_eq!(ask("delete from todos"), Outcome::Denied);
    assert_eq!(ask("truncate todos"), Outcome::Denied);
    assert_eq!(ask("select nextval('todos_id_seq')"), Outcome::Rows(1));
}

#[test]
fn the_server_reads_the_log_and_nobody_writes_it() {
    let database = installed(SCHEMA, CONFIG);
    database.execute("update todos set body = 'new' where id = 1");
    let mut client = connect(&database, "oosync_server");
    let buckets = one(&mut client, PEOPLE[2], "select string_agg(b, ' ' order by b) from oosync.buckets() b");
    assert_eq!(
        buckets,
        "* audience:1 club:1 place:{1,a} readers:1 team:1 user:00000000-0000-4000-8000-000000000002"
    );
    assert_eq!(one(&mut client, "", "select string_agg(b, ' ') from oosync.buckets() b"), "*");
    let changes = "select string_agg(tbl || pk::text, ' ') from oosync.changes('1:1:', array['team:1'])";
    assert_eq!(one(&mut client, "", changes), "public.todos{1}");
    for table in ["change_log", "unseen", "meta", "mark"] {
        assert!(
            matches!(ask(&mut client, "", &format!("select from oosync.{table}")), Outcome::Rows(_)),
            "{table}"
        );
        assert_eq!(ask(&mut client, "", &format!("delete from oosync.{table}")), Outcome::Denied);
        assert_eq!(
            ask(&mut client, "", &format!("insert into oosync.{table} default values")),
            Outcome::Denied
        );
        assert_eq!(ask(&mut client, "", &format!("truncate oosync.{table}")), Outcome::Denied);
    }
    assert_eq!(ask(&mut client, "", "select oosync.mark()"), Outcome::Rows(1));
    assert_eq!(ask(&mut client, "", "select oosync.compact('1 day')"), Outcome::Rows(1));
    let held = "select from oosync.\"public.todos in\"(array['team:1'])";
    assert_eq!(ask(&mut client, "", held), Outcome::Rows(1));
    assert_eq!(ask(&mut client, "", "select oosync.rewritten()"), Outcome::Rows(1));
}

#[test]
fn a_role_that_claims_stand_for_asks_policies_and_nothing_else() {
    let database = mapped();
    database.execute("update todos set body = 'new' where id = 1");
    let mut client = connect(&database, "access_people");
    assert_eq!(ask(&mut client, PEOPLE[0], "select from todos"), Outcome::Rows(1));
    assert_eq!(ask(&mut client, "", "select from todos"), Outcome::Rows(0));
    for sql in [
        "select from oosync.change_log",
        "select from oosync.unseen",
        "select from oosync.meta",
        "select from oosync.mark",
        "select from oosync.\"public.todos in\"(array['*'])",
        "select from oosync.\"public.todos held\"(array['{1}'], array['*'])",
        "select oosync.rewritten()",
        "select oosync.buckets()",
        "select oosync.changes('1:1:', array['*'])",
        "select oosync.mark()",
        "select oosync.compact('1 day')",
        "select oosync.\"club query\"('00000000-0000-4000-8000-000000000002')",
        "select oosync.\"people users\"('public.jobs', 'SELECT', '{}', null, null)",
        "select secret from diaries",
        "create table oosync.mine ()",
    ] {
        assert_eq!(ask(&mut client, PEOPLE[0], sql), Outcome::Denied, "{sql}");
    }
    // The server acts as it, and is itself again at the end of the transaction.
    let mut server = connect(&database, "access_server");
    let mut transaction = server.transaction().unwrap();
    transaction
        .batch_execute(&format!("set local oosync.user_id = '{}'; set local role access_people", PEOPLE[0]))
        .unwrap();
    assert_eq!(transaction.query("select from lists", &[]).unwrap().len(), 1);
    assert!(transaction.execute("select from oosync.change_log", &[]).is_err());
    drop(transaction);
    assert_eq!(ask(&mut server, "", "select from oosync.meta"), Outcome::Rows(1));
    assert_eq!(ask(&mut server, "", "select from lists"), Outcome::Rows(0));
}

#[test]
fn nobody_else_calls_a_function_of_the_installation() {
    let database = mapped();
    Cluster::shared().role("access_stranger");
    let callable =
        "select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'oosync'::regnamespace
        and has_function_privilege('access_stranger', p.oid, 'execute')";
    let found: Vec<String> =
        database.client().query(callable, &[]).unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(found, Vec::<String>::new());
    let triggers = "select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'oosync'::regnamespace
        and p.prorettype = 'trigger'::regtype
        and (has_function_privilege('access_server', p.oid, 'execute') or has_function_privilege('access_people', p.oid, 'execute'))";
    assert!(database.client().query(triggers, &[]).unwrap().is_empty());
}

#[test]
fn a_user_id_of_another_type_is_an_error_and_never_every_row() {
    let database = installed(SCHEMA, CONFIG);
    let mut client = connect(&database, "oosync_server");
    for table in ["notes", "lists", "todos", "jobs", "users", "bars", "shelves"] {
        let found = ask(&mut client, "somebody", &format!("select from {table}"));
        assert!(
            matches!(&found, Outcome::Error(message) if message.contains("invalid input syntax for type uuid: \"somebody\"")),
            "{table}: {found:?}"
        );
    }
    assert_eq!(ask(&mut client, "somebody", "select from countries"), Outcome::Rows(2));
}

#[test]
fn installing_twice_and_removing_leaves_the_tables_as_they_were() {
    let database = TestDatabase::with_schema(SCHEMA);
    let state = "select string_agg(t, e'\\n' order by t) from (
        select c.oid::regclass || ' ' || c.relrowsecurity || ' ' || coalesce(array_to_string(c.relacl, ' '), '') from pg_class c
          where c.relnamespace = 'public'::regnamespace
        union all select a.attrelid::regclass || '.' || a.attname || ' ' || coalesce(array_to_string(a.attacl, ' '), '') from pg_attribute a
          where a.attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace) and cardinality(a.attacl) > 0
        union all select polname from pg_policy
        union all select tgname || ' ' || tgrelid::regclass from pg_trigger where not tgisinternal
        union all select nspname || ' ' || coalesce(array_to_string(nspacl, ' '), '') from pg_namespace where nspname !~ '^pg_') t (t)";
    let state =
        |database: &TestDatabase| -> String { database.client().query_one(state, &[]).unwrap().get(0) };
    let before = state(&database);
    let (facts, .., first) = installation(&database, CONFIG);
    for _ in 0..2 {
        database.execute(&first.install_sql());
        // What is installed is no part of the schema that it was made for.
        let (again, .., the_same) = installation(&database, CONFIG);
        assert_eq!(again.table("public", "todos"), facts.table("public", "todos"));
        assert_eq!(the_same, first);
    }
    let on = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity and not relforcerowsecurity";
    assert_eq!(database.client().query_one(on, &[]).unwrap().get::<_, i64>(0), 20);
    database.execute(&first.uninstall_sql());
    // Postgres keeps a list of the default privileges once there was another one.
    let plain = |text: String| -> Vec<String> {
        let without = |line: &str| line.split(" postgres=").next().unwrap_or(line).trim_end().to_owned();
        text.lines().map(without).collect()
    };
    assert_eq!(plain(state(&database)), plain(before));
}
