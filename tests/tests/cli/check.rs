//! `check`, `diff` and `doctor`.

use oosync_tests::TestDatabase;

use crate::project::{Project, SCHEMA};

#[test]
fn facts_that_are_up_to_date() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    let url = database.url();
    insta::assert_snapshot!(project.run(&["check", "--database-url", &url]).all(), @r"
    exit code 0
    --- stdout
    oosync.facts.json is what postgres@127.0.0.1:[port]/oosync_test_[process]_[number] says: 2 tables, 6 columns, 1 foreign key, 1 enum in schema public
    ");
    assert_eq!(project.run(&["check", "--database-url", &url, "--quiet"]).all(), "exit code 0\n");
    let json = project.run(&["check", "--database-url", &url, "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&document["status"], &document["tables"]), (&"ok".into(), &2.into()));
    let again = project.run(&["snapshot", "--database-url", &url]);
    assert!(again.stdout.starts_with("oosync.facts.json is up to date"), "{again:?}");
}

#[test]
fn a_database_that_moved_on_is_drift() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    database.execute(
        "alter table orders alter total drop not null; alter type mood add value 'ok' after 'sad';
         create table returns (id int primary key); alter table orders add note text",
    );
    let url = database.url();
    let check = project.run(&["check", "--database-url", &url]);
    insta::assert_snapshot!(check.all(), @r"
    exit code 1
    --- stderr
    error: oosync.facts.json is out of date: 4 changes in postgres@127.0.0.1:[port]/oosync_test_[process]_[number]
      - column `public.orders.note` text was added
      - `public.orders.total` became nullable
      - table `public.returns` was added
      - enum `public.mood` gained label `ok` after `sad`
     |
     = help: run `cargo oosync snapshot` and commit the file
    ");
    let annotated = project.run_with(&[("GITHUB_ACTIONS", "true")], &["check", "--database-url", &url]);
    let line = "::error file=oosync.facts.json,line=1,col=1::`public.orders.total` became nullable%0Arun `cargo oosync snapshot`";
    assert!(annotated.stderr.contains(line), "{}", annotated.stderr);
    let arguments = ["check", "--database-url", &url, "--format", "json"];
    let json = project.run_with(&[("GITHUB_ACTIONS", "true")], &arguments);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, json.stderr.as_str()), (1, ""));
    assert_eq!(document["changes"][1]["object"], "public.orders.total");

    let before = project.read("oosync.facts.json");
    project.write("before.json", &before);
    let snapshot = project.run(&["snapshot", "--database-url", &url]);
    assert!(snapshot.stdout.contains("updated oosync.facts.json"), "{snapshot:?}");
    assert!(snapshot.stdout.contains("\n  - table `public.returns` was added"), "{snapshot:?}");
    assert_eq!(project.run(&["check", "--database-url", &url]).code, 0);

    let diff = project.run(&["diff", "before.json", "oosync.facts.json"]);
    insta::assert_snapshot!(diff.all(), @r"
    exit code 1
    --- stdout
    column `public.orders.note` text was added
    `public.orders.total` became nullable
    table `public.returns` was added
    enum `public.mood` gained label `ok` after `sad`
    ");
    assert_eq!(project.run(&["diff", "before.json", "before.json"]).code, 0);
    assert_eq!(project.run(&["diff", "-", "-"]).code, 2);
    assert_eq!(project.run(&["diff", "nowhere.json", "before.json"]).code, 4);
}

#[test]
fn the_order_of_a_list_in_the_file_is_no_drift() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    let mut document: serde_json::Value = serde_json::from_str(&project.read("oosync.facts.json")).unwrap();
    document["tables"].as_array_mut().unwrap().reverse();
    project.write("oosync.facts.json", &document.to_string());
    let output = project.run(&["check", "--database-url", &database.url()]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output.stderr.contains("warning: oosync.facts.json is not laid out as a snapshot is"),
        "{output:?}"
    );
    assert_eq!(project.run(&["snapshot", "--database-url", &database.url()]).code, 0);
    project.write("oosync.facts.json", &project.read("oosync.facts.json").replace('\n', "\r\n"));
    let output = project.run(&["check", "--database-url", &database.url()]);
    assert_eq!(output.code, 0, "also as git for Windows has it: {output:?}");
}

