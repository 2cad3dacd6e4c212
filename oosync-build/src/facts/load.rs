//! Reading a facts file, with errors that say what to do.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{FORMAT, Facts};
use crate::files::shown;

/// Why a facts file could not be used. See [`LoadError::help`] for what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no such file.
    #[error("{} does not exist", shown(path))]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("cannot read {}: {source}", shown(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Git left a conflict in the file.
    #[error("a merge conflict is left in the facts{location}")]
    MergeConflict {
        /// The line of the first marker.
        location: Location,
    },
    /// The file ends before its last bracket.
    #[error("the facts end in the middle{location}")]
    Truncated {
        /// Where it ends.
        location: Location,
    },
    /// A newer version of oosync wrote the file.
    #[error("the facts have format {found}, and this version reads format {FORMAT}{location}")]
    NewerFormat {
        /// The file.
        location: Location,
        /// The format found.
        found: String,
    },
    /// The file is no JSON, or does not have the shape of facts.
    #[error("{message}{location}")]
    Syntax {
        /// Where.
        location: Location,
        /// What is wrong there.
        message: String,
    },
    /// The file is well-formed and contradicts itself.
    #[error("{message}{location}")]
    Invalid {
        /// The file.
        location: Location,
        /// What contradicts what.
        message: String,
    },
}

impl LoadError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "make it with `cargo oosync snapshot`, or with `cargo oosync init` in a new project"
            }
            Self::Read { .. } => "is it a file that you may read?",
            Self::MergeConflict { .. } => {
                "run `cargo oosync snapshot`: the database says which side is right"
            }
            Self::NewerFormat { .. } => {
                "upgrade oosync: `cargo update -p oosync-build`, `cargo install oosync-build --features cli`"
            }
            Self::Truncated { .. } | Self::Syntax { .. } | Self::Invalid { .. } => {
                "if nobody edited the file by hand, run `cargo oosync snapshot` again"
            }
        }
    }

    /// The message alone, where the place is shown beside it.
    pub(crate) fn message(&self) -> String {
        let text = self.to_string();
        match self.location() {
            Some(location) => text.strip_suffix(&location.to_string()).unwrap_or(&text).to_owned(),
            None => text,
        }
    }

    /// The place in the file, if the error has one.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::Missing { .. } | Self::Read { .. } => None,
            Self::MergeConflict { location }
            | Self::Truncated { location }
            | Self::NewerFormat { location, .. }
            | Self::Syntax { location, .. }
            | Self::Invalid { location, .. } => Some(location),
        }
    }
}

/// A place in a facts file, shown as ` (oosync.facts.json:12:7)`; as nothing where nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The file, or nothing for a text from elsewhere.
    pub path: Option<PathBuf>,
    /// Counted from 1; 0 where the whole file is meant.
    pub line: usize,
    /// Counted from 1, in bytes; 0 where the whole line is meant.
    pub column: usize,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.as_deref().map(shown);
        match (path, self.line, self.column) {
            (None, 0, _) => Ok(()),
            (Some(path), 0, _) => write!(f, " ({path})"),
            (None, line, column) => write!(f, " (line {line}, column {column})"),
            (Some(path), line, 0) => write!(f, " ({path}:{line})"),
            (Some(path), line, column) => write!(f, " ({path}:{line}:{column})"),
        }
    }
}

impl Facts {
    /// Reads a facts file.
    ///
    /// # Errors
    ///
    /// See [`LoadError`]; each says where the problem is and which command mends it.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => LoadError::Missing { path: path.to_owned() },
            _ => LoadError::Read { path: path.to_owned(), source },
        })?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => parse(text, Some(path)),
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                Err(LoadError::Syntax {
                    location: Location { path: Some(path.to_owned()), line, column: 0 },
                    message: "this is not UTF-8".to_owned(),
                })
            }
        }
    }

    /// The schemas that a facts file is about, even if the rest of it cannot be read: a conflict or a slip further
    /// down does not change what a new snapshot is to cover.
    #[cfg(feature = "cli")]
    pub(crate) fn schemas_of(text: &str) -> Option<Vec<String>> {
        let (_, after) = text.split_once("\"schemas\"")?;
        let list = after.trim_start().strip_prefix(':')?;
        serde_json::Deserializer::from_str(list).into_iter().next()?.ok()
    }

    /// Reads facts from a text.
    ///
    /// Lists may stand in any order; they are put into the canonical one.
    ///
    /// # Errors
    ///
    /// As [`Facts::load`].
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        parse(text, None)
    }
}

fn parse(text: &str, path: Option<&Path>) -> Result<Facts, LoadError> {
    let at = |line, column| Location { path: path.map(Path::to_owned), line, column };
    // Some editors put a mark in front that JSON does not know.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Before the parse: markers are what is wrong, not the bracket they displace.
    if let Some(line) = text.lines().position(is_conflict_marker) {
        return Err(LoadError::MergeConflict { location: at(line + 1, 0) });
    }
    let syntax = |error: &serde_json::Error| {
        let location = at(error.line(), error.column());
        if error.is_eof() {
            return LoadError::Truncated { location };
        }
        // serde_json repeats the position at the end of its message.
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        LoadError::Syntax { location, message: message.to_owned() }
    };
    // The format first: what a newer one holds is not ours to judge.
    let Format { format } = serde_json::from_str(text).map_err(|error| syntax(&error))?;
    if format.as_f64().is_some_and(|number| number > f64::from(FORMAT)) {
        return Err(LoadError::NewerFormat { location: at(0, 0), found: format.to_string() });
    }
    let mut facts: Facts = serde_json::from_str(text).map_err(|error| syntax(&error))?;
    if facts.format != FORMAT {
        return Err(LoadError::Invalid {
            location: at(0, 0),
            message: format!("there is no format {}", facts.format),
        });
    }
    facts.validate().map_err(|message| LoadError::Invalid { location: at(0, 0), message })?;
    facts.sort();
    Ok(facts)
}

/// The one key that every format has.
#[derive(Deserialize)]
struct Format {
    format: serde_json::Number,
}

/// Strings in JSON cannot break lines, so a marker at the start of a line is never content.
fn is_conflict_marker(line: &str) -> bool {
    line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") || line.starts_with("|||||||")
}
