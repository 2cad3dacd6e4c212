//! One value of a SQLite column.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

/// What SQLite can store in a column, borrowed or owned.
///
/// A `Real` is never NaN: SQLite turns NaN into null, so that a NaN is held as the text `NaN`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A 64-bit floating point number.
    Real(f64),
    /// UTF-8.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(value) => Value::Integer(value),
            Self::Real(value) => Value::Real(value),
            Self::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
            Self::Blob(value) => Value::Blob(Cow::Owned(value.into_owned())),
        }
    }

    /// The same value, borrowed.
    pub fn as_ref(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(value) => Value::Integer(*value),
            Self::Real(value) => Value::Real(*value),
            Self::Text(value) => Value::Text(Cow::Borrowed(value)),
            Self::Blob(value) => Value::Blob(Cow::Borrowed(value)),
        }
    }

    /// SQLite's name of the storage class: `null`, `integer`, `real`, `text`, `blob`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Blob(_) => "blob",
        }
    }
}

/// Why a value does not fit a type: nothing is ever cut, rounded or replaced.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The column is null and the Rust type has no place for that.
    #[error("is null, and {expected} cannot be")]
    Null {
        /// The Postgres type.
        expected: &'static str,
    },
    /// SQLite holds another storage class than the type is stored in.
    #[error("is stored as {found}, where {expected} is expected")]
    Kind {
        /// The storage class found.
        found: &'static str,
        /// The Postgres type.
        expected: &'static str,
    },
    /// The text, bytes or number mean nothing in the type.
    #[error("{value} is not a valid {expected}")]
    Invalid {
        /// The beginning of what was found.
        value: String,
        /// The Postgres type.
        expected: &'static str,
    },
    /// A value of one type that the other cannot represent.
    #[error("{value} does not fit {target}")]
    OutOfRange {
        /// The beginning of the value.
        value: String,
        /// The type that has no such value.
        target: &'static str,
    },
}

impl ValueError {
    /// [`ValueError::Invalid`], with a long value cut for the message.
    pub fn invalid(value: impl fmt::Display, expected: &'static str) -> Self {
        Self::Invalid { value: excerpt(value), expected }
    }

    /// [`ValueError::OutOfRange`], with a long value cut for the message.
    pub fn out_of_range(value: impl fmt::Display, target: &'static str) -> Self {
        Self::OutOfRange { value: excerpt(value), target }
    }

    /// [`ValueError::Kind`], or [`ValueError::Null`] where that is what was found.
    pub fn kind(found: &Value<'_>, expected: &'static str) -> Self {
        match found {
            Value::Null => Self::Null { expected },
            other => Self::Kind { found: other.kind(), expected },
        }
    }
}

/// At most 40 characters, in back-ticks.
fn excerpt(value: impl fmt::Display) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}
