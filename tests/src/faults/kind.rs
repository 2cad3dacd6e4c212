//! What can go wrong.

use std::fmt;
use std::str::FromStr;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What can go wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All of them, in the order in which they are tried alone.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name on the command line.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// A device's connections are closed, and for a while there are no new ones.
    Disconnect = "disconnect",
    /// A device's process is killed at any moment.
    Kill = "kill",
    /// It is killed while rows come.
    KillInApply = "kill-in-apply",
    /// It is killed while a push leaves it.
    KillInUpload = "kill-in-upload",
    /// It is killed when the server has committed its push and nothing of the answer has come.
    KillBeforeAnswer = "kill-before-answer",
    /// The answer to a push is lost; the device lives.
    AnswerLost = "answer-lost",
    /// What the server sends vanishes.
    Inbound = "inbound",
    /// What the device sends vanishes.
    Outbound = "outbound",
    /// Nothing passes, and nobody is told.
    HalfOpen = "half-open",
    /// An answer breaks off at any byte.
    CutAnswer = "cut-answer",
    /// A request breaks off at any byte.
    CutRequest = "cut-request",
    /// A request arrives twice.
    Twice = "twice",
    /// A few bytes at a time.
    Slow = "slow",
    /// A server is killed, and another one started.
    ServerKill = "server-kill",
    /// Devices go from one server to another.
    TwoServers = "two-servers",
    /// Every process of Postgres is killed, and it is started again.
    PostgresKill = "postgres-kill",
    /// The servers' connections to Postgres are ended.
    Terminate = "terminate",
    /// Statements of the servers are cancelled after a short time.
    StatementTimeout = "statement-timeout",
    /// A list is shared and not shared any more.
    Share = "share",
    /// A transaction stays open while many others commit.
    LongWriter = "long-writer",
    /// Ten thousand rows in one transaction.
    Bulk = "bulk",
    /// A table is emptied.
    Truncate = "truncate",
    /// A device's file is replaced by an earlier copy of it.
    Restore = "restore",
    /// A device's file is copied to another device.
    Clone = "clone",
    /// The server's change log is compacted, so that old cursors are worth nothing.
    Compact = "compact",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().copied().find(|kind| kind.as_str() == word);
        known.ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("there is no fault `{word}`; there are {}", all.join(", "))
        })
    }
}
