//! Values that go through [`Field`] on their way into a query and out of a row.

use std::borrow::Borrow;
use std::fmt::Debug;

use ::diesel::sql_types as built_in;

use crate::{Defaulted, Field, Value, ValueError, sql};

/// The type of a column in `table!`, Diesel's own or ours, and the marker whose [`Field`]s hold it.
///
/// A nullable column is Diesel's `Nullable` of it.
pub trait StoredAs: built_in::SqlType + built_in::SingleValue {
    /// The marker.
    type Marker;
}

macro_rules! built_in {
    ($($diesel:ident $marker:ident,)+) => {$(
        impl StoredAs for built_in::$diesel {
            type Marker = sql::$marker;
        }
    )+};
}

built_in! {
    Bool Bool,
    SmallInt Int2,
    Integer Int4,
    BigInt Int8,
    Oid Oid,
    Float Float4,
    Double Float8,
    Text Text,
    Binary Bytea,
    Uuid Uuid,
}

/// A value of any type that holds the column: what Diesel could cut is an error.
///
/// Made by [`val`], or read: `todos.select(priority).load::<Exact<i64>>(…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exact<T>(pub T);

/// A value to compare a column with, or to write into it.
pub const fn val<T>(value: T) -> Exact<T> {
    Exact(value)
}

/// As [`Exact`], borrowed.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ExactRef<'a, T>(pub &'a T);

impl<T> Clone for ExactRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ExactRef<'_, T> {}

/// So that rows are grouped by their parents.
impl<T> Borrow<T> for ExactRef<'_, T> {
    fn borrow(&self) -> &T {
        self.0
    }
}

/// As [`ExactRef`], or null.
#[derive(Debug)]
pub struct NullRef<'a, T>(pub Option<&'a T>);

/// A number of an insert form that the device takes from a block leased to it. Left to its default it is an error:
/// SQLite would make one up, that the server gave to somebody else.
#[derive(Debug)]
pub struct LeasedRef<'a, T>(pub &'a Defaulted<T>);

/// What can be bound to a column of the type `ST` in `table!`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be bound to a column of type `{ST}`",
    note = "`oosync_runtime::diesel::val` takes what can hold the column: see `oosync_runtime::types`"
)]
pub trait Encode<ST>: Debug {
    /// The value as SQLite stores it.
    ///
    /// # Errors
    ///
    /// As [`Field::encode`].
    fn encoded(&self) -> Result<Value<'_>, ValueError>;
}

impl<T: Field<ST::Marker> + Debug, ST: StoredAs> Encode<ST> for Exact<T> {
    fn encoded(&self) -> Result<Value<'_>, ValueError> {
        self.0.encode()
    }
}

impl<T: Field<ST::Marker> + Debug, ST: StoredAs> Encode<built_in::Nullable<ST>> for Exact<T> {
    fn encoded(&self) -> Result<Value<'_>, ValueError> {
        self.0.encode()
    }
}

impl<T: Field<ST::Marker> + Debug, ST: StoredAs> Encode<ST> for ExactRef<'_, T> {
    fn encoded(&self) -> Result<Value<'_>, ValueError> {
        self.0.encode()
    }
}

impl<T: Field<ST::Marker> + Debug, ST: StoredAs> Encode<built_in::Nullable<ST>> for ExactRef<'_, T> {
    fn encoded(&self) -> Result<Value<'_>, ValueError> {
        self.0.encode()
    }
}

impl<T: Field<ST::Marker> + Debug, ST: StoredAs> Encode<built_in::Nullable<ST>> for NullRef<'_, T> {
    fn encoded(&self) -> Result<Value<'_>, ValueError> {
        self.0.map_or(Ok(Value::Null), Field::encode)
    }
}

impl<T: Field<ST::Marker> + Debug, ST: StoredAs> Encode<ST> for LeasedRef<'_, T> {
    fn encoded(&self) -> Result<Value<'_>, ValueError> {
        match self.0 {
            Defaulted::Value(value) => value.encode(),
            Defaulted::Default => Err(ValueError::Null { expected: "a number leased to this device" }),
        }
    }
}
