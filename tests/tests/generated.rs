//! Generated code of whole schemas: it compiles without a warning, its DDL executes, and every row of every table goes
//! Postgres → SQLite → struct → SQLite → Postgres and is what it was.
//!
//! The schemas are those of `OOSYNC_SCHEMA_CORPUS`, the example's, and `tests/generated/*.sql`. Each becomes a crate in
//! `target/generated`, all of them in one workspace that shares this one's target folder.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use oosync_build::codegen::{Layout, Options, diesel_left_out, generate};
use oosync_build::config::Config;
use oosync_build::files::write_if_changed;
use oosync_build::introspect::{schemas, snapshot};
use oosync_build::plan::{Plan, Strictness};
use oosync_build::project::Project;
use oosync_tests::corpus::{self, CorpusSchema};
use oosync_tests::{Cluster, ClusterOptions, TestDatabase};

/// A schema whose crate is written.
struct Case {
    name: String,
    database: TestDatabase,
}

#[test]
fn rows_come_back_as_they_were() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut all = corpus::schemas().unwrap_or_default();
    all.push(schema("todo", root.join("examples/todo/schema.sql")));
    for entry in std::fs::read_dir(root.join("tests/generated")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Some(name) = name.strip_suffix(".sql").filter(|name| !name.ends_with(".data")) {
            all.push(schema(&format!("own-{name}"), path.clone()));
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let filter = std::env::var("OOSYNC_CASE").unwrap_or_default();
    all.retain(|schema| schema.name.contains(&filter));

    let target = root.join("target");
    let folder = target.join("generated");
    // What is the same stays untouched, so that a second run compiles nothing.
    let cases: Vec<Case> = all.iter().map(|schema| write_crate(root, &folder, schema)).collect();
    write_workspace(root, &folder, &cases);

    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace", "--offline"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .unwrap();
    assert!(build.success(), "the generated crates compile without a warning");

    let mut failures = Vec::new();
    for case in &cases {
        let output = Command::new(target.join("debug").join(format!("generated-{}", case.name)))
            .env("OOSYNC_DATABASE_URL", case.database.url())
            .output()
            .unwrap();
        println!("{}:\n{}", case.name, String::from_utf8_lossy(&output.stdout));
        if !output.status.success() {
            failures.push(format!("{}: {}", case.name, String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} schemas fail:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

fn schema(name: &str, path: PathBuf) -> CorpusSchema {
    let data = PathBuf::from(path.to_str().unwrap().replace(".sql", ".data.sql"));
    CorpusSchema { name: name.to_owned(), schema: path, data: data.exists().then_some(data) }
}

/// Loads a schema, plans it, and writes its crate.
fn write_crate(root: &Path, folder: &Path, schema: &CorpusSchema) -> Case {
    // A cluster each time: a schema may make roles, which all databases of a cluster share.
    let database = TestDatabase::empty_in(&Arc::new(Cluster::private(&ClusterOptions::default())));
    database.execute_file(&schema.schema);
    if let Some(data) = &schema.data {
        database.execute_file(data);
    }
    let mut client = database.client();
    let names = schemas(&mut client).unwrap();
    let facts = snapshot(&mut client, &names).unwrap();
    let plan = plan(&schema.name, &facts);
    assert_eq!(
        plan.tables.len() + plan.not_synced.len(),
        facts.tables.len(),
        "{}: nothing is dropped",
        schema.name
    );
    for table in &plan.not_synced {
        println!("{}: {} is not synced: it {}", schema.name, table.name, table.reason);
    }

    let source = folder.join(&schema.name).join("src");
    let options = Options::for_layout(Layout::Modules);
    for left_out in diesel_left_out(&plan, &options).unwrap() {
        println!("{}: {left_out}", schema.name);
    }
    for file in generate(&plan, &options).unwrap_or_else(|problems| panic!("{}: {problems}", schema.name)) {
        write(&source.join("schema").join(&file.path), &file.text);
    }
    let index = std::fs::read_to_string(source.join("schema/mod.rs")).unwrap();
    write(&source.join("tables.rs"), &copy_all(&index));
    let program = std::fs::read_to_string(root.join("tests/generated/round_trip.rs")).unwrap();
    write(&source.join("main.rs"), &program);
    let manifest = format!(
        "[package]\nname = \"generated-{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         oosync-runtime = {{ path = {:?}, features = [\"diesel\"] }}\n\
         diesel = {{ version = \"2.3\", default-features = false, features = [\"32-column-tables\"] }}\n\
         postgres = \"*\"\nserde_json = \"*\"\n",
        schema.name,
        root.join("oosync-runtime"),
    );
    write(&folder.join(&schema.name).join("Cargo.toml"), &manifest);
    Case { name: schema.name.clone(), database }
}

/// The plan in which everyone reads what nobody owns; what cannot be synced even so is left out and said.
fn plan(name: &str, facts: &oosync_build::facts::Facts) -> Plan {
    let mut project = Project::without_config(Path::new("."));
    project.config =
        Config::parse("Oosync.toml", "[sync]\nunowned = \"everyone\"\n[diesel]\nenabled = true\n").unwrap();
    match project.plan_of(facts, Strictness::Strict) {
        Ok(validated) => validated.plan,
        Err(problems) => {
            println!("{name}: not all is settled:\n{problems}");
            project.plan_of(facts, Strictness::Lenient).unwrap_or_else(|error| panic!("{name}: {error}")).plan
        }
    }
}

/// A call for the row of every table: the first name of `todos::{Todos, …}` in the list of what is exported.
fn copy_all(index: &str) -> String {
    let mut calls = String::new();
    let exported = index.split_once("pub use self::{\n").map_or("", |(_, list)| list);
    for line in exported.lines().take_while(|line| *line != "};") {
        let (_, items) = line.split_once("::{").unwrap();
        let row = items.split([',', '}']).next().unwrap().trim();
        writeln!(
            calls,
            "    devices.copy::<crate::schema::{row}>().map_err(|error| format!(\"{row}: {{error}}\"))?;"
        )
        .unwrap();
    }
    format!(
        "pub fn copy_all(devices: &crate::Devices) -> crate::Result<()> {{\n    let _ = devices;\n{calls}    Ok(())\n}}\n"
    )
}

fn write_workspace(root: &Path, folder: &Path, cases: &[Case]) {
    let members: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let ours = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    // The same profiles, so that dependencies are compiled once for both workspaces.
    let profiles = &ours[ours.find("[profile.dev]").unwrap()..];
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n{profiles}");
    write(&folder.join("Cargo.toml"), &manifest);
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_if_changed(path, text.as_bytes()).unwrap();
}
