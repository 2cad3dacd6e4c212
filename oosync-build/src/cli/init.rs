//! `cargo oosync init`.

use serde_json::json;

use super::args::Common;
use super::report::{Failure, Reporter};
use super::{
    Fault, Outcome, absolute, agree, database, manifest_folder, project, replaceable_facts, schemas, snapshot,
};
use crate::config;
use crate::diagnostic::Diagnostic;
use crate::files::{self, shown};
use crate::project::Project;

/// The config of a new project; `{schemas}` is replaced.
const TEMPLATE: &str = include_str!("init/Oosync.toml");

pub(super) fn run(common: &Common, reporter: &Reporter) -> Result<Outcome, Failure> {
    // A config that was named need not be there yet.
    let new_config = common.config.as_deref().map(absolute).transpose()?.filter(|path| !path.exists());
    let before = match &new_config {
        Some(path) => Project::without_config(path.parent().unwrap_or(path)),
        None => project(common)?,
    };
    let (_, covered) = replaceable_facts(&before)?;
    let schemas = schemas(common, &before, covered);
    // The database first: where it cannot be read, nothing is written.
    let (mut client, _) = database::connect(common, reporter)?;
    let facts = database::snapshot(&mut client, &schemas)?;
    let mut lines = Vec::new();
    let config_path = match &before.config_path {
        Some(path) => {
            lines.push(format!("{} was there already and is as it was", shown(path)));
            path.clone()
        }
        None => {
            let path = match new_config {
                Some(path) => path,
                None => manifest_folder(common)?.join(config::FILE_NAME),
            };
            // Strings of JSON are strings of TOML.
            let text = TEMPLATE.replace("{schemas}", &json!(schemas).to_string());
            files::write_if_changed(&path, text.as_bytes()).map_err(|error| {
                let problem = Diagnostic::error(format!("cannot write {}: {error}", shown(&path)));
                Failure::new(Fault::Files, problem)
            })?;
            lines.push(format!("wrote {}", shown(&path)));
            path
        }
    };
    let project = project(common)?;
    let written = snapshot::save(&project, &facts)?;
    lines.push(snapshot::summary(&project, &facts, written));
    lines.push(format!("\n{}", next_steps()));
    let mut document = snapshot::description(&project, &facts);
    document["config"] = json!(shown(&config_path));
    document["status"] = json!("ok");
    reporter.result(&lines.join("\n"), &document);
    agree(&project, &facts, reporter)?;
    Ok(Outcome::Fine)
}

fn next_steps() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let minor = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
    format!(
        "Commit both files. Then let the build check them:

    # Cargo.toml
    [build-dependencies]
    oosync-build = \"{minor}\"

    // build.rs
    fn main() {{
        oosync_build::compile();
    }}

and let CI see whether they are up to date: `cargo oosync check`"
    )
}
