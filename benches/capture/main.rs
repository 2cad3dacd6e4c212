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

use oosync_benches::figures::Figures;
use oosync_benches::server::Server;

/// A part of the benchmark, by its name on the command line.
type Part = (&'static str, fn(&Server, &mut Figures));

const PARTS: &[Part] = &[
    ("single", single::measure),
    ("bulk", bulk::measure),
    ("pull", pull::measure),
    ("compact", compact::measure),
    ("gain", gain::measure),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| !PARTS.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = PARTS.iter().map(|(known, _)| *known).collect();
        eprintln!("capture-cost: there is no part `{unknown}`; there are: {}", known.join(", "));
        return ExitCode::from(2);
    }
    let server = Server::start();
    let mut figures = Figures::default();
    for (name, measure) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            eprintln!("capture-cost: {name}");
            measure(&server, &mut figures);
        }
    }
    println!("{}\n", server.describe());
    figures.print("without", "with");
    ExitCode::SUCCESS
}
