//! Transactions of one row.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use oosync_tests::TestDatabase;

use oosync_benches::figures::{Figures, Ratio};
use oosync_benches::server::{Server, run, uuid_of};
use oosync_benches::setting;

/// How many rows there are to update, and parents to insert under.
const ROWS: usize = 100_000;
const PARENTS: usize = 10_000;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let rounds = setting("OOSYNC_BENCH_ROUNDS", 7);
    let [without, with] = server.without_and_with(fill);
    let values = "'title', 'body', 12.5, 1, false, now(), current_date, array['a'], now(), now()";
    let statements = [
        (
            "insert, owner",
            format!(
                "insert into documents select gen_random_uuid(), {}, {values} where $1::int8 >= 0",
                uuid_of("$1::int8 % 1000")
            ),
        ),
        (
            "update, owner",
            format!(
                "update documents set title = title || '.', updated_at = now() where id = {}",
                uuid_of("$1::int8")
            ),
        ),
        (
            "insert, owner three steps up",
            format!(
                "insert into reactions select gen_random_uuid(), {}, {values} where $1::int8 >= 0",
                uuid_of(&format!("$1::int8 % {PARENTS}"))
            ),
        ),
        (
            "update, owner three steps up",
            format!(
                "update reactions set title = title || '.', updated_at = now() where id = {}",
                uuid_of("$1::int8")
            ),
        ),
    ];
    for (name, sql) in &statements {
        for clients in [1, 4] {
            let mut pairs = Vec::new();
            for round in 0..=rounds {
                let pair = (throughput(&without, sql, clients), throughput(&with, sql, clients));
                // The first one fills caches.
                if round > 0 {
                    pairs.push(pair);
                }
            }
            let what = format!("one row, {name}, {clients} client{}", if clients == 1 { "" } else { "s" });
            figures.compared(&what, "/s", &pairs, Ratio::Throughput);
        }
    }
}

fn fill(database: &TestDatabase) {
    let mut client = database.client();
    let rest = "'title', 'body', 12.5, 1, false, now(), current_date, array['a'], now(), now()";
    run(
        &mut client,
        &format!(
            "insert into documents select {id}, {owner}, {rest} from generate_series(0, {ROWS} - 1) n;
         insert into lists select {parent}, {owner}, 'list' from generate_series(0, {PARENTS} / 100 - 1) n;
         insert into todos select {parent}, {list}, 'todo' from generate_series(0, {PARENTS} / 10 - 1) n;
         insert into comments select {parent}, {todo}, 'comment' from generate_series(0, {PARENTS} - 1) n;
         insert into reactions select {id}, {comment}, {rest} from generate_series(0, {ROWS} - 1) n;",
            id = uuid_of("n"),
            parent = uuid_of("n"),
            owner = uuid_of("n % 1000"),
            list = uuid_of("n / 10"),
            todo = uuid_of("n / 10"),
            comment = uuid_of("n / 10"),
        ),
    );
    run(&mut client, "vacuum analyze");
    run(&mut client, "checkpoint");
}

/// Transactions a second of this many clients, each of one statement whose parameter is a random row.
fn throughput(database: &TestDatabase, sql: &str, clients: usize) -> f64 {
    let duration = Duration::from_millis(1_000);
    let (stop, ready) = (AtomicBool::new(false), Barrier::new(clients + 1));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|number| {
                let (stop, ready) = (&stop, &ready);
                scope.spawn(move || {
                    let mut client = database.client();
                    let statement = client.prepare(sql).expect("the statement is valid");
                    let mut dice = Instant::now().elapsed().as_nanos() as u64
                        ^ (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    let mut next = || {
                        dice = dice
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        i64::try_from((dice >> 33) as usize % ROWS).expect("it fits")
                    };
                    // A session makes its plans with the first statements.
                    for _ in 0..10 {
                        client.execute(&statement, &[&next()]).expect("a row is written");
                    }
                    ready.wait();
                    let mut done = 0_u64;
                    while !stop.load(Ordering::Relaxed) {
                        client.execute(&statement, &[&next()]).expect("a row is written");
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        ready.wait();
        let began = Instant::now();
        std::thread::sleep(duration);
        stop.store(true, Ordering::Relaxed);
        let took = began.elapsed();
        let done: u64 = threads.into_iter().map(|thread| thread.join().expect("a client works")).sum();
        done as f64 / took.as_secs_f64()
    })
}
