//! What can go wrong with the local store.

use thiserror::Error;

/// Why the local file could not be opened, read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite refused: a disk that is full, a file that another process keeps locked, a value that a column does not
    /// take.
    #[error("while {doing}: {source}")]
    Sqlite {
        /// What was being done.
        doing: String,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file was written by a newer version of oosync.
    #[error("the file has format {found}, and this program knows formats up to {known}: update the program")]
    NewerFormat {
        /// The format of the file.
        found: i64,
        /// The newest one that is known here.
        known: i64,
    },
    /// The file has been opened by a newer version of the app, which changed its tables.
    #[error(
        "a newer version of this app has changed the file's tables (to schema {found}; this one has {ours}): update \
         the app, or open the file with `OpenOptions::allow_older` to change the tables back"
    )]
    NewerSchema {
        /// The hash of the schema that the file has.
        found: String,
        /// The hash of the schema in this program.
        ours: String,
    },
    /// A synced table exists in a file that oosync has not made.
    #[error(
        "`{name}` exists already, in a file that is not yet a store: rename it, or start with a new file and copy its \
         rows"
    )]
    Occupied {
        /// The table, view or index.
        name: String,
    },
    /// What the file says of itself cannot be read.
    #[error("the file's description of itself is damaged ({what}): restore it from a copy")]
    Damaged {
        /// What is wrong with it.
        what: String,
    },
    /// Somebody altered a synced table with SQL of their own.
    #[error(
        "`{table}` is not as oosync made it: {found}. Undo the change by hand (the table was made by: {expected}); \
         columns of the device's own belong into the config, as `local_only`"
    )]
    Altered {
        /// The table.
        table: String,
        /// What SQLite says of it now, or that it is missing.
        found: String,
        /// What SQLite said of it when it was made.
        expected: String,
    },
    /// A unique index on a synced table, which would stop a pull.
    #[error(
        "the unique index `{index}` on `{table}` would refuse rows that the server has: make it a plain index; \
         uniqueness is the server's to decide"
    )]
    UniqueIndex {
        /// The synced table.
        table: String,
        /// The index.
        index: String,
    },
    /// The file is encrypted, or is to be, and was not unlocked.
    #[error("the file could not be unlocked: {what}")]
    Key {
        /// Why not.
        what: String,
    },
    /// There is no such table in the schema.
    #[error("the schema has no table `{table}`")]
    UnknownTable {
        /// The name that was given.
        table: String,
    },
    /// There is no such column in the table, or it is not synced.
    #[error("`{table}` has no synced column `{column}`")]
    UnknownColumn {
        /// The table.
        table: String,
        /// The name that was given.
        column: String,
    },
    /// A row or key has more or fewer values than its table has columns.
    #[error("a row of `{table}` has {found} values, where {expected} are expected")]
    Width {
        /// The table.
        table: String,
        /// How many were given.
        found: usize,
        /// How many the table has: of synced columns, or of the key.
        expected: usize,
    },
    /// Stored text is not UTF-8, or a stored value is of a kind that its column cannot have.
    #[error("`{table}`: {what}")]
    Value {
        /// The table.
        table: String,
        /// What is wrong.
        what: String,
    },
    /// An answer to a mutation that was not sent, or has been answered.
    #[error("mutation {id} is not waiting for an answer")]
    NotSent {
        /// Its id.
        id: u64,
    },
    /// The body of a batch could not be made.
    #[error("the batch could not be written down: {what}")]
    Encode {
        /// What the encoder said.
        what: String,
    },
    /// What was asked for does not fit what is going on.
    #[error("{what}")]
    State {
        /// What does not fit, and what to do instead.
        what: String,
    },
}

/// Says of an error of SQLite what was being done.
pub(crate) trait Doing<T> {
    /// `while {doing}: …`
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, StoreError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Sqlite { doing: doing(), source })
    }
}
