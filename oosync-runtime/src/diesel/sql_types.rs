//! The markers by the names that generated `table!`s call them.
//!
//! `table!` gives a column operators by the name of its type. SQLite adds `NaN` as zero, decimals through floats and
//! times by their first digits: types that would be given such an operator have another name here.

pub use crate::sql::{
    Array, Bool, Bytea, Composite, Enum, Int2, Int4, Int8, Interval, Json, Jsonb, Money, Oid, PgText, Text,
    TimeTz, Uuid, UuidText,
};
pub use crate::sql::{
    Date as PgDate, Float4 as PgFloat4, Float8 as PgFloat8, Numeric as PgNumeric, Time as PgTime,
    Timestamp as PgTimestamp, Timestamptz as PgTimestamptz,
};
