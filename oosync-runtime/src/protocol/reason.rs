//! Why a mutation was not simply applied.

use super::open_enum::open_enum;

open_enum! {
    /// Why a mutation was not simply applied.
    ReasonCode {
        // What Postgres refuses.
        /// Another row has the value; `row` is that row, if the user may see it.
        UniqueViolation = "unique_violation",
        /// The row that it refers to is not there, or others refer to the one that is to go.
        ForeignKeyViolation = "foreign_key_violation",
        /// A check constraint or the check of a domain.
        CheckViolation = "check_violation",
        /// A column that cannot be null.
        NotNullViolation = "not_null_violation",
        /// An exclusion constraint: it overlaps with another row.
        ExclusionViolation = "exclusion_violation",
        /// No value of the column's type: malformed, out of range, too long.
        InvalidValue = "invalid_value",
        /// A trigger or function of the database raised an error; `message` is its text.
        RaisedByDatabase = "raised_by_database",

        // What the rules of the sync refuse.
        /// There is no such table in the schema.
        UnknownTable = "unknown_table",
        /// There is no such column in the table.
        UnknownColumn = "unknown_column",
        /// It is not of the form that [`Mutation`](super::Mutation) describes.
        Malformed = "malformed",
        /// Only an insert may set the column.
        ProtectedColumn = "protected_column",
        /// Postgres computes the column.
        GeneratedColumn = "generated_column",
        /// The primary key cannot be changed.
        KeyChanged = "key_changed",
        /// The user may not write this row, as it was or as it would be.
        NotAuthorized = "not_authorized",
        /// The user's role may not write this column.
        ColumnNotAuthorized = "column_not_authorized",
        /// Nobody pushes to this table.
        ReadOnlyTable = "read_only_table",
        /// Nobody deletes rows of this table.
        DeleteDenied = "delete_denied",
        /// A hook of the server refused it; `message` is what it said.
        HookRejected = "hook_rejected",
        /// It is larger than the server takes.
        TooLarge = "too_large",

        // What others did meanwhile.
        /// The row is not there, or not the user's to see.
        RowMissing = "row_missing",
        /// A row with this key is there already.
        RowExists = "row_exists",
        /// The row was changed by somebody else, and it was to be deleted; or the other way round.
        ChangedAndDeleted = "changed_and_deleted",
        /// Somebody else changed the same columns; see `conflicts`.
        ColumnsChanged = "columns_changed",
        /// The same, in a table where that is refused.
        ConflictRejected = "conflict_rejected",
        /// Another mutation of its group failed: the one that `failed_for` names.
        GroupFailed = "group_failed",
        /// An earlier mutation of the same row was not applied.
        DependencyFailed = "dependency_failed",

        // What passes.
        /// Postgres ended the transaction to end a deadlock.
        Deadlock = "deadlock",
        /// Transactions at the same time could not be put in an order.
        SerializationFailure = "serialization_failure",
        /// A lock was not to be had in time.
        LockTimeout = "lock_timeout",
        /// The server took too long.
        StatementTimeout = "statement_timeout",
        /// Postgres or the server is stopping or overloaded.
        Unavailable = "unavailable",

        /// Its id came before, with another body: the device was restored or cloned.
        ClientForked = "client_forked",
    }
}
