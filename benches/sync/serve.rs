//! Everything, to a client that throws it away.

use std::time::Instant;

use futures_util::{StreamExt as _, pin_mut};
use oosync_benches::figures::{Figures, Ratio};
use oosync_benches::server::Server;
use oosync_benches::setting;
use oosync_runtime::protocol::MEDIA_TYPE;
use serde_json::json;

use super::http::Http;
use super::setup::{ADA, Setup};

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let rows = setting("OOSYNC_BENCH_ROWS", 1_000_000);
    let setup = Setup::new(server, rows);
    let client = setup.register(ADA);
    let snapshot = |order: &str| {
        let asked = json!({"client": client, "schema_hash": setup.schema.hash, "order": order}).to_string();
        let mut http = Http::new(setup.daemon.address, ADA);
        http.send("snapshot", MEDIA_TYPE, asked.as_bytes());
        http.discard()
    };
    let url = setup.database.url();
    // Both once for what is in no cache yet.
    let bytes = copy(&url, "documents");
    for order in ["any", "key"] {
        assert!(snapshot(order) > bytes / 2, "all rows come");
    }
    let idle = setup.daemon.memory();
    setup.daemon.forget();
    let (mut pairs, mut sorted) = (Vec::new(), Vec::new());
    for _ in 0..setting("OOSYNC_BENCH_ROUNDS", 5) {
        let raw = timed(|| copy(&url, "documents"));
        pairs.push((raw, timed(|| snapshot("any"))));
        let in_order = timed(|| copy(&url, "(select * from documents order by id)"));
        sorted.push((in_order, timed(|| snapshot("key"))));
    }
    figures.against(&format!("{rows} rows, beside COPY"), "s", &pairs, "85 % at least", Ratio::Throughput);
    figures.against(
        &format!("{rows} rows in the order of keys, beside COPY in that order"),
        "s",
        &sorted,
        "",
        Ratio::Throughput,
    );
    figures.alone("the server's memory above idle", "MiB", &[setup.daemon.most() - idle], "64 MiB at most");
}

fn timed(work: impl FnOnce() -> usize) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64()
}

/// Copies rows and throws them away: how many bytes there were.
fn copy(url: &str, rows: &str) -> usize {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .expect("the test server accepts connections");
        tokio::spawn(connection);
        let messages = client.copy_out(&format!("copy {rows} to stdout (format binary)")).await;
        let messages = messages.expect("a table can be copied");
        pin_mut!(messages);
        let mut bytes = 0;
        while let Some(message) = messages.next().await {
            bytes += message.expect("a table can be copied").len();
        }
        bytes
    })
}
