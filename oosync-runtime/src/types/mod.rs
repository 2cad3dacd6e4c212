//! The types of columns, each able to hold every value that Postgres holds, and what holds which column.
//!
//! | Postgres | SQLite | Rust |
//! | --- | --- | --- |
//! | `boolean` | INTEGER | `bool` |
//! | `smallint`, `integer`, `bigint` | INTEGER | `i16`, `i32`, `i64`; a wider one too |
//! | `oid` | INTEGER | `u32`, `i64` |
//! | `real`, `double precision` | ANY: a real, or `NaN` | `f32`, `f64` |
//! | `numeric` | TEXT | [`Numeric`], `rust_decimal::Decimal`, `bigdecimal::BigDecimal` |
//! | `money` | INTEGER, hundredths | [`Money`] |
//! | `timestamptz`, `timestamp` | TEXT | [`Timestamptz`], [`Timestamp`], those of `chrono`, `time`, `jiff` |
//! | `date`, `time`, `timetz` | TEXT | [`Date`], [`Time`], [`TimeTz`], those of `chrono`, `time`, `jiff` |
//! | `interval` | TEXT | [`Interval`], and durations |
//! | `text`, `varchar`, `char`, `name` | TEXT | `String` |
//! | `bytea` | BLOB | `Vec<u8>` |
//! | `timestamptz`, `timestamp` | TEXT, `2024-01-01 00:00:00.123456+00:00` | [`Timestamptz`], [`Timestamp`], those of `chrono`, `time`, `jiff` |
//! | `date`, `time` | TEXT, `2024-01-01`, `23:59:59.123456` | [`Date`], [`Time`], those of `chrono`, `time`, `jiff` |
//! | `timetz`, `interval` | TEXT, `23:59:59.123456+05:30`, ISO 8601 | [`TimeTz`], [`Interval`] |
//! | `uuid` | BLOB, or TEXT | [`Uuid`] |
//! | `json`, `jsonb` | TEXT | [`Json`] |
//! | enums | TEXT | generated enums ([`PgEnum`]), `String` |
//! | arrays | TEXT, JSON | [`Array`], `Vec<Option<T>>`, `Vec<T>` |
//! | composite types | TEXT, JSON | generated structs ([`PgComposite`]) |
//! | ranges, `inet`, `tsvector`, `citext` and all others | TEXT in Postgres's form | [`PgText`], `String` |
//!
//! Nothing is cut or rounded: what a Rust type has no place for is a [`ValueError`](crate::ValueError).

pub(crate) mod array;
pub(crate) mod composite;
pub(crate) mod hex;
mod json;
pub(crate) mod json_text;
mod money;
pub(crate) mod numeric;
mod pg_enum;
mod pg_text;
pub(crate) mod primitive;
pub mod tags;
mod time;
pub(crate) mod uuid;

pub use self::array::{Array, Dimension};
pub use self::composite::{ObjectReader, ObjectWriter, PgComposite};
pub use self::json::{Json, JsonValue};
pub use self::money::Money;
pub use self::numeric::{Numeric, NumericSum};
pub use self::pg_enum::PgEnum;
pub use self::pg_text::{PgText, PgTextTag};
pub use self::time::{Date, Interval, Time, TimeTz, Timestamp, Timestamptz};
pub use self::uuid::{Uuid, new_v7};
