//! Rows that an app writes, with SQLite's triggers and without.

use std::time::Instant;

use oosync_benches::figures::{Figures, Ratio};
use oosync_benches::server::Server;
use oosync_benches::setting;
use oosync_runtime::rusqlite::{Connection, params};

use super::process;
use super::setup::{ADA, Setup};

const SINGLE: usize = 1_000;
const BULK: usize = 100_000;

const INSERT: &str = "INSERT INTO documents (id, user_id, title, body, amount, position, done, starts_at, due, tags, \
    created_at, updated_at) VALUES (?1, ?2, 'a title', 'body body body body body body body body', '12.50', ?3, 0, \
    '2024-01-01 00:00:00.000000+00:00', '2024-01-01', '[\"a\",\"b\"]', '2024-01-01 00:00:00.000000+00:00', \
    '2024-01-01 00:00:00.000000+00:00')";

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let setup = Setup::new(server, 1);
    let (mut single, mut bulk) = (Vec::new(), Vec::new());
    for round in 0..=setting("OOSYNC_BENCH_ROUNDS", 5) {
        // New files each time: rows that wait to be pushed would add up.
        let file = |name: &str| {
            let path = setup.folder.path().join(format!("{name}{round}.db"));
            path.to_str().expect("a path in UTF-8").to_owned()
        };
        let client = process::open("http://127.0.0.1:1/", &file("device"), setup.folder.path());
        let with = client.connection().expect("the file can be opened");
        let without = Connection::open(file("plain")).expect("a file can be made");
        without
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384",
            )
            .expect("it can be set up");
        without.execute_batch(&setup.schema.ddl()).expect("the tables can be made");
        let singly = |connection: &Connection| write(connection, round, SINGLE);
        let at_once = |connection: &Connection| {
            connection.execute_batch("BEGIN IMMEDIATE").expect("a transaction begins");
            write(connection, round + 1_000, BULK);
            connection.execute_batch("COMMIT").expect("it can be committed");
        };
        let one = (timed(|| singly(&without)), timed(|| singly(&with)));
        let all = (timed(|| at_once(&without)), timed(|| at_once(&with)));
        if round > 0 {
            single.push(one);
            bulk.push(all);
        }
    }
    figures.against("1,000 rows written one by one", "s", &single, "1.3 times at most", Ratio::Time);
    figures.against("100,000 rows in one transaction", "s", &bulk, "2.5 times at most", Ratio::Time);
}

fn timed(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64()
}

fn write(connection: &Connection, round: usize, count: usize) {
    let mut insert = connection.prepare_cached(INSERT).expect("a row can be inserted");
    for number in 0..count {
        let number = (round * BULK * 2 + number) as u64;
        // Keys in no order.
        let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let key = [scattered.to_be_bytes(), number.to_be_bytes()].concat();
        let user = ADA.replace('-', "").into_bytes();
        insert.execute(params![key, &user[..16], number.cast_signed()]).expect("a row goes in");
    }
}
