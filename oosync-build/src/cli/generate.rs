//! `cargo oosync generate`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{Common, Generate};
use super::report::{Failure, Reporter, counted};
use super::{Fault, Outcome, absolute, planned_of, project};
use crate::codegen::{File, Layout, Options, generate};
use crate::config::Spanned;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::Facts;
use crate::files::{Written, shown, write_if_changed};
use crate::plan::{Plan, server_config, table_meta};
use crate::postgres::{Installation, Wrapping};
use crate::project::Project;
use crate::sqlite::schema_ddl;

pub(super) fn run(common: &Common, arguments: &Generate, reporter: &Reporter) -> Result<Outcome, Failure> {
    let project = project(common)?;
    let facts = project.load_facts().map_err(|problems| Failure::new(Fault::Invalid, problems))?;
    let plan = planned_of(&project, &facts, arguments.lenient, reporter)?;
    let files = files(&project, &facts, &plan, arguments)?;
    if files.is_empty() {
        let problem = Diagnostic::error("there is nothing to write")
            .help("name a folder with `--out DIR`, or files in `[outputs]` of Oosync.toml");
        return Err(Failure::new(Fault::Usage, problem));
    }
    if arguments.check {
        return check(&files, reporter);
    }
    let mut lines = Vec::new();
    let mut documents = Vec::new();
    for (path, text) in &files {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        }
        let written = write_if_changed(path, text.as_bytes()).map_err(|error| cannot_write(path, &error))?;
        let state = match written {
            Written::Created => "created",
            Written::Changed => "changed",
            Written::Unchanged => "unchanged",
        };
        if written != Written::Unchanged {
            lines.push(format!("{state} {}", shown(path)));
        }
        documents.push(json!({"file": shown(path), "status": state}));
    }
    let human = match lines.as_slice() {
        [] => format!("{} up to date", counted(files.len(), "file")),
        lines => lines.join("\n"),
    };
    reporter.result(&human, &json!({"status": "ok", "files": documents}));
    Ok(Outcome::Fine)
}

/// Every file that is to be written.
fn files(
    project: &Project,
    facts: &Facts,
    plan: &Plan,
    arguments: &Generate,
) -> Result<Vec<(PathBuf, String)>, Failure> {
    let outputs = &project.config.outputs;
    let invalid = |problems: Diagnostics| Failure::new(Fault::Invalid, problems);
    let place = |path: &Spanned<PathBuf>| project.root.join(&path.value);
    let mut files = Vec::new();
    let rust = match &arguments.out {
        Some(folder) => Some(absolute(folder)?),
        None => outputs.rust.as_ref().map(place),
    };
    match rust {
        Some(file) if arguments.out.is_none() && file.extension().is_some_and(|ending| ending == "rs") => {
            let options = Options::for_layout(Layout::SingleFile);
            let generated = generate(plan, &options).map_err(invalid)?;
            files.extend(generated.into_iter().map(|File { text, .. }| (file.clone(), text)));
        }
        Some(folder) => {
            let options = Options::for_layout(Layout::Modules);
            let generated = generate(plan, &options).map_err(invalid)?;
            files.extend(generated.into_iter().map(|File { path, text }| (folder.join(path), text)));
        }
        None => {}
    }
    let document = |value: &Value| format!("{value:#}\n");
    files.extend(outputs.table_meta.as_ref().map(|path| (place(path), document(&table_meta(plan)))));
    files.extend(outputs.server_config.as_ref().map(|path| (place(path), document(&server_config(plan)))));
    files.extend(outputs.sqlite_ddl.as_ref().map(|path| (place(path), schema_ddl(plan))));
    if let Some(path) = &outputs.migration {
        let installation = Installation::new(plan, facts, &project.config).map_err(invalid)?;
        files.push((place(path), installation.script(Wrapping::Transaction)));
    }
    Ok(files)
}

fn check(files: &[(PathBuf, String)], reporter: &Reporter) -> Result<Outcome, Failure> {
    let differs =
        |(path, text): &&(PathBuf, String)| std::fs::read(path).ok().as_deref() != Some(text.as_bytes());
    let different: Vec<String> = files.iter().filter(differs).map(|(path, _)| shown(path)).collect();
    if different.is_empty() {
        let human = format!("{} up to date", counted(files.len(), "file"));
        reporter.result(&human, &json!({"status": "ok"}));
        return Ok(Outcome::Fine);
    }
    reporter.result(&different.join("\n"), &json!({"status": "drift", "files": different}));
    let problem = Diagnostic::error(format!("{} out of date", counted(different.len(), "file")));
    reporter.problems(&problem.help("run `cargo oosync generate` and commit what it writes").into());
    Ok(Outcome::Drift)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Fault::Files, Diagnostic::error(format!("cannot write {}: {error}", shown(path))))
}
