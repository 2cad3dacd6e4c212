//! How much a reply in JSON may hold.

use serde::{Deserialize, Deserializer, Serialize, de};

/// How many rows and keys a JSON reply holds at most: 1 to 1,000, or 100 where a request does not say.
///
/// Replies in frames have no such limit: they are read as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PageLimit(u32);

impl PageLimit {
    /// The largest.
    pub const MAX: Self = Self(1_000);

    /// None for 0, and above [`MAX`](Self::MAX).
    pub const fn new(rows: u32) -> Option<Self> {
        if 1 <= rows && rows <= Self::MAX.0 { Some(Self(rows)) } else { None }
    }

    /// The number of rows and keys.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(100)
    }
}

impl<'de> Deserialize<'de> for PageLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = u32::deserialize(deserializer)?;
        let message = || de::Error::custom(format_args!("a limit is 1 to {}, not {rows}", Self::MAX.0));
        Self::new(rows).ok_or_else(message)
    }
}
