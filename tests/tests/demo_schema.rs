//! The schema of the example, and the files checked in for it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use oosync_build::introspect::snapshot;
use oosync_build::project::Project;
use oosync_tests::TestDatabase;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_facts_checked_in_are_those_of_the_schema() {
    compare(&root(), "examples/todo/schema.sql");
}

#[test]
fn the_facts_that_the_derive_is_tested_against_are_those_of_their_schema() {
    compare(&root().join("tests/derive"), "tests/derive/schema.sql");
}

fn compare(folder: &Path, schema: &str) {
    let project = Project::find(folder).unwrap();
    let database = TestDatabase::empty();
    database.execute_file(&root().join(schema));
    let now = snapshot(&mut database.client(), &project.config.database.schemas()).unwrap();
    let facts = project.load_facts().unwrap();
    assert_eq!(facts.diff(&now), [], "run scripts/refresh-facts.sh");
    let text = std::fs::read_to_string(&project.facts_path).unwrap();
    assert_eq!(text, now.to_json(), "the file is in its canonical form");
}

#[test]
fn config_and_tags_of_the_example_fit_its_facts() {
    let project = Project::find(&root().join("examples/todo")).unwrap();
    let problems = project.check(&project.load_facts().unwrap());
    assert!(problems.is_empty(), "{problems}");
}
