//! Values made from text, and why a text cannot be one.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::suggest::did_you_mean;

/// A value that is written as text, in a TOML string or in a tag.
pub(super) trait FromText: Sized {
    /// What is needed where something else than text was given.
    const KIND: &'static str = "a string";

    fn from_text(text: &str) -> Result<Self, Refusal>;
}

/// Why something written is not a value of the type it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another kind of value is needed: `a string`.
    Kind(&'static str),
    /// Not in a closed list of words.
    Word { word: String, allowed: Vec<&'static str> },
    /// A text that breaks the rules of its kind; the words follow "`key` ".
    Text { message: String, label: String },
}

impl Refusal {
    pub(super) fn text(message: impl Into<String>, label: impl Into<String>) -> Self {
        Self::Text { message: message.into(), label: label.into() }
    }

    /// The error for the value of `key`, which was given as `found` (`an integer`), and what stands at its caret.
    pub(super) fn explain(self, key: &str, found: &str) -> (Diagnostic, String) {
        match self {
            Self::Kind(expected) => {
                (Diagnostic::error(format!("`{key}` must be {expected}, not {found}")), String::new())
            }
            Self::Word { word, allowed } => {
                let label = did_you_mean(&word, allowed.iter().copied()).unwrap_or_default();
                let error = Diagnostic::error(format!("`{key}` cannot be `{word}`"));
                (error.note(format!("allowed: {}", list(&allowed))), label)
            }
            Self::Text { message, label } => (Diagnostic::error(format!("`{key}` {message}")), label),
        }
    }
}

/// `` `a`, `b`, `c` ``
pub(super) fn list<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        if text.trim().is_empty() {
            return Err(Refusal::text("must not be empty", ""));
        }
        Ok(text.to_owned())
    }
}

impl FromText for std::path::PathBuf {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        String::from_text(text).map(Self::from)
    }
}

/// No duration in a config is meant to be longer; Postgres intervals and SQLite integers hold it many times.
const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

impl FromText for Duration {
    const KIND: &'static str = "a duration in quotes, such as `\"2s\"`";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let form = || {
            let label = "a whole number and `ms`, `s`, `m`, `h` or `d`";
            Refusal::text(format!("is not a duration: `{text}`"), label)
        };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(form());
        }
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(form()),
        };
        // Only digits are left, so what fails to parse is too large.
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(milliseconds))
            .map(Self::from_millis)
            .filter(|duration| *duration <= LONGEST)
            .ok_or_else(|| Refusal::text("is too long a time", "at most `36500d`"))
    }
}

/// A Rust identifier as far as the config must know: what cannot be one even as `r#…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RustName(pub(super) String);

impl FromText for RustName {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        let mut chars = text.chars();
        let starts = chars.next().is_some_and(|c| unicode_ident::is_xid_start(c) || c == '_');
        let bare = matches!(text, "_" | "self" | "Self" | "super" | "crate");
        if !starts || bare || !chars.all(unicode_ident::is_xid_continue) {
            return Err(Refusal::text(
                format!("is not a Rust identifier: `{text}`"),
                "letters, digits and `_`, no digit first",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        let read = |text| Duration::from_text(text);
        assert_eq!(read("250ms").unwrap(), Duration::from_millis(250));
        assert_eq!(read("30d").unwrap(), Duration::from_secs(30 * 86_400));
        assert_eq!(read("0s").unwrap(), Duration::ZERO);
        for wrong in ["", "s", "2", "2 s", "-2s", "1.5h", "2w", "99999999999999999999d", "36501d", "٣s"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rust_name_is_an_identifier() {
        for name in ["Todo", "kind", "_x", "type", "größe"] {
            assert!(RustName::from_text(name).is_ok(), "{name}");
        }
        for name in ["", "_", "self", "1a", "a²", "a b", "a-b", "a::b", "r#type"] {
            assert!(RustName::from_text(name).is_err(), "{name}");
        }
    }
}
