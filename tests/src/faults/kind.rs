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
    /// A new version of the schema and of the app, beside the old ones: database, servers and devices turn to it one after
    /// the other, some devices before the servers, some never; some are killed while they change their file.
    Upgrade = "upgrade",
    /// What has nothing to do with the sync changes in the schema; tables are rewritten.
    Ddl = "ddl",
    /// The data folder of Postgres is replaced by an earlier copy of it, that of a running server or of one that was stopped or
    /// killed.
    PostgresRestore = "postgres-restore",
    /// A device's clock jumps by days.
    Clock = "clock",
    /// The servers' clock jumps by days.
    ServerClock = "server-clock",
    /// A device's connections are closed, and after a few milliseconds there are new ones.
    Blink = "blink",
    /// A device's process is stopped for a while, and goes on.
    Pause = "pause",
    /// A server's process is stopped for a while, and goes on.
    ServerPause = "server-pause",
    /// A request is lost, and arrives when others of the device have.
    Late = "late",
    /// Servers are replaced one after the other, and finish what they do.
    Rolling = "rolling",
    /// Others lock the same rows in another order, and some in serializable transactions.
    Deadlock = "deadlock",
    /// A transaction stays open in another database.
    OtherDatabase = "other-database",
    /// A transaction is prepared, and committed or rolled back later.
    Prepared = "prepared",
    /// A device's disk is full.
    DiskFull = "disk-full",
    /// A device's disk fails to write.
    DiskError = "disk-error",
    /// A bit of a row in a device's file turns over.
    BitFlip = "bit-flip",
    /// Rows move from whom they belong to, to others.
    Reparent = "reparent",
    /// Rows move, or are not shared any more, while a device is in the middle of an answer.
    ShareInPull = "share-in-pull",
    /// Tokens live for some hundred milliseconds: they expire while a pull waits, and in the middle of pushes and downloads.
    Expiry = "expiry",
    /// Nobody gives tokens out, and nobody publishes the keys to check them with.
    IssuerDown = "issuer-down",
    /// Tokens are signed with another key; the one before is withdrawn at once, or after a while.
    KeyRotation = "key-rotation",
    /// The clock of who gives tokens out is off: they are not valid yet, or not any more.
    IssuerClock = "issuer-clock",
    /// A device shows tokens that nobody gave out, and that say it is another person's.
    ForgedToken = "forged-token",
    /// Somebody has signed in to another account on a device.
    OtherAccount = "other-account",
}

impl Kind {
    /// Whether it is about tokens.
    pub(super) const fn is_of_tokens(self) -> bool {
        matches!(
            self,
            Self::Expiry
                | Self::IssuerDown
                | Self::KeyRotation
                | Self::IssuerClock
                | Self::ForgedToken
                | Self::OtherAccount
        )
    }
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
