//! The command line. Secrets are not among the flags: every user of the machine can see those.

use std::path::PathBuf;

use clap::Parser;

/// The oosync server: devices sync with a Postgres database that `cargo oosync migrate` has prepared.
///
/// Flags say more than the environment, and that more than the config file. The database is named by OOSYNC_DATABASE_URL
/// or in the file, a secret for tokens by OOSYNC_JWT_SECRET or in a file of its own.
#[derive(Debug, Parser)]
#[command(name = "oosyncd", version, max_term_width = 100)]
pub(super) struct Args {
    /// The config file; oosyncd.reference.toml lists its keys
    #[arg(long, short, env = "OOSYNC_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, env = "OOSYNC_LISTEN", value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<String>,
    /// Oosync.toml or its folder [default: looked for here and upwards]
    #[arg(long, env = "OOSYNC_PROJECT", value_name = "PATH")]
    pub(super) project: Option<PathBuf>,
    /// The facts, where they are not where Oosync.toml says
    #[arg(long, env = "OOSYNC_FACTS", value_name = "FILE")]
    pub(super) facts: Option<PathBuf>,
    /// Believes this header instead of tokens; for servers behind a proxy that sets it
    #[arg(long, env = "OOSYNC_TRUST_HEADER", value_name = "NAME")]
    pub(super) trust_header: Option<String>,
    /// What is logged: error, warn, info, debug, trace, or PART=LEVEL,… [default: info]
    #[arg(long, env = "OOSYNC_LOG", value_name = "LEVEL")]
    pub(super) log: Option<String>,
    /// How it is logged: text or json [default: text]
    #[arg(long, env = "OOSYNC_LOG_FORMAT", value_name = "FORMAT")]
    pub(super) log_format: Option<String>,
    /// Looks at config and database, says whether they can be served, and ends
    #[arg(long)]
    pub(super) check: bool,
    #[cfg(feature = "client")]
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What is done instead of serving.
#[cfg(feature = "client")]
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Compare a device's file with what the server has for its user; exit code 1 where something differs
    Verify(Verify),
}

/// What is compared, and for whom it is said.
#[cfg(feature = "client")]
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    pub(super) told: oosync_build::verify::VerifyArguments,
    /// For people, or one JSON document for programs
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// For whom it is said.
#[cfg(feature = "client")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    #[default]
    Human,
    Json,
}
