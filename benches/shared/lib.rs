//! What the benchmarks have in common: `server` is what they run on, `figures` are medians, and how they are printed;
//! [`measure`] runs those parts that the command line names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on stops, and says where"
)]

use std::process::ExitCode;

use figures::Figures;
use server::Server;

pub mod figures;
pub mod server;

/// A part of a benchmark, by its name on the command line.
pub type Part = (&'static str, fn(&Server, &mut Figures));

/// Runs the `wanted` parts, or all of them if none is named, and prints what they measured under the `headings` of the
/// two columns.
pub fn measure(program: &str, parts: &[Part], headings: [&str; 2], wanted: &[String]) -> ExitCode {
    if let Some(unknown) = wanted.iter().find(|name| !parts.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = parts.iter().map(|(known, _)| *known).collect();
        eprintln!("{program}: there is no part `{unknown}`; there are: {}", known.join(", "));
        return ExitCode::from(2);
    }
    let server = Server::start();
    let mut figures = Figures::default();
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            eprintln!("{program}: {name}");
            measure(&server, &mut figures);
        }
    }
    println!("{}\n", server.describe());
    let [limit, ours] = headings;
    figures.print(limit, ours);
    ExitCode::SUCCESS
}

/// A number from the environment, or what it usually is.
pub fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}
