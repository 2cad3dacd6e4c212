//! Many writers at once, and after every single pull each device is what plain SQL says in the same snapshot.
//!
//! `OOSYNC_PULLS=20000 cargo test -p oosync-tests --test capture --release fire` is the long run; `OOSYNC_SEED=…`
//! begins with other numbers (threads still interleave as they like).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use oosync_build::plan::Plan;
use oosync_tests::fire::{Dice, USERS, connected, is_expected, write};
use oosync_tests::{Cluster, ClusterOptions, TestDatabase};
use postgres::Client;

use super::device::{Device, SCHEMA, database, difference, install};

const WRITERS: usize = 8;

pub(crate) fn variable(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// Marks and compacts at random moments, in batches of random size. How many entries went.
fn compact(database: &TestDatabase, retention: &str, seed: u64, stop: &AtomicBool) -> i64 {
    let mut dice = Dice::new(seed);
    let mut client = database.client();
    let mut gone = 0;
    while !stop.load(Ordering::Relaxed) {
        let compacts = dice.roll(3) == 0;
        let sql = format!("select gone from oosync.compact('{retention}', {})", 1 + dice.roll(300));
        let mut step = || {
            client.batch_execute("select oosync.mark()")?;
            if compacts { client.query_one(&sql, &[]).map(|row| row.get(0)) } else { Ok(0) }
        };
        match step() {
            Ok(went) => gone += went,
            Err(error) if is_expected(&error) => client = connected(database),
            Err(error) => panic!("{error}: {:?}", error.as_db_error()),
        }
        std::thread::sleep(Duration::from_millis(dice.roll(25) as u64));
    }
    gone
}

/// Without writers, all that is left is the newest entry of each key and bucket.
fn compact_to_the_end(client: &mut Client) {
    super::log::settle(client);
    let step = "select done from oosync.compact('1 day', 500)";
    while !client.query_one(step, &[]).unwrap().get::<_, bool>(0) {}
    let twice: i64 = client
        .query_one(
            "select count(*) from (select from oosync.change_log, unnest(pks) pk group by tbl, bucket, pk having count(distinct seq) > 1) t",
            &[],
        )
        .unwrap()
        .get(0);
    assert_eq!(twice, 0, "an entry is there that a newer one replaces");
}

#[test]
fn no_pull_is_wrong_under_fire() {
    let (database, plan) = database(USERS);
    fire(&database, &plan, variable("OOSYNC_PULLS").unwrap_or(400), None);
}

#[test]
fn no_pull_is_wrong_after_a_crash() {
    // What is committed is on its way to the disk; what the operating system does with it is not our subject.
    let settings = vec!["synchronous_commit=on".to_owned(), "checkpoint_timeout=30s".to_owned()];
    let cluster = Arc::new(Cluster::private(&ClusterOptions { settings, ..ClusterOptions::default() }));
    cluster.role("oosync_server");
    let database = TestDatabase::empty_in(&cluster);
    database.execute(SCHEMA);
    let plan = install(&database, USERS);
    fire(&database, &plan, variable("OOSYNC_PULLS").unwrap_or(80), Some(&cluster));
}

/// Ends the other threads, also where this one panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Writers, devices and a compactor at once, and a server that may crash now and then.
fn fire(database: &TestDatabase, plan: &Plan, wanted: usize, crashes: Option<&Cluster>) {
    let seed = variable("OOSYNC_SEED").unwrap_or(1) as u64;
    // A device that pauses finds its cursor forgotten; most find it still known after a crash.
    let retention = if crashes.is_some() { "4 s" } else { "300 ms" };
    let (stop, committed, pulls) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let anew = AtomicUsize::new(0);
    // Nobody waits here.
    let turn = std::sync::RwLock::new(());
    let wrong = std::thread::scope(|scope| {
        let _at_the_end = Stop(&stop);
        let compactor = {
            let stop = &stop;
            scope.spawn(move || compact(database, retention, seed, stop))
        };
        for number in 0..WRITERS {
            let (stop, committed, turn) = (&stop, &committed, &turn);
            let seed = seed.wrapping_mul(1_000).wrapping_add(number as u64);
            scope.spawn(move || write(database, number, seed, stop, committed, turn));
        }
        let pullers: Vec<_> = (0..USERS)
            .map(|number| {
                let (stop, pulls, anew) = (&stop, &pulls, &anew);
                scope.spawn(move || {
                    let mut dice = Dice::new(seed.wrapping_add(77 * number as u64));
                    let mut client = database.client();
                    let mut device = Device::new(number);
                    while pulls.load(Ordering::Relaxed) < wanted && !stop.load(Ordering::Relaxed) {
                        let Ok(truth) = device.pull(plan, &mut client) else {
                            client = connected(database);
                            continue;
                        };
                        let pull = pulls.fetch_add(1, Ordering::Relaxed);
                        let wrong = difference(&device.rows, &truth);
                        if !wrong.is_empty() {
                            stop.store(true, Ordering::Relaxed);
                            return Some(format!("user {number}, pull {pull}:\n{wrong}"));
                        }
                        if dice.roll(60) == 0 {
                            std::thread::sleep(Duration::from_millis(200 + dice.roll(400) as u64));
                        }
                    }
                    anew.fetch_add(device.anew, Ordering::Relaxed);
                    None
                })
            })
            .collect();
        if let Some(cluster) = crashes {
            let mut dice = Dice::new(seed);
            let mut crashes = 0;
            while pulls.load(Ordering::Relaxed) < wanted && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(300 + dice.roll(1500) as u64));
                cluster.crash();
                crashes += 1;
            }
            println!("{crashes} crashes");
        }
        let wrong: Vec<_> = pullers.into_iter().filter_map(|puller| puller.join().unwrap()).collect();
        stop.store(true, Ordering::Relaxed);
        let gone = compactor.join().unwrap();
        println!("{gone} entries were compacted");
        assert!(gone > 0 || !wrong.is_empty(), "compaction had nothing to do");
        wrong
    });
    let anew = anew.into_inner();
    println!("{} pulls ({anew} anew) beside {} transactions", pulls.into_inner(), committed.into_inner());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(anew > 0 || crashes.is_some(), "no cursor was ever forgotten");
    compact_to_the_end(&mut database.client());
}
