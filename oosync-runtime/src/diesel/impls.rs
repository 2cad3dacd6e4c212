//! The impls of Diesel's traits, as macros: generated code needs them for its own enums and structs, because only the
//! crate of a type may write them.

/// Reads and writes a type as a column of SQLite, through [`Field`](crate::Field).
#[doc(hidden)]
#[macro_export]
macro_rules! diesel_sqlite_column {
    ($([$($generics:tt)*] $ty:ty, $marker:ty;)+) => {$(
        const _: () = {
            use $crate::diesel::__private::diesel::{deserialize, serialize, sqlite};

            impl<$($generics)*> deserialize::FromSql<$marker, sqlite::Sqlite> for $ty {
                fn from_sql(value: sqlite::SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                    $crate::diesel::__private::read_sqlite::<$marker, Self>(value)
                }
            }

            impl<$($generics)*> serialize::ToSql<$marker, sqlite::Sqlite> for $ty {
                fn to_sql<'b>(
                    &'b self,
                    out: &mut serialize::Output<'b, '_, sqlite::Sqlite>,
                ) -> serialize::Result {
                    $crate::diesel::__private::write_sqlite::<$marker, Self>(self, out)
                }
            }
        };
    )+};
}

/// Reads and writes a type as a column of Postgres, through [`Field`](crate::Field).
#[doc(hidden)]
#[macro_export]
macro_rules! diesel_postgres_column {
    ($([$($generics:tt)*] $ty:ty, $marker:ty;)+) => {$(
        const _: () = {
            use $crate::diesel::__private::diesel::{deserialize, pg, serialize};

            impl<$($generics)*> deserialize::FromSql<$marker, pg::Pg> for $ty {
                fn from_sql(value: pg::PgValue<'_>) -> deserialize::Result<Self> {
                    $crate::diesel::__private::read_postgres::<$marker, Self>(value)
                }
            }

            impl<$($generics)*> serialize::ToSql<$marker, pg::Pg> for $ty {
                fn to_sql<'b>(&'b self, out: &mut serialize::Output<'b, '_, pg::Pg>) -> serialize::Result {
                    $crate::diesel::__private::write_postgres::<$marker, Self>(self, out)
                }
            }
        };
    )+};
}

/// Lets a type stand in queries as it is, by value and by reference, for columns that can be null and that cannot.
#[doc(hidden)]
#[macro_export]
macro_rules! diesel_own_type {
    ($([$($generics:tt)*] $ty:ty, $marker:ty;)+) => {$(
        const _: () = {
            use $crate::diesel::__private::diesel::expression::AsExpression;
            use $crate::diesel::__private::diesel::sql_types::Nullable;
            use $crate::diesel::{Bind, Exact, ExactRef};

            impl<$($generics)*> AsExpression<$marker> for $ty {
                type Expression = Bind<$marker, Exact<Self>>;

                fn as_expression(self) -> Self::Expression {
                    Bind::new(Exact(self))
                }
            }

            impl<$($generics)*> AsExpression<Nullable<$marker>> for $ty {
                type Expression = Bind<Nullable<$marker>, Exact<Self>>;

                fn as_expression(self) -> Self::Expression {
                    Bind::new(Exact(self))
                }
            }

            impl<'value, $($generics)*> AsExpression<$marker> for &'value $ty {
                type Expression = Bind<$marker, ExactRef<'value, $ty>>;

                fn as_expression(self) -> Self::Expression {
                    Bind::new(ExactRef(self))
                }
            }

            impl<'value, $($generics)*> AsExpression<Nullable<$marker>> for &'value $ty {
                type Expression = Bind<Nullable<$marker>, ExactRef<'value, $ty>>;

                fn as_expression(self) -> Self::Expression {
                    Bind::new(ExactRef(self))
                }
            }
        };
    )+};
}

/// Lets a column be read alone as this type, and as one of a tuple.
#[doc(hidden)]
#[macro_export]
macro_rules! diesel_read_alone {
    ($([$($generics:tt)*] $ty:ty;)+) => {$(
        const _: () = {
            use $crate::diesel::__private::diesel::{backend, deserialize, sql_types};

            impl<ST, DB, $($generics)*> deserialize::Queryable<ST, DB> for $ty
            where
                ST: sql_types::SingleValue,
                DB: backend::Backend,
                Self: deserialize::FromSql<ST, DB>,
            {
                type Row = Self;

                fn build(row: Self) -> deserialize::Result<Self> {
                    Ok(row)
                }
            }
        };
    )+};
}
