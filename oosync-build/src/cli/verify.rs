//! `cargo oosync verify`: the program `oosyncd` does it, which has client and server in it. This crate depends on neither:
//! the runtime depends on it, and build scripts would compile both.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::args::{Common, Format};
use super::report::{Failure, Reporter};
use super::{Fault, Outcome, database, project};
use crate::diagnostic::Diagnostic;
use crate::verify::VerifyArguments;

/// The program's name.
const PROGRAM: &str = if cfg!(windows) { "oosyncd.exe" } else { "oosyncd" };

pub(super) fn run(
    common: &Common,
    arguments: &VerifyArguments,
    reporter: &Reporter,
) -> Result<Outcome, Failure> {
    let project = project(common)?;
    let Some(config) = &project.config_path else {
        let problem = Diagnostic::error("there is no Oosync.toml in this folder or above it");
        return Err(Failure::new(
            Fault::Invalid,
            problem.help("run it in the project that the app is built from"),
        ));
    };
    let program = program();
    let mut command = Command::new(&program);
    command.arg("--project").arg(config).arg("--facts").arg(&project.facts_path);
    command.arg("verify");
    if common.format == Format::Json {
        command.args(["--format", "json"]);
    }
    command.args(arguments.to_arguments());
    if arguments.server.is_none() {
        let (url, from) = database::chosen(common)?;
        reporter.remark(&format!("comparing with {url} ({from})"));
        // By the environment: arguments are seen by every user of the machine.
        let text = common.database_url.clone().or_else(|| std::env::var(from).ok());
        command.env("OOSYNC_DATABASE_URL", text.unwrap_or_default());
    }
    if common.quiet && common.format == Format::Human {
        command.stdout(Stdio::null());
    }
    let status = command.status().map_err(|error| {
        let problem = Diagnostic::error(format!("`{}` cannot be run: {error}", program.display()));
        Failure::new(
            Fault::Usage,
            problem.help("install it: `cargo install oosync-runtime --features daemon`"),
        )
    })?;
    // It has said what is wrong, in the form that was asked for.
    match status.code() {
        Some(0) => Ok(Outcome::Fine),
        Some(1) => Ok(Outcome::Drift),
        Some(code) => Ok(Outcome::Said(u8::try_from(code).unwrap_or(Fault::Files as u8))),
        None => {
            Err(Failure::new(Fault::Files, Diagnostic::error(format!("`{PROGRAM}` was ended: {status}"))))
        }
    }
}

/// The one that `OOSYNCD` names, the one that lies beside this program, or else whichever the system finds.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("OOSYNCD").filter(|named| !named.is_empty()) {
        return named.into();
    }
    let beside = std::env::current_exe().ok().map(|here| here.with_file_name(PROGRAM));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PROGRAM.into())
}
