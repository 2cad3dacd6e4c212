//! `migrate`: printing, applying, checking and removing.

use oosync_tests::TestDatabase;

use crate::project::{Project, SCHEMA};

/// A project whose plan is settled, and its database.
fn project() -> (TestDatabase, Project) {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    project.write("Oosync.toml", "[sync]\nunowned = \"everyone\"\n");
    (database, project)
}

fn run(project: &Project, database: &TestDatabase, arguments: &[&str]) -> crate::project::Output {
    let url = database.url();
    let mut all = vec!["migrate", "--database-url", &url];
    all.extend(arguments);
    project.run(&all)
}

#[test]
fn it_is_applied_once_checked_and_removed() {
    let (database, project) = project();
    insta::assert_snapshot!("migrate_check_before", run(&project, &database, &["--check"]).all());
    insta::assert_snapshot!("migrate_apply", run(&project, &database, &["--apply"]).all());
    insta::assert_snapshot!("migrate_apply_again", run(&project, &database, &["--apply"]).all());
    insta::assert_snapshot!("migrate_check", run(&project, &database, &["--check"]).all());
    assert_eq!(run(&project, &database, &["--check", "--quiet"]).all(), "exit code 0\n");
    let json = run(&project, &database, &["--apply", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&document["made"], &document["registered"], json.stderr.as_str()),
        (&serde_json::json!([]), &false.into(), "")
    );
    insta::assert_snapshot!("migrate_uninstall", run(&project, &database, &["--uninstall", "--apply"]).all());
    insta::assert_snapshot!(
        "migrate_uninstall_again",
        run(&project, &database, &["--uninstall", "--apply"]).all()
    );
    let empty = Project::new();
    assert_eq!(run(&empty, &database, &["--uninstall", "--apply"]).code, 0, "no project is needed");
}

#[test]
fn sql_is_printed_without_a_database() {
    let (database, project) = project();
    let printed = project.run(&["migrate"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""), "{}", printed.stderr);
    let head: Vec<&str> = printed.stdout.lines().take(24).collect();
    insta::assert_snapshot!("migrate_head", head.join("\n"));
    database.execute(&printed.stdout);
    assert_eq!(run(&project, &database, &["--check"]).code, 0);
    let bare = project.run(&["migrate", "--no-transaction"]);
    assert!(!bare.stdout.contains("\nbegin;") && !bare.stdout.contains("\ncommit;"), "the tool has its own");
    insta::assert_snapshot!("migrate_uninstall_script", project.run(&["migrate", "--uninstall"]).stdout);

    let out = project.run(&["migrate", "--out", "up.sql"]);
    assert_eq!((out.code, out.stdout.as_str()), (0, "created up.sql\n"));
    assert_eq!(project.read("up.sql").trim_end(), printed.stdout.trim_end());
    assert_eq!(project.run(&["migrate", "--out", "up.sql"]).stdout, "up.sql is up to date\n");
    project.write("Oosync.toml", "[sync]\nunowned = \"everyone\"\n[outputs]\nmigration = \"oosync.sql\"\n");
    assert_eq!(project.run(&["generate"]).all(), "exit code 0\n--- stdout\ncreated oosync.sql\n");
    assert_eq!(project.read("oosync.sql").trim_end(), printed.stdout.trim_end());
}

#[test]
fn what_differs_is_told_in_words() {
    let (database, project) = project();
    assert_eq!(run(&project, &database, &["--apply"]).code, 0);
    database.execute(
        "alter table orders disable trigger oosync_insert;
         drop trigger oosync_delete on orders;
         create or replace function oosync.mark() returns void language sql as 'select';
         select oosync.register_manifest('0123456789abcdef', '[]')",
    );
    insta::assert_snapshot!("migrate_check_edited", run(&project, &database, &["--check"]).all());
    insta::assert_snapshot!("migrate_apply_mends", run(&project, &database, &["--apply"]).all());
    assert_eq!(run(&project, &database, &["--check"]).code, 0);

    database.execute("create table notes (id int primary key, user_id uuid); drop table orders cascade");
    let check = run(&project, &database, &["--check"]);
    insta::assert_snapshot!("migrate_check_other_tables", check.all());
    insta::assert_snapshot!("migrate_apply_refuses_old_facts", run(&project, &database, &["--apply"]).all());
    let json = run(&project, &database, &["--check", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, &document["status"]), (1, &"drift".into()));
    project.write("Oosync.toml", "[sync]\nunowned = \"everyone\"\nexclude = [\"users\"]\n");
    assert_eq!(project.run(&["snapshot", "--database-url", &database.url()]).code, 0);
    insta::assert_snapshot!("migrate_check_not_synced", run(&project, &database, &["--check"]).all());
    insta::assert_snapshot!("migrate_apply_removes", run(&project, &database, &["--apply"]).all());
    assert_eq!(run(&project, &database, &["--check"]).code, 0);
}

