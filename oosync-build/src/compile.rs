//! What `build.rs` calls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::codegen::{self, Layout, Options};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, one_line};
use crate::files::{shown, write_generated};
use crate::plan::Strictness;
use crate::project::Project;

/// Generates the rows of the crate being built; all of `main` in a `build.rs` that needs no options.
///
/// ```no_run
/// // build.rs
/// oosync_build::compile();
/// ```
///
/// The crate includes what was generated:
///
/// ```ignore
/// include!(concat!(env!("OUT_DIR"), "/oosync.rs"));
/// ```
///
/// Works offline, from the checked-in facts, and writes only what changed. Cargo runs the build script again when the
/// facts or the config change. `#[derive(Syncable)]` finds their paths in `OOSYNC_FACTS` and `OOSYNC_CONFIG`.
///
/// With feature `introspect`, and only if `OOSYNC_DATABASE_URL` is set, the checked-in facts are first brought up to
/// date from that database.
///
/// # Exits
///
/// With code 1 where something does not agree, after showing all of it; this function does not panic.
pub fn compile() {
    Builder::new().compile();
}

/// [`compile`], with options.
///
/// ```no_run
/// // build.rs
/// oosync_build::Builder::new().row_derive("serde::Serialize").runtime_crate("sync").compile();
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "nothing happens before `compile`"]
pub struct Builder {
    config: Option<PathBuf>,
    facts: Option<PathBuf>,
    out_dir: Option<PathBuf>,
    options: Options,
    lenient: bool,
}

impl Builder {
    /// What [`compile`] does.
    pub fn new() -> Self {
        Self::default()
    }

    /// The config. Default: `Oosync.toml` in the package's folder or above.
    pub fn config(mut self, path: impl Into<PathBuf>) -> Self {
        self.config = Some(path.into());
        self
    }

    /// The facts. Default: what the config says.
    pub fn facts(mut self, path: impl Into<PathBuf>) -> Self {
        self.facts = Some(path.into());
        self
    }

    /// Where the code is written. Default: `OUT_DIR`.
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(path.into());
        self
    }

    /// The name of the runtime crate where it is not `oosync_runtime`, or a path that leads to it.
    pub fn runtime_crate(mut self, path: &str) -> Self {
        let leads = path.starts_with("::") || path.starts_with("crate::");
        self.options.runtime = if leads { path.to_owned() } else { format!("::{path}") };
        self
    }

    /// A further derive of every row struct: `serde::Serialize`.
    pub fn row_derive(mut self, path: &str) -> Self {
        self.options.row_derives.push(path.to_owned());
        self
    }

    /// How many columns a table can have for Diesel: 32, 64 or 128, as the feature of diesel that the app uses. Wider
    /// tables get no Diesel forms, and a warning. Default: 32.
    pub const fn diesel_columns(mut self, columns: usize) -> Self {
        self.options.diesel_columns = columns;
        self
    }

    /// Turns plan errors that have a safe reading into warnings: what is not settled is not synced.
    pub const fn lenient(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }

    /// Generates.
    ///
    /// # Exits
    ///
    /// As [`compile`].
    pub fn compile(self) {
        if let Err(problems) = self.try_compile() {
            eprintln!("{problems}");
            std::process::exit(1);
        }
    }

    /// Generates, for a build script that does more with an error than to show it.
    ///
    /// # Errors
    ///
    /// Everything that does not agree.
    pub fn try_compile(self) -> Result<(), Diagnostics> {
        let project = self.project()?;
        println!("cargo::rerun-if-changed={}", project.facts_path.display());
        refresh(&project)?;
        let facts = project.load_facts()?;
        let strictness = if self.lenient { Strictness::Lenient } else { Strictness::Strict };
        let validated = project.plan_of(&facts, strictness)?;
        for warning in validated.warnings.iter().filter(|problem| problem.severity == Severity::Warning) {
            for line in warning.to_string().lines() {
                println!("cargo::warning={line}");
            }
        }
        let out_dir = match &self.out_dir {
            Some(path) => path.clone(),
            None => variable("OUT_DIR")?,
        };
        let options = Options { layout: Layout::OutDir, ..self.options };
        for table in codegen::diesel_left_out(&validated.plan, &options)? {
            println!("cargo::warning={}", one_line(table.to_string()));
        }
        let files = codegen::generate(&validated.plan, &options)?;
        write(&out_dir, &files)?;
        if let Some(path) = &project.config_path {
            println!("cargo::rustc-env=OOSYNC_CONFIG={}", path.display());
        }
        println!("cargo::rustc-env=OOSYNC_FACTS={}", project.facts_path.display());
        Ok(())
    }

    fn project(&self) -> Result<Project, Diagnostics> {
        println!("cargo::rerun-if-env-changed=CARGO_MANIFEST_DIR");
        let folder = variable("CARGO_MANIFEST_DIR")?;
        let mut project = match &self.config {
            Some(path) => Project::with_config(&folder.join(path))?,
            None => Project::find(&folder)?,
        };
        // Without one, nobody could tell a project that needs none from one whose file has another name.
        let Some(config_path) = &project.config_path else {
            let problem =
                Diagnostic::error(format!("there is no Oosync.toml in {} or above", folder.display()));
            return Err(problem.help("`cargo oosync init` writes one").into());
        };
        println!("cargo::rerun-if-changed={}", config_path.display());
        if let Some(path) = &self.facts {
            project.facts_path = folder.join(path);
        }
        Ok(project)
    }
}

