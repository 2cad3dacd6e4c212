//! Rust types that can hold a column.

use crate::sql::Nullable;
use crate::{Value, ValueError};

/// A Rust type that can hold a column of the Postgres type `S`.
///
/// `encode` and `decode` are inverse: what is written is read again, bit by bit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a column of type `{S}`",
    label = "does not hold `{S}`",
    note = "the types that fit are listed in the documentation of `oosync_runtime::types`"
)]
pub trait Field<S>: Sized {
    /// The value to store.
    ///
    /// # Errors
    ///
    /// Where the column's type has no such value (a year that Postgres does not know, say).
    fn encode(&self) -> Result<Value<'_>, ValueError>;

    /// The value that is stored.
    ///
    /// # Errors
    ///
    /// Where SQLite holds something that is no value of the column's type, or one that this type has no place
    /// for.
    fn decode(value: Value<'_>) -> Result<Self, ValueError>;
}

/// A Rust type that can be an element of an array, or an attribute of a composite type, of the Postgres type `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold an element of type `{S}`",
    label = "does not hold `{S}`"
)]
pub trait Element<S>: Sized {
    /// Appends the JSON form.
    ///
    /// # Errors
    ///
    /// As [`Field::encode`].
    fn write_json(&self, json: &mut String) -> Result<(), ValueError>;

    /// Reads the JSON form; the text is one JSON value, and not `null`.
    ///
    /// # Errors
    ///
    /// As [`Field::decode`].
    fn read_json(json: &str) -> Result<Self, ValueError>;

    /// What stands for null: only an `Option` has a value for that.
    ///
    /// # Errors
    ///
    /// [`ValueError::Null`].
    fn null() -> Result<Self, ValueError> {
        Err(ValueError::Null { expected: "an element" })
    }
}

/// An element that can be null: so that `Vec<Option<T>>` holds arrays too.
impl<T: Element<S>, S> Element<S> for Option<T> {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        match self {
            Some(value) => value.write_json(json),
            None => {
                json.push_str("null");
                Ok(())
            }
        }
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        T::read_json(json).map(Some)
    }

    fn null() -> Result<Self, ValueError> {
        Ok(None)
    }
}

impl<T: Field<S>, S> Field<Nullable<S>> for Option<T> {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        self.as_ref().map_or(Ok(Value::Null), Field::encode)
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Null => Ok(None),
            value => T::decode(value).map(Some),
        }
    }
}
