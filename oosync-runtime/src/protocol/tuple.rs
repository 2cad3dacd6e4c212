//! Rows as Postgres writes them in `COPY … (FORMAT binary)`, one after the other.
//!
//! A tuple is the number of its fields (`i16`), and of each field the length (`i32`, -1 is null) and so many bytes;
//! integers are big-endian. The header and the trailer of a file are not part of it. See *Binary Format* in
//! <https://www.postgresql.org/docs/current/sql-copy.html>.

use thiserror::Error;

/// A field's bytes, or none for null.
pub type Field<'a> = Option<&'a [u8]>;

/// Why bytes are not tuples.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TupleError {
    /// The bytes end inside of a tuple.
    #[error("the bytes end inside of a tuple")]
    Truncated,
    /// There are more or fewer fields than columns.
    #[error("a tuple has {found} fields, where there are {expected} columns")]
    Fields {
        /// What the tuple says; it may be negative.
        found: i64,
        /// The number of columns.
        expected: usize,
    },
    /// A length that is neither -1 nor a length.
    #[error("field {field} of a tuple has the length {length}")]
    Length {
        /// The field, from 0.
        field: usize,
        /// What the tuple says.
        length: i64,
    },
}

/// Tuples that follow each other. It ends after the first error.
#[derive(Debug, Clone)]
pub struct Tuples<'a> {
    rest: &'a [u8],
    fields: usize,
}

impl<'a> Tuples<'a> {
    /// Tuples of so many fields each.
    pub const fn new(bytes: &'a [u8], fields: usize) -> Self {
        Self { rest: bytes, fields }
    }

    /// Where the first tuple ends.
    fn split(&self) -> Result<(Tuple<'a>, &'a [u8]), TupleError> {
        let (count, mut rest) = self.rest.split_first_chunk().ok_or(TupleError::Truncated)?;
        let count = i16::from_be_bytes(*count);
        if usize::try_from(count) != Ok(self.fields) {
            return Err(TupleError::Fields { found: count.into(), expected: self.fields });
        }
        for field in 0..self.fields {
            (_, rest) = take_field(field, rest)?;
        }
        let (tuple, rest) = self.rest.split_at(self.rest.len() - rest.len());
        Ok((Tuple { bytes: tuple, fields: self.fields }, rest))
    }
}

impl<'a> Iterator for Tuples<'a> {
    type Item = Result<Tuple<'a>, TupleError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let split = self.split();
        self.rest = split.as_ref().map_or(&[], |(_, rest)| rest);
        Some(split.map(|(tuple, _)| tuple))
    }
}

impl std::iter::FusedIterator for Tuples<'_> {}

/// One row, known to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuple<'a> {
    bytes: &'a [u8],
    fields: usize,
}

impl<'a> Tuple<'a> {
    /// All of its bytes.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its fields, in the order of the columns.
    pub const fn fields(&self) -> Fields<'a> {
        // The number of fields has two bytes, and was read.
        let (_, rest) = self.bytes.split_at(size_of::<i16>());
        Fields { rest, next: 0, count: self.fields }
    }
}

/// The fields of a [`Tuple`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
    next: usize,
    count: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        if self.next == self.count {
            return None;
        }
        // Of a tuple that was read as a whole.
        let (field, rest) = take_field(self.next, self.rest).ok()?;
        self.next += 1;
        self.rest = rest;
        Some(field)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.count - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

fn take_field(field: usize, bytes: &[u8]) -> Result<(Field<'_>, &[u8]), TupleError> {
    let (length, rest) = bytes.split_first_chunk().ok_or(TupleError::Truncated)?;
    match i32::from_be_bytes(*length) {
        -1 => Ok((None, rest)),
        length => {
            let bytes = usize::try_from(length);
            let bytes = bytes.map_err(|_| TupleError::Length { field, length: length.into() })?;
            let (bytes, rest) = rest.split_at_checked(bytes).ok_or(TupleError::Truncated)?;
            Ok((Some(bytes), rest))
        }
    }
}

