//! A device that loads everything, beside the shortest program that brings the same rows into the same tables.

use std::path::Path;
use std::time::Instant;

use futures_util::{StreamExt as _, pin_mut};
use oosync_benches::figures::{Figures, Ratio};
use oosync_benches::server::Server;
use oosync_benches::setting;
use oosync_runtime::protocol::{CopyOut, Layout, TableHeader};
use oosync_runtime::rusqlite::{Connection, params_from_iter};
use oosync_runtime::schema::Schema;

use super::process;
use super::setup::Setup;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let most = setting("OOSYNC_BENCH_ROWS", 1_000_000);
    for rows in [most / 10, most] {
        let setup = Setup::new(server, rows);
        let file = |name: &str| setup.folder.path().join(name);
        let (mut pairs, mut memory) = (Vec::new(), Vec::new());
        for round in 0..=setting("OOSYNC_BENCH_ROUNDS", 5) {
            let floor = floor(&setup.database.url(), setup.schema, &file("floor.db"), rows);
            setup.register(super::setup::ADA);
            let loaded = process::load(setup.daemon.address, &file("device.db"), setup.folder.path());
            for file in ["floor.db", "device.db"] {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(setup.folder.path().join(format!("{file}{end}")));
                }
            }
            // The first one is for what is in no cache yet.
            if round > 0 {
                pairs.push((floor, loaded.seconds));
                memory.push(loaded.memory);
            }
        }
        figures.against(
            &format!("a device loads {rows} rows"),
            "s",
            &pairs,
            "1.3 times at most",
            Ratio::Time,
        );
        figures.alone("its memory, all of it", "MiB", &memory, "64 MiB at most");
    }
}

/// Seconds of a copy into SQLite.
fn floor(url: &str, schema: &'static Schema, file: &Path, rows: usize) -> f64 {
    let began = Instant::now();
    let connection = Connection::open(file).expect("a file can be made");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        .expect("a file can be set up");
    let table = schema.table("documents").expect("it has this table");
    // Indexes that are made afterwards cost less.
    let (create, indexes) = table.ddl.split_at(table.ddl.find("CREATE INDEX").unwrap_or(table.ddl.len()));
    connection.execute_batch(create).expect("the table can be made");
    let header = TableHeader::of(table, |_| true);
    let columns: Vec<String> = header
        .columns
        .iter()
        .map(|name| if header.text.contains(name) { format!("{name}::text") } else { name.clone() })
        .collect();
    let copy =
        format!("copy (select {} from documents order by id) to stdout (format binary)", columns.join(", "));
    let layout = Layout::of(schema, &header).expect("the header is ours");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let (client, tail) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .expect("the test server accepts connections");
        tokio::spawn(tail);
        let messages = client.copy_out(&copy).await.expect("a table can be copied");
        pin_mut!(messages);
        let mut out = CopyOut::new(columns.len());
        connection.execute_batch("BEGIN").expect("a transaction begins");
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO documents ({}) VALUES ({marks})", header.columns.join(", "));
        let mut insert = connection.prepare(&sql).expect("a row can be inserted");
        while let Some(message) = messages.next().await {
            let message = message.expect("a table can be copied");
            for tuple in out.tuples(&message).expect("it is a copy") {
                let row =
                    layout.row(tuple.expect("a row is whole")).map(|value| value.expect("a value is one").1);
                insert.execute(params_from_iter(row)).expect("a row can be inserted");
            }
        }
    });
    connection.execute_batch(indexes).expect("indexes can be made");
    connection.execute_batch("COMMIT").expect("it can be committed");
    let seconds = began.elapsed().as_secs_f64();
    let sql = "SELECT count(*) FROM documents";
    let count: i64 = connection.query_row(sql, [], |row| row.get(0)).expect("rows can be counted");
    assert_eq!(usize::try_from(count), Ok(rows), "all rows are there");
    seconds
}
