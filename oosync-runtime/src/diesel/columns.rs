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
both! { bigdecimal::BigDecimal, Numeric; }

#[cfg(feature = "rust_decimal")]
both! { rust_decimal::Decimal, Numeric; }

#[cfg(feature = "chrono")]
both! {
    chrono::DateTime<chrono::Utc>, Timestamptz;
    chrono::NaiveDateTime, Timestamp;
    chrono::NaiveDate, Date;
    chrono::NaiveTime, Time;
}

#[cfg(feature = "time")]
both! {
    time::OffsetDateTime, Timestamptz;
    time::PrimitiveDateTime, Timestamp;
    time::Date, Date;
    time::Time, Time;
}

#[cfg(feature = "jiff")]
both! {
    jiff::Timestamp, Timestamptz;
    jiff::civil::DateTime, Timestamp;
    jiff::civil::Date, Date;
    jiff::civil::Time, Time;
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

#[cfg(test)]
mod tests {
    use ::diesel::deserialize::FromSqlRow;
    use ::diesel::pg::Pg;
    use ::diesel::sqlite::Sqlite;

    use super::*;
    use crate::diesel::Exact;

    /// Columns of the type can be read as `T`, from both databases.
    fn read<S, T: FromSqlRow<S, Sqlite> + FromSqlRow<S, Pg>>() {}

    #[test]
    fn columns_are_read_as_the_types_that_hold_them() {
        read::<sql::Int2, i64>();
        read::<sql::Numeric, Numeric>();
        read::<sql::Uuid, Uuid>();
        read::<sql::Array<sql::Int4>, Vec<Option<i32>>>();
        read::<sql::Array<sql::Text>, Array<String>>();
        read::<sql::Enum, String>();
        read::<sql::Enum, Exact<String>>();
        #[cfg(feature = "bigdecimal")]
        read::<sql::Numeric, bigdecimal::BigDecimal>();
        #[cfg(feature = "chrono")]
        {
            read::<sql::Timestamptz, chrono::DateTime<chrono::Utc>>();
            read::<sql::Timestamp, chrono::NaiveDateTime>();
            read::<sql::Date, chrono::NaiveDate>();
            read::<sql::Time, chrono::NaiveTime>();
        }
        #[cfg(feature = "time")]
        {
            read::<sql::Timestamptz, time::OffsetDateTime>();
            read::<sql::Timestamp, time::PrimitiveDateTime>();
            read::<sql::Date, time::Date>();
            read::<sql::Time, time::Time>();
        }
        // Diesel does not know these: they are read in a wrapper.
        #[cfg(feature = "jiff")]
        read::<sql::Timestamptz, Exact<jiff::Timestamp>>();
        #[cfg(feature = "rust_decimal")]
        read::<sql::Numeric, Exact<rust_decimal::Decimal>>();
    }
}
