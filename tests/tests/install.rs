//! What is installed into whole schemas: it comes, stays as it is, changes where the plan does, is told from what
//! somebody edited, and goes without a trace.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use oosync_build::config::Config;
use oosync_build::facts::Facts;
use oosync_build::introspect::{DatabaseUrl, schemas, snapshot};
use oosync_build::plan::{Plan, Strictness};
use oosync_build::postgres::installed::{Applied, Error, Installed, Migration};
use oosync_build::postgres::{Installation, Wrapping, uninstall_script};
use oosync_build::project::Project;
use oosync_tests::corpus::{self, CorpusSchema};
use oosync_tests::{Cluster, ClusterOptions, TestDatabase, each};
use postgres::Client;

/// Facts, plan and what it needs, where everyone reads what nobody owns; what is not settled even so is left out.
fn planned(client: &mut Client, also: &str) -> (Facts, Plan, Installation) {
    let names = schemas(client).unwrap();
    let facts = snapshot(client, &names).unwrap();
    let mut project = Project::without_config(Path::new("."));
    project.config =
        Config::parse("Oosync.toml", &format!("[sync]\nunowned = \"everyone\"\n{also}")).unwrap();
    let plan = project.plan_of(&facts, Strictness::Lenient).unwrap_or_else(|error| panic!("{error}")).plan;
    let installation = Installation::new(&plan, &facts, &project.config).unwrap();
    (facts, plan, installation)
}

fn apply(database: &TestDatabase, installation: &Installation) -> Result<Applied, Error> {
    let url = DatabaseUrl::parse(&database.url()).unwrap();
    let mut client = database.client();
    Migration::new(&mut client, &url, Duration::from_secs(5)).apply(installation, &mut |_| {})
}

fn uninstall(database: &TestDatabase) -> bool {
    let url = DatabaseUrl::parse(&database.url()).unwrap();
    Migration::new(&mut database.client(), &url, Duration::from_secs(5)).uninstall().unwrap()
}

fn drift(database: &TestDatabase, installation: &Installation) -> Vec<String> {
    let installed = Installed::read(&mut database.client()).unwrap();
    installed.differences(installation).iter().map(ToString::to_string).collect()
}

