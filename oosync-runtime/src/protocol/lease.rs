//! Numbers for keys that a device may give out by itself.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Numbers of a sequence that a device asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseRequest {
    /// The table.
    pub table: String,
    /// The column whose default takes from a sequence.
    pub column: String,
    /// How many; a server may give fewer, see [`Limits`](super::Limits).
    pub count: NonZeroU32,
}

/// Numbers that are this client's for ever: no other client and no insert on the server gets them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The numbers, in the order in which to use them; several ranges where others took numbers at the same time.
    pub ranges: Vec<IdRange>,
}

/// Every number from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct IdRange {
    first: i64,
    last: i64,
}

impl IdRange {
    /// From `first` to `last`; none where `last` is the smaller one.
    pub const fn new(first: i64, last: i64) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// The first number.
    pub const fn first(self) -> i64 {
        self.first
    }

    /// The last number.
    pub const fn last(self) -> i64 {
        self.last
    }

    /// How many numbers there are: at least one.
    pub const fn count(self) -> u128 {
        self.last.abs_diff(self.first) as u128 + 1
    }
}

impl<'de> Deserialize<'de> for IdRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Ends {
            first: i64,
            last: i64,
        }

        let Ends { first, last } = Ends::deserialize(deserializer)?;
        Self::new(first, last)
            .ok_or_else(|| de::Error::custom(format_args!("{first} to {last} holds no number")))
    }
}
