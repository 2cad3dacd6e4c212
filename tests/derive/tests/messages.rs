//! Everything that can be wrong with a struct is one error, at its place, with what to write instead.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

/// The cases are compiled in a folder of trybuild's own, from which no config is found upwards: they find the facts
/// as a crate does whose build script has named them.
#[test]
fn every_error_says_once_what_is_wrong_and_what_to_write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = std::env::current_exe().unwrap();
    let status = Command::new(program)
        .args(["--exact", "cases", "--ignored", "--nocapture"])
        .env("OOSYNC_FACTS", folder.join("oosync.facts.json"))
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "the test above runs it, in a process that has the facts in its environment"]
fn cases() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*.rs");
}
