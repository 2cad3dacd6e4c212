//! Rows that a device has made.

use std::time::Instant;

use oosync_benches::figures::{Figures, Ratio};
use oosync_benches::server::{Server, run};
use oosync_benches::setting;
use oosync_runtime::codec;
use oosync_runtime::schema::{Column, Table};
use postgres::Client;
use serde_json::{Value, json};

use super::http::Http;
use super::process::cpu;
use super::setup::{ADA, Setup, documents};

const ROWS: usize = 10_000;
/// As many as a request may have.
const BATCH: usize = 1_000;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let setup = Setup::new(server, 100_000);
    let client = setup.register(ADA);
    let mut http = Http::new(setup.daemon.address, ADA);
    let mut postgres = setup.database.client();
    let (own, servers) = (Backends("postgres"), Backends("oosync_server"));
    let table = setup.schema.table("documents").expect("it has this table");
    let (mut pairs, mut seconds_of_cpu) = (Vec::new(), Vec::new());
    let mut next = 1;
    for round in 0..=setting("OOSYNC_BENCH_ROUNDS", 5) {
        let from = 1_000_000 + round * ROWS;
        let sql = format!("select json_agg(s)::text from ({}) s", documents(from, from + ROWS - 1));
        let rows: String = postgres.query_one(&sql, &[]).expect("rows can be made").get(0);
        let (began, before) = (Instant::now(), own.cpu(&mut postgres));
        postgres
            .execute("insert into documents select * from json_populate_recordset(null::documents, $1::text::json)", &[
                &rows,
            ])
            .expect("rows go in");
        let floor = (began.elapsed().as_secs_f64(), own.cpu(&mut postgres) - before);
        let delete = format!("delete from documents where position >= {from}");
        run(&mut postgres, &delete);
        clean(&mut postgres);
        let sql = format!(
            "select json_agg(t)::text from ({}) s cross join lateral (select {}) t",
            documents(from, from + ROWS - 1),
            texts(table)
        );
        let rows: String = postgres.query_one(&sql, &[]).expect("rows can be made").get(0);
        let requests = requests(&rows, &client, (setup.schema.hash, table), &mut next);
        // Its connections are there, and stay.
        http.text("push", empty(&client, setup.schema.hash).as_bytes());
        let before = servers.cpu(&mut postgres) + setup.daemon.cpu();
        let began = Instant::now();
        for request in &requests {
            let reply = http.text("push", request.as_bytes());
            let results = reply["results"].as_array().expect("results");
            let applied = results.iter().filter(|result| result["status"] == "applied").count();
            assert_eq!(applied, BATCH, "{:?}", results.first());
        }
        let ours = (began.elapsed().as_secs_f64(), servers.cpu(&mut postgres) + setup.daemon.cpu() - before);
        run(&mut postgres, &delete);
        clean(&mut postgres);
        // The first one is for what is in no cache yet.
        if round > 0 {
            pairs.push((floor.0, ours.0));
            seconds_of_cpu.push((floor.1, ours.1));
        }
    }
    figures.against("10,000 new rows pushed", "s", &pairs, "70 % at least", Ratio::Throughput);
    let what = "the same, in CPU of Postgres and the server";
    figures.against(what, "s", &seconds_of_cpu, "70 % at least", Ratio::Throughput);
}

/// Backends of Postgres, of this database and a role.
struct Backends(&'static str);

impl Backends {
    /// Seconds of CPU that they have taken.
    fn cpu(&self, postgres: &mut Client) -> f64 {
        let sql = "select pid from pg_stat_activity where datname = current_database() and usename = $1";
        let pids = postgres.query(sql, &[&self.0]).expect("Postgres knows its backends");
        pids.iter().map(|row| cpu(row.get::<_, i32>(0).cast_unsigned())).sum()
    }
}

/// A push of nothing.
fn empty(client: &Value, hash: &str) -> String {
    json!({"client": client, "schema_hash": hash, "mutations": []}).to_string()
}

/// What was written and removed is no burden of the next round.
fn clean(postgres: &mut Client) {
    for sql in ["vacuum documents", "vacuum oosync.change_log", "checkpoint"] {
        run(postgres, sql);
    }
}

/// The columns of `s` in the form in which JSON loses nothing.
fn texts(table: &Table) -> String {
    let cast = |column: &Column| if codec::cast_in_json(&column.ty) { "::text" } else { "" };
    let columns = table.columns.iter().map(|column| format!("s.{0}{1} as {0}", column.name, cast(column)));
    columns.collect::<Vec<_>>().join(", ")
}

/// A value as a device sends it.
fn sent(column: &Column, value: &Value) -> Value {
    let text = value.to_string();
    let value = codec::from_json(&column.ty, &text).expect("Postgres writes values of its types");
    let mut json = String::new();
    codec::to_push_json(&column.ty, &value, &mut json).expect("values have a form in JSON");
    serde_json::from_str(&json).expect("it is JSON")
}

/// Bodies of pushes that insert these rows.
fn requests(rows: &str, client: &Value, (hash, table): (&str, &Table), next: &mut u64) -> Vec<String> {
    let rows: Vec<serde_json::Map<String, Value>> = serde_json::from_str(rows).expect("rows are JSON");
    let mut requests = Vec::new();
    for batch in rows.chunks(BATCH) {
        let acknowledged = *next - 1;
        let mutations: Vec<Value> = batch
            .iter()
            .map(|row| {
                let columns = table.columns.iter();
                let mut values: serde_json::Map<String, Value> = columns
                    .map(|column| (column.name.to_owned(), sent(column, &row[column.name])))
                    .collect();
                let id = values.remove("id").expect("a row has a key");
                *next += 1;
                json!({"id": *next - 1, "table": "documents", "op": "insert", "key": {"id": id}, "values": values})
            })
            .collect();
        let push = json!({"client": client, "schema_hash": hash, "mutations": mutations, "acknowledged": acknowledged});
        requests.push(push.to_string());
    }
    requests
}
