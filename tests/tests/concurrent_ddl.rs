//! A schema that changes while it is read.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oosync_build::introspect::{Error, snapshot};
use oosync_tests::TestDatabase;

/// Postgres prints expressions from its newest catalogs, so that a column could have one name in the list of columns
/// and another in a check.
#[test]
fn a_snapshot_is_one_state_of_the_schema_or_none() {
    let many: String =
        (0..40).map(|i| format!("create table other_{i} (id int primary key check (id > 0));")).collect();
    let database = TestDatabase::with_schema(&format!(
        "create table t (a int check (a > 0)); create index on t ((a + 1)) where a > 1; {many}"
    ));
    let done = AtomicBool::new(false);
    let (mut whole, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = database.client();
            while !done.load(Ordering::Relaxed) {
                client.batch_execute("alter table t rename a to b").unwrap();
                std::thread::sleep(Duration::from_millis(120));
                client.batch_execute("alter table t rename b to a; create table gone (id int)").unwrap();
                client.batch_execute("drop table gone").unwrap();
                std::thread::sleep(Duration::from_millis(120));
            }
        });
        let mut client = database.client();
        for _ in 0..40 {
            match snapshot(&mut client, &["public"]) {
                Ok(facts) => {
                    let table = facts.table("public", "t").unwrap();
                    let column = table.columns[0].name.as_str();
                    assert_eq!(table.checks[0].expression, format!("({column} > 0)"));
                    assert_eq!(table.indexes[0].columns[0].to_string(), format!("(({column} + 1))"));
                    assert_eq!(
                        table.indexes[0].predicate.as_deref(),
                        Some(format!("({column} > 1)").as_str())
                    );
                    whole += 1;
                }
                Err(Error::Changing) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    println!("{whole} snapshots, {refused} refused");
    assert!(whole > 0, "nothing was read");
}
