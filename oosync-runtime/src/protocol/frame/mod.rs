//! The frames of a body of the media type [`MEDIA_TYPE`](super::MEDIA_TYPE).
//!
//! A frame is its kind (1 byte), the length of its payload in bytes (`u32`, big-endian), and the payload.
//!
//! | kind | payload | place |
//! | --- | --- | --- |
//! | `H` | JSON, a [`Header`](super::Header) | first, and nowhere else |
//! | `T` | the number of a table in the header (`u32`, big-endian) | any |
//! | `R` | rows: [tuples](super::tuple) of the table's columns, at least one | after a `T` |
//! | `D` | deleted rows: tuples of the table's key, at least one | after a `T` |
//! | `P` | JSON, a [`Progress`](super::Progress) | any |
//! | `E` | JSON, an [`End`](super::End) | last |
//! | `X` | JSON, an [`ErrorBody`](super::ErrorBody) | last |
//!
//! A body that ends in neither `E` nor `X` was cut off. A [`FrameReader`] takes bytes as they come, in parts of any
//! size, and a [`FrameWriter`] makes them; both know which frame may follow which.

mod order;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;

use thiserror::Error;

pub use self::order::Ending;
pub use self::reader::{Frame, FrameReader};
pub use self::writer::FrameWriter;

/// The kind and the length.
const HEAD: usize = 5;

/// The kind of a frame: its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    /// `H`: how to read what follows.
    Header = b'H',
    /// `T`: which table the tuples that follow are of.
    Table = b'T',
    /// `R`: rows.
    Rows = b'R',
    /// `D`: keys of deleted rows.
    Deletes = b'D',
    /// `P`: a place to go on from.
    Progress = b'P',
    /// `E`: the body is whole.
    End = b'E',
    /// `X`: the server failed.
    Error = b'X',
}

impl FrameKind {
    /// The kind with this byte.
    pub const fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            b'H' => Self::Header,
            b'T' => Self::Table,
            b'R' => Self::Rows,
            b'D' => Self::Deletes,
            b'P' => Self::Progress,
            b'E' => Self::End,
            b'X' => Self::Error,
            _ => return None,
        })
    }

    /// Its byte.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Whether the payload is JSON.
    const fn is_json(self) -> bool {
        matches!(self, Self::Header | Self::Progress | Self::End | Self::Error)
    }
}

/// The letter.
impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(self.byte()))
    }
}

/// How long payloads may be, in bytes; the same on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// Of `R` and `D`, and of all others: 64 MiB. The largest row that can be sent is as large.
    pub max_frame: usize,
    /// Of frames in JSON, which take several times their length when they are read: 16 MiB.
    pub max_json: usize,
}

impl FrameLimits {
    /// For frames of a kind: what `u32` holds at most.
    const fn of(self, kind: FrameKind) -> usize {
        let limit = match kind {
            FrameKind::Table => size_of::<u32>(),
            kind if kind.is_json() && self.max_json < self.max_frame => self.max_json,
            _ => self.max_frame,
        };
        if limit < u32::MAX as usize { limit } else { u32::MAX as usize }
    }
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self { max_frame: 64 << 20, max_json: 16 << 20 }
    }
}

/// Why a body cannot be read, or why a frame cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A kind that the protocol does not have.
    #[error("a frame has the kind {0:#04x}, which this protocol does not have")]
    Kind(u8),
    /// A payload is longer than [`FrameLimits`] allow.
    #[error("a frame `{kind}` of {length} bytes is longer than {limit}")]
    TooLong {
        /// Its kind.
        kind: FrameKind,
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A frame that may not follow those before it.
    #[error("a frame `{kind}` where {expected} is expected")]
    Place {
        /// Its kind.
        kind: FrameKind,
        /// What may be there.
        expected: &'static str,
    },
    /// There are bytes after the last frame.
    #[error("the body goes on after its last frame")]
    AfterEnd,
    /// The body ends before its last frame.
    #[error("the body was cut off after {frames} whole frames")]
    Truncated {
        /// How many frames were whole.
        frames: u64,
    },
    /// The protocol is another one.
    #[error(
        "the body is of version {found} of the protocol, and this is version {}",
        super::PROTOCOL_VERSION
    )]
    Protocol {
        /// The header's version.
        found: u32,
    },
    /// There is no table of this number.
    #[error("table {index} of {tables}")]
    Table {
        /// The number, from 0.
        index: usize,
        /// How many tables there are.
        tables: usize,
    },
    /// The payload is not what the kind says.
    #[error("the payload of a frame `{kind}` is malformed: {message}")]
    Payload {
        /// The kind.
        kind: FrameKind,
        /// What is wrong.
        message: String,
    },
}

impl FrameError {
    fn payload(kind: FrameKind, message: impl fmt::Display) -> Self {
        Self::Payload { kind, message: message.to_string() }
    }
}
