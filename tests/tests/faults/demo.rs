//! What is left of a demo that fails: nothing. (That it succeeds is a step of `scripts/test.sh`.)

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Stands for a program of the demo.
fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_demo_that_fails_says_so_and_leaves_no_server_behind() {
    let folder = std::env::temp_dir().join(format!("oosync-demo-fails-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let noted = folder.display();
    script(
        &folder,
        "cargo-oosync",
        &format!("exec {} \"$@\"", env!("CARGO_BIN_EXE_cargo-oosync-under-test")),
    );
    script(
        &folder,
        "oosyncd",
        &format!(
            "echo $$ >{noted}/pid; echo \"$OOSYNC_DATABASE_URL\" >{noted}/url\nexec {} server \"$@\"",
            env!("CARGO_BIN_EXE_faults")
        ),
    );
    script(&folder, "todo-sync", "echo 'the device is out of order' >&2; exit 7");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = format!("{noted}:{}", std::env::var("PATH").unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_with-postgres"))
        .args(["--schema", "examples/todo/schema.sql", "scripts/demo.sh", "inside"])
        .current_dir(root)
        .env("PATH", path)
        .env("TODO_FOLDER", &folder)
        // A cluster of its own, so that it must go with this demo.
        .env_remove("NEXTEST_RUN_ID")
        .env_remove("OOSYNC_TEST_DATABASE_URL")
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("the device is out of order") && said.contains("demo: FAILED"), "{said}");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap().trim().to_owned();
    assert!(!Path::new(&format!("/proc/{}", read("pid"))).exists(), "oosyncd is gone: {said}");
    let url = read("url");
    let deadline = Instant::now() + Duration::from_secs(60);
    while postgres::Client::connect(&url, postgres::NoTls).is_ok() {
        assert!(Instant::now() < deadline, "Postgres is gone: {said}");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
