//! Keeping the log short.

use std::time::Instant;

use oosync_benches::figures::Figures;
use oosync_benches::server::{Server, run, uuid_of};

const ENTRIES: usize = 1_000_000;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let database = server.with_capture();
    let mut client = database.client();
    // Each key twice.
    for _ in 0..10 {
        run(&mut client, &format!(
            "insert into oosync.change_log (tbl, bucket, pks)
               select 'public.documents', 'user:' || {}, array[array[{}::text]::text] from generate_series(1, {ENTRIES} / 10) n",
            uuid_of("n % 1000"),
            uuid_of(&format!("(n + random() * 8)::int8 * 3 % ({ENTRIES} / 2)")),
        ));
    }
    run(&mut client, "vacuum analyze oosync.change_log");
    run(&mut client, "checkpoint");
    let began = Instant::now();
    let (mut gone, mut longest) = (0_i64, 0.0_f64);
    loop {
        let step = Instant::now();
        let row = client
            .query_one("select gone, done from oosync.compact('1 day')", &[])
            .expect("the log can be compacted");
        longest = longest.max(step.elapsed().as_secs_f64());
        gone += row.get::<_, i64>(0);
        if row.get(1) {
            break;
        }
    }
    figures.alone(
        &format!("compaction of 1,000,000 entries, {gone} of which go"),
        "s",
        &[began.elapsed().as_secs_f64()],
        "",
    );
    figures.alone("its longest transaction", "s", &[longest], "");
    let began = Instant::now();
    run(&mut client, "select oosync.compact('1 day')");
    figures.alone("compaction when there is nothing to do", "s", &[began.elapsed().as_secs_f64()], "");
}
