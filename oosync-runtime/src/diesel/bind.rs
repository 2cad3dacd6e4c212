//! A value as an expression.

use std::fmt::Debug;
use std::marker::PhantomData;

use ::diesel::backend::Backend;
use ::diesel::deserialize::{self, FromSql, Queryable};
use ::diesel::expression::{
    AppearsOnTable, AsExpression, Expression, SelectableExpression, TypedExpressionType, ValidGrouping,
    is_aggregate,
};
use ::diesel::pg::{Pg, PgValue};
use ::diesel::query_builder::{AstPass, QueryFragment, QueryId};
use ::diesel::result::QueryResult;
use ::diesel::serialize::{self, Output, ToSql};
use ::diesel::sql_types::{HasSqlType, SingleValue, SqlType};
use ::diesel::sqlite::{Sqlite, SqliteType, SqliteValue};

use super::exact::{Encode, Exact, ExactRef, LeasedRef, NullRef, StoredAs};
use super::postgres::{self, PgBinary, PgEncode};
use super::sqlite;
use crate::{Field, Value};

/// The value `V` in a query, of the SQL type `ST`: a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Bind<ST, V> {
    value: V,
    ty: PhantomData<ST>,
}

impl<ST, V> Bind<ST, V> {
    /// This value.
    pub const fn new(value: V) -> Self {
        Self { value, ty: PhantomData }
    }
}

impl<ST: SqlType + TypedExpressionType, V> Expression for Bind<ST, V> {
    type SqlType = ST;
}

impl<ST, V, QS> AppearsOnTable<QS> for Bind<ST, V> where Self: Expression {}
impl<ST, V, QS> SelectableExpression<QS> for Bind<ST, V> where Self: AppearsOnTable<QS> {}

impl<ST, V, G> ValidGrouping<G> for Bind<ST, V> {
    type IsAggregate = is_aggregate::Never;
}

impl<ST: QueryId, V> QueryId for Bind<ST, V> {
    type QueryId = Bind<ST::QueryId, ()>;

    const HAS_STATIC_QUERY_ID: bool = ST::HAS_STATIC_QUERY_ID;
}

impl<ST, V> QueryFragment<Sqlite> for Bind<ST, V>
where
    Sqlite: HasSqlType<ST>,
    V: Encode<ST> + ToSql<ST, Sqlite>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        // NaN is text on the device, and Diesel binds no text to a column of floats.
        if matches!(<Sqlite as HasSqlType<ST>>::metadata(&mut ()), SqliteType::Double)
            && let Ok(Value::Text(_)) = self.value.encoded()
        {
            pass.unsafe_to_cache_prepared();
            pass.push_sql("'NaN'");
            return Ok(());
        }
        pass.push_bind_param::<ST, V>(&self.value)
    }
}

impl<ST, V> QueryFragment<Pg> for Bind<ST, V>
where
    Pg: HasSqlType<ST>,
    V: ToSql<ST, Pg>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_bind_param::<ST, V>(&self.value)
    }
}

macro_rules! wrappers {
    ($([$($generics:tt)*] $wrapper:ty;)+) => {$(
        impl<$($generics)*, ST> AsExpression<ST> for $wrapper
        where
            ST: SqlType + TypedExpressionType,
            Self: Encode<ST>,
        {
            type Expression = Bind<ST, Self>;

            fn as_expression(self) -> Self::Expression {
                Bind::new(self)
            }
        }

        impl<$($generics)*, ST> ToSql<ST, Sqlite> for $wrapper
        where
            Sqlite: HasSqlType<ST>,
            Self: Encode<ST>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                sqlite::put::<ST>(self.encoded()?, out)
            }
        }

        impl<$($generics)*, ST> ToSql<ST, Pg> for $wrapper
        where
            ST: PgEncode,
            Self: Encode<ST>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                postgres::put::<ST::Binary>(self.encoded()?, out)
            }
        }
    )+};
}

wrappers! {
    [T: Debug] Exact<T>;
    ['a, T: Debug] ExactRef<'a, T>;
    ['a, T: Debug] NullRef<'a, T>;
    ['a, T: Debug] LeasedRef<'a, T>;
}

impl<T, ST: StoredAs> FromSql<ST, Sqlite> for Exact<T>
where
    T: Field<ST::Marker>,
{
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        sqlite::read::<ST::Marker, T>(value).map(Self)
    }
}

impl<T, ST: StoredAs> FromSql<ST, Pg> for Exact<T>
where
    ST::Marker: PgBinary,
    T: Field<ST::Marker>,
{
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        postgres::read::<ST::Marker, T>(value).map(Self)
    }
}

impl<T, ST, DB> Queryable<ST, DB> for Exact<T>
where
    ST: SingleValue,
    DB: Backend,
    Self: FromSql<ST, DB>,
{
    type Row = Self;

    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}
