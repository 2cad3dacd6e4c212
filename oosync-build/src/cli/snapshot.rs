//! `cargo oosync snapshot`.

use serde_json::{Value, json};

use super::args::Common;
use super::report::{Failure, Reporter, counted};
use super::{Fault, Outcome, agree, database, project, replaceable_facts, schemas};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, TableKind};
use crate::files::{Written, shown};
use crate::project::Project;

pub(super) fn run(common: &Common, reporter: &Reporter) -> Result<Outcome, Failure> {
    let project = project(common)?;
    let (older, covered) = replaceable_facts(&project)?;
    let (mut client, _) = database::connect(common, reporter)?;
    let facts = database::snapshot(&mut client, &schemas(common, &project, covered))?;
    let written = save(&project, &facts)?;
    let mut human = summary(&project, &facts, written);
    let changes = older.map(|older| older.diff(&facts)).unwrap_or_default();
    for change in &changes {
        human.push_str(&format!("\n  - {change}"));
    }
    let mut document = description(&project, &facts);
    document["status"] = json!(state(written));
    document["changes"] = json!(changes);
    reporter.result(&human, &document);
    // The snapshot is right whatever the config says; that the config no longer fits is said after it.
    agree(&project, &facts, reporter)?;
    Ok(Outcome::Fine)
}

/// Writes the facts, or says why it cannot.
pub(super) fn save(project: &Project, facts: &Facts) -> Result<Written, Failure> {
    facts.save(&project.facts_path).map_err(|error| {
        let path = shown(&project.facts_path);
        let problem = Diagnostic::error(format!("cannot write {path}: {error}"));
        let problem = problem.note("the old facts, if there were any, are as they were");
        Failure::new(
            Fault::Files,
            problem.help("choose another place with `--facts FILE`, or `facts` in Oosync.toml"),
        )
    })
}

fn state(written: Written) -> &'static str {
    match written {
        Written::Created => "created",
        Written::Changed => "changed",
        Written::Unchanged => "unchanged",
    }
}

/// `wrote oosync.facts.json: 3 tables, 20 columns, 1 enum in schema public`.
pub(super) fn summary(project: &Project, facts: &Facts, written: Written) -> String {
    let path = shown(&project.facts_path);
    let what = match written {
        Written::Created => format!("wrote {path}"),
        Written::Changed => format!("updated {path}"),
        Written::Unchanged => format!("{path} is up to date"),
    };
    format!("{what}: {}", content(facts))
}

/// How many of what.
pub(super) fn content(facts: &Facts) -> String {
    let views = [TableKind::View, TableKind::MaterializedView];
    let is_view = |kind| views.contains(&kind);
    let tables = facts.tables.iter().filter(|table| !is_view(table.kind)).count();
    let columns = facts.tables.iter().map(|table| table.columns.len()).sum();
    let keys = facts.tables.iter().map(|table| table.foreign_keys.len()).sum();
    let counts = [
        (tables, "table"),
        (facts.tables.len() - tables, "view"),
        (columns, "column"),
        (keys, "foreign key"),
        (facts.enums.len(), "enum"),
        (facts.domains.len(), "domain"),
        (facts.composites.len(), "composite type"),
        (facts.ranges.len(), "range type"),
    ];
    let always = ["table", "column"];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, noun)| *count > 0 || always.contains(noun))
        .map(|(count, noun)| counted(count, noun))
        .collect();
    let schemas = if facts.schemas.len() == 1 { "schema" } else { "schemas" };
    format!("{} in {schemas} {}", counts.join(", "), facts.schemas.join(", "))
}

/// The same for programs.
pub(super) fn description(project: &Project, facts: &Facts) -> Value {
    json!({
        "facts": shown(&project.facts_path),
        "hash": facts.hash(),
        "schemas": facts.schemas,
        "tables": facts.tables.len(),
        "columns": facts.tables.iter().map(|table| table.columns.len()).sum::<usize>(),
        "enums": facts.enums.len(),
        "domains": facts.domains.len(),
        "composites": facts.composites.len(),
        "ranges": facts.ranges.len(),
    })
}
