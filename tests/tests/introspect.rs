//! One folder per behaviour of the catalogs: `introspect/<case>/schema.sql`, and the facts it leads to.
//!
//! The facts are the same on every Postgres, so running this on another major is the proof of that; see
//! `scripts/matrix.sh`. Headers of `schema.sql`: `-- postgres: 15` is the oldest major that takes it,
//! `-- schemas: a, b` what to read instead of `public`.
//!
//! After a change that is meant: `INSTA_UPDATE=always cargo test -p oosync-tests --test introspect`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use oosync_build::facts::Facts;
use oosync_build::introspect::snapshot;
use oosync_tests::{Cluster, TestDatabase, each};

#[test]
fn every_case_leads_to_its_facts() {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("introspect"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
    folders.sort();
    assert!(folders.len() >= 40, "only {} cases", folders.len());
    let major = server_major();
    // A debugging aid: `OOSYNC_CASE=enum` runs the cases whose names contain it.
    let filter = std::env::var("OOSYNC_CASE").unwrap_or_default();
    assert!(
        folders.iter().any(|folder| name(folder).contains(&filter)),
        "no case has {filter:?} in its name"
    );
    folders.retain(|folder| name(folder).contains(&filter));
    let newer = Mutex::new(Vec::new());
    each(
        &folders,
        4,
        |folder| name(folder),
        |folder| {
            if !run(folder, major) {
                newer.lock().unwrap().push(name(folder));
            }
        },
    );
    println!("not for Postgres {major}: {:?}", newer.into_inner().unwrap());
}

/// Whether the case is for this server.
fn run(folder: &Path, major: u32) -> bool {
    let schema = std::fs::read_to_string(folder.join("schema.sql")).unwrap();
    let header = |key: &str| schema.lines().find_map(|line| line.strip_prefix(&format!("-- {key}: ")));
    if header("postgres").is_some_and(|oldest| major < oldest.trim().parse().unwrap()) {
        return false;
    }
    let schemas: Vec<&str> = header("schemas").unwrap_or("public").split(',').map(str::trim).collect();
    let database = TestDatabase::empty();
    database.execute(&schema);
    let facts = snapshot(&mut database.client(), &schemas).unwrap();
    let json = facts.to_json();
    let loaded = Facts::from_json(&json).unwrap();
    assert!(loaded == facts && loaded.to_json() == json, "load and save change nothing");
    insta::with_settings!({
        snapshot_path => folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
        input_file => folder.join("schema.sql"),
    }, {
        insta::assert_snapshot!("facts", json);
    });
    true
}

fn server_major() -> u32 {
    let row = Cluster::shared().client().query_one("select current_setting('server_version_num')::int4", &[]);
    u32::try_from(row.unwrap().get::<_, i32>(0) / 10_000).unwrap()
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}
