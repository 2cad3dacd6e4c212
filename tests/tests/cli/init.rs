//! The first steps in a project.

use oosync_tests::TestDatabase;

use crate::project::{Project, SCHEMA};

#[test]
fn init_writes_config_and_facts_and_says_what_comes_next() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::new();
    let url = database.url();
    insta::assert_snapshot!(project.run(&["init", "--database-url", &url]).all());
    insta::assert_snapshot!("written_config", project.read("Oosync.toml"));
    assert_eq!(project.run(&["check", "--database-url", &url]).code, 0);

    project.write("Oosync.toml", "# mine\n");
    let again = project.run(&["init", "--database-url", &url]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.stdout.contains("Oosync.toml was there already and is as it was"), "{again:?}");
    assert_eq!(project.read("Oosync.toml"), "# mine\n");
}

#[test]
fn what_the_written_config_shows_as_default_is_accepted() {
    let database = TestDatabase::with_schema(
        "create table todos (id int primary key, assignee_id int, internal_note text, user_ref int, user_id int,
            owner_id int, private_to_user int, private_for int);
         create table audit_log (id int primary key)",
    );
    let project = Project::new();
    let url = database.url();
    assert_eq!(project.run(&["init", "--database-url", &url]).code, 0);
    let config = project.read("Oosync.toml");
    // A commented key or table: `# name = …`, `# [name]`.
    let uncommented: String = config
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.contains(" = ") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(uncommented.matches(" = ").count() > 5, "{uncommented}");
    project.write("Oosync.toml", &uncommented);
    let output = project.run(&["check", "--offline"]);
    assert_eq!(output.code, 0, "{output:?}");
}

#[test]
fn the_config_may_be_given_another_name() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::new();
    let output = project.run(&["init", "--database-url", &database.url(), "--config", "sync.toml"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(project.path("sync.toml").exists() && project.path("oosync.facts.json").exists());
    assert_eq!(project.run(&["check", "--offline", "--config", "sync.toml"]).code, 0);
    assert_eq!(project.run(&["check", "--offline", "--config", "nowhere.toml"]).code, 4);
}

#[test]
fn where_the_database_cannot_be_read_nothing_is_written() {
    let project = Project::new();
    assert_eq!(project.run(&["init", "--database-url", "postgres://127.0.0.1:1/x"]).code, 3);
    assert!(!project.path("Oosync.toml").exists() && !project.path("oosync.facts.json").exists());
}

#[test]
fn a_schema_with_an_odd_name_survives_the_config() {
    let name = "my \"app\" \\ é";
    let database = TestDatabase::with_schema(&format!("create schema \"{}\"", name.replace('"', "\"\"")));
    let project = Project::new();
    let output = project.run(&["init", "--database-url", &database.url(), "--schema", name]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(project.run(&["check", "--database-url", &database.url()]).code, 0);
    assert!(project.read("oosync.facts.json").contains(r#""my \"app\" \\ é""#));
}

#[test]
fn a_project_is_found_from_its_folders_and_by_flags() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::new();
    let url = database.url();
    std::fs::create_dir_all(project.path("crates/app/src")).unwrap();
    project.write("crates/app/Cargo.toml", "[package]\n");
    project.write("Oosync.toml", "facts = \"schema/facts.json\"\n");
    std::fs::create_dir_all(project.path("schema")).unwrap();
    let mut command = project.command(&["snapshot", "--database-url", &url]);
    let output = project.finish(command.current_dir(project.path("crates/app/src")));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(project.path("schema/facts.json").exists(), "beside the config, wherever one stands");
    let elsewhere = Project::new();
    let manifest = project.path("crates/app/Cargo.toml").display().to_string();
    let output = elsewhere.run(&["check", "--database-url", &url, "--manifest-path", &manifest]);
    assert_eq!(output.code, 0, "{output:?}");
    let config = project.path("Oosync.toml").display().to_string();
    let output = elsewhere.run(&["check", "--offline", "--config", &config]);
    assert_eq!(output.code, 0, "{output:?}");
    let output = elsewhere.run(&["snapshot", "--database-url", &url, "--facts", "other.json"]);
    assert!(output.code == 0 && elsewhere.path("other.json").exists(), "{output:?}");
}
