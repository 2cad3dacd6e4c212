//! The closed lists of words that a key or a tag can have as its value.

use std::fmt;

use super::refusal::{FromText, Refusal};

/// Declares enums whose variants are written as fixed words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* #[doc = concat!("\n\nWritten `", $word, "`.")] $variant,)+
        }

        impl $name {
            /// Every word, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as it is written in `Oosync.toml`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromText for $name {
            fn from_text(text: &str) -> Result<Self, Refusal> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| Refusal::Word {
                    word: text.to_owned(),
                    allowed: Self::ALL.iter().map(|word| word.as_str()).collect(),
                })
            }
        }
    )+};
}

words! {
    /// `[sync] unowned`: what happens to a table that belongs to nobody.
    #[derive(Default)]
    Unowned {
        /// The build stops and lists such tables, each with the line that settles it.
        #[default]
        Error = "error",
        /// Everyone reads it, nobody pushes to it.
        Everyone = "everyone",
        /// It is not synced.
        Exclude = "exclude",
    }

    /// `unowned` of one table, where a person has decided.
    TableUnowned {
        /// Everyone reads it, nobody pushes to it.
        Everyone = "everyone",
        /// It is not synced.
        Exclude = "exclude",
    }

    /// What a null in the owner column means.
    #[derive(Default)]
    OwnerNull {
        /// Everyone reads the row.
        #[default]
        Everyone = "everyone",
        /// Nobody does: the row stays on the server.
        Nobody = "nobody",
    }

    /// Whether created, updated and deleted columns that no rule names are looked for.
    #[derive(Default)]
    Stamps {
        /// By their usual names.
        #[default]
        Inferred = "inferred",
        /// Only columns that a rule names are stamps.
        None = "none",
    }

    /// When a write on the device counts.
    #[derive(Default)]
    WriteMode {
        /// At once; it is pushed later.
        #[default]
        Optimistic = "optimistic",
        /// Only when the server has committed it.
        Confirmed = "confirmed",
    }

    /// Who wins where both sides changed the same column of a row.
    ConflictRule {
        /// The server's value stays.
        ServerWins = "server_wins",
        /// The device's value is written.
        ClientWins = "client_wins",
        /// The later edit wins, by the updated column.
        Lww = "lww",
        /// Neither: the mutation is rejected, and a person decides.
        Reject = "reject",
    }

    /// Where the row-level security policies come from.
    #[derive(Default)]
    RowSecurityMode {
        /// Generated from the plan.
        #[default]
        Generate = "generate",
        /// Those that the database has already; nothing is generated.
        Existing = "existing",
    }

    /// Who may push to a table.
    Push {
        /// The owner of a row.
        OwnerOnly = "owner_only",
        /// Every member of the row's bucket.
        Members = "members",
        /// Nobody.
        Disabled = "disabled",
    }

    /// Who may write the rows of a bucket.
    BucketWrite {
        /// Every member.
        Members = "members",
        /// The owner of a row.
        Owner = "owner",
        /// Nobody.
        None = "none",
    }

    /// Who produces the value of a column that an insert leaves out.
    DefaultKind {
        /// The device: literals, the present time, identifiers made at random.
        Portable = "portable",
        /// The device, from a block of numbers that the server leased to it.
        Leased = "leased",
        /// The server, when the row arrives.
        ServerOnly = "server_only",
    }

    /// How uuids are stored on the device.
    #[derive(Default)]
    UuidForm {
        /// 16 bytes.
        #[default]
        Blob = "blob",
        /// 36 characters.
        Text = "text",
    }

    /// Whose Rust types stand for `timestamptz`, `timestamp`, `date` and `time`.
    #[derive(Default)]
    TimeLibrary {
        /// Ours, which hold every value that Postgres can.
        #[default]
        Oosync = "oosync",
        /// The crate `chrono`.
        Chrono = "chrono",
        /// The crate `time`.
        Time = "time",
        /// The crate `jiff`.
        Jiff = "jiff",
    }

    /// Whose Rust type stands for `numeric`.
    #[derive(Default)]
    NumericLibrary {
        /// Ours, which holds every value that Postgres can.
        #[default]
        Oosync = "oosync",
        /// The crate `rust_decimal`.
        RustDecimal = "rust_decimal",
        /// The crate `bigdecimal`.
        Bigdecimal = "bigdecimal",
    }

    /// `rust_type` of one column; which words fit depends on the column's Postgres type.
    RustType {
        /// Ours: times and numbers.
        Oosync = "oosync",
        /// Times by the crate `chrono`.
        Chrono = "chrono",
        /// Times by the crate `time`.
        Time = "time",
        /// Times by the crate `jiff`.
        Jiff = "jiff",
        /// Numbers by the crate `rust_decimal`.
        RustDecimal = "rust_decimal",
        /// Numbers by the crate `bigdecimal`.
        Bigdecimal = "bigdecimal",
        /// Uuids in 16 bytes.
        Blob = "blob",
        /// Uuids as 36 characters; any other type in Postgres's own text form.
        Text = "text",
    }

    /// The SQLite type of a column that exists only on the device.
    LocalType {
        /// 64-bit integers.
        Integer = "integer",
        /// 64-bit floating point numbers.
        Real = "real",
        /// UTF-8 text.
        Text = "text",
        /// Bytes.
        Blob = "blob",
    }
}

impl RustType {
    /// The words that fit a built-in Postgres type (`timestamptz`, `numeric`, `uuid`, …). [`Text`](Self::Text)
    /// fits every type.
    pub fn allowed_for(pg_type: &str) -> &'static [Self] {
        match pg_type {
            "timestamptz" | "timestamp" | "date" | "time" => {
                &[Self::Oosync, Self::Chrono, Self::Time, Self::Jiff, Self::Text]
            }
            "numeric" => &[Self::Oosync, Self::RustDecimal, Self::Bigdecimal, Self::Text],
            "uuid" => &[Self::Blob, Self::Text],
            _ => &[Self::Text],
        }
    }
}
