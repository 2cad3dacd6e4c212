//! What syncing costs beside what cannot be had for less, measured in one run: `oosyncd` as a process of its own over a
//! Postgres that waits for the disk, and devices as processes of their own over SQLite that does.
//!
//! | module | what it measures |
//! | --- | --- |
//! | `serve` | all rows to a client that throws them away, beside a raw `COPY` |
//! | `push` | 10,000 new rows, beside one insert of them |
//! | `wait` | pulls that wait: what they ask of Postgres, and what they weigh |
//! | `load` | a device that loads everything, beside a `COPY` into the same SQLite tables |
//! | `live` | 10,000 changed rows, 10,000 rows written offline, one row to a device that waits |
//! | `crowd` | 100 rows changed a second, on 50 devices that wait |
//! | `local` | what SQLite's triggers cost |
//!
//! `setup` is the database with its rows, `process` are the server and devices, `http` is a client that knows nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on stops, and says where"
)]

mod crowd;
mod http;
mod live;
mod load;
mod local;
mod process;
mod push;
mod serve;
mod setup;
mod wait;

use std::process::ExitCode;

use oosync_benches::{Part, measure};

const PARTS: &[Part] = &[
    ("serve", serve::measure),
    ("push", push::measure),
    ("wait", wait::measure),
    ("load", load::measure),
    ("live", live::measure),
    ("crowd", crowd::measure),
    ("local", local::measure),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(code) = process::as_told(&wanted) {
        return code;
    }
    measure("sync-cost", PARTS, ["the limit", "ours"], &wanted)
}
