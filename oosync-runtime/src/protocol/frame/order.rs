//! Which frame may follow which.

use super::{FrameError, FrameKind};
use crate::protocol::{Header, PROTOCOL_VERSION};

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// With `E`: it is whole.
    End,
    /// With `X`: the server failed, and said so.
    Error,
}

/// How many fields the tuples of a table have.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    pub(super) columns: usize,
    pub(super) key: usize,
}

/// Where in a body we are.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// One for each table of the header; none before the header.
    tables: Option<Vec<Shape>>,
    /// The table of the last `T`.
    table: Option<usize>,
    ending: Option<Ending>,
}

impl Order {
    /// Whether a frame of this kind may come now.
    pub(super) fn check(&self, kind: FrameKind) -> Result<(), FrameError> {
        let place = |expected| Err(FrameError::Place { kind, expected });
        match (kind, &self.tables, self.table) {
            _ if self.ending.is_some() => Err(FrameError::AfterEnd),
            (FrameKind::Header, None, _) => Ok(()),
            (FrameKind::Header, Some(_), _) => place("no second header"),
            (_, None, _) => place("the header"),
            (FrameKind::Rows | FrameKind::Deletes, _, None) => place("a table"),
            _ => Ok(()),
        }
    }

    /// After the header.
    pub(super) fn header(&mut self, header: &Header) -> Result<(), FrameError> {
        if header.protocol != PROTOCOL_VERSION {
            return Err(FrameError::Protocol { found: header.protocol });
        }
        let shapes = header.tables.iter();
        let shapes = shapes.map(|table| Shape { columns: table.columns.len(), key: table.key.len() });
        self.tables = Some(shapes.collect());
        Ok(())
    }

    /// After a `T`.
    pub(super) fn table(&mut self, index: usize) -> Result<(), FrameError> {
        let tables = self.tables.as_ref().map_or(0, Vec::len);
        if index >= tables {
            return Err(FrameError::Table { index, tables });
        }
        self.table = Some(index);
        Ok(())
    }

    /// After an `E` or `X`.
    pub(super) fn ended(&mut self, ending: Ending) {
        self.ending = Some(ending);
    }

    /// The table that tuples are of now.
    pub(super) fn current(&self) -> Option<(usize, Shape)> {
        let index = self.table?;
        Some((index, *self.tables.as_ref()?.get(index)?))
    }

    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending
    }
}
