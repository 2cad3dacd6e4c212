//! `cargo oosync expand`.

use serde_json::json;

use super::args::{Common, Expand};
use super::report::{Failure, Reporter};
use super::{Fault, Outcome, planned, project};
use crate::codegen::{Layout, Options, generate, generate_table};
use crate::config::TableName;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::suggest::did_you_mean;

pub(super) fn run(common: &Common, arguments: &Expand, reporter: &Reporter) -> Result<Outcome, Failure> {
    let project = project(common)?;
    let plan = planned(&project, arguments.lenient, reporter)?;
    let options = Options::for_layout(Layout::SingleFile);
    let code = match &arguments.table {
        None => generate(&plan, &options)
            .map(|files| files.into_iter().map(|file| file.text).collect::<Vec<_>>().join("\n")),
        Some(name) => {
            let number = place(&plan, name).map_err(|problem| Failure::new(Fault::Usage, *problem))?;
            generate_table(&plan, number, &options)
        }
    };
    let code = code.map_err(|problems: Diagnostics| Failure::new(Fault::Invalid, problems))?;
    reporter.result(code.trim_end(), &json!({"status": "ok", "code": code}));
    Ok(Outcome::Fine)
}

/// The place of a table in the plan.
fn place(plan: &crate::plan::Plan, text: &str) -> Result<usize, Box<Diagnostic>> {
    let name: TableName =
        text.parse().map_err(|error| Box::new(Diagnostic::error(format!("`{text}` {error}"))))?;
    let is_meant = |schema: &str, table: &str| {
        table == name.name && name.schema.as_ref().is_none_or(|wanted| wanted == schema)
    };
    let found = plan.tables.iter().position(|table| is_meant(&table.name.schema, &table.name.name));
    found.ok_or_else(|| {
        let problem = Diagnostic::error(format!("`{name}` is not a synced table"));
        if let Some(left_out) =
            plan.not_synced.iter().find(|table| is_meant(&table.name.schema, &table.name.name))
        {
            return Box::new(problem.note(format!("it {}", left_out.reason)));
        }
        let near = did_you_mean(&name.name, plan.tables.iter().map(|table| table.name.name.as_str()));
        Box::new(problem.help(near.unwrap_or_else(|| "`cargo oosync plan` lists them".to_owned())))
    })
}