/// What `pg_dump --schema-only` prints, without its token of the session.
fn dump(database: &TestDatabase) -> String {
    let program = oosync_tests::postgres::psql().with_file_name("pg_dump");
    let output = Command::new(program).args(["--schema-only", "-d", &database.url()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines =
        text.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What differs between two dumps, for people.
fn lines_apart(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    gone.chain(come).take(40).collect::<Vec<_>>().join("\n")
}

/// Every function, view and trigger of ours: the row version that the catalogs have of it.
fn versions(client: &mut Client) -> BTreeMap<String, String> {
    let sql = "
        select 'function ' || p.oid::regprocedure, p.oid || ' ' || p.xmin from pg_proc p where p.pronamespace = 'oosync'::regnamespace
        union all
        select 'relation ' || c.oid::regclass, c.oid || ' ' || c.xmin from pg_class c where c.relnamespace = 'oosync'::regnamespace and c.relkind = 'v'
        union all
        select 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass, t.oid || ' ' || t.xmin from pg_trigger t
          join pg_proc f on f.oid = t.tgfoid where f.pronamespace = 'oosync'::regnamespace";
    client.query(sql, &[]).unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn it_comes_and_goes_without_a_trace() {
    let mut all = corpus::schemas().unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, path) in [
        ("todo", root.join("../examples/todo/schema.sql")),
        ("extremes", root.join("generated/extremes.sql")),
        ("capture", root.join("tests/capture/schema.sql")),
    ] {
        all.push(CorpusSchema { name: name.to_owned(), schema: path, data: None });
    }
    each(&all, 2, |schema| schema.name.clone(), comes_and_goes);
}

fn comes_and_goes(schema: &CorpusSchema) {
    let name = &schema.name;
    // A cluster each time: a schema may make roles, which all databases of a cluster share.
    let database = TestDatabase::empty_in(&Arc::new(Cluster::private(&ClusterOptions::default())));
    database.execute("create role oosync_server login");
    database.execute_file(&schema.schema);
    if let Some(data) = &schema.data {
        database.execute_file(data);
    }
    let before = dump(&database);
    let mut client = database.client();
    let (facts, plan, installation) = planned(&mut client, "");
    assert!(!plan.tables.is_empty(), "{name}");

    let first = apply(&database, &installation).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((first.made.len(), first.registered), (installation.objects.len(), true), "{name}");
    assert_eq!(drift(&database, &installation), [""; 0], "{name}");
    let again = apply(&database, &installation).unwrap();
    assert!(again.is_nothing(), "{name}: {again:?}");
    let now = snapshot(&mut client, &facts.schemas).unwrap();
    assert_eq!(facts.diff(&now), [], "{name}: what is installed is no part of the facts");

    // Without the last table: nothing leads to it but what is in its own installation.
    let last = &plan.tables.last().unwrap().name;
    let (_, fewer, upgrade) =
        planned(&mut client, &format!("exclude = ['{}.{}']\n", quoted(&last.schema), quoted(&last.name)));
    assert!(fewer.tables.len() < plan.tables.len(), "{name}");
    let upgraded = apply(&database, &upgrade).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(upgraded.removed.iter().any(|identity| identity.starts_with("trigger")), "{name}: {upgraded:?}");
    assert_eq!(drift(&database, &upgrade), [""; 0], "{name}");
    assert!(apply(&database, &upgrade).unwrap().is_nothing(), "{name}");

    // The script does the same, over what is there and over itself.
    let script = installation.script(Wrapping::Transaction);
    for _ in 0..2 {
        database.execute(&script);
        assert_eq!(drift(&database, &installation), [""; 0], "{name}: by the script");
        assert!(apply(&database, &installation).unwrap().is_nothing(), "{name}: after the script");
    }
    assert!(uninstall(&database), "{name}");
    let after = dump(&database);
    assert!(before == after, "{name}: a trace stays:\n{}", lines_apart(&before, &after));
    assert!(!uninstall(&database), "{name}: twice is not once more");

    database.execute(&script);
    database.execute(&uninstall_script(Wrapping::Transaction));
    database.execute(&uninstall_script(Wrapping::Transaction));
    let after = dump(&database);
    assert!(before == after, "{name}: a trace stays of the script:\n{}", lines_apart(&before, &after));
}

fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

const SCHEMA: &str = "
    create table users (id uuid primary key);
    create table lists (id int primary key, user_id uuid not null references users);
    create table todos (id int primary key, list_id int not null references lists);
    create table events (id int, user_id uuid, day int, primary key (id, day)) partition by range (day);
    create table events_1 partition of events for values from (0) to (10)";

fn installed() -> (TestDatabase, Installation) {
    let database = TestDatabase::with_schema(SCHEMA);
    let installation = planned(&mut database.client(), "").2;
    apply(&database, &installation).unwrap();
    (database, installation)
}

#[test]
fn an_upgrade_touches_only_what_changed() {
    let (database, _) = installed();
    let mut client = database.client();
    let before = versions(&mut client);
    let (_, _, fewer) = planned(&mut client, "exclude = [\"todos\"]\n");
    apply(&database, &fewer).unwrap();
    let after = versions(&mut client);
    for (object, version) in &before {
        let about = object.contains("todos");
        // A parent no longer moves its children, does not lock them, and is not asked whose they are.
        let of_all = object.contains("reconcile") || object.contains("look_again");
        let parent = object.contains("lists") || object.contains("users") || of_all;
        let for_children = ["zz_oosync on lists", "lists before", "lists owns", "lists rows"];
        let goes = about || for_children.iter().any(|part| object.contains(part));
        assert_eq!(!after.contains_key(object), goes, "{object}");
        assert!(about || parent || after[object] == *version, "{object} was touched");
    }
    assert!(after.keys().all(|object| before.contains_key(object)));
}

#[test]
fn what_is_in_the_log_of_an_earlier_version_stays_in_it() {
    let (database, installation) = installed();
    let mut client = database.client();
    let since: String = client.query_one("select pg_current_snapshot()::text", &[]).unwrap().get(0);
    let user = "a0000000-0000-0000-0000-000000000001";
    client
        .batch_execute(&format!(
            "insert into events values (1, '{user}', 2), (2, '{user}', 3);
             alter table oosync.change_log rename column pks to pk;
             alter table oosync.change_log alter column pk type text[] using pk[1]::text[];
             update oosync.object set hash = 'of an earlier version' where name = 'oosync.change_log'",
        ))
        .unwrap();
    let entries = client.query_one("select count(*), min(pk[1]) from oosync.change_log", &[]).unwrap();
    assert_eq!((entries.get::<_, i64>(0), entries.get::<_, &str>(1)), (2, "1"));
    drop(client);
    apply(&database, &installation).unwrap();
    let sql = "select c.pk from oosync.changes($1::text::pg_snapshot, array['user:' || $2]) c order by 1";
    let keys = database.client().query(sql, &[&since, &user]).unwrap();
    let keys: Vec<Vec<String>> = keys.iter().map(|row| row.get(0)).collect();
    assert_eq!(keys, [["1", "2"], ["2", "3"]]);
    assert_eq!(drift(&database, &installation), [""; 0]);
}

#[test]
fn a_failing_upgrade_changes_nothing() {
    let (database, installation) = installed();
    let mut client = database.client();
    let before = versions(&mut client);
    let mut broken = installation.clone();
    let last = broken.objects.last_mut().unwrap();
    last.create = "create function oosync.nonsense() returns nonsense language sql as '';\n".to_owned();
    broken.objects.retain(|object| !object.name.contains("todos"));
    let error = apply(&database, &broken).unwrap_err().to_string();
    assert!(error.contains("cannot be made: type \"nonsense\" does not exist"), "{error}");
    assert_eq!(versions(&mut client), before);
    assert_eq!(drift(&database, &installation), [""; 0]);
}

#[test]
fn whatever_somebody_edits_is_seen_and_mended() {
    let cases = [
        ("drop trigger oosync_insert on todos", r#"trigger "oosync_insert" on "public"."todos" was dropped"#, "todos"),
        (
            "alter table todos disable trigger oosync_insert",
            r#"trigger "oosync_insert" on "public"."todos" is disabled, or not enabled always"#,
            "todos",
        ),
        (
            "alter table todos enable trigger oosync_delete",
            r#"trigger "oosync_delete" on "public"."todos" is disabled, or not enabled always"#,
            "todos",
        ),
        (
            "drop trigger oosync_insert on todos; create trigger oosync_insert after insert on todos for each row
               execute function oosync.\"public.todos delete\"(); alter table todos enable always trigger oosync_insert",
            r#"trigger "oosync_insert" on "public"."todos" was edited by hand"#,
            "",
        ),
        (
            "create or replace function oosync.mark() returns void language sql as 'select'",
            "function oosync.mark() was edited by hand",
            "",
        ),
        ("drop function oosync.mark()", "function oosync.mark() was dropped", ""),
        (
            "alter policy oosync_select on lists using (true)",
            r#"policy "oosync_select" on "public"."lists" was edited by hand"#,
            "",
        ),
        ("drop policy oosync_select on lists", r#"policy "oosync_select" on "public"."lists" was dropped"#, ""),
        (
            "alter table lists disable row level security",
            r#"row security of "public"."lists" was dropped"#,
            "",
        ),
        (
            "grant select on lists to oosync_server",
            r#"privileges "oosync_server" on "public"."lists" was edited by hand"#,
            "",
        ),
        (
            "grant execute on function oosync.compact to public",
            "function oosync.compact(interval, integer) was edited by hand",
            "",
        ),
        ("drop table oosync.epoch", "table oosync.epoch was dropped", ""),
        ("alter table oosync.mark add column more int", "table oosync.mark was edited by hand", "no mending"),
    ];
    for (edit, expected, resumed) in cases {
        let (database, installation) = installed();
        database.execute(edit);
        assert_eq!(drift(&database, &installation), [expected], "{edit}");
        if resumed == "no mending" {
            continue;
        }
        let applied = apply(&database, &installation).unwrap();
        assert_eq!(applied.made.len(), 1, "{edit}: {applied:?}");
        let tables: Vec<_> = [resumed]
            .iter()
            .filter(|table| !table.is_empty())
            .map(|table| format!("\"public\".\"{table}\""))
            .collect();
        assert_eq!(applied.resumed, tables, "{edit}");
        assert_eq!(drift(&database, &installation), [""; 0], "{edit}");
    }
}

#[test]
fn a_disabled_clone_of_a_row_trigger_is_seen() {
    let database = TestDatabase::with_schema(
        "create table lists (id int, user_id uuid not null, day int, primary key (id, day)) partition by range (day);
         create table lists_1 partition of lists for values from (0) to (10);
         create table todos (id int primary key, list_id int not null, day int not null,
           foreign key (list_id, day) references lists)",
    );
    let (_, _, installation) = planned(&mut database.client(), "");
    apply(&database, &installation).unwrap();
    database.execute("alter table lists_1 disable trigger zz_oosync");
    assert_eq!(
        drift(&database, &installation),
        [r#"trigger "zz_oosync" on "public"."lists" is disabled, or not enabled always"#]
    );
}

#[test]
fn a_new_table_and_a_new_partition_are_seen_and_captured() {
    let (database, _) = installed();
    database.execute(
        "create table notes (id int primary key, user_id uuid);
         create table events_2 partition of events for values from (10) to (20)",
    );
    let (_, _, now) = planned(&mut database.client(), "");
    let seen = drift(&database, &now);
    for table in ["notes", "events_2"] {
        assert!(
            seen.contains(&format!("trigger \"oosync_insert\" on \"public\".\"{table}\" is not installed")),
            "{seen:?}"
        );
    }
    let applied = apply(&database, &now).unwrap();
    assert_eq!(applied.resumed, [""; 0], "there was nothing to miss");
    database.execute(
        "insert into events_2 values (1, null, 15); insert into events_2 values (1, gen_random_uuid(), 16)",
    );
    let logged: i64 = database
        .client()
        .query_one("select count(*) from oosync.change_log where tbl = 'public.events'", &[])
        .unwrap()
        .get(0);
    assert!(logged > 0);
}

#[test]
fn what_a_newer_version_or_somebody_else_made_is_left_alone() {
    let (database, installation) = installed();
    database.execute("update oosync.meta set format = 99");
    assert!(matches!(apply(&database, &installation), Err(Error::Newer { found: 99 })));
    let script = installation.script(Wrapping::Transaction);
    for sql in [&script, &uninstall_script(Wrapping::Transaction)] {
        let error = database.client().batch_execute(sql).unwrap_err();
        assert_eq!(error.as_db_error().unwrap().message(), "this database was installed by a newer oosync");
    }
    let foreign = TestDatabase::with_schema(&format!(
        "{SCHEMA}; create schema oosync; create table oosync.mine (id int)"
    ));
    assert!(matches!(apply(&foreign, &installation), Err(Error::Foreign)));
    for sql in [&script, &uninstall_script(Wrapping::Transaction)] {
        let error = foreign.client().batch_execute(sql).unwrap_err();
        assert_eq!(error.as_db_error().unwrap().message(), "the schema oosync was not made by oosync");
    }
    foreign.execute("select from oosync.mine");
}

#[test]
fn a_tool_that_begins_its_own_transaction_goes_on_as_before() {
    let database = TestDatabase::with_schema(SCHEMA);
    let installation = planned(&mut database.client(), "").2;
    let script = installation.script(Wrapping::None);
    database.execute(&format!(
        "set search_path = public; begin; {script}; create table versions (id int); commit; select from public.versions"
    ));
    assert_eq!(drift(&database, &installation), [""; 0]);
    // Nor does it need one: each statement stands alone.
    let path = std::env::temp_dir().join(format!("oosync-install-{}.sql", std::process::id()));
    std::fs::write(&path, &script).unwrap();
    database.execute_file(&path);
    std::fs::remove_file(path).unwrap();
    assert_eq!(drift(&database, &installation), [""; 0]);
}

#[test]
fn nobody_loses_rows_unasked() {
    let database = TestDatabase::empty_in(&Arc::new(Cluster::private(&ClusterOptions::default())));
    database.execute(SCHEMA);
    let (_, _, installation) = planned(&mut database.client(), "");
    let by_script = |script: &str| {
        let error = database.client().batch_execute(script).unwrap_err();
        error.as_db_error().unwrap().message().to_owned()
    };
    let script = installation.script(Wrapping::Transaction);
    let missing = "as which the sync server logs in, does not exist";
    assert!(apply(&database, &installation).unwrap_err().to_string().ends_with(missing));
    assert!(by_script(&script).ends_with(missing));

    database
        .execute("create role oosync_server login; create role web; grant select, insert on lists to web");
    let Err(Error::Exposed { roles }) = apply(&database, &installation) else { panic!("web is told of") };
    assert_eq!(
        roles.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["web has INSERT, SELECT on \"public\".\"lists\""]
    );
    assert_eq!(by_script(&script), "row-level security would hide every row from: web");
    assert!(drift(&database, &installation).len() == installation.objects.len(), "nothing was made");

    for settled in ["accept", "keep"] {
        let (.., named) =
            planned(&mut database.client(), &format!("[row_security]\n{settled} = [\"web\"]\n"));
        apply(&database, &named).unwrap();
        assert_eq!(drift(&database, &named), [""; 0]);
        assert!(uninstall(&database));
    }
}

#[test]
fn two_migrations_at_once_are_one_after_the_other() {
    let database = TestDatabase::with_schema(SCHEMA);
    let installation = planned(&mut database.client(), "").2;
    let results: Vec<Applied> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| apply(&database, &installation).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|applied| !applied.is_nothing()).count(), 1);
    assert_eq!(drift(&database, &installation), [""; 0]);
}

#[test]
fn a_renamed_table_takes_its_triggers_along() {
    let (database, _) = installed();
    database.execute("alter table todos rename to tasks");
    let (_, _, now) = planned(&mut database.client(), "");
    apply(&database, &now).unwrap();
    assert_eq!(drift(&database, &now), [""; 0]);
    let leftovers: i64 = database
        .client()
        .query_one("select count(*) from oosync.object where identity like '%todos%'", &[])
        .unwrap()
        .get(0);
    assert_eq!(leftovers, 0);
}