#[test]
fn whoever_holds_a_lock_is_named() {
    let (database, project) = project();
    let mut other = database.client();
    other
        .batch_execute(
            "set application_name = 'billing'; begin; insert into users values (gen_random_uuid(), 'x')",
        )
        .unwrap();
    let blocked = run(&project, &database, &["--apply", "--lock-timeout", "1"]);
    assert_eq!(blocked.code, 3, "{blocked:?}");
    for part in [
        "on \"public\".\"users\" stayed locked by another session for 1 s",
        "pid ",
        ", postgres, billing, idle in transaction, since 2",
        "UTC: set application_name = 'billing'; begin; insert into users values (",
        "nothing was changed",
        "or wait longer with `--lock-timeout`",
    ] {
        assert!(blocked.stderr.contains(part), "{part}: {}", blocked.stderr);
    }
    other.batch_execute("prepare transaction 'forgotten'").unwrap();
    let blocked = run(&project, &database, &["--apply", "--lock-timeout", "0.5s"]);
    assert!(
        blocked.stderr.contains("the prepared transaction `forgotten` of postgres, since 2"),
        "{blocked:?}"
    );
    other.batch_execute("rollback prepared 'forgotten'").unwrap();
    assert_eq!(run(&project, &database, &["--apply", "--lock-timeout", "1"]).code, 0);
    assert_eq!(run(&project, &database, &["--apply", "--lock-timeout", "soon"]).code, 2);
}

#[test]
fn doctor_tells_whether_the_database_is_fit() {
    let database = TestDatabase::with_schema(&format!(
        "{SCHEMA}; create table lines (id int primary key, order_id bigint not null references orders)"
    ));
    let project = Project::with_facts_of(&database);
    project.write("Oosync.toml", "[sync]\nunowned = \"everyone\"\n[server]\nrole = \"postgres\"\n");
    let doctor = |project: &Project| project.run(&["doctor", "--database-url", &database.url()]);
    let before = doctor(&project);
    assert!(
        before.stdout.contains("installed    nothing; `cargo oosync migrate --apply` does it"),
        "{before:?}"
    );
    assert_eq!(run(&project, &database, &["--apply"]).code, 0);
    database.execute(
        "alter table lines disable trigger oosync_insert; alter table orders force row level security;
         select oosync.mark()",
    );
    let mut other = database.client();
    other.batch_execute("begin; insert into users values (gen_random_uuid(), 'x')").unwrap();
    let fit = doctor(&project);
    assert_eq!(fit.code, 0, "{fit:?}");
    for line in [
        "installed    1 difference: see `cargo oosync migrate --check`",
        "migrate      this role may install what is needed",
        "row security on for 3 of 3 synced tables",
        "server role  postgres, which is a superuser and bypasses row-level security",
        "transactions the oldest is open for ",
        "log          ",
    ] {
        assert!(fit.stdout.lines().any(|shown| shown.starts_with(line)), "{line}: {}", fit.stdout);
    }
    for warning in [
        "warning: changes of \"public\".\"lines\" are not captured",
        "warning: row-level security is forced on \"public\".\"orders\"",
        "warning: policies do not bind the role `postgres`",
        "warning: no index of `public.lines` begins with order_id",
    ] {
        assert!(fit.stderr.contains(warning), "{warning}: {}", fit.stderr);
    }
    project.write("Oosync.toml", "[sync]\nunowned = \"everyone\"\n[server]\nrole = \"oosync_nobody\"\n");
    let fit = doctor(&project);
    assert!(fit.stdout.contains("server role  oosync_nobody does not exist"), "{fit:?}");
}
