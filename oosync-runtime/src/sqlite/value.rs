//! Values in and out of rusqlite.

use std::borrow::Cow;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::row::RowSource;
use crate::{Value, ValueError};

impl<'a> Value<'a> {
    /// What a column holds.
    ///
    /// # Errors
    ///
    /// A text that is not UTF-8.
    pub fn from_rusqlite(value: ValueRef<'a>) -> Result<Self, ValueError> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(bytes) => {
                let text = std::str::from_utf8(bytes);
                let text =
                    text.map_err(|_| ValueError::invalid(String::from_utf8_lossy(bytes), "UTF-8 text"))?;
                Self::Text(Cow::Borrowed(text))
            }
            ValueRef::Blob(bytes) => Self::Blob(Cow::Borrowed(bytes)),
        })
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(value) => ValueRef::Integer(*value),
            Value::Real(value) => ValueRef::Real(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl RowSource for rusqlite::Row<'_> {
    fn value(&self, place: usize) -> Result<Value<'_>, ValueError> {
        match self.get_ref(place) {
            Ok(value) => Value::from_rusqlite(value),
            // The statement was made for the columns that are read.
            Err(_) => Ok(Value::Null),
        }
    }
}
