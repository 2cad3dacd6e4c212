//! `cargo oosync check`.

use serde_json::json;

use super::args::{Check, Common};
use super::report::{Failure, Reporter, counted};
use super::{Fault, Outcome, agree, database, project, schemas, snapshot};
use crate::diagnostic::Diagnostic;
use crate::files::shown;

pub(super) fn run(common: &Common, arguments: &Check, reporter: &Reporter) -> Result<Outcome, Failure> {
    let project = project(common)?;
    let facts = project.load_facts().map_err(|problems| Failure::new(Fault::Invalid, problems))?;
    agree(&project, &facts, reporter)?;
    // Harmless to us, but the next snapshot would change lines that nobody touched.
    if std::fs::read_to_string(&project.facts_path).is_ok_and(|text| text != facts.to_json()) {
        let warning = Diagnostic::warning(format!(
            "{} is not laid out as a snapshot is",
            shown(&project.facts_path)
        ))
        .help("run `cargo oosync snapshot`; in git, keep its line ends with `oosync.facts.json text eol=lf`");
        reporter.problems(&warning.into());
    }
    let path = shown(&project.facts_path);
    let mut document = snapshot::description(&project, &facts);
    document["status"] = json!("ok");
    if arguments.offline {
        reporter.result(&format!("{path} can be read: {}", snapshot::content(&facts)), &document);
        return Ok(Outcome::Fine);
    }
    let (mut client, url) = database::connect(common, reporter)?;
    let now = database::snapshot(&mut client, &schemas(common, &project, Some(facts.schemas.clone())))?;
    let changes = facts.diff(&now);
    if changes.is_empty() {
        reporter.result(&format!("{path} is what {url} says: {}", snapshot::content(&facts)), &document);
        return Ok(Outcome::Fine);
    }
    let problem =
        Diagnostic::error(format!("{path} is out of date: {} in {url}", counted(changes.len(), "change")))
            .help("run `cargo oosync snapshot` and commit the file");
    reporter.drift(&problem, &changes, &path);
    Ok(Outcome::Drift)
}
