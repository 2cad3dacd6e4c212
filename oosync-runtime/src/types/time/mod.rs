//! Dates and times, each with every value that Postgres can hold.
//!
//! | Postgres | Rust | in SQLite, and as JSON |
//! | --- | --- | --- |
//! | `timestamptz` | [`Timestamptz`] | `2024-01-01 00:00:00.123456+00:00`, always UTC |
//! | `timestamp` | [`Timestamp`] | `2024-01-01 00:00:00.123456` |
//! | `date` | [`Date`] | `2024-01-01` |
//! | `time` | [`Time`] | `23:59:59.123456` |
//! | `timetz` | [`TimeTz`] | `23:59:59.123456+05:30` |
//! | `interval` | [`Interval`] | `P1Y2M3DT4H5M6.7S` |
//!
//! The text of dates and timestamps has a fixed width, and sorts as the values do, from the year 1 to 9999.
//! `infinity` and `-infinity` sort right too; years before the first (`0044-03-15 BC`) and above 9999 (`12024-01-01`)
//! do not.
//!
//! Features `chrono`, `time` and `jiff` convert from and to the types of these crates, and let these be fields.
//! No conversion rounds: infinity, a leap second or a nanosecond that the other type has no place for is
//! [`ValueError::OutOfRange`](crate::ValueError::OutOfRange).

mod ascii;
mod calendar;
mod column;
mod date;
#[cfg(test)]
mod generators;
mod interval;
mod moment;
mod scanner;
mod time_of_day;
mod timestamp;
mod timestamptz;
mod timetz;
#[cfg(feature = "chrono")]
mod with_chrono;
#[cfg(feature = "jiff")]
mod with_jiff;
mod with_std;
#[cfg(feature = "time")]
mod with_time;

pub use self::date::Date;
pub use self::interval::Interval;
pub use self::time_of_day::Time;
pub use self::timestamp::Timestamp;
pub use self::timestamptz::Timestamptz;
pub use self::timetz::TimeTz;
