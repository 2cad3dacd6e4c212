//! What capture costs those who write, and what following the log costs those who read.
//!
//! | module | what it measures |
//! | --- | --- |
//! | `single` | transactions of one row, by one client and by four |
//! | `bulk` | statements of 300,000 rows |
//! | `pull` | what a pull asks of the log, with many entries in it |
//! | `compact` | keeping the log short |
//! | `gain` | the rows of a bucket that a user has come into |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on stops, and says where"
)]

mod bulk;
mod compact;
mod gain;
mod pull;
mod single;

use std::process::ExitCode;

use oosync_benches::{Part, measure};

const PARTS: &[Part] = &[
    ("single", single::measure),
    ("bulk", bulk::measure),
    ("pull", pull::measure),
    ("compact", compact::measure),
    ("gain", gain::measure),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    measure("capture-cost", PARTS, ["without", "with"], &wanted)
}
