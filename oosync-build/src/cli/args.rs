//! What can be written on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::verify::VerifyArguments;

/// Facts about a Postgres schema, checked in beside the code that depends on it.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-oosync",
    bin_name = "cargo oosync",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 fine, 1 drift, 2 usage, 3 database, 4 invalid facts or config, 5 cannot write"
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for every command")]
pub(super) struct Common {
    /// The database: a postgres:// URL or key=value pairs [default: $OOSYNC_DATABASE_URL, or $DATABASE_URL if it
    /// points at this machine]
    #[arg(long, global = true, value_name = "URL")]
    pub(super) database_url: Option<String>,
    /// A schema to read; can be repeated [default: those of the config, of the facts, or `public`]
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) schema: Vec<String>,
    /// The config [default: Oosync.toml in the manifest's folder or above]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The facts [default: oosync.facts.json beside the config]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) facts: Option<PathBuf>,
    /// The Cargo.toml of the project [default: the nearest one upwards]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) manifest_path: Option<PathBuf>,
    /// For people, or one JSON document for programs
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Colors; `auto` honours NO_COLOR
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: Color,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented Oosync.toml and the first snapshot
    Init,
    /// Write what the database says now into the facts
    Snapshot,
    /// Compare the facts with the database, and the config with the facts
    Check(Check),
    /// Show what is synced, to whom, in which order, and why; needs no database
    Plan(Plan),
    /// Write the generated code and the files of `[outputs]`
    Generate(Generate),
    /// Print the generated code
    Expand(Expand),
    /// Print the SQL for Postgres, or bring the database up to date
    Migrate(Migrate),
    /// Tell what changed between two facts files
    Diff(Diff),
    /// Show what is found where, and whether it works
    Doctor,
    /// Compare a device's file with what the server has for its user; runs `oosyncd`, or what $OOSYNCD names
    Verify(VerifyArguments),
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Do not connect: only see that facts and config can be read and agree
    #[arg(long)]
    pub(super) offline: bool,
}

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// The folder for the Rust code [default: `rust` of `[outputs]`]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Write nothing; exit with 1 if a file is not what would be written
    #[arg(long)]
    pub(super) check: bool,
    /// Leave out what is not settled, with a warning, where that is safe
    #[arg(long)]
    pub(super) lenient: bool,
}

#[derive(Debug, Args)]
pub(super) struct Expand {
    /// The table, as in Oosync.toml [default: everything]
    pub(super) table: Option<String>,
    /// Leave out what is not settled, with a warning, where that is safe
    #[arg(long)]
    pub(super) lenient: bool,
}

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Bring the database up to date: one transaction, touching only what is not as it should be
    #[arg(long)]
    pub(super) apply: bool,
    /// Change nothing; exit with 1 if the database is not up to date, or somebody edited what is installed
    #[arg(long, conflicts_with_all = ["apply", "uninstall"])]
    pub(super) check: bool,
    /// Print the SQL that removes everything; with `--apply`, remove it
    #[arg(long)]
    pub(super) uninstall: bool,
    /// Write the SQL into a file instead of printing it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["apply", "check"])]
    pub(super) out: Option<PathBuf>,
    /// Leave `begin` and `commit` to the tool that runs the SQL
    #[arg(long, conflicts_with_all = ["apply", "check"])]
    pub(super) no_transaction: bool,
    /// With `--apply`: how long to wait for a lock, in which writers queue up behind
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(super) lock_timeout: Duration,
    /// Leave out what is not settled, with a warning, where that is safe
    #[arg(long)]
    pub(super) lenient: bool,
}

/// `5`, `0.5` or `5s`.
fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.trim().trim_end_matches('s').trim_end().parse::<f64>();
    let longest = 24.0 * 3_600.0;
    match number {
        Ok(number) if number >= 0.001 && number <= longest => Ok(Duration::from_secs_f64(number)),
        _ => Err("a number of seconds from 0.001 to 86400, such as 5 or 0.5".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// A table to show in full: `todos`, or `app.todos`
    pub(super) table: Option<String>,
    /// Leave out what has an error instead of stopping at it, where that shows less and never more
    #[arg(long)]
    pub(super) lenient: bool,
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The older facts; `-` is standard input
    pub(super) older: PathBuf,
    /// The newer facts; `-` is standard input
    pub(super) newer: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// Which shell
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    #[default]
    Human,
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}
