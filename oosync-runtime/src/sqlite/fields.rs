//! The types of columns as parameters and results of rusqlite's statements, in the form the column stores.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::value::refused;
use crate::types::{
    Date, Interval, Json, Money, Numeric, PgText, PgTextTag, Time, TimeTz, Timestamp, Timestamptz,
};
use crate::{Field, Value, sql};

fn bind<S, T: Field<S>>(value: &T) -> rusqlite::Result<ToSqlOutput<'_>> {
    match value.encode() {
        Ok(value) => Ok(value.into()),
        Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
    }
}

fn read<S, T: Field<S>>(value: ValueRef<'_>) -> FromSqlResult<T> {
    Value::from_rusqlite(value).and_then(T::decode).map_err(refused)
}

macro_rules! fields {
    ($([$($parameter:tt)*] $type:ty, $marker:ty;)+) => {$(
        impl<$($parameter)*> ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                bind::<$marker, Self>(self)
            }
        }

        impl<$($parameter)*> FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                read::<$marker, Self>(value)
            }
        }
    )+};
}

fields! {
    [] Numeric, sql::Numeric;
    [] Money, sql::Money;
    [] Timestamptz, sql::Timestamptz;
    [] Timestamp, sql::Timestamp;
    [] Date, sql::Date;
    [] Time, sql::Time;
    [] TimeTz, sql::TimeTz;
    [] Interval, sql::Interval;
    [T] Json<T>, sql::Json;
    [Tag: PgTextTag] PgText<Tag>, sql::PgText<Tag>;
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params};

    use super::*;
    use crate::types::tags;

    #[test]
    fn columns_are_bound_and_read_as_their_types() {
        let connection = Connection::open_in_memory().unwrap();
        let price: Numeric = "1.10".parse().unwrap();
        let cost = Money::from_hundredths(110);
        let day: Date = "2024-02-29".parse().unwrap();
        let document: Json = " {\"a\": 1.0}".parse().unwrap();
        let range: PgText<tags::Int4range> = "[1,5)".parse().unwrap();
        let query = "select ?1, ?2, ?3, ?4, ?5, typeof(?2)";
        connection
            .query_row(query, params![price, cost, day, document, range], |row| {
                assert_eq!(row.get::<_, Numeric>(0)?, price);
                assert_eq!(row.get::<_, Money>(1)?, cost);
                assert_eq!(row.get::<_, Date>(2)?, day);
                assert_eq!(row.get::<_, Json>(3)?, document);
                assert_eq!(row.get::<_, PgText<tags::Int4range>>(4)?, range);
                assert_eq!(row.get::<_, String>(5)?, "integer");
                assert!(row.get::<_, Numeric>(4).is_err());
                Ok(())
            })
            .unwrap();
    }
}
