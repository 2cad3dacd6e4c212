//! `POST digest` and `POST ranges`: whether a device has what the server has, and the rows where it has not.
//!
//! Rows are compared without being sent. Each row has a digest, of its values as a device stores them; a row lies in the
//! *range* of its table that the digest of its key falls into, and a range has the sum of its rows' digests. Who knows
//! both sums knows whether the rows are the same, and in which range they are not. Ranges are of digests and not of keys
//! because two databases do not order all keys alike.
//!
//! The server compares the state that the device is at, not the present one: rows that changed since the device's cursor,
//! as the log has it, are left out on both sides. What differs then has changed behind the log.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize, de};
use uuid::Uuid;

use super::RawJson;

/// The most bits of [`Digest::tables`]: 16,384 ranges.
pub const MAX_DIGEST_BITS: u8 = 14;

/// A device asks for the digests of tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The device.
    pub client: Uuid,
    /// The hash of the schema that it was built with.
    pub schema_hash: String,
    /// Where the device is.
    pub cursor: String,
    /// The tables, each with the number of bits of a key's digest that name its range: 0 is one range, 8 are 256.
    pub tables: BTreeMap<String, u8>,
}

/// The answer to [`Digest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// By table, as asked for.
    pub tables: BTreeMap<String, TableDigest>,
}

/// What a table has, but for rows that changed since the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    /// How many rows.
    pub rows: u64,
    /// The sum of each range.
    pub ranges: Vec<Sum>,
    /// The keys that changed since the cursor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<KeyDigest>,
}

/// A device asks for the rows of some ranges of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranges {
    /// The device.
    pub client: Uuid,
    /// The hash of the schema that it was built with.
    pub schema_hash: String,
    /// Where the device is.
    pub cursor: String,
    /// The table.
    pub table: String,
    /// As in [`Digest::tables`].
    pub bits: u8,
    /// The ranges, from 0.
    pub ranges: Vec<u32>,
}

/// The answer to [`Ranges`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeRows {
    /// The ranges that are answered: at least one of those that were asked for, and as many as fit. The others are to be
    /// asked for again.
    pub ranges: Vec<u32>,
    /// All of their rows but those that changed since the cursor. Each is an object that
    /// [`JsonRow`](super::JsonRow) reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RawJson>,
    /// The keys that changed since the cursor, of the whole table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<KeyDigest>,
}

/// The digest of a key: the first half of a SHA-256. In JSON, 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyDigest(Hex);

/// The sum of digests of rows: each the first half of a SHA-256, read as a number. In JSON, 32 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sum(Hex);

#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Hex(u128);

impl KeyDigest {
    /// From what was computed.
    #[cfg(any(feature = "client", feature = "server"))]
    pub(crate) const fn new(digest: u128) -> Self {
        Self(Hex(digest))
    }

    /// The range it falls into, of `2^bits`.
    pub fn range(self, bits: u8) -> u32 {
        // Of 128 bits at most 32 are left, whatever is asked for.
        let bits = u32::from(bits.min(32));
        if bits == 0 { 0 } else { u32::try_from(self.0.0 >> (128 - bits)).unwrap_or(u32::MAX) }
    }
}

impl Sum {
    /// From what was computed.
    #[cfg(any(feature = "client", feature = "server"))]
    pub(crate) const fn new(sum: u128) -> Self {
        Self(Hex(sum))
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = u128::from_str_radix(&text, 16).ok().filter(|_| is_hex);
        value.map(Self).ok_or_else(|| de::Error::custom("a digest has 32 hexadecimal digits"))
    }
}
