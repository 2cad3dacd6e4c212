//! What a cycle did.

use std::time::Duration;

/// What a cycle did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Mutations that the server has as they were sent.
    pub pushed: u64,
    /// Mutations that met a change of somebody else's; the inbox has them.
    pub conflicts: u64,
    /// Mutations that the server refused; the inbox has them.
    pub rejected: u64,
    /// Mutations that the server could not take now; they are sent again.
    pub retried: u64,
    /// When the server wants to see those again, if it said so.
    pub retry_after: Option<Duration>,
    /// Rows that came.
    pub rows: u64,
    /// Keys of rows that are gone.
    pub deleted: u64,
    /// Whether everything was loaded anew.
    pub bootstrapped: bool,
    /// Tables of which all rows were loaded: those that a new version of the app added or changed.
    pub fetched: Vec<String>,
    /// Changes that cannot be sent as they are, each with its table and the reason: a value that is none of its column's
    /// type, a row that is larger than the server takes. They stay, and hold nothing else up.
    pub stuck: Vec<(String, String)>,
}

/// What a cycle is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Loading everything.
    Bootstrap,
    /// Loading what changed.
    Pull,
    /// Sending what was written here.
    Push,
}
