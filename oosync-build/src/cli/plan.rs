//! `cargo oosync plan`.

use serde_json::json;

use super::args::{Common, Plan as Arguments};
use super::report::{Failure, Reporter, document};
use super::{Fault, Outcome, project};
use crate::config::TableName;
use crate::diagnostic::Diagnostic;
use crate::plan::Strictness;

pub(super) fn run(common: &Common, arguments: &Arguments, reporter: &Reporter) -> Result<Outcome, Failure> {
    let invalid = |problems| Failure::new(Fault::Invalid, problems);
    let project = project(common)?;
    let facts = project.load_facts().map_err(invalid)?;
    let strictness = if arguments.lenient { Strictness::Lenient } else { Strictness::Strict };
    let named = match &arguments.table {
        Some(name) => Some(named(name, &facts)?),
        None => None,
    };
    let validated = project.plan_of(&facts, strictness).map_err(invalid)?;
    let plan = &validated.plan;
    let warnings: Vec<_> = validated.warnings.iter().map(document).collect();
    let (human, mut shown) = match named {
        None => (plan.overview(), plan.document()),
        Some(table) => match plan.table(&table.schema, &table.name) {
            Some(found) => (found.describe(), json!({"synced": true, "plan": found.document()})),
            None => {
                let reason = plan.not_synced.iter().find(|other| other.name == table);
                let reason = reason.map(|other| other.reason.as_str()).unwrap_or_default();
                (format!("{table} is not synced: it {reason}"), json!({"synced": false, "reason": reason}))
            }
        },
    };
    shown["status"] = json!("ok");
    shown["warnings"] = json!(warnings);
    reporter.result(&human, &shown);
    reporter.problems(&validated.warnings);
    Ok(Outcome::Fine)
}

/// The table that the command line names.
fn named(name: &str, facts: &crate::facts::Facts) -> Result<crate::facts::QualifiedName, Failure> {
    let usage = |message: String| Failure::new(Fault::Usage, Diagnostic::error(message));
    let parsed: TableName = name.parse().map_err(|error| usage(format!("`{name}` {error}")))?;
    let table = parsed.resolve(facts).map_err(|error| {
        let problem = Diagnostic::error(error.to_string());
        Failure::new(
            Fault::Usage,
            match &error {
                crate::config::TableNameError::Unknown { nearest: Some(nearest), .. } => {
                    problem.help(format!("did you mean `{nearest}`?"))
                }
                crate::config::TableNameError::Ambiguous { candidates, .. } => {
                    let names: Vec<_> = candidates.iter().map(|name| format!("`{name}`")).collect();
                    problem.help(format!("write one of {}", names.join(", ")))
                }
                crate::config::TableNameError::Unknown { nearest: None, .. } => problem,
            },
        )
    })?;
    Ok(table.qualified_name())
}
