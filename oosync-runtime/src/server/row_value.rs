//! Rows that come as one value each, of all their columns in the form of a binary `COPY`.
//!
//! A query needs one way to Postgres where a `COPY` needs two, and has parameters. tokio-postgres, though, would ask what
//! types of the database's own are while it is sent the rest of a large result, and neither would come to an end: a
//! `bytea` it knows.

use super::Error;
use crate::protocol::tuple::{self, Field};

/// An expression for these columns as one value.
pub(super) fn of(columns: &str) -> String {
    format!("pg_catalog.record_send(row({columns}))")
}

/// The columns of such a value.
pub(super) fn fields(value: &[u8]) -> Result<impl Iterator<Item = Result<Field<'_>, Error>>, Error> {
    let (count, mut rest) = value.split_first_chunk().ok_or_else(cut_off)?;
    let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| cut_off())?;
    Ok((0..count).map(move |_| field(&mut rest).ok_or_else(cut_off)))
}

/// Appends such a value as a tuple.
pub(super) fn write_tuple(value: &[u8], tuple: &mut Vec<u8>) -> Result<(), Error> {
    let fields: Vec<Field<'_>> = fields(value)?.collect::<Result<_, _>>()?;
    tuple::write(fields.into_iter(), tuple).map_err(|error| Error::internal(error.to_string()))
}

/// The next column: its type, its length, its bytes; none where it is cut off.
fn field<'r>(rest: &mut &'r [u8]) -> Option<Field<'r>> {
    let (_, after) = rest.split_first_chunk::<4>()?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
        *rest = after;
        return Some(None);
    };
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(Some(bytes))
}

fn cut_off() -> Error {
    Error::internal("Postgres sent a row that is cut off")
}