#[test]
fn arguments_of_a_trigger_are_part_of_the_facts() {
    let database = TestDatabase::with_schema(
        "create extension moddatetime; create table t (id int, a timestamp, b timestamp);
         create trigger stamp before update on t for each row execute function moddatetime(a)",
    );
    let project = Project::with_facts_of(&database);
    database.execute(
        "drop trigger stamp on t;
         create trigger stamp before update on t for each row execute function moddatetime(b)",
    );
    let output = project.run(&["check", "--database-url", &database.url()]);
    let (before, after) = ("moddatetime(`a`) to ", "moddatetime(`b`)");
    assert!(output.stderr.contains(before) && output.stderr.contains(after), "{output:?}");
}

#[test]
fn a_restored_dump_is_no_drift() {
    let schema = "create table t (id int primary key, grid int[][])";
    let database = TestDatabase::with_schema(schema);
    let project = Project::with_facts_of(&database);
    // As pg_dump writes it: arrays have lost how many dimensions they were declared with.
    let restored = TestDatabase::with_schema(&schema.replace("[][]", "[]"));
    assert_eq!(project.run(&["check", "--database-url", &restored.url()]).code, 0);
}

#[test]
fn offline_no_database_is_asked() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    let unreachable = ["check", "--offline", "--database-url", "postgres://127.0.0.1:1/x"];
    insta::assert_snapshot!(project.run(&unreachable).all(), @r"
    exit code 0
    --- stdout
    oosync.facts.json can be read: 2 tables, 6 columns, 1 foreign key, 1 enum in schema public
    ");
    assert_eq!(project.run(&["check", "--database-url", "postgres://127.0.0.1:1/x"]).code, 3);
}

#[test]
fn schemas_come_from_the_flags_the_config_the_facts_or_are_public() {
    let database =
        TestDatabase::with_schema("create schema app; create table app.a (id int); create table p (id int)");
    let project = Project::new();
    let url = database.url();
    let schemas = |arguments: &[&str]| {
        let mut all = vec!["snapshot", "--database-url", &url, "--format", "json"];
        all.extend(arguments);
        let output = project.run(&all);
        assert_eq!(output.code, 0, "{output:?}");
        let document: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        document["schemas"].to_string()
    };
    assert_eq!(schemas(&[]), r#"["public"]"#);
    assert_eq!(schemas(&["--schema", "public", "--schema", "app"]), r#"["app","public"]"#);
    assert_eq!(schemas(&[]), r#"["app","public"]"#, "those of the facts stay");
    project.write("Oosync.toml", "[database]\nschemas = [\"app\"]\n");
    assert_eq!(schemas(&[]), r#"["app"]"#);
}

#[test]
fn doctor_tells_all_it_finds() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    let output = project.run(&["doctor", "--database-url", &database.url()]);
    assert_eq!(output.code, 0, "{output:?}");
    let expected = [
        "version      0.",
        "config       none; the defaults apply",
        "facts        oosync.facts.json: 2 tables",
        "database     postgres@127.0.0.1:[port]/",
        "server       Postgres 1",
        "encryption   none",
        "role         postgres (superuser, bypasses row-level security)",
        "privileges   may read the rows of 2 of 2 tables; a snapshot needs none",
        "drift        none",
    ];
    for line in expected {
        assert!(output.stdout.lines().any(|shown| shown.starts_with(line)), "{line}: {}", output.stdout);
    }
    project.write("oosync.facts.json", "{");
    let broken = project.run(&["doctor", "--database-url", "postgres://127.0.0.1:1/x"]);
    assert_eq!(broken.code, 4, "the first problem decides: {broken:?}");
    assert!(
        broken.stderr.contains("end in the middle") && broken.stderr.contains("cannot reach"),
        "{broken:?}"
    );
    let json = project.run(&["doctor", "--format", "json"]);
    serde_json::from_str::<serde_json::Value>(&json.stdout).unwrap();
    serde_json::from_str::<serde_json::Value>(&json.stderr).unwrap();
}
