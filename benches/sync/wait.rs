//! Pulls that wait.

use std::thread::sleep;
use std::time::{Duration, Instant};

use oosync_benches::figures::Figures;
use oosync_benches::server::Server;
use oosync_benches::setting;
use postgres::Client;
use serde_json::json;

use super::http::Http;
use super::setup::Setup;

/// How long commits are counted.
const SPAN: Duration = Duration::from_secs(10);

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let many = setting("OOSYNC_BENCH_WAITING", 1_000);
    let setup = Setup::new(server, 1_000);
    let mut postgres = setup.database.client();
    let before = setup.daemon.memory();
    let mut waiting: Vec<Http> = (0..10).map(|number| wait(&setup, number)).collect();
    let few = commits(&mut postgres, setup.database.name());
    waiting.clear();
    // Those who wait at once, none of whom may come to an end before it is over.
    let ready: Vec<(Http, String)> = (0..many).map(|number| prepared(&setup, number)).collect();
    waiting = ready
        .into_iter()
        .map(|(mut http, pull)| {
            http.send("pull", "application/json", pull.as_bytes());
            http
        })
        .collect();
    let begun = Instant::now();
    while counted(&setup) < many {
        assert!(begun.elapsed() < Duration::from_secs(30), "all of them wait");
        sleep(Duration::from_millis(50));
    }
    let all = commits(&mut postgres, setup.database.name());
    let (rest, most) = (setup.daemon.memory(), setup.daemon.most());
    assert!(counted(&setup) == many, "nobody has been answered");
    drop(waiting);
    figures.alone("transactions in a second while 10 wait", "", &[few], "");
    figures.alone(&format!("transactions in a second while {many} wait"), "", &[all], "as many");
    figures.alone(&format!("the server's memory while {many} wait"), "MiB", &[rest], "100 MiB at most");
    figures.alone("the most that it took until then", "MiB", &[most], "100 MiB at most");
    figures.alone("its memory before", "MiB", &[before], "");
}

/// A device of a user of its own, and a pull that waits.
fn prepared(setup: &Setup, number: usize) -> (Http, String) {
    let user = format!("10000000-0000-4000-8000-{number:012}");
    let mut asked = json!({"client": setup.register(&user), "schema_hash": setup.schema.hash});
    let mut http = Http::new(setup.daemon.address, &user);
    asked["cursor"] = http.json("snapshot", &asked)["cursor"].clone();
    asked["wait"] = json!(50);
    (http, asked.to_string())
}

fn wait(setup: &Setup, number: usize) -> Http {
    let (mut http, pull) = prepared(setup, number);
    http.send("pull", "application/json", pull.as_bytes());
    http
}

/// How many pulls wait.
fn counted(setup: &Setup) -> usize {
    let metrics = Http::get(setup.daemon.address, "metrics");
    let line = metrics.lines().find_map(|line| line.strip_prefix("oosync_waiting_pulls "));
    line.and_then(|number| number.parse().ok()).expect("it is counted")
}

/// Transactions in a second.
fn commits(postgres: &mut Client, database: &str) -> f64 {
    // Sessions that are idle tell within ten seconds what they did before.
    sleep(Duration::from_secs(12));
    let (first, began) = (committed(postgres, database), Instant::now());
    sleep(SPAN);
    (committed(postgres, database) - first) / began.elapsed().as_secs_f64()
}

fn committed(postgres: &mut Client, database: &str) -> f64 {
    let sql = "select xact_commit::float8 from pg_stat_database where datname = $1";
    postgres.query_one(sql, &[&database]).expect("Postgres counts").get(0)
}
