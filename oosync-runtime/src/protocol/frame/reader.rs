//! Reads frames from bytes that come in parts of any size.

use std::ops::Range;

use serde::de::DeserializeOwned;

use super::order::{Ending, Order, Shape};
use super::{FrameError, FrameKind, FrameLimits, HEAD};
use crate::protocol::tuple::Tuples;
use crate::protocol::{End, ErrorBody, Header, Progress};

/// A frame that was read.
#[derive(Debug, Clone)]
pub enum Frame<'a> {
    /// `H`.
    Header(Header),
    /// `T`: the number of a table in the header, which is there.
    Table(usize),
    /// `R`.
    Rows {
        /// The number of the table in the header.
        table: usize,
        /// At least one; not looked at yet.
        tuples: Tuples<'a>,
    },
    /// `D`.
    Deletes {
        /// The number of the table in the header.
        table: usize,
        /// At least one; not looked at yet.
        tuples: Tuples<'a>,
    },
    /// `P`.
    Progress(Progress),
    /// `E`.
    End(End),
    /// `X`.
    Error(ErrorBody),
}

/// A frame whose tuples are not borrowed yet.
enum Read {
    Whole(Frame<'static>),
    Rows(usize, Shape),
    Deletes(usize, Shape),
}

/// Takes a body apart. It holds the bytes that were fed and not read, and no more: a length that a frame claims to
/// have reserves nothing.
///
/// ```
/// use oosync_runtime::protocol::frame::{FrameError, FrameReader};
///
/// let mut reader = FrameReader::default();
/// reader.feed(b"H\xff\xff\xff\xff");
/// assert!(matches!(reader.next_frame(), Err(FrameError::TooLong { .. })));
/// ```
#[derive(Debug, Default)]
pub struct FrameReader {
    limits: FrameLimits,
    pub(super) buffer: Vec<u8>,
    /// Where the first frame begins that was not read.
    start: usize,
    order: Order,
    frames: u64,
    failed: Option<FrameError>,
}

impl FrameReader {
    /// With other limits than the usual ones.
    pub fn new(limits: FrameLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes the next bytes of the body. After an error, and after the last frame, they are not kept.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.failed.is_some() || bytes.is_empty() {
            return;
        }
        if self.order.ending().is_some() {
            self.fail(FrameError::AfterEnd);
            return;
        }
        // What was read makes way once it is at least as long as what was not: each byte is moved once on average.
        if self.start >= self.buffer.len() - self.start {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, or none until more bytes are fed.
    ///
    /// # Errors
    ///
    /// Where the body is malformed: at the first byte that shows it, and at every call from then on.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.step() {
            Ok(None) => Ok(None),
            Ok(Some((read, payload))) => {
                let bytes = &self.buffer[payload];
                Ok(Some(match read {
                    Read::Whole(frame) => frame,
                    Read::Rows(table, shape) => {
                        Frame::Rows { table, tuples: Tuples::new(bytes, shape.columns) }
                    }
                    Read::Deletes(table, shape) => {
                        Frame::Deletes { table, tuples: Tuples::new(bytes, shape.key) }
                    }
                }))
            }
            Err(error) => {
                self.fail(error.clone());
                Err(error)
            }
        }
    }

    /// How the body ended, once all of it was fed and [`next_frame`](Self::next_frame) gave none.
    ///
    /// # Errors
    ///
    /// Where it was cut off, goes on after its end, or was malformed.
    pub fn finish(&self) -> Result<Ending, FrameError> {
        match (&self.failed, self.order.ending()) {
            (Some(error), _) => Err(error.clone()),
            (None, None) => Err(FrameError::Truncated { frames: self.frames }),
            (None, Some(_)) if self.buffered() > 0 => Err(FrameError::AfterEnd),
            (None, Some(ending)) => Ok(ending),
        }
    }

    /// The bytes that were fed and not read.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn fail(&mut self, error: FrameError) {
        self.failed = Some(error);
        self.buffer = Vec::new();
        self.start = 0;
    }

    fn step(&mut self) -> Result<Option<(Read, Range<usize>)>, FrameError> {
        let rest = &self.buffer[self.start..];
        let Some(&kind) = rest.first() else { return Ok(None) };
        if self.order.ending().is_some() {
            return Err(FrameError::AfterEnd);
        }
        let kind = FrameKind::of(kind).ok_or(FrameError::Kind(kind))?;
        self.order.check(kind)?;
        let Some((&[_, a, b, c, d], payload)) = rest.split_first_chunk::<HEAD>() else { return Ok(None) };
        let length = u32::from_be_bytes([a, b, c, d]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let limit = self.limits.of(kind);
        if length > limit {
            return Err(FrameError::TooLong { kind, length, limit });
        }
        if payload.len() < length {
            return Ok(None);
        }
        let start = self.start + HEAD;
        let range = start..start + length;
        let read = self.read(kind, range.clone())?;
        self.start = range.end;
        self.frames += 1;
        Ok(Some((read, range)))
    }

    fn read(&mut self, kind: FrameKind, payload: Range<usize>) -> Result<Read, FrameError> {
        let bytes = &self.buffer[payload];
        Ok(Read::Whole(match kind {
            FrameKind::Header => {
                let header: Header = json(kind, bytes)?;
                self.order.header(&header)?;
                Frame::Header(header)
            }
            FrameKind::Table => {
                let index = <[u8; size_of::<u32>()]>::try_from(bytes);
                let index =
                    index.map_err(|_| FrameError::payload(kind, format_args!("{} bytes", bytes.len())))?;
                let index = usize::try_from(u32::from_be_bytes(index)).unwrap_or(usize::MAX);
                self.order.table(index)?;
                Frame::Table(index)
            }
            FrameKind::Rows | FrameKind::Deletes => {
                let (table, shape) =
                    self.order.current().ok_or(FrameError::Place { kind, expected: "a table" })?;
                if bytes.is_empty() {
                    return Err(FrameError::payload(kind, "no tuple"));
                }
                return Ok(match kind {
                    FrameKind::Rows => Read::Rows(table, shape),
                    _ => Read::Deletes(table, shape),
                });
            }
            FrameKind::Progress => Frame::Progress(json(kind, bytes)?),
            FrameKind::End => {
                let end = json(kind, bytes)?;
                self.order.ended(Ending::End);
                Frame::End(end)
            }
            FrameKind::Error => {
                let error = json(kind, bytes)?;
                self.order.ended(Ending::Error);
                Frame::Error(error)
            }
        }))
    }
}

fn json<T: DeserializeOwned>(kind: FrameKind, bytes: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(bytes).map_err(|error| FrameError::payload(kind, error))
}
