//! A body of frames, part by part: first it is received, then it is written.
//!
//! Nothing is locked while bytes come, however slowly: they go to memory, and beyond that to a temporary file. A part is
//! written once all of it is there, so that nothing stays of one that breaks off.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Seek as _, SeekFrom, Write as _};

use tempfile::SpooledTempFile;

use super::SyncError;
use crate::Value;
use crate::client::StoreError;
use crate::client::store::{Apply, Load};
use crate::protocol::frame::{Ending, Frame, FrameReader};
use crate::protocol::{Counts, End, Header, Layout, LayoutError, Mode, Progress};
use crate::schema::{ColumnDefault, Schema};

/// What is kept in memory of a part, in bytes; beyond that it is in a file.
const MEMORY: usize = 8 << 20;

/// What is read at once, in bytes.
const READ: usize = 128 << 10;

/// A body that is being received.
pub(super) struct Incoming {
    body: Box<dyn Read + Send>,
    schema: &'static Schema,
    /// Whether it is written in parts; otherwise as one.
    in_parts: bool,
    /// Looks at frames as they come.
    scan: FrameReader,
    /// Reads them once a part is there.
    read: FrameReader,
    /// What is kept in memory of a part, in bytes.
    memory: usize,
    spool: SpooledTempFile,
    header: Option<Header>,
    tables: Vec<Option<Reading>>,
    counts: BTreeMap<String, Counts>,
    buffer: Vec<u8>,
}

/// How the tuples of a table are read.
struct Reading {
    layout: Layout,
    /// The table's place in the schema.
    table: usize,
    /// For places in the table, where they stand among its synced columns.
    positions: Vec<usize>,
    width: usize,
}

/// Where a part ends.
#[derive(Debug)]
pub(super) enum Part {
    /// There is more, and a place to go on from.
    Progress(Progress),
    /// The body is whole.
    End(End),
}

