//! `cargo oosync diff OLDER NEWER`.

use std::io::Read as _;
use std::path::Path;

use serde_json::json;

use super::args::Diff;
use super::report::{Failure, Reporter};
use super::{Fault, Outcome};
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::project::explain;

pub(super) fn run(arguments: &Diff, reporter: &Reporter) -> Result<Outcome, Failure> {
    if arguments.older == arguments.newer && arguments.older.as_os_str() == "-" {
        let problem = Diagnostic::error("standard input can be only one of the two");
        return Err(Failure::new(Fault::Usage, problem));
    }
    let (older, newer) = (load(&arguments.older)?, load(&arguments.newer)?);
    let changes = older.diff(&newer);
    let human: Vec<String> = changes.iter().map(ToString::to_string).collect();
    if changes.is_empty() {
        reporter.result("no difference", &json!({"status": "ok", "changes": []}));
        return Ok(Outcome::Fine);
    }
    reporter.result(&human.join("\n"), &json!({"status": "drift", "changes": changes}));
    Ok(Outcome::Drift)
}

fn load(path: &Path) -> Result<Facts, Failure> {
    let invalid = |error| Failure::new(Fault::Invalid, explain(&error));
    if path.as_os_str() != "-" {
        return Facts::load(path).map_err(invalid);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| {
        Failure::new(Fault::Files, Diagnostic::error(format!("cannot read standard input: {error}")))
    })?;
    Facts::from_json(&text).map_err(invalid)
}
