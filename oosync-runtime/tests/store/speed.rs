//! How fast the server's rows are written. `cargo test --release -p oosync-runtime --test store -- --ignored --nocapture`

use std::time::{Duration, Instant};

use oosync_runtime::Value;
use oosync_runtime::schema::{ColumnType, Schema, Table};

use crate::device::{Device, text};
use crate::schema::{column, required, table};

static WIDE: Table = table(
    "rows",
    &[
        required("id", ColumnType::Uuid),
        column("a", ColumnType::Int8),
        column("b", ColumnType::Int4),
        column("c", ColumnType::Bool),
        column("d", ColumnType::Text),
        column("e", ColumnType::Text),
        column("f", ColumnType::Timestamptz),
        column("g", ColumnType::Timestamptz),
        column("h", ColumnType::Float8),
        column("i", ColumnType::Numeric),
        column("j", ColumnType::Uuid),
        column("k", ColumnType::Text),
    ],
    &[0],
    "CREATE TABLE rows (id BLOB NOT NULL, a INTEGER, b INTEGER, c INTEGER, d TEXT, e TEXT, f TEXT, g TEXT, h ANY, i TEXT, \
     j BLOB, k TEXT, PRIMARY KEY (id)) STRICT;\nCREATE INDEX rows_j ON rows (j);\n",
);

static SCHEMA: Schema = Schema { tables: &[&WIDE], hash: "speed" };

const COUNT: u64 = 100_000;

fn row(number: u64, name: &str) -> Vec<Value<'static>> {
    // Keys in no order.
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let key: Vec<u8> = [scattered.to_be_bytes(), number.to_be_bytes()].concat();
    vec![
        Value::Blob(key.clone().into()),
        Value::Integer(number.cast_signed()),
        Value::Integer(7),
        Value::Integer(1),
        text(name),
        text("a text of some length, as titles have"),
        text("2024-01-01 00:00:00.123456+00:00"),
        text("2024-01-01 00:00:00.123456+00:00"),
        Value::Real(0.5),
        text("12.50"),
        Value::Blob(key.into()),
        text("x"),
    ]
}

/// Processor time, where the system tells it: the machine may be busy with other things.
fn timed(what: &str, run: impl FnOnce()) -> Duration {
    let (start, used) = (Instant::now(), processor());
    run();
    let elapsed = start.elapsed();
    let time = processor().zip(used).map_or(elapsed, |(after, before)| after.saturating_sub(before));
    println!("{what}: {time:.2?} of {elapsed:.2?}");
    time
}

/// What this process has used, by Linux's count of hundredths of a second.
fn processor() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

#[test]
#[ignore = "prints how long a store takes; only a release build on a quiet machine says anything"]
fn what_a_hundred_thousand_rows_of_twelve_columns_take() {
    let rows: Vec<_> = (0..COUNT).map(|number| row(number, "first")).collect();
    let later: Vec<_> = (0..COUNT).map(|number| row(number, "second")).collect();
    let mut device = Device::new(&SCHEMA);
    device.store.begin_bootstrap(0).unwrap();
    timed("first download", || {
        let mut load = device.store.begin_load().unwrap();
        for row in &rows {
            load.row(0, row).unwrap();
        }
        load.commit(b"").unwrap();
        device.store.finish_bootstrap(b"cursor").unwrap();
    });
    timed("delta over all rows", || {
        let mut apply = device.store.begin_apply(0).unwrap();
        for row in &later {
            apply.upsert(0, row).unwrap();
        }
        apply.commit(b"cursor").unwrap();
    });
    device.sql("UPDATE rows SET k = 'mine' WHERE a % 10 = 0");
    timed("delta over all rows, a tenth of them dirty", || {
        let mut apply = device.store.begin_apply(0).unwrap();
        for row in &rows {
            apply.upsert(0, row).unwrap();
        }
        apply.commit(b"cursor").unwrap();
    });
    timed("second download", || {
        device.store.begin_bootstrap(0).unwrap();
        let mut load = device.store.begin_load().unwrap();
        for row in &later {
            load.row(0, row).unwrap();
        }
        load.commit(b"").unwrap();
        device.store.finish_bootstrap(b"cursor").unwrap();
    });
    timed("pending of ten thousand changes", || {
        assert_eq!(device.store.pending(usize::MAX).unwrap().changes.len(), 10_000);
    });
    timed("sending and answering them", || {
        device.push_all();
    });
    timed("a statement that changes every row", || device.sql("UPDATE rows SET k = 'y'"));
}
