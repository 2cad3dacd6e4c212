//! A device that has everything already.

use std::thread::sleep;
use std::time::{Duration, Instant};

use oosync_benches::figures::Figures;
use oosync_benches::server::{Server, run};
use oosync_benches::setting;
use oosync_runtime::client::StartOptions;
use oosync_runtime::rusqlite::types::Value;

use super::process;
use super::setup::Setup;

const ROWS: usize = 100_000;
const CHANGED: usize = 10_000;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let setup = Setup::new(server, ROWS);
    let file = setup.folder.path().join("device.db");
    let file = file.to_str().expect("a path in UTF-8");
    let client = process::open(&format!("http://{}/", setup.daemon.address), file, setup.folder.path());
    client.sync().expect("everything can be loaded");
    let app = client.connection().expect("the file can be opened");
    let mut postgres = setup.database.client();
    let rounds = setting("OOSYNC_BENCH_ROUNDS", 5);

    let mut values = Vec::new();
    for round in 0..=rounds {
        run(
            &mut postgres,
            &format!("update documents set title = 'there {round}' where position <= {CHANGED}"),
        );
        let began = Instant::now();
        let summary = client.sync().expect("what changed can be loaded");
        let seconds = began.elapsed().as_secs_f64();
        assert_eq!(summary.rows, CHANGED as u64, "{summary:?}");
        if round > 0 {
            values.push(seconds);
        }
    }
    figures.alone("10,000 rows changed on the server: current after", "s", &values, "1 s at most");

    let mut values = Vec::new();
    for round in 0..=rounds {
        let sql = format!("UPDATE documents SET title = 'here {round}' WHERE position <= {CHANGED}");
        app.execute_batch(&sql).expect("rows can be changed");
        let began = Instant::now();
        let mut pushed = 0;
        while pushed < CHANGED as u64 {
            let summary = client.sync().expect("what was written can be pushed");
            assert!(summary.pushed > 0 && summary.conflicts == 0 && summary.rejected == 0, "{summary:?}");
            pushed += summary.pushed;
        }
        if round > 0 {
            values.push(began.elapsed().as_secs_f64());
        }
    }
    figures.alone("10,000 rows changed offline: pushed and pulled after", "s", &values, "2 s at most");

    client.start(StartOptions::default()).expect("it can sync by itself");
    let samples = setting("OOSYNC_BENCH_SAMPLES", 200);
    // By its key: a look at the row takes no time that counts.
    let sql = "SELECT id FROM documents WHERE position = 1";
    let id = app.query_row(sql, [], |row| row.get::<_, Value>(0)).expect("a row can be read");
    let mut title = app.prepare("SELECT title FROM documents WHERE id = ?1").expect("a row can be read");
    sleep(Duration::from_secs(2));
    let mut values = Vec::new();
    for sample in 0..samples {
        // Not in step with the server.
        sleep(Duration::from_millis(20 + (sample as u64 * 37) % 101));
        let wanted = format!("live {sample}");
        run(&mut postgres, &format!("update documents set title = '{wanted}' where id = md5('1')::uuid"));
        let began = Instant::now();
        while title.query_row([&id], |row| row.get::<_, String>(0)).expect("a row can be read") != wanted {
            assert!(began.elapsed() < Duration::from_secs(20), "it comes");
            sleep(Duration::from_micros(200));
        }
        values.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    values.sort_by(f64::total_cmp);
    figures.alone("one row changed: on a device that waits after, median", "ms", &values, "15 ms at most");
    figures.alone("the same, 95 of 100", "ms", &[values[values.len() * 95 / 100]], "60 ms at most");
    client.stop();
}
