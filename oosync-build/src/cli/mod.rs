//! The command `cargo oosync`.
//!
//! - `args`: what can be written on the command line
//! - `report`: what goes to the terminal, to a program, or to a pull request
//! - `database`: which database is meant, and connecting to it
//! - one file per command
//!
//! | exit code | meaning |
//! | --- | --- |
//! | 0 | fine |
//! | 1 | the facts and the database, what is installed and the plan, two snapshots, or a device's file and the server differ |
//! | 2 | the command line is wrong, or no database was named |
//! | 3 | the database cannot be reached, refuses, or cannot be read |
//! | 4 | facts or config are invalid |
//! | 5 | a file cannot be written |

mod args;
mod check;
mod database;
mod diff;
mod doctor;
mod expand;
mod generate;
mod health;
mod init;
mod migrate;
mod plan;
mod report;
mod snapshot;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use self::args::{Cli, Command, Common};
use self::report::{Failure, Reporter};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, LoadError};
use crate::plan::{Plan, Strictness};
use crate::project::{Project, explain};

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fine,
    Drift,
    /// Another program has said what is wrong, and ended with this exit code.
    Said(u8),
}

/// Why a command could not do what it was asked; the value is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Usage = 2,
    Database = 3,
    Invalid = 4,
    Files = 5,
}

/// Runs the command of this process's arguments: as `cargo oosync …` and as `cargo-oosync …`.
pub fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    // Cargo passes the name of the subcommand on.
    if arguments.get(1).is_some_and(|argument| argument == "oosync") {
        arguments.remove(1);
    }
    // Prints help, versions and usage errors itself, with exit code 0 or 2.
    let cli = Cli::parse_from(arguments);
    let reporter = Reporter::new(&cli.common);
    match run(&cli, &reporter) {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Drift) => ExitCode::from(1),
        Ok(Outcome::Said(code)) => ExitCode::from(code),
        Err(failure) => {
            reporter.failure(&failure);
            ExitCode::from(failure.fault as u8)
        }
    }
}

fn run(cli: &Cli, reporter: &Reporter) -> Result<Outcome, Failure> {
    match &cli.command {
        Command::Init => init::run(&cli.common, reporter),
        Command::Snapshot => snapshot::run(&cli.common, reporter),
        Command::Check(arguments) => check::run(&cli.common, arguments, reporter),
        Command::Plan(arguments) => plan::run(&cli.common, arguments, reporter),
        Command::Generate(arguments) => generate::run(&cli.common, arguments, reporter),
        Command::Expand(arguments) => expand::run(&cli.common, arguments, reporter),
        Command::Migrate(arguments) => migrate::run(&cli.common, arguments, reporter),
        Command::Diff(arguments) => diff::run(arguments, reporter),
        Command::Doctor => doctor::run(&cli.common, reporter),
        Command::Verify(arguments) => verify::run(&cli.common, arguments, reporter),
        Command::Completions(arguments) => {
            clap_complete::generate(
                arguments.shell,
                &mut Cli::command(),
                "cargo-oosync",
                &mut std::io::stdout(),
            );
            Ok(Outcome::Fine)
        }
    }
}

/// The project that the flags and the working directory point at.
fn project(common: &Common) -> Result<Project, Failure> {
    let mut project = match &common.config {
        Some(path) => Project::with_config(&absolute(path)?),
        None => Project::find(&manifest_folder(common)?),
    }
    .map_err(|problems| Failure::new(Fault::Invalid, problems))?;
    if let Some(path) = &common.facts {
        project.facts_path = absolute(path)?;
    }
    Ok(project)
}

/// The folder of the manifest that was named, or of the nearest one upwards, or the working directory.
fn manifest_folder(common: &Common) -> Result<PathBuf, Failure> {
    if let Some(path) = &common.manifest_path {
        let path = absolute(path)?;
        let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
        return match folder {
            Some(folder) if path.exists() => Ok(folder.to_owned()),
            _ => Err(Failure::new(
                Fault::Usage,
                Diagnostic::error(format!("there is no manifest {}", path.display())),
            )),
        };
    }
    let here = working_directory()?;
    let found = here.ancestors().find(|folder| folder.join("Cargo.toml").is_file());
    Ok(found.unwrap_or(&here).to_owned())
}

fn working_directory() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::new(Fault::Files, Diagnostic::error(format!("there is no working directory: {error}")))
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    Ok(working_directory()?.join(path))
}

/// The schemas to read: those of the flags, of the config, of the facts that are there, or `public`.
fn schemas(common: &Common, project: &Project, of_facts: Option<Vec<String>>) -> Vec<String> {
    if !common.schema.is_empty() {
        return common.schema.clone();
    }
    match (of_facts, &project.config.database.written_schemas) {
        (Some(schemas), None) if !schemas.is_empty() => schemas,
        _ => project.config.database.schemas().into_iter().map(str::to_owned).collect(),
    }
}

/// The facts that a snapshot is going to replace, and the schemas they cover.
///
/// Facts that are broken are replaced: that is how a merge conflict is settled. Facts of a newer version, and a
/// file that cannot be read, are not ours to replace.
fn replaceable_facts(project: &Project) -> Result<(Option<Facts>, Option<Vec<String>>), Failure> {
    match Facts::load(&project.facts_path) {
        Ok(facts) => {
            let schemas = facts.schemas.clone();
            Ok((Some(facts), Some(schemas)))
        }
        Err(LoadError::Missing { .. }) => Ok((None, None)),
        Err(error @ (LoadError::NewerFormat { .. } | LoadError::Read { .. })) => {
            Err(Failure::new(Fault::Invalid, explain(&error)))
        }
        Err(_) => {
            let text = std::fs::read_to_string(&project.facts_path).unwrap_or_default();
            Ok((None, Facts::schemas_of(&text)))
        }
    }
}

/// The plan of a project's checked-in facts; warnings are shown.
fn planned(project: &Project, lenient: bool, reporter: &Reporter) -> Result<Plan, Failure> {
    let facts = project.load_facts().map_err(|problems| Failure::new(Fault::Invalid, problems))?;
    planned_of(project, &facts, lenient, reporter)
}

/// The plan of facts that are loaded already; warnings are shown.
fn planned_of(project: &Project, facts: &Facts, lenient: bool, reporter: &Reporter) -> Result<Plan, Failure> {
    let invalid = |problems| Failure::new(Fault::Invalid, problems);
    let strictness = if lenient { Strictness::Lenient } else { Strictness::Strict };
    let validated = project.plan_of(facts, strictness).map_err(invalid)?;
    reporter.problems(&validated.warnings);
    Ok(validated.plan)
}

/// What config and tags say that the facts do not bear out; an error if any of it is one.
fn agree(project: &Project, facts: &Facts, reporter: &Reporter) -> Result<(), Failure> {
    let problems = project.check(facts);
    if problems.has_errors() {
        return Err(Failure::new(Fault::Invalid, problems));
    }
    reporter.problems(&problems);
    Ok(())
}
