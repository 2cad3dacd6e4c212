//! The markers of [`sql`] as SQL types of Diesel.

use ::diesel::pg::{Pg, PgTypeMetadata};
use ::diesel::query_builder::QueryId;
use ::diesel::sql_types::{HasSqlType, SingleValue, SqlOrd, SqlType, is_nullable, ops};
use ::diesel::sqlite::{Sqlite, SqliteType};

use super::exact::StoredAs;
use super::postgres::{PgBinary, PgElement};
use crate::sql;

/// A marker of SQLite's storage class `$class`.
macro_rules! sql_type {
    ($([$($generics:tt)*] $marker:ty, $class:ident;)+) => {$(
        impl<$($generics)*> SqlType for $marker {
            type IsNull = is_nullable::NotNull;
        }

        impl<$($generics)*> SingleValue for $marker {}

        impl<$($generics)*> StoredAs for $marker {
            type Marker = Self;
        }

        /// The text of a query does not depend on the marker.
        impl<$($generics)*> QueryId for $marker {
            type QueryId = Self;

            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<$($generics)*> HasSqlType<$marker> for Sqlite {
            fn metadata(_: &mut ()) -> SqliteType {
                SqliteType::$class
            }
        }
    )+};
}

sql_type! {
    [] sql::Bool, Long;
    [] sql::Int2, Long;
    [] sql::Int4, Long;
    [] sql::Int8, Long;
    [] sql::Oid, Long;
    [] sql::Float4, Double;
    [] sql::Float8, Double;
    [] sql::Numeric, Text;
    [] sql::Timestamptz, Text;
    [] sql::Timestamp, Text;
    [] sql::Date, Text;
    [] sql::Time, Text;
    [] sql::TimeTz, Text;
    [] sql::Interval, Text;
    [] sql::Uuid, Binary;
    [] sql::UuidText, Text;
    [] sql::Bytea, Binary;
    [] sql::Json, Text;
    [] sql::Jsonb, Text;
    [] sql::Text, Text;
    [] sql::Money, Long;
    [] sql::Enum, Text;
    [] sql::Composite, Text;
    [Tag: 'static] sql::PgText<Tag>, Text;
    [S: 'static] sql::Array<S>, Text;
}

macro_rules! postgres {
    ($($marker:ident)+) => {$(
        impl HasSqlType<sql::$marker> for Pg {
            fn metadata(_: &mut Self::MetadataLookup) -> PgTypeMetadata {
                PgTypeMetadata::new(<sql::$marker as PgBinary>::OID, <sql::$marker as PgBinary>::ARRAY_OID)
            }
        }
    )+};
}

postgres! {
    Bool Int2 Int4 Int8 Oid Float4 Float8 Numeric Timestamptz Timestamp Date Time TimeTz Interval Uuid UuidText
    Bytea Json Jsonb Text Money Enum
}

impl<S: PgElement + 'static> HasSqlType<sql::Array<S>> for Pg {
    fn metadata(_: &mut Self::MetadataLookup) -> PgTypeMetadata {
        PgTypeMetadata::new(S::ARRAY_OID, 0)
    }
}

/// Types whose device form sorts as Postgres sorts them: times do so from the year 1 to the year 9999.
macro_rules! ordered {
    ($($marker:ident)+) => { $(impl SqlOrd for sql::$marker {})+ };
}

ordered! {
    Bool Int2 Int4 Int8 Oid Float4 Float8 Timestamptz Timestamp Date Time Uuid UuidText Bytea Text Money
}

/// Integers are added and multiplied as Postgres does it; beyond their range, reading the result is an error.
macro_rules! calculated {
    ($($marker:ident: $($operation:ident)+;)+) => {$($(
        impl ops::$operation for sql::$marker {
            type Rhs = Self;
            type Output = Self;
        }
    )+)+};
}

calculated! {
    Int2: Add Sub Mul Div;
    Int4: Add Sub Mul Div;
    Int8: Add Sub Mul Div;
}
