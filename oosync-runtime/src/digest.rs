//! Digests of rows, the same on the device and on the server: see [`protocol::Digest`](crate::protocol::Digest).
//!
//! A row is written down as its values that are not null, sorted by the names of their columns: so a column that one side
//! does not have is one that is null. Each value has its name, its kind and itself, each with its length before it.

use ring::digest::{SHA256, digest};

use crate::Value;
use crate::protocol::{KeyDigest, Sum};

/// Digests the rows of a table.
pub(crate) struct Digester {
    /// Names of columns with their places in a row, sorted by name.
    columns: Vec<(&'static str, usize)>,
    /// Those of the key.
    key: Vec<(&'static str, usize)>,
    buffer: Vec<u8>,
}

/// The digests of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowDigest {
    pub(crate) key: KeyDigest,
    pub(crate) row: u128,
}

/// The sums of the ranges of a table.
#[derive(Debug)]
pub(crate) struct Sums {
    bits: u8,
    pub(crate) rows: u64,
    sums: Vec<u128>,
}

impl Digester {
    /// For rows that have these columns in this order; each with whether it belongs to the key.
    pub(crate) fn new(columns: impl Iterator<Item = (&'static str, bool)>) -> Self {
        let mut all: Vec<(&'static str, usize)> = Vec::new();
        let mut key = Vec::new();
        for (place, (name, in_key)) in columns.enumerate() {
            all.push((name, place));
            if in_key {
                key.push((name, place));
            }
        }
        all.sort_unstable();
        key.sort_unstable();
        Self { columns: all, key, buffer: Vec::new() }
    }

    /// Of a whole row.
    pub(crate) fn row(&mut self, row: &[Value<'_>]) -> RowDigest {
        let key = self.key(row);
        RowDigest { key, row: of(&self.columns, row, &mut self.buffer) }
    }

    /// Of the key in a row of which nothing else need be there.
    pub(crate) fn key(&mut self, row: &[Value<'_>]) -> KeyDigest {
        KeyDigest::new(of(&self.key, row, &mut self.buffer))
    }
}

fn of(columns: &[(&'static str, usize)], row: &[Value<'_>], buffer: &mut Vec<u8>) -> u128 {
    buffer.clear();
    let mut put = |bytes: &[u8]| {
        buffer.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        buffer.extend_from_slice(bytes);
    };
    for (name, place) in columns {
        let (kind, number);
        let bytes = match &row[*place] {
            Value::Null => continue,
            Value::Integer(value) => {
                (kind, number) = (b'i', value.to_be_bytes());
                &number[..]
            }
            Value::Real(value) => {
                (kind, number) = (b'r', value.to_bits().to_be_bytes());
                &number[..]
            }
            Value::Text(text) => {
                kind = b't';
                text.as_bytes()
            }
            Value::Blob(bytes) => {
                kind = b'b';
                &bytes[..]
            }
        };
        put(name.as_bytes());
        put(&[kind]);
        put(bytes);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&digest(&SHA256, buffer).as_ref()[..16]);
    u128::from_be_bytes(half)
}

impl Sums {
    /// Nothing, in `2^bits` ranges.
    pub(crate) fn new(bits: u8) -> Self {
        Self { bits, rows: 0, sums: vec![0; 1 << bits] }
    }

    pub(crate) fn add(&mut self, digest: RowDigest) {
        self.rows += 1;
        let sum = &mut self.sums[digest.key.range(self.bits) as usize];
        *sum = sum.wrapping_add(digest.row);
    }

    pub(crate) fn ranges(&self) -> impl Iterator<Item = Sum> {
        self.sums.iter().copied().map(Sum::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digester() -> Digester {
        Digester::new([("b", false), ("id", true), ("a", false)].into_iter())
    }

    fn text(text: &str) -> Value<'_> {
        Value::Text(text.into())
    }

    #[test]
    fn every_value_counts_and_so_does_its_kind_and_column() {
        let rows = [
            [Value::Null, Value::Integer(1), Value::Null],
            [text(""), Value::Integer(1), Value::Null],
            [Value::Null, Value::Integer(1), text("")],
            [Value::Blob(b"".into()), Value::Integer(1), Value::Null],
            [text("x"), Value::Integer(1), Value::Null],
            [text("x"), Value::Integer(1), text("x")],
            [Value::Integer(0), Value::Integer(1), Value::Null],
            [Value::Real(0.0), Value::Integer(1), Value::Null],
            [Value::Real(-0.0), Value::Integer(1), Value::Null],
            [Value::Null, Value::Integer(2), Value::Null],
        ];
        let mut digests: Vec<u128> = rows.iter().map(|row| digester().row(row).row).collect();
        let keys: Vec<KeyDigest> = rows.iter().map(|row| digester().row(row).key).collect();
        assert!(keys[..9].iter().all(|key| *key == keys[0]) && keys[9] != keys[0]);
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), rows.len());
    }

    #[test]
    fn the_order_of_columns_and_rows_does_not_count_and_a_missing_column_is_a_null() {
        let mut other = Digester::new([("id", true), ("c", false), ("a", false)].into_iter());
        let left = digester().row(&[Value::Null, Value::Integer(7), text("x")]);
        let right = other.row(&[Value::Integer(7), Value::Null, text("x")]);
        assert_eq!(left, right);
        let another = digester().row(&[text("b"), Value::Integer(8), Value::Null]);
        let (mut forth, mut back) = (Sums::new(3), Sums::new(3));
        forth.add(left);
        forth.add(another);
        back.add(another);
        back.add(left);
        assert!(forth.ranges().eq(back.ranges()) && forth.rows == 2);
        back.add(left);
        assert!(!forth.ranges().eq(back.ranges()), "a row twice is not a row once");
    }

    #[test]
    fn ranges_are_the_first_bits_of_a_digest() {
        let key = KeyDigest::new(0xF123_4567_89AB_CDEF_0123_4567_89AB_CDEF);
        assert_eq!((key.range(0), key.range(1), key.range(4), key.range(14)), (0, 1, 15, 0x3C48));
    }
}
