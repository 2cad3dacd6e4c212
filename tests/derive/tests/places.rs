//! The derive works wherever Cargo compiles Rust: `tests/fixtures/derive-places` is built and run as it is.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

#[test]
fn a_row_can_stand_in_a_library_a_program_a_test_an_example_a_doctest_and_beside_a_renamed_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let places = root.join("tests/fixtures/derive-places");
    // What is compiled here already is used there, in the same versions: without a network.
    std::fs::copy(root.join("Cargo.lock"), places.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--offline", "--target-dir"])
        .arg(target)
        .current_dir(&places)
        .env_remove("OOSYNC_FACTS")
        .env_remove("OOSYNC_CONFIG")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(!stderr.contains("warning: unused"), "{stderr}");
    for passed in [
        "test tests::a_row_in_a_unit_test ... ok",
        "test a_row_in_an_integration_test ... ok",
        "test app/src/lib.rs - (line 3) ... ok",
    ] {
        assert!(stdout.contains(passed), "{passed}: {stdout}\n{stderr}");
    }

    // No build script says so: the expansion tells the compiler what it was made from.
    let dependencies = std::fs::read_dir(target.join("debug/deps")).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name()?.to_str()?;
        (name.starts_with("places_app-") && name.ends_with(".d"))
            .then(|| std::fs::read_to_string(&path).unwrap())
    });
    let dependencies: String = dependencies.collect();
    for file in ["tests/fixtures/derive-places/Oosync.toml", "derive/oosync.facts.json"] {
        assert!(dependencies.contains(file), "{file} is not among the files of places_app: {dependencies}");
    }
}
