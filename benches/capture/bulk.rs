//! Statements of many rows.

use std::io::{Read as _, Write as _};
use std::time::Instant;

use oosync_tests::TestDatabase;
use postgres::Client;

use oosync_benches::figures::{Figures, Ratio};
use oosync_benches::server::{Server, run, uuid_of};
use oosync_benches::setting;

const ROWS: usize = 300_000;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let rounds = setting("OOSYNC_BENCH_ROUNDS", 3);
    let [without, with] = server.without_and_with(fill);
    for (name, table, ids) in
        [("owner", "documents", "source"), ("owner three steps up", "reactions", "child_source")]
    {
        let data = read(&mut without.client(), ids);
        let mut pairs: [Vec<(f64, f64)>; 4] = Default::default();
        for _ in 0..rounds {
            let one = round(&without, table, ids, &data);
            let other = round(&with, table, ids, &data);
            for (at, pairs) in pairs.iter_mut().enumerate() {
                pairs.push((one[at], other[at]));
            }
        }
        for (what, pairs) in ["insert … select", "update", "delete", "COPY"].iter().zip(&pairs) {
            figures.compared(&format!("300,000 rows, {name}, {what}"), "s", pairs, Ratio::Time);
        }
    }
}

/// Ten rows for each parent, on all levels.
fn fill(database: &TestDatabase) {
    let mut client = database.client();
    let rest = "'title ' || n as title, repeat('body ', 8) as body, n / 8.0 as amount, n as position, n % 2 = 0 as done, \
         now() as starts_at, current_date as due, array['a', 'b'] as tags, now() as created_at, now() as updated_at";
    run(&mut client, &format!(
        "insert into lists select {id}, {owner}, 'list' from generate_series(0, {ROWS} / 1000 - 1) n;
         insert into todos select {id}, {parent}, 'todo' from generate_series(0, {ROWS} / 100 - 1) n;
         insert into comments select {id}, {parent}, 'comment' from generate_series(0, {ROWS} / 10 - 1) n;
         create unlogged table source as select {id} as id, {owner} as user_id, {rest} from generate_series(0, {ROWS} - 1) n;
         create unlogged table child_source as select {id} as id, {parent} as comment_id, {rest} from generate_series(0, {ROWS} - 1) n;",
        id = uuid_of("n"),
        owner = uuid_of("n % 1000"),
        parent = uuid_of("n / 10"),
    ));
    run(&mut client, "vacuum analyze");
}

fn read(client: &mut Client, source: &str) -> Vec<u8> {
    let mut data = Vec::new();
    let mut reader =
        client.copy_out(&format!("copy {source} to stdout (format binary)")).expect("a table can be read");
    reader.read_to_end(&mut data).expect("a table can be read");
    data
}

/// Seconds of an insert, an update and a delete of all rows, and of a `COPY`.
fn round(database: &TestDatabase, table: &str, source: &str, data: &[u8]) -> [f64; 4] {
    let mut client = database.client();
    let insert =
        timed(&mut client, |client| run(client, &format!("insert into {table} select * from {source}")));
    let update =
        timed(&mut client, |client| run(client, &format!("update {table} set title = title || '.'")));
    run(&mut client, &format!("vacuum analyze {table}"));
    let delete = timed(&mut client, |client| run(client, &format!("delete from {table}")));
    run(&mut client, &format!("vacuum {table}"));
    let copy = timed(&mut client, |client| {
        let mut writer = client
            .copy_in(&format!("copy {table} from stdin (format binary)"))
            .expect("a table can be written");
        writer.write_all(data).expect("a table can be written");
        writer.finish().expect("a table can be written");
    });
    run(&mut client, &format!("delete from {table}"));
    run(&mut client, &format!("vacuum {table}"));
    // A log that compaction keeps short.
    run(
        &mut client,
        "do $$ begin if to_regclass('oosync.change_log') is not null then truncate oosync.change_log; end if; end $$",
    );
    [insert, update, delete, copy]
}

fn timed(client: &mut Client, work: impl FnOnce(&mut Client)) -> f64 {
    run(client, "checkpoint");
    let began = Instant::now();
    work(client);
    began.elapsed().as_secs_f64()
}
