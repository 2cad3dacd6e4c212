//! `plan`.

use oosync_tests::TestDatabase;

use crate::project::{Project, SCHEMA};

#[test]
fn what_is_synced_to_whom_and_why() {
    let project = Project::with_facts_of(&TestDatabase::with_schema(SCHEMA));
    insta::assert_snapshot!("the_plan_stops", project.run(&["plan"]).all());
    project.write("Oosync.toml", "[sync]\nunowned = \"exclude\"\n[tables.users]\nowner_column = \"id\"\n");
    insta::assert_snapshot!("the_plan", project.run(&["plan"]).all());
    insta::assert_snapshot!("the_plan_of_a_table", project.run(&["plan", "orders"]).all());
}

#[test]
fn a_lenient_plan_leaves_out_what_has_an_error() {
    let project = Project::with_facts_of(&TestDatabase::with_schema(SCHEMA));
    insta::assert_snapshot!("the_lenient_plan", project.run(&["plan", "--lenient"]).all());
    let users = project.run(&["plan", "users", "--lenient", "--quiet"]);
    assert_eq!((users.code, users.stdout.as_str(), users.stderr.as_str()), (0, "", ""));
    let users = project.run(&["plan", "users", "--lenient"]);
    assert_eq!(users.stdout, "public.users is not synced: it belongs to nobody\n");
}

#[test]
fn programs_get_all_of_it() {
    let project = Project::with_facts_of(&TestDatabase::with_schema(SCHEMA));
    project.write("Oosync.toml", "[sync]\nunowned = \"exclude\"\n");
    let run = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&project.run(arguments).stdout).unwrap()
    };
    let all = run(&["plan", "--format", "json"]);
    assert_eq!((&all["status"], &all["warnings"]), (&"ok".into(), &serde_json::json!([])));
    assert_eq!(all["tables"][0]["table"], "public.orders");
    assert_eq!(all["not_synced"][0]["table"], "public.users");
    let mut orders = run(&["plan", "orders", "--format", "json"]);
    assert_eq!(orders["plan"].take(), all["tables"][0]);
    assert_eq!(run(&["plan", "users", "--format", "json"])["synced"], false);
    let failed = project.run(&["plan", "ordres", "--format", "json"]);
    let problem: serde_json::Value = serde_json::from_str(&failed.stderr).unwrap();
    assert_eq!((failed.code, &problem["errors"][0]["help"][0]), (2, &"did you mean `orders`?".into()));
}
