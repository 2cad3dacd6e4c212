//! `faults [--minutes N] [--seed S] [--faults a,b] [--runs N] [--devices N] [--seconds N]`: see `oosync_tests::faults`.
//!
//! It is the servers and the devices of its runs, too, as processes of their own.

#![allow(clippy::expect_used, reason = "a tool for our own use, whose messages are enough there")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use oosync_tests::faults::device::DeviceOptions;
use oosync_tests::faults::{Kind, Outcome, RunOptions, cluster, device, run};
use oosync_tests::fire::Dice;

const USAGE: &str = "faults [--minutes N] [--seed S] [--faults a,b] [--runs N] [--devices N] [--seconds N]

  --minutes  how long to go on; 5 if nothing is said
  --runs     how many runs at most
  --seed     of the first run; the next one has the next seed
  --faults   what goes wrong in every run; `mixed` for several at once, which the seed decides; otherwise, each fault alone
             first, and then mixed
  --devices  how many there are, 2 to 9; otherwise, the seed decides
  --seconds  how long things go wrong in a run; 6 if nothing is said";

/// What was asked for.
struct Asked {
    minutes: f64,
    runs: u64,
    seed: u64,
    kinds: Option<Vec<Kind>>,
    /// Each fault alone first.
    alone: bool,
    devices: Option<usize>,
    seconds: u64,
}

impl Asked {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut asked = Self {
            minutes: 5.0,
            runs: u64::MAX,
            seed: 1,
            kinds: None,
            alone: true,
            devices: None,
            seconds: 6,
        };
        let (pairs, rest) = arguments.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(USAGE.to_owned());
        }
        for [name, value] in pairs {
            let wrong = |error: &dyn std::fmt::Display| format!("{name} {value}: {error}\n\n{USAGE}");
            match name.as_str() {
                "--minutes" => asked.minutes = value.parse().map_err(|error| wrong(&error))?,
                "--runs" => asked.runs = value.parse().map_err(|error| wrong(&error))?,
                "--seed" => asked.seed = value.parse().map_err(|error| wrong(&error))?,
                "--seconds" => asked.seconds = value.parse().map_err(|error| wrong(&error))?,
                "--devices" => match value.parse() {
                    Ok(devices @ 2..=9) => asked.devices = Some(devices),
                    _ => return Err(wrong(&"from 2 to 9")),
                },
                "--faults" if value == "mixed" => asked.alone = false,
                "--faults" => {
                    let kinds: Result<_, String> = value.split(',').map(str::parse).collect();
                    asked.kinds = Some(kinds.map_err(|error| wrong(&error))?);
                }
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(asked)
    }

    /// The run with this number, from 0.
    fn run(&self, number: u64) -> RunOptions {
        let seed = self.seed.wrapping_add(number);
        let mut dice = Dice::new(seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let alone =
            usize::try_from(number).ok().filter(|_| self.alone).and_then(|number| Kind::ALL.get(number));
        let kinds = match (&self.kinds, alone) {
            (Some(kinds), _) => kinds.clone(),
            (None, Some(kind)) => vec![*kind],
            (None, None) => {
                let mut kinds: Vec<Kind> =
                    (0..3 + dice.roll(5)).map(|_| Kind::ALL[dice.roll(Kind::ALL.len())]).collect();
                kinds.sort();
                kinds.dedup();
                kinds
            }
        };
        RunOptions {
            seed,
            kinds,
            devices: self.devices.unwrap_or_else(|| 2 + dice.roll(5)),
            time: Duration::from_secs(self.seconds),
            program: std::env::current_exe().expect("a program knows where it is"),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == "server" || first == "server-of-a-run" => {
            if first == "server-of-a-run" {
                end_with_the_harness();
            }
            let arguments = std::iter::once("oosyncd").chain(rest.iter().map(String::as_str));
            oosync_runtime::server::daemon::run(arguments.map(Into::into))
        }
        Some((first, rest)) if first == "device" => match DeviceOptions::parse(rest) {
            Some(options) => device::run(&options),
            None => ExitCode::from(2),
        },
        _ => match Asked::parse(&arguments) {
            Ok(asked) => all(&asked),
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        },
    }
}

/// Ends this process when the harness has ended, also where that was killed: nobody holds the other end any more.
fn end_with_the_harness() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}

fn all(asked: &Asked) -> ExitCode {
    let cluster = cluster();
    let began = Instant::now();
    let mut faults: BTreeMap<Kind, u64> = BTreeMap::new();
    let (mut runs, mut written, mut wrong) = (0, 0, Vec::new());
    while runs < asked.runs && began.elapsed().as_secs_f64() < asked.minutes * 60.0 {
        let options = asked.run(runs);
        let begins = Instant::now();
        let outcome = run(&cluster, &options);
        runs += 1;
        written += outcome.written;
        for (kind, count) in &outcome.faults {
            *faults.entry(*kind).or_default() += count;
        }
        tell(&options, &outcome, begins.elapsed());
        if !outcome.anomalies.is_empty() {
            wrong.push((options, outcome));
        }
    }
    println!(
        "\n{runs} runs in {:.0} s, {written} texts written by devices; faults:",
        began.elapsed().as_secs_f64()
    );
    for (kind, count) in &faults {
        println!("  {:<18} {count}", kind.as_str());
    }
    println!("{} runs with anomalies", wrong.len());
    for (options, outcome) in &wrong {
        println!("\nseed {}: {}", options.seed, replay(options));
        for anomaly in &outcome.anomalies {
            println!("  {anomaly}");
        }
        if let Some(folder) = &outcome.folder {
            println!("  files: {}", folder.display());
        }
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn names(options: &RunOptions) -> String {
    options.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",")
}

fn tell(options: &RunOptions, outcome: &Outcome, took: Duration) {
    println!(
        "seed {}: {} devices, {}: {} faults ({} traps sprung); {} texts written, {} arrived, {} transactions of the backend; queues sent in {} ms at most; {} tokens refused; {} anomalies; {:.1} s",
        options.seed,
        options.devices,
        names(options),
        outcome.faults.values().sum::<u64>(),
        outcome.sprung,
        outcome.written,
        outcome.arrived,
        outcome.backend,
        outcome.longest,
        outcome.refused,
        outcome.anomalies.len(),
        took.as_secs_f64()
    );
    for anomaly in &outcome.anomalies {
        println!("  {anomaly}");
    }
}

fn replay(options: &RunOptions) -> String {
    format!(
        "cargo run -p oosync-tests --bin faults -- --runs 1 --seed {} --faults {} --devices {} --seconds {}",
        options.seed,
        names(options),
        options.devices,
        options.time.as_secs()
    )
}
