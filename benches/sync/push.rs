//! Rows that a device has made.

use std::time::Instant;

use oosync_benches::figures::{Figures, Ratio};
use oosync_benches::server::{Server, run};
use oosync_benches::setting;
use postgres::Client;
use serde_json::{Value, json};

use super::http::Http;
use super::setup::{ADA, Setup, documents};

const ROWS: usize = 10_000;
/// As many as a request may have.
const BATCH: usize = 1_000;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let setup = Setup::new(server, 100_000);
    let client = setup.register(ADA);
    let mut http = Http::new(setup.daemon.address, ADA);
    let mut postgres = setup.database.client();
    let mut pairs = Vec::new();
    let mut next = 1;
    for round in 0..=setting("OOSYNC_BENCH_ROUNDS", 5) {
        let from = 1_000_000 + round * ROWS;
        let sql = format!("select json_agg(s)::text from ({}) s", documents(from, from + ROWS - 1));
        let rows: String = postgres.query_one(&sql, &[]).expect("rows can be made").get(0);
        let began = Instant::now();
        postgres
            .execute("insert into documents select * from json_populate_recordset(null::documents, $1::text::json)", &[
                &rows,
            ])
            .expect("rows go in");
        let floor = began.elapsed().as_secs_f64();
        let delete = format!("delete from documents where position >= {from}");
        run(&mut postgres, &delete);
        clean(&mut postgres);
        let requests = requests(&rows, &client, setup.schema.hash, &mut next);
        let began = Instant::now();
        for request in &requests {
            let reply = http.text("push", request.as_bytes());
            let results = reply["results"].as_array().expect("results");
            let applied = results.iter().filter(|result| result["status"] == "applied").count();
            assert_eq!(applied, BATCH, "{:?}", results.first());
        }
        let ours = began.elapsed().as_secs_f64();
        run(&mut postgres, &delete);
        clean(&mut postgres);
        // The first one is for what is in no cache yet.
        if round > 0 {
            pairs.push((floor, ours));
        }
    }
    figures.against("10,000 new rows pushed", "s", &pairs, "70 % at least", Ratio::Throughput);
}

/// What was written and removed is no burden of the next round.
fn clean(postgres: &mut Client) {
    for sql in ["vacuum documents", "vacuum oosync.change_log", "checkpoint"] {
        run(postgres, sql);
    }
}

/// Bodies of pushes that insert these rows.
fn requests(rows: &str, client: &Value, hash: &str, next: &mut u64) -> Vec<String> {
    let rows: Vec<serde_json::Map<String, Value>> = serde_json::from_str(rows).expect("rows are JSON");
    let mut requests = Vec::new();
    for batch in rows.chunks(BATCH) {
        let acknowledged = *next - 1;
        let mutations: Vec<Value> = batch
            .iter()
            .map(|row| {
                let mut values = row.clone();
                let id = values.remove("id").expect("a row has a key");
                values.insert("tags".to_owned(), json!("{a,b}"));
                values.insert("amount".to_owned(), json!(row["amount"].to_string()));
                *next += 1;
                json!({"id": *next - 1, "table": "documents", "op": "insert", "key": {"id": id}, "values": values})
            })
            .collect();
        let push = json!({"client": client, "schema_hash": hash, "mutations": mutations, "acknowledged": acknowledged});
        requests.push(push.to_string());
    }
    requests
}
