//! Two people change the schema on two branches, and git merges their facts.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use oosync_build::facts::Facts;
use oosync_build::introspect::snapshot;
use oosync_tests::TestDatabase;

const SCHEMA: &str = "
    create type mood as enum ('sad', 'happy', 'calm');
    create table customers (id int primary key, name text, mood mood);
    create table orders (id int primary key, customer_id int, total numeric);
    create table returns (id int primary key, order_id int);
";

fn facts_after(changes: &str) -> String {
    let database = TestDatabase::from_template(SCHEMA);
    database.execute(changes);
    snapshot(&mut database.client(), &["public"]).unwrap().to_json()
}

/// `git merge-file`: the text, and whether it merged without a conflict.
fn merge(ours: &str, base: &str, theirs: &str) -> (String, bool) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("oosync-merge-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in [("ours", ours), ("base", base), ("theirs", theirs)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let mut command = Command::new("git");
    command.args(["merge-file", "-p", "ours", "base", "theirs"]).current_dir(&folder);
    let output = command.output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

#[test]
fn changes_of_different_tables_merge_into_the_facts_of_both() {
    let ours = "alter table customers add email text; alter type mood add value 'glad' after 'sad';
                create index on customers (name)";
    let theirs = "alter table orders add note text; alter table orders add check (total > 0);
                  create table stores (id int primary key)";
    let (merged, clean) = merge(&facts_after(ours), &facts_after(""), &facts_after(theirs));
    assert!(clean, "{merged}");
    let both = facts_after(&format!("{ours}; {theirs}"));
    assert_eq!(Facts::from_json(&merged).unwrap().diff(&Facts::from_json(&both).unwrap()), []);
    assert_eq!(merged, both, "even the same bytes");
}

#[test]
fn what_git_cannot_merge_is_recognised_as_a_conflict() {
    let (merged, clean) = merge(
        &facts_after("alter table orders alter total type int"),
        &facts_after(""),
        &facts_after("alter table orders alter total type text"),
    );
    assert!(!clean);
    let error = Facts::from_json(&merged).unwrap_err();
    assert!(error.to_string().contains("merge conflict"), "{error}");
}
