//! Many devices of a user that wait for changes, all in this process, while somebody writes steadily.

use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use oosync_benches::figures::Figures;
use oosync_benches::server::{Server, run};
use oosync_benches::setting;
use oosync_runtime::client::StartOptions;
use oosync_runtime::rusqlite::Connection;

use super::process;
use super::setup::Setup;

/// Rows, each of which is written anew once a second.
const ROWS: usize = 100;

/// What is between two writes.
const EVERY: Duration = Duration::from_millis(10);

/// How often each file is looked at; what is measured is up to that much too long.
const LOOK: Duration = Duration::from_millis(2);

/// What a row's position is above for the writes that are counted.
const FIRST: i64 = 1_000_000;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let devices = setting("OOSYNC_BENCH_DEVICES", 50);
    let writes = setting("OOSYNC_BENCH_SAMPLES", 200) * 5;
    let setup = Setup::new(server, ROWS);
    let url = format!("http://{}/", setup.daemon.address);
    let clients: Vec<_> = (0..devices)
        .map(|number| {
            let file = setup.folder.path().join(format!("device{number}.db"));
            let client = process::open(&url, file.to_str().expect("a path in UTF-8"), setup.folder.path());
            client.sync().expect("everything can be loaded");
            client.start(StartOptions::default()).expect("it can sync by itself");
            client
        })
        .collect();
    let mut seen: Vec<Seen> = clients
        .iter()
        .map(|client| Seen::new(client.connection().expect("the file can be opened")))
        .collect();
    sleep(Duration::from_secs(2));
    let (sender, committed) = channel();
    let mut postgres = setup.database.client();
    let writer = std::thread::spawn(move || {
        let began = Instant::now();
        for number in 0..writes {
            let due = began + EVERY * u32::try_from(number).expect("writes are few");
            sleep(due.saturating_duration_since(Instant::now()));
            let (position, row) = (FIRST + i64::try_from(number).expect("writes are few"), number % ROWS + 1);
            let sql = format!("update documents set position = {position} where id = md5('{row}')::uuid");
            run(&mut postgres, &sql);
            sender.send(Instant::now()).expect("somebody waits for it");
        }
        writes as f64 / began.elapsed().as_secs_f64()
    });
    let cpu = process::cpu(std::process::id());
    let began = Instant::now();
    let mut values = arrivals(&mut seen, &committed, writes);
    let cpu = (process::cpu(std::process::id()) - cpu) / began.elapsed().as_secs_f64();
    let rate = writer.join().expect("it writes");
    clients.iter().for_each(oosync_runtime::client::Client::stop);
    values.sort_by(f64::total_cmp);
    let what = format!("{devices} devices that wait, {rate:.0} rows a second changed: there after, median");
    figures.alone(&what, "ms", &[values[values.len() / 2]], "");
    figures.alone("the same, 95 of 100", "ms", &[values[values.len() * 95 / 100]], "100 ms at most");
    figures.alone("CPU of all of these devices", "%", &[cpu * 100.0], "");
}

/// What has come to a device.
struct Seen {
    connection: Connection,
    version: i64,
    /// By row: the write after the last one that has come.
    next: [usize; ROWS],
}

impl Seen {
    fn new(connection: Connection) -> Self {
        Self { connection, version: -1, next: std::array::from_fn(|row| row) }
    }

    /// The writes that have come since the last look.
    fn look(&mut self) -> Vec<usize> {
        let version = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        let version: i64 = version.expect("a file can be looked at");
        if version == self.version {
            return Vec::new();
        }
        self.version = version;
        let mut come = Vec::new();
        let sql = "SELECT position FROM documents WHERE position >= ?1";
        let mut statement = self.connection.prepare_cached(sql).expect("rows can be read");
        let positions = statement.query_map([FIRST], |row| row.get::<_, i64>(0)).expect("rows can be read");
        for position in positions {
            let number = usize::try_from(position.expect("a number") - FIRST).expect("it is counted up");
            let next = &mut self.next[number % ROWS];
            // A write that another one of its row came with has come, too.
            while *next <= number {
                come.push(*next);
                *next += ROWS;
            }
        }
        come
    }
}

/// After how many milliseconds each write was on each device.
fn arrivals(seen: &mut [Seen], committed: &Receiver<Instant>, writes: usize) -> Vec<f64> {
    let mut times = Vec::new();
    let mut values = Vec::with_capacity(writes * seen.len());
    // A row may be on a device before its writer knows that it is written.
    let mut early = Vec::new();
    let began = Instant::now();
    let limit = EVERY * u32::try_from(writes).expect("writes are few") * 10 + Duration::from_secs(20);
    while values.len() + early.len() < writes * seen.len() {
        assert!(began.elapsed() < limit, "all of it comes");
        for device in &mut *seen {
            let come = device.look();
            let now = Instant::now();
            early.extend(come.into_iter().map(|number| (number, now)));
        }
        times.extend(committed.try_iter());
        early.retain(|(number, now)| match times.get(*number) {
            Some(time) => {
                values.push(now.saturating_duration_since(*time).as_secs_f64() * 1_000.0);
                false
            }
            None => true,
        });
        sleep(LOOK);
    }
    values
}
