//! `generate` and `expand`.

use oosync_tests::TestDatabase;

use crate::project::{Project, SCHEMA};

/// A project whose plan is settled.
fn project() -> Project {
    let project = Project::with_facts_of(&TestDatabase::with_schema(SCHEMA));
    project.write("Oosync.toml", "[sync]\nunowned = \"everyone\"\n");
    project
}

fn outputs(project: &Project) {
    std::fs::create_dir(project.path("elsewhere")).unwrap();
    let absolute = project.path("elsewhere/meta.json");
    let config = format!(
        "[sync]\nunowned = \"everyone\"\n[outputs]\nrust = \"src/schema.rs\"\nsqlite_ddl = \"schema.sqlite.sql\"\n\
         table_meta = {absolute:?}\nserver_config = \"server.json\"\n"
    );
    project.write("Oosync.toml", &config);
}

#[test]
fn code_is_written_into_a_folder_and_checked_there() {
    let project = project();
    insta::assert_snapshot!("generate_into_a_folder", project.run(&["generate", "--out", "src/db"]).all());
    let again = project.run(&["generate", "--out", "src/db"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "5 files up to date\n"), "{again:?}");
    assert_eq!(project.run(&["generate", "--out", "src/db", "--check"]).code, 0);

    project.write("src/db/orders.rs", "// edited\n");
    std::fs::remove_file(project.path("src/db/users.rs")).unwrap();
    insta::assert_snapshot!("generate_check", project.run(&["generate", "--out", "src/db", "--check"]).all());
    assert_eq!(project.read("src/db/orders.rs"), "// edited\n", "a check writes nothing");
}

#[test]
fn the_outputs_of_the_config_are_written() {
    let project = project();
    outputs(&project);
    insta::assert_snapshot!("generate_outputs", project.run(&["generate"]).all());
    assert!(project.read("src/schema.rs").contains("pub struct Orders"), "one file holds all");
    assert!(project.read("schema.sqlite.sql").contains("CREATE TABLE \"orders\""));
    for name in ["elsewhere/meta.json", "server.json"] {
        let document: serde_json::Value = serde_json::from_str(&project.read(name)).unwrap();
        assert!(document.is_object(), "{name}");
    }
    let check = project.run(&["generate", "--check", "--format", "json"]);
    assert_eq!((check.code, check.stdout.as_str()), (0, "{\"status\":\"ok\"}\n"));
    project.write("server.json", "{}");
    let check = project.run(&["generate", "--check", "--format", "json"]);
    assert_eq!(
        (check.code, check.stdout.as_str()),
        (1, "{\"files\":[\"server.json\"],\"status\":\"drift\"}\n")
    );
}

#[test]
fn without_a_place_nothing_is_written() {
    let project = project();
    insta::assert_snapshot!("generate_nothing", project.run(&["generate"]).all());
}

#[test]
fn what_is_not_settled_stops_it_unless_it_may_be_left_out() {
    let project = Project::with_facts_of(&TestDatabase::with_schema(SCHEMA));
    let stopped = project.run(&["generate", "--out", "src/db"]);
    assert_eq!(stopped.code, 4, "{stopped:?}");
    assert!(!project.path("src/db").exists());
    let lenient = project.run(&["generate", "--out", "src/db", "--lenient"]);
    assert_eq!(lenient.code, 0, "{lenient:?}");
    assert!(project.path("src/db/orders.rs").exists() && !project.path("src/db/users.rs").exists());
    assert!(lenient.stderr.contains("public.users"), "{lenient:?}");
}

#[test]
fn a_table_is_shown_as_code() {
    let project = project();
    insta::assert_snapshot!("expand_a_table", project.run(&["expand", "orders"]).all());
    let all = project.run(&["expand"]);
    assert!(all.stdout.contains("pub struct Users") && all.stdout.contains("pub static SCHEMA"), "{all:?}");
    insta::assert_snapshot!("expand_unknown", project.run(&["expand", "ordres"]).all());
}