/// Appends a tuple.
///
/// # Errors
///
/// Where there are more than 32,767 fields, or a field is of 2 GiB and more; nothing is appended then.
pub fn write<'f>(
    fields: impl ExactSizeIterator<Item = Field<'f>>,
    bytes: &mut Vec<u8>,
) -> Result<(), TupleError> {
    let start = bytes.len();
    let count = i16::try_from(fields.len());
    let count = count.map_err(|_| TupleError::Fields {
        found: i64::try_from(fields.len()).unwrap_or(i64::MAX),
        expected: i16::MAX as usize,
    })?;
    bytes.extend_from_slice(&count.to_be_bytes());
    for (place, field) in fields.enumerate() {
        let Some(field) = field else {
            bytes.extend_from_slice(&(-1_i32).to_be_bytes());
            continue;
        };
        let Ok(length) = i32::try_from(field.len()) else {
            bytes.truncate(start);
            let length = i64::try_from(field.len()).unwrap_or(i64::MAX);
            return Err(TupleError::Length { field: place, length });
        };
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(field);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn tuples(rows: &[Vec<Option<Vec<u8>>>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for row in rows {
            write(row.iter().map(Option::as_deref), &mut bytes).unwrap();
        }
        bytes
    }

    #[test]
    fn a_tuple_is_what_postgres_writes() {
        let bytes = tuples(&[vec![Some(vec![0, 0, 0, 7]), None, Some(Vec::new())]]);
        assert_eq!(bytes, b"\0\x03\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff\0\0\0\0");
    }

    #[test]
    fn what_is_malformed_is_told_and_ends_the_list() {
        let one = |bytes, fields| {
            let mut tuples = Tuples::new(bytes, fields);
            let error = tuples.next().unwrap().unwrap_err();
            assert!(tuples.next().is_none());
            error
        };
        assert_eq!(one(b"\0", 0), TupleError::Truncated);
        assert_eq!(one(b"\0\x01\0\0\0", 1), TupleError::Truncated);
        assert_eq!(one(b"\0\x01\x7f\xff\xff\xffabc", 1), TupleError::Truncated);
        assert_eq!(one(b"\0\x01\xff\xff\xff\xff", 2), TupleError::Fields { found: 1, expected: 2 });
        // The trailer of a file.
        assert_eq!(one(b"\xff\xff", 2), TupleError::Fields { found: -1, expected: 2 });
        assert_eq!(one(b"\0\x01\xff\xff\xff\xfe", 1), TupleError::Length { field: 0, length: -2 });
    }

    #[test]
    fn a_tuple_has_at_most_32767_fields() {
        let mut bytes = Vec::new();
        assert!(write(std::iter::repeat_n(None, 32_767), &mut bytes).is_ok());
        let before = bytes.len();
        assert!(write(std::iter::repeat_n(None, 32_768), &mut bytes).is_err());
        assert_eq!(bytes.len(), before);
        assert_eq!(Tuples::new(&bytes, 32_767).next().unwrap().unwrap().fields().len(), 32_767);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(fields in 0..5_usize, rows in 0..6_usize, seed in vec(any::<Option<Vec<u8>>>(), 30)) {
            let rows: Vec<Vec<Option<Vec<u8>>>> =
                (0..rows).map(|row| seed[row * 5..row * 5 + fields].to_vec()).collect();
            let bytes = tuples(&rows);
            let read: Vec<Tuple<'_>> = Tuples::new(&bytes, fields).collect::<Result<_, _>>()?;
            let fields: Vec<Vec<Option<Vec<u8>>>> =
                read.iter().map(|tuple| tuple.fields().map(|field| field.map(<[u8]>::to_vec)).collect()).collect();
            prop_assert_eq!(fields, rows);
            prop_assert_eq!(read.iter().map(Tuple::as_bytes).collect::<Vec<_>>().concat(), bytes);
        }

        #[test]
        fn no_bytes_make_reading_panic(
            bytes in vec(prop_oneof![Just(0), Just(1), Just(255), any::<u8>()], 0..64),
            fields in 0..4_usize,
        ) {
            for tuple in Tuples::new(&bytes, fields).flatten() {
                prop_assert_eq!(tuple.fields().count(), fields);
            }
        }
    }
}
