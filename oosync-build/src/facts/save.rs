//! The canonical text of facts, and writing it.

use std::io;
use std::path::Path;

use serde::Serialize as _;
use serde_json::ser::Formatter;

use super::Facts;
use crate::files::{self, Written};

impl Facts {
    /// The canonical file: UTF-8, fixed key order, one column, key or label per line, newline at the end.
    ///
    /// Git merges two branches that touch different lines; see the crate's tests for the shape.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::with_capacity(64 * 1024);
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, OneItemPerLine::default());
        // Facts hold only strings, integers and booleans, and a Vec takes every write.
        if let Err(error) = self.serialize(&mut serializer) {
            unreachable!("facts cannot fail to serialize: {error}");
        }
        bytes.push(b'\n');
        match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => unreachable!("serde_json writes UTF-8: {error}"),
        }
    }

    /// Writes the file, unless it already holds just this.
    ///
    /// The new content is written beside the old file and renamed over it: whoever reads, or is interrupted,
    /// finds either the old facts or the new ones, whole.
    ///
    /// # Errors
    ///
    /// What the file system says; the old file stays as it was.
    pub fn save(&self, path: &Path) -> io::Result<Written> {
        files::write_if_changed(path, self.to_json().as_bytes())
    }
}

/// Breaks lines down to the items of a table's lists and writes each item on one line.
///
/// Depth 1 is the file, 2 its lists, 3 a table or type, 4 that object's lists; what is deeper is one item.
#[derive(Default)]
struct OneItemPerLine {
    depth: usize,
    has_value: bool,
}

impl OneItemPerLine {
    const DEEPEST_BROKEN: usize = 4;

    fn open<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        let breaks = self.depth <= Self::DEEPEST_BROKEN && self.has_value;
        self.depth -= 1;
        self.has_value = true;
        if breaks {
            self.new_line(writer)?;
        }
        writer.write_all(bracket)
    }

    fn separate<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        match (first, self.depth <= Self::DEEPEST_BROKEN) {
            (true, true) => self.new_line(writer),
            (true, false) => Ok(()),
            (false, true) => {
                writer.write_all(b",")?;
                self.new_line(writer)
            }
            (false, false) => writer.write_all(b", "),
        }
    }

    fn new_line<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for OneItemPerLine {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}
