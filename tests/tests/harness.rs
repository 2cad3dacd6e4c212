//! The harness itself: what it promises to every other test.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use oosync_tests::{Cluster, ClusterOptions, TestDatabase};

#[test]
fn databases_are_separate_and_dropped() {
    let (a, b) = (TestDatabase::with_schema("create table t (id int)"), TestDatabase::empty());
    assert!(b.client().execute("select from t", &[]).is_err());
    let name = a.name().to_owned();
    drop(a);
    let known = Cluster::shared().client().query("select from pg_database where datname = $1", &[&name]);
    assert!(known.unwrap().is_empty());
}

#[test]
fn a_template_is_loaded_once_and_copied() {
    let schema = "create table t (id int); insert into t values (1)";
    let databases: Vec<TestDatabase> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..4).map(|_| scope.spawn(|| TestDatabase::from_template(schema))).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    databases[0].execute("delete from t");
    let count = |database: &TestDatabase| -> i64 {
        database.client().query_one("select count(*) from t", &[]).unwrap().get(0)
    };
    assert_eq!(databases.iter().map(count).collect::<Vec<_>>(), [0, 1, 1, 1]);
}

/// The child of the next test: uses a cluster of its own, tells its folder and port, and waits to be killed.
#[test]
fn child_that_is_killed() {
    if std::env::var_os("OOSYNC_TEST_BE_KILLED").is_none() {
        return;
    }
    let cluster = Cluster::private(&ClusterOptions::default());
    let told = std::env::var("OOSYNC_TEST_BE_KILLED").unwrap();
    let text = format!("{}\n{}", cluster.folder().unwrap().display(), cluster.port());
    std::fs::write(format!("{told}.new"), text).unwrap();
    std::fs::rename(format!("{told}.new"), told).unwrap();
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn a_cluster_is_gone_after_its_process_was_killed() {
    let told = std::env::temp_dir().join(format!("oosync-harness-{}", std::process::id()));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_is_killed"])
        .env("OOSYNC_TEST_BE_KILLED", &told)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told_text = wait_for("the child's cluster", || std::fs::read_to_string(&told).ok());
    std::fs::remove_file(&told).unwrap();
    let (folder, port) = told_text.split_once('\n').unwrap();
    let folder = PathBuf::from(folder);
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let connects = || postgres::Client::connect(&url, postgres::NoTls).is_ok();
    assert!(connects());
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("the server to stop", || (!connects()).then_some(()));
    let gone = folder.with_extension("gone");
    wait_for("the folder to go", || (!folder.exists() && !gone.exists()).then_some(()));
}

fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
