//! What `build.rs` calls.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::project::Project;

/// Checks facts, config and comment tags of the crate being built, and ends the build where they do not agree.
///
/// Works offline, from the checked-in facts:
///
/// ```no_run
/// // build.rs: all of `main`
/// oosync_build::compile();
/// ```
///
/// Cargo runs the build script again when the facts or the config change. The code being built finds the
/// facts' path in `OOSYNC_FACTS`.
///
/// # Exits
///
/// With code 1 where something does not agree, after showing all of it; this function does not panic.
pub fn compile() {
    if let Err(problems) = run() {
        eprintln!("{problems}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Diagnostics> {
    println!("cargo::rerun-if-env-changed=CARGO_MANIFEST_DIR");
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).ok_or_else(|| {
        Diagnostic::error("CARGO_MANIFEST_DIR is not set")
            .help("call `oosync_build::compile()` from a build.rs")
    })?;
    let project = Project::find(&folder)?;
    // Without one, nobody could tell a project that needs none from one whose file has another name.
    let Some(config_path) = &project.config_path else {
        let problem = Diagnostic::error(format!("there is no Oosync.toml in {} or above", folder.display()));
        return Err(problem.help("`cargo oosync init` writes one").into());
    };
    for path in [config_path, &project.facts_path] {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let facts = project.load_facts()?;
    let problems = project.check(&facts);
    if problems.has_errors() {
        return Err(problems);
    }
    for warning in problems.iter().filter(|problem| problem.severity == Severity::Warning) {
        for line in warning.to_string().lines() {
            println!("cargo::warning={line}");
        }
    }
    println!("cargo::rustc-env=OOSYNC_FACTS={}", project.facts_path.display());
    Ok(())
}