/// Brings the checked-in facts up to date, if a database was named.
#[cfg(feature = "introspect")]
fn refresh(project: &Project) -> Result<(), Diagnostics> {
    use crate::introspect::{DatabaseUrl, snapshot};

    const VARIABLE: &str = "OOSYNC_DATABASE_URL";
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let Some(text) = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()) else { return Ok(()) };
    let kept = |problem: Diagnostic| {
        problem
            .note(format!(
                "{VARIABLE} is set, so that the build brings the facts up to date; they are as they were"
            ))
            .help(format!("unset {VARIABLE} to build from the checked-in facts"))
    };
    let url = DatabaseUrl::parse(&text)
        .map_err(|error| kept(Diagnostic::error(error.to_string()).help(error.help())))?;
    let mut client =
        url.connect().map_err(|error| kept(Diagnostic::error(error.to_string()).help(error.help())))?;
    let facts = snapshot(&mut client, &project.config.database.schemas())
        .map_err(|error| kept(Diagnostic::error(error.to_string())))?;
    facts.save(&project.facts_path).map_err(|error| {
        kept(Diagnostic::error(format!("cannot write {}: {error}", shown(&project.facts_path))))
    })?;
    Ok(())
}

#[cfg(not(feature = "introspect"))]
fn refresh(_: &Project) -> Result<(), Diagnostics> {
    Ok(())
}

/// Writes the files that changed and removes those of tables that are gone.
fn write(folder: &Path, files: &[codegen::File]) -> Result<(), Diagnostics> {
    let mut written = BTreeSet::new();
    for file in files {
        let path = folder.join(&file.path);
        write_generated(&path, file.text.as_bytes())
            .map_err(|error| Diagnostic::error(format!("cannot write {}: {error}", shown(&path))))?;
        written.insert(path);
    }
    let generated = folder.join("oosync");
    for entry in std::fs::read_dir(&generated).into_iter().flatten().flatten() {
        if !written.contains(&entry.path()) {
            // A file that is not included any more does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

fn variable(name: &str) -> Result<PathBuf, Diagnostics> {
    std::env::var_os(name).map(PathBuf::from).ok_or_else(|| {
        Diagnostic::error(format!("{name} is not set")).help("call this from a build.rs").into()
    })
}