/// Where rows go.
pub(super) trait Sink {
    /// A row.
    fn row(&mut self, table: usize, row: &[Value<'_>]) -> Result<(), SyncError>;
    /// The key of a row that is gone.
    fn delete(&mut self, table: usize, key: &[Value<'_>]) -> Result<(), SyncError>;
}

impl Sink for Apply<'_> {
    fn row(&mut self, table: usize, row: &[Value<'_>]) -> Result<(), SyncError> {
        Ok(self.upsert(table, row)?)
    }

    fn delete(&mut self, table: usize, key: &[Value<'_>]) -> Result<(), SyncError> {
        Ok(Apply::delete(self, table, key)?)
    }
}

impl Sink for Load<'_> {
    fn row(&mut self, table: usize, row: &[Value<'_>]) -> Result<(), SyncError> {
        Ok(Load::row(self, table, row)?)
    }

    fn delete(&mut self, _: usize, _: &[Value<'_>]) -> Result<(), SyncError> {
        Err(SyncError::Malformed { what: "a snapshot deletes rows".to_owned() })
    }
}

impl Incoming {
    /// Where `in_memory` is set, nothing goes to a temporary file.
    pub(super) fn new(
        body: Box<dyn Read + Send>,
        schema: &'static Schema,
        in_parts: bool,
        in_memory: bool,
    ) -> Self {
        let memory = if in_memory { usize::MAX } else { MEMORY };
        Self {
            body,
            schema,
            in_parts,
            scan: FrameReader::default(),
            read: FrameReader::default(),
            memory,
            spool: SpooledTempFile::new(memory),
            header: None,
            tables: Vec::new(),
            counts: BTreeMap::new(),
            buffer: vec![0; READ],
        }
    }

    /// What the header says, once a part is there.
    pub(super) const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Receives a part. `tick` is called again and again, and ends it by an error.
    ///
    /// # Errors
    ///
    /// Where the body breaks off, is malformed, or ends with the server's error.
    pub(super) fn receive(
        &mut self,
        tick: &mut dyn FnMut() -> Result<(), SyncError>,
    ) -> Result<Part, SyncError> {
        loop {
            match self.scan.next_frame()? {
                Some(Frame::Progress(progress)) if self.in_parts => return Ok(Part::Progress(progress)),
                Some(Frame::End(end)) => return self.last(end),
                Some(Frame::Error(error)) => return Err(error.into()),
                Some(Frame::Header(header)) => {
                    self.tables = readings(self.schema, &header)?;
                    self.header = Some(header);
                }
                Some(Frame::Table(_) | Frame::Rows { .. } | Frame::Deletes { .. } | Frame::Progress(_)) => {}
                None => {
                    tick()?;
                    let count = self.more()?;
                    if count == 0 {
                        self.scan.finish()?;
                    }
                }
            }
        }
    }

    /// The last frame was there: nothing may follow.
    fn last(&mut self, end: End) -> Result<Part, SyncError> {
        while self.more()? > 0 {
            self.scan.next_frame()?;
        }
        match self.scan.finish()? {
            Ending::End => Ok(Part::End(end)),
            Ending::Error => Err(SyncError::Malformed { what: "a body with two ends".to_owned() }),
        }
    }

    /// Takes the next bytes; 0 at the end.
    fn more(&mut self) -> Result<usize, SyncError> {
        let count = loop {
            match self.body.read(&mut self.buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::InvalidData => return Err(malformed(&error)),
                Err(error) => {
                    return Err(SyncError::Offline { what: format!("the answer broke off: {error}") });
                }
            }
        };
        let bytes = &self.buffer[..count];
        self.scan.feed(bytes);
        self.spool.write_all(bytes).map_err(|error| disk(&error))?;
        Ok(count)
    }

    /// Writes the part that was received.
    ///
    /// # Errors
    ///
    /// Where rows are malformed, and what the file says.
    pub(super) fn write(&mut self, sink: &mut dyn Sink) -> Result<(), SyncError> {
        self.spool.seek(SeekFrom::Start(0)).map_err(|error| disk(&error))?;
        let mut ended = None;
        while ended.is_none() {
            match self.read.next_frame()? {
                Some(Frame::Rows { table, tuples }) => {
                    let Some(of) = &self.tables[table] else { continue };
                    let count = count(&mut self.counts, of);
                    for tuple in tuples {
                        let tuple = tuple.map_err(|error| malformed(&error))?;
                        let mut row = vec![Value::Null; of.width];
                        for value in of.layout.row(tuple) {
                            let (place, value) = value?;
                            row[of.positions[place]] = value;
                        }
                        sink.row(of.table, &row)?;
                        count.rows += 1;
                    }
                }
                Some(Frame::Deletes { table, tuples }) => {
                    let Some(of) = &self.tables[table] else { continue };
                    let count = count(&mut self.counts, of);
                    for tuple in tuples {
                        let tuple = tuple.map_err(|error| malformed(&error))?;
                        let key = of.layout.key(tuple).map(|value| value.map(|(_, value)| value));
                        sink.delete(of.table, &key.collect::<Result<Vec<_>, _>>()?)?;
                        count.deletes += 1;
                    }
                }
                Some(Frame::Progress(_)) if self.in_parts => ended = Some(None),
                Some(Frame::End(end)) => ended = Some(Some(end)),
                Some(Frame::Header(_) | Frame::Table(_) | Frame::Error(_) | Frame::Progress(_)) => {}
                None => {
                    let read = self.spool.read(&mut self.buffer).map_err(|error| disk(&error))?;
                    if read == 0 {
                        let what = "a part of the answer was lost on this device".to_owned();
                        return Err(SyncError::Malformed { what });
                    }
                    self.read.feed(&self.buffer[..read]);
                }
            }
        }
        if let Some(Some(end)) = ended {
            self.check_counts(&end)?;
        }
        // What came behind this part belongs to the next one.
        loop {
            let read = self.spool.read(&mut self.buffer).map_err(|error| disk(&error))?;
            if read == 0 {
                break;
            }
            self.read.feed(&self.buffer[..read]);
        }
        self.spool = SpooledTempFile::new(self.memory);
        Ok(())
    }

    fn check_counts(&self, end: &End) -> Result<(), SyncError> {
        for (table, said) in &end.counts {
            let found = self.counts.get(table).copied().unwrap_or_default();
            if self.schema.table(table).is_some() && found != *said {
                let what = format!(
                    "{table}: {} rows and {} keys came, where {} and {} were sent",
                    found.rows, found.deletes, said.rows, said.deletes
                );
                return Err(SyncError::Malformed { what });
            }
        }
        Ok(())
    }

    /// Whether the body is what was asked for.
    ///
    /// # Errors
    ///
    /// Where it is of another schema or of another kind.
    pub(super) fn expect(&self, modes: &[Mode]) -> Result<(), SyncError> {
        let Some(header) = &self.header else { return Ok(()) };
        if header.schema_hash != self.schema.hash {
            let what = format!(
                "rows of schema {}, where those of {} were asked for",
                header.schema_hash, self.schema.hash
            );
            return Err(SyncError::Malformed { what });
        }
        if !modes.contains(&header.mode) {
            return Err(SyncError::Malformed { what: format!("a body of the kind {}", header.mode) });
        }
        Ok(())
    }
}

fn count<'c>(counts: &'c mut BTreeMap<String, Counts>, of: &Reading) -> &'c mut Counts {
    counts.entry(of.layout.table().name.to_owned()).or_default()
}

/// How each table of a body is read; none for those that this schema does not have.
fn readings(schema: &'static Schema, header: &Header) -> Result<Vec<Option<Reading>>, SyncError> {
    let mut readings = Vec::with_capacity(header.tables.len());
    for of in &header.tables {
        let layout = match Layout::of(schema, of) {
            Ok(layout) => layout,
            Err(LayoutError::UnknownTable { .. }) => {
                readings.push(None);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let table = layout.table();
        let place = schema.tables.iter().position(|known| known.name == table.name);
        let (mut positions, mut width) = (Vec::with_capacity(table.columns.len()), 0);
        for column in table.columns {
            positions.push(width);
            width += usize::from(column.default != ColumnDefault::Local);
        }
        readings.push(place.map(|table| Reading { layout, table, positions, width }));
    }
    Ok(readings)
}

fn malformed(error: &dyn std::fmt::Display) -> SyncError {
    SyncError::Malformed { what: error.to_string() }
}

fn disk(error: &std::io::Error) -> SyncError {
    StoreError::State { what: format!("a temporary file for what the server sends: {error}") }.into()
}
