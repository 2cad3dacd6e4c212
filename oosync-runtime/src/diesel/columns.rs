//! Which Rust types are read from columns of which marker, and stand in queries for it.

use super::postgres::PgElement;
use crate::types::{
    Array, Date, Interval, Json, Money, Numeric, PgText, PgTextTag, Time, TimeTz, Timestamp, Timestamptz,
    Uuid,
};
use crate::{Element, diesel_own_type, diesel_postgres_column, diesel_read_alone, diesel_sqlite_column, sql};

macro_rules! both {
    ($($ty:ty, $marker:ident;)+) => {
        diesel_sqlite_column! { $([] $ty, sql::$marker;)+ }
        diesel_postgres_column! { $([] $ty, sql::$marker;)+ }
    };
}

both! {
    bool, Bool;
    i16, Int2;
    i32, Int2;
    i64, Int2;
    i32, Int4;
    i64, Int4;
    i64, Int8;
    u32, Oid;
    i64, Oid;
    f32, Float4;
    f64, Float4;
    f64, Float8;
    String, Text;
    String, Enum;
    Vec<u8>, Bytea;
    Uuid, Uuid;
    Uuid, UuidText;
    Numeric, Numeric;
    Money, Money;
    Timestamptz, Timestamptz;
    Timestamp, Timestamp;
    Date, Date;
    Time, Time;
    TimeTz, TimeTz;
    Interval, Interval;
}

diesel_sqlite_column! {
    [T] Json<T>, sql::Json;
    [T] Json<T>, sql::Jsonb;
    [Tag: PgTextTag + 'static] PgText<Tag>, sql::PgText<Tag>;
    [Tag: PgTextTag + 'static] String, sql::PgText<Tag>;
    [T: Element<S> + std::fmt::Debug, S: 'static] Array<T>, sql::Array<S>;
    [T: Element<S> + std::fmt::Debug, S: 'static] Vec<T>, sql::Array<S>;
}

diesel_postgres_column! {
    [T] Json<T>, sql::Json;
    [T] Json<T>, sql::Jsonb;
    [T: Element<S> + std::fmt::Debug, S: PgElement + 'static] Array<T>, sql::Array<S>;
    [T: Element<S> + std::fmt::Debug, S: PgElement + 'static] Vec<T>, sql::Array<S>;
}

#[cfg(feature = "bigdecimal")]
both! { crate::bigdecimal::BigDecimal, Numeric; }

#[cfg(feature = "rust_decimal")]
both! { crate::rust_decimal::Decimal, Numeric; }

#[cfg(feature = "chrono")]
both! {
    crate::chrono::DateTime<crate::chrono::Utc>, Timestamptz;
    crate::chrono::NaiveDateTime, Timestamp;
    crate::chrono::NaiveDate, Date;
    crate::chrono::NaiveTime, Time;
}

#[cfg(feature = "time")]
both! {
    crate::time::OffsetDateTime, Timestamptz;
    crate::time::PrimitiveDateTime, Timestamp;
    crate::time::Date, Date;
    crate::time::Time, Time;
}

#[cfg(feature = "jiff")]
both! {
    crate::jiff::Timestamp, Timestamptz;
    crate::jiff::civil::DateTime, Timestamp;
    crate::jiff::civil::Date, Date;
    crate::jiff::civil::Time, Time;
}

diesel_own_type! {
    [] Numeric, sql::Numeric;
    [] Money, sql::Money;
    [] Timestamptz, sql::Timestamptz;
    [] Timestamp, sql::Timestamp;
    [] Date, sql::Date;
    [] Time, sql::Time;
    [] TimeTz, sql::TimeTz;
    [] Interval, sql::Interval;
    [T: 'static] Json<T>, sql::Json;
    [T: 'static] Json<T>, sql::Jsonb;
    [Tag: PgTextTag + 'static] PgText<Tag>, sql::PgText<Tag>;
    [T: Element<S> + std::fmt::Debug + 'static, S: 'static] Array<T>, sql::Array<S>;
}

diesel_read_alone! {
    [] Numeric;
    [] Money;
    [] Timestamptz;
    [] Timestamp;
    [] Date;
    [] Time;
    [] TimeTz;
    [] Interval;
    [T] Json<T>;
    [Tag] PgText<Tag>;
    [T] Array<T>;
}
