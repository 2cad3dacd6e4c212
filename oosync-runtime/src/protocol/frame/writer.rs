//! Writes frames.

use serde::Serialize;

use super::order::{Ending, Order};
use super::{FrameError, FrameKind, FrameLimits, HEAD};
use crate::protocol::{End, ErrorBody, Header, Progress};

/// The length that frames of tuples are filled up to, in bytes: what is sent at once through most connections.
const TARGET: usize = 64 << 10;

/// Makes a body. What is written gathers in memory until [`take`](Self::take) hands it out.
///
/// A frame that cannot be written is an error and leaves the body as it was.
#[derive(Debug)]
pub struct FrameWriter {
    body: Vec<u8>,
    /// The frame of tuples that more can be added to, and where it begins.
    open: Option<(FrameKind, usize)>,
    limits: FrameLimits,
    target: usize,
    order: Order,
}

impl Default for FrameWriter {
    fn default() -> Self {
        Self::new(FrameLimits::default(), TARGET)
    }
}

impl FrameWriter {
    /// Frames of tuples hold as many as fit into `target` bytes, and at least one.
    pub fn new(limits: FrameLimits, target: usize) -> Self {
        Self { body: Vec::new(), open: None, limits, target, order: Order::default() }
    }

    /// Writes the `H` frame, first.
    ///
    /// # Errors
    ///
    /// Where it was written before, or is too long.
    pub fn header(&mut self, header: &Header) -> Result<(), FrameError> {
        self.order.check(FrameKind::Header)?;
        let payload = self.json(FrameKind::Header, header)?;
        self.order.header(header)?;
        self.frame(FrameKind::Header, &payload);
        Ok(())
    }

    /// Writes a `T` frame: the tuples that follow are of this table of the header.
    ///
    /// # Errors
    ///
    /// Where the header has no such table.
    pub fn table(&mut self, index: usize) -> Result<(), FrameError> {
        self.order.check(FrameKind::Table)?;
        self.order.table(index)?;
        let number = u32::try_from(index).map_err(|_| FrameError::Table { index, tables: index })?;
        self.frame(FrameKind::Table, &number.to_be_bytes());
        Ok(())
    }

    /// Adds a row to an `R` frame: a tuple as Postgres sent it.
    ///
    /// # Errors
    ///
    /// Where there was no table, the tuple has another number of fields than the table has columns, or is longer than
    /// a frame may be.
    pub fn row(&mut self, tuple: &[u8]) -> Result<(), FrameError> {
        self.tuple(FrameKind::Rows, tuple)
    }

    /// Adds the key of a deleted row to a `D` frame: a tuple as Postgres sent it.
    ///
    /// # Errors
    ///
    /// As [`row`](Self::row).
    pub fn delete(&mut self, tuple: &[u8]) -> Result<(), FrameError> {
        self.tuple(FrameKind::Deletes, tuple)
    }

    /// Writes a `P` frame.
    ///
    /// # Errors
    ///
    /// Before the header and after the end.
    pub fn progress(&mut self, progress: &Progress) -> Result<(), FrameError> {
        self.order.check(FrameKind::Progress)?;
        let payload = self.json(FrameKind::Progress, progress)?;
        self.frame(FrameKind::Progress, &payload);
        Ok(())
    }

    /// Writes the `E` frame, last.
    ///
    /// # Errors
    ///
    /// Before the header and after the end.
    pub fn end(&mut self, end: &End) -> Result<(), FrameError> {
        self.order.check(FrameKind::End)?;
        let payload = self.json(FrameKind::End, end)?;
        self.frame(FrameKind::End, &payload);
        self.order.ended(Ending::End);
        Ok(())
    }

    /// Writes an `X` frame, last: the server failed, and what was sent is worth nothing.
    ///
    /// # Errors
    ///
    /// Before the header and after the end.
    pub fn error(&mut self, error: &ErrorBody) -> Result<(), FrameError> {
        self.order.check(FrameKind::Error)?;
        let payload = self.json(FrameKind::Error, error)?;
        self.frame(FrameKind::Error, &payload);
        self.order.ended(Ending::Error);
        Ok(())
    }

    /// How many bytes [`take`](Self::take) would hand out.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Whether [`take`](Self::take) would hand out nothing.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Hands out what was written, as whole frames.
    pub fn take(&mut self) -> Vec<u8> {
        self.close();
        std::mem::take(&mut self.body)
    }

    fn tuple(&mut self, kind: FrameKind, tuple: &[u8]) -> Result<(), FrameError> {
        self.order.check(kind)?;
        let expected = self.order.current().map_or(0, |(_, shape)| match kind {
            FrameKind::Rows => shape.columns,
            _ => shape.key,
        });
        let found = tuple.first_chunk().map(|count| i16::from_be_bytes(*count));
        if found.and_then(|found| usize::try_from(found).ok()) != Some(expected) {
            let message = format_args!("a tuple does not begin with its {expected} fields");
            return Err(FrameError::payload(kind, message));
        }
        let limit = self.limits.of(kind);
        if tuple.len() > limit {
            return Err(FrameError::TooLong { kind, length: tuple.len(), limit });
        }
        let fits = self.open.is_some_and(|(open, start)| {
            open == kind && self.body.len() - start - HEAD + tuple.len() <= self.target.min(limit)
        });
        if !fits {
            self.close();
            self.open = Some((kind, self.body.len()));
            self.body.extend_from_slice(&[kind.byte(), 0, 0, 0, 0]);
        }
        self.body.extend_from_slice(tuple);
        Ok(())
    }

    /// Writes the length of the frame of tuples.
    fn close(&mut self) {
        let Some((_, start)) = self.open.take() else { return };
        let length = length(self.body.len() - start - HEAD);
        self.body[start + 1..start + HEAD].copy_from_slice(&length);
    }

    fn json(&self, kind: FrameKind, payload: &impl Serialize) -> Result<Vec<u8>, FrameError> {
        let payload = serde_json::to_vec(payload).map_err(|error| FrameError::payload(kind, error))?;
        let limit = self.limits.of(kind);
        if payload.len() > limit {
            return Err(FrameError::TooLong { kind, length: payload.len(), limit });
        }
        Ok(payload)
    }

    fn frame(&mut self, kind: FrameKind, payload: &[u8]) {
        self.close();
        self.body.push(kind.byte());
        self.body.extend_from_slice(&length(payload.len()));
        self.body.extend_from_slice(payload);
    }
}

/// Of a payload that is within the limits, which are within `u32`.
fn length(payload: usize) -> [u8; 4] {
    u32::try_from(payload).unwrap_or(u32::MAX).to_be_bytes()
}
