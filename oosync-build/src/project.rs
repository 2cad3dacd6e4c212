//! Where a project's config and facts are.

use std::path::{Path, PathBuf};

use crate::config::{self, Config, Tags};
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::facts::{Facts, LoadError};
use crate::files::shown;
use crate::plan::{Draft, Strictness, Validated};

/// A project: its config, which may be absent, and the place of its facts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Project {
    /// What relative paths are relative to: the config's folder, or where the search began.
    pub root: PathBuf,
    /// The config file that was found or named.
    pub config_path: Option<PathBuf>,
    /// Its content; the defaults where there is none.
    pub config: Config,
    /// The facts file, which need not exist.
    pub facts_path: PathBuf,
}

impl Project {
    /// Looks for `Oosync.toml` in `start` and its parents.
    ///
    /// # Errors
    ///
    /// Where a config is found and cannot be used.
    pub fn find(start: &Path) -> Result<Self, Diagnostics> {
        let found =
            start.ancestors().map(|folder| folder.join(config::FILE_NAME)).find(|path| path.is_file());
        match found {
            Some(path) => Self::with_config(&path),
            None => Ok(Self::without_config(start)),
        }
    }

    /// What `root` is without a config: the defaults.
    pub fn without_config(root: &Path) -> Self {
        let config = Config::default();
        let facts_path = root.join(&config.facts);
        Self { root: root.to_owned(), config_path: None, config, facts_path }
    }

    /// Uses the config at `path`.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or used.
    pub fn with_config(path: &Path) -> Result<Self, Diagnostics> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Diagnostic::error(format!("cannot read {}: {error}", path.display())))?;
        let config = Config::parse(&shown(path), &text)?;
        let root = path.parent().unwrap_or(Path::new("")).to_owned();
        let facts_path = root.join(&config.facts);
        Ok(Self { root, config_path: Some(path.to_owned()), config, facts_path })
    }

    /// Reads the facts.
    ///
    /// # Errors
    ///
    /// As [`Facts::load`], with the line shown where the error has one.
    pub fn load_facts(&self) -> Result<Facts, Diagnostics> {
        Facts::load(&self.facts_path).map_err(|error| explain(&error).into())
    }

    /// What config and comment tags say that `facts` does not bear out.
    pub fn check(&self, facts: &Facts) -> Diagnostics {
        let (tags, read) = Tags::read(facts);
        let mut problems = self.config.check(facts, &tags);
        problems.extend(read);
        problems.extend(tags.check(&self.config, facts));
        problems
    }

    /// Reads the facts, checks config and tags against them, and makes the plan.
    ///
    /// # Errors
    ///
    /// As [`Project::load_facts`], [`Project::check`] and [`Draft::validate`].
    pub fn plan(&self, strictness: Strictness) -> Result<Validated, Diagnostics> {
        self.plan_of(&self.load_facts()?, strictness)
    }

    /// The plan for facts that are loaded already.
    ///
    /// # Errors
    ///
    /// As [`Project::check`] and [`Draft::validate`]; a plan is only made where the first finds no error.
    pub fn plan_of(&self, facts: &Facts, strictness: Strictness) -> Result<Validated, Diagnostics> {
        let mut problems = self.check(facts);
        if problems.has_errors() {
            return Err(problems);
        }
        let (tags, _) = Tags::read(facts);
        let mut validated = Draft::new(facts, &self.config, &tags).validate(strictness)?;
        problems.extend(validated.warnings);
        validated.warnings = problems;
        Ok(validated)
    }
}

/// A load error with the line it is about.
pub(crate) fn explain(error: &LoadError) -> Diagnostic {
    let place = error.location().filter(|at| at.line > 0).and_then(|at| Some((at, at.path.as_deref()?)));
    let Some((location, path)) = place else {
        return Diagnostic::error(error.to_string()).help(error.help());
    };
    let text =
        std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let start = text.split_inclusive('\n').take(location.line - 1).map(str::len).sum::<usize>();
    let line = text[start..].lines().next().unwrap_or_default();
    let column = location.column.saturating_sub(1).min(line.len());
    let end = if location.column > 0 { column + 1 } else { line.len() };
    let span = start + column..start + end;
    let source = Source::new(shown(path), text);
    Diagnostic::error(error.message()).at(&source, span, "").help(error.help())
}
