//! Where a project's config and facts are.

use std::path::{Path, PathBuf};

use crate::config::{self, Config, Tags};
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::facts::{Facts, LoadError};

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
            None => {
                let config = Config::default();
                let facts_path = start.join(&config.facts);
                Ok(Self { root: start.to_owned(), config_path: None, config, facts_path })
            }
        }
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
        let mut problems = self.config.check(facts);
        let (tags, read) = Tags::read(facts);
        problems.extend(read);
        problems.extend(tags.check(&self.config));
        problems
    }
}

/// A load error with the line it is about.
pub(crate) fn explain(error: &LoadError) -> Diagnostic {
    let text = error.to_string();
    let Some((location, path)) = error.location().and_then(|at| Some((at, at.path.as_deref()?))) else {
        return Diagnostic::error(text);
    };
    let file =
        std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let message = text.strip_prefix(&format!("{location}: ")).unwrap_or(&text);
    let (message, help) = message.split_once("; ").unwrap_or((message, ""));
    let mut diagnostic = Diagnostic::error(message);
    if location.line > 0 {
        let start = file.split_inclusive('\n').take(location.line - 1).map(str::len).sum::<usize>();
        let line = file[start..].lines().next().unwrap_or_default();
        let column = if location.column > 0 { (location.column - 1).min(line.len()) } else { 0 };
        let end = if location.column > 0 { column + 1 } else { line.len() };
        let source = Source::new(shown(path), file.as_str());
        diagnostic = diagnostic.at(&source, start + column..start + end, "");
    } else {
        diagnostic.message = format!("{}: {}", shown(path), diagnostic.message);
    }
    if help.is_empty() { diagnostic } else { diagnostic.help(help) }
}

/// A path as a person would write it: relative to where they stand, if it lies below.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let relative = path.strip_prefix(&here).unwrap_or(path);
    let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    relative.display().to_string()
}
