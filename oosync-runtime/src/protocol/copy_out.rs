//! The messages of a `COPY … TO STDOUT (FORMAT binary)` as tuples, which frames carry as they are.

use thiserror::Error;

use super::tuple::Tuples;

/// What a copy begins with.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Flags that change how everything else is read; the others may be passed over.
const CRITICAL_FLAGS: u32 = 0xffff_0000;

/// The number of fields that ends a copy.
const TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Takes the header and the trailer off a copy. Nothing is copied: Postgres sends whole rows in each `CopyData`
/// message (*COPY Operations* in <https://www.postgresql.org/docs/current/protocol-flow.html>), the header before the
/// first row and the trailer after the last.
#[derive(Debug, Clone)]
pub struct CopyOut {
    columns: usize,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Header,
    Rows,
    Ended,
}

/// Why messages are not those of a copy in binary.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The first message does not begin as a copy in binary does, or in a newer form.
    #[error("the first message is not the beginning of a COPY in binary")]
    Header,
    /// There is a message after the trailer.
    #[error("the COPY goes on after its end")]
    AfterEnd,
    /// The last message was not the trailer.
    #[error("the COPY was cut off")]
    Truncated,
}

impl CopyOut {
    /// Of a query with so many columns.
    pub const fn new(columns: usize) -> Self {
        Self { columns, stage: Stage::Header }
    }

    /// The rows in the next message: one, or none in the last one.
    ///
    /// # Errors
    ///
    /// Where the message cannot come now; of a malformed row, the tuples tell.
    pub fn tuples<'a>(&mut self, message: &'a [u8]) -> Result<Tuples<'a>, CopyError> {
        let mut rest = message;
        match self.stage {
            Stage::Header => {
                rest = header(message).ok_or(CopyError::Header)?;
                self.stage = Stage::Rows;
            }
            Stage::Rows => {}
            Stage::Ended => return Err(CopyError::AfterEnd),
        }
        if rest == TRAILER {
            self.stage = Stage::Ended;
            rest = &[];
        }
        Ok(Tuples::new(rest, self.columns))
    }

    /// Whether all of it came; after the last message.
    ///
    /// # Errors
    ///
    /// Where there was no trailer.
    pub fn finish(&self) -> Result<(), CopyError> {
        if self.stage == Stage::Ended { Ok(()) } else { Err(CopyError::Truncated) }
    }
}

/// What follows the signature, the flags, and an extension with its length.
fn header(message: &[u8]) -> Option<&[u8]> {
    let rest = message.strip_prefix(SIGNATURE)?;
    let (flags, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    if u32::from_be_bytes(*flags) & CRITICAL_FLAGS != 0 {
        return None;
    }
    rest.get(usize::try_from(u32::from_be_bytes(*length)).ok()?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
    const ROW: &[u8] = b"\0\x01\0\0\0\x02ab";

    fn rows(copy: &mut CopyOut, message: &[u8]) -> Result<Vec<Vec<u8>>, CopyError> {
        let tuples = copy.tuples(message)?;
        Ok(tuples.map(|tuple| tuple.unwrap().as_bytes().to_vec()).collect())
    }

    #[test]
    fn the_header_rides_with_the_first_row_or_with_the_trailer() {
        let mut copy = CopyOut::new(1);
        assert_eq!(rows(&mut copy, &[HEADER, ROW].concat()), Ok(vec![ROW.to_vec()]));
        assert_eq!(rows(&mut copy, ROW), Ok(vec![ROW.to_vec()]));
        assert_eq!(copy.finish(), Err(CopyError::Truncated));
        assert_eq!(rows(&mut copy, TRAILER), Ok(Vec::new()));
        assert_eq!(copy.finish(), Ok(()));
        assert_eq!(rows(&mut copy, ROW), Err(CopyError::AfterEnd));

        let mut empty = CopyOut::new(1);
        assert_eq!(empty.finish(), Err(CopyError::Truncated));
        assert_eq!(rows(&mut empty, &[HEADER, TRAILER].concat()), Ok(Vec::new()));
        assert_eq!(empty.finish(), Ok(()));
    }

    #[test]
    fn what_is_no_copy_in_binary_is_refused() {
        let oids = b"PGCOPY\n\xff\r\n\0\0\x01\0\0\0\0\0\0";
        let long = b"PGCOPY\n\xff\r\n\0\0\0\0\0\xff\xff\xff\xff";
        for message in [&b"1\tab\n"[..], b"", &HEADER[..18], oids, long] {
            assert_eq!(CopyOut::new(1).tuples(message).unwrap_err(), CopyError::Header);
        }
        let unknown = b"PGCOPY\n\xff\r\n\0\0\0\0\x01\0\0\0\x02??";
        assert_eq!(rows(&mut CopyOut::new(1), &[unknown, ROW].concat()), Ok(vec![ROW.to_vec()]));
    }
}
