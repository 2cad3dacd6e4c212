//! `oosync_build::compile()`, run as Cargo runs a build script.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use oosync_tests::TestDatabase;

struct Package(PathBuf);

impl Package {
    /// A package whose facts are the example's.
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("oosync-build-script-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let package = Self(folder.canonicalize().unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        std::fs::copy(root.join("oosync.facts.json"), package.0.join("oosync.facts.json")).unwrap();
        std::fs::copy(root.join("Oosync.toml"), package.0.join("Oosync.toml")).unwrap();
        package
    }

    fn build(&self) -> (Output, String, String) {
        self.build_with(&[])
    }

    fn build_with(&self, environment: &[(&str, &str)]) -> (Output, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_build-script-under-test"))
            .env_clear()
            .env("CARGO_MANIFEST_DIR", &self.0)
            .env("OUT_DIR", self.0.join("out"))
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        (output, stdout, stderr)
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn cargo_is_told_what_to_watch_and_where_the_facts_are() {
    let package = Package::new("watch");
    let (output, stdout, stderr) = package.build();
    assert!(output.status.success(), "{stderr}");
    let folder = package.0.display();
    for line in [
        format!("cargo::rerun-if-changed={folder}/Oosync.toml"),
        format!("cargo::rerun-if-changed={folder}/oosync.facts.json"),
        format!("cargo::rustc-env=OOSYNC_FACTS={folder}/oosync.facts.json"),
        format!("cargo::rustc-env=OOSYNC_CONFIG={folder}/Oosync.toml"),
    ] {
        assert!(stdout.lines().any(|shown| shown == line), "{line}: {stdout}");
    }
}

#[test]
fn code_is_written_once_and_that_of_a_table_that_is_gone_removed() {
    let package = Package::new("write");
    let (output, _, stderr) = package.build();
    assert!(output.status.success(), "{stderr}");
    let index = package.0.join("out/oosync.rs");
    let ddl = package.0.join("out/oosync/schema.sql");
    let code = || std::fs::read_to_string(&index).unwrap();
    assert!(code().contains("pub static SCHEMA"));
    assert!(code().contains("pub struct Todo ") && code().contains("pub struct Attachment "));
    let times = || [&index, &ddl].map(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    let before = times();
    assert!(package.build().0.status.success());
    assert_eq!(times(), before, "what is the same is not touched");

    let config = std::fs::read_to_string(package.0.join("Oosync.toml")).unwrap();
    let stale = package.0.join("out/oosync/attachments.rs");
    std::fs::write(&stale, "").unwrap();
    std::fs::write(
        package.0.join("Oosync.toml"),
        format!("{config}\n[tables.attachments]\nexclude = true\n")
            .replace("[tables.attachments]\nrust_name = \"Attachment\"\n", ""),
    )
    .unwrap();
    let (output, _, stderr) = package.build();
    assert!(output.status.success(), "{stderr}");
    assert!(code().contains("pub struct Todo ") && !code().contains("pub struct Attachment "));
    assert!(!stale.exists(), "what is generated no more is removed");
}

#[test]
fn what_is_not_settled_stops_the_build_with_the_line_that_settles_it() {
    let package = Package::new("unsettled");
    std::fs::write(package.0.join("Oosync.toml"), "[sync]\nunowned = \"error\"\n").unwrap();
    let (output, _, stderr) = package.build();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.contains("users") && stderr.contains("[tables.") && !stderr.contains("panicked"),
        "{stderr}"
    );
    assert!(!package.0.join("out").exists(), "nothing is written");
}

#[test]
fn a_database_that_was_named_brings_the_facts_up_to_date_first() {
    let package = Package::new("refresh");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let database = TestDatabase::empty();
    database.execute_file(&root.join("examples/todo/schema.sql"));
    database.execute("alter table labels add column emoji text");
    let facts = || std::fs::read_to_string(package.0.join("oosync.facts.json")).unwrap();
    let before = facts();

    assert!(package.build().0.status.success());
    assert_eq!(facts(), before, "without the variable nothing is asked");

    let (output, _, stderr) = package.build_with(&[("OOSYNC_DATABASE_URL", "postgres://127.0.0.1:1/x")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("unset OOSYNC_DATABASE_URL") && !stderr.contains("panicked"), "{stderr}");
    assert_eq!(facts(), before, "a database that cannot be reached changes nothing");

    let (output, stdout, stderr) = package.build_with(&[("OOSYNC_DATABASE_URL", &database.url())]);
    assert!(output.status.success(), "{stderr}");
    assert!(facts().contains("\"emoji\""));
    assert!(stdout.lines().any(|line| line == "cargo::rerun-if-env-changed=OOSYNC_DATABASE_URL"), "{stdout}");
    let code = std::fs::read_to_string(package.0.join("out/oosync.rs")).unwrap();
    assert!(code.contains("pub emoji: Option<String>"), "{code}");
}

#[test]
fn a_config_that_names_what_is_not_there_stops_the_build_without_a_panic() {
    let package = Package::new("typo");
    std::fs::write(package.0.join("Oosync.toml"), "[tables.todos]\nowner_column = \"asignee_id\"\n").unwrap();
    let (output, _, stderr) = package.build();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.contains("did you mean `assignee_id`?") && stderr.contains("Oosync.toml:2:16"),
        "{stderr}"
    );
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn missing_facts_name_the_command_that_makes_them() {
    let package = Package::new("missing");
    std::fs::remove_file(package.0.join("oosync.facts.json")).unwrap();
    let (output, _, stderr) = package.build();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("make it with `cargo oosync snapshot`"), "{stderr}");
}

#[test]
fn a_config_that_is_not_found_stops_the_build() {
    let package = Package::new("no-config");
    std::fs::rename(package.0.join("Oosync.toml"), package.0.join("Oosnyc.toml")).unwrap();
    let (output, _, stderr) = package.build();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("there is no Oosync.toml in"), "{stderr}");
}
