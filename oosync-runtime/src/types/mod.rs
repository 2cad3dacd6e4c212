//! Rust types that hold every value of a Postgres type.

mod time;

pub use self::time::{Date, Interval, Time, TimeTz, Timestamp, Timestamptz};
