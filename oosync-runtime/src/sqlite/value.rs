//! [`Value`] from and to rusqlite.

use std::borrow::Cow;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::row::RowSource;
use crate::types::primitive::NAN;
use crate::{Value, ValueError};

impl<'a> Value<'a> {
    /// What SQLite holds, borrowed.
    ///
    /// # Errors
    ///
    /// Where text is not UTF-8: SQLite does not look.
    pub fn from_rusqlite(value: ValueRef<'a>) -> Result<Self, ValueError> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(Cow::Borrowed(text)),
                Err(_) => return Err(ValueError::invalid(String::from_utf8_lossy(bytes), "UTF-8 text")),
            },
            ValueRef::Blob(bytes) => Self::Blob(Cow::Borrowed(bytes)),
        })
    }

    /// What is bound in a statement, borrowed.
    pub fn to_rusqlite(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            // Nothing here makes such a value; SQLite would store null.
            Self::Real(value) if value.is_nan() => ValueRef::Text(NAN.as_bytes()),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.to_rusqlite()))
    }
}

impl<'a> From<Value<'a>> for ToSqlOutput<'a> {
    fn from(value: Value<'a>) -> Self {
        use rusqlite::types::Value as Owned;

        match value {
            Value::Null => Self::Owned(Owned::Null),
            Value::Integer(value) => Self::Owned(Owned::Integer(value)),
            Value::Real(value) if value.is_nan() => Self::Borrowed(ValueRef::Text(NAN.as_bytes())),
            Value::Real(value) => Self::Owned(Owned::Real(value)),
            Value::Text(Cow::Borrowed(text)) => Self::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Text(Cow::Owned(text)) => Self::Owned(Owned::Text(text)),
            Value::Blob(Cow::Borrowed(bytes)) => Self::Borrowed(ValueRef::Blob(bytes)),
            Value::Blob(Cow::Owned(bytes)) => Self::Owned(Owned::Blob(bytes)),
        }
    }
}

impl FromSql for Value<'static> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Value::from_rusqlite(value).map(Value::into_owned).map_err(refused)
    }
}

/// An error of ours as one of rusqlite's.
pub(super) fn refused(error: ValueError) -> FromSqlError {
    FromSqlError::Other(Box::new(error))
}

/// SQLite's name of the storage class, in the spelling of [`Value::kind`].
pub(super) const fn kind(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "null",
        ValueRef::Integer(_) => "integer",
        ValueRef::Real(_) => "real",
        ValueRef::Text(_) => "text",
        ValueRef::Blob(_) => "blob",
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    fn stored(value: &Value<'_>) -> Value<'static> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("create table t (x any) strict").unwrap();
        connection.execute("insert into t values (?1)", [value]).unwrap();
        connection.query_row("select x from t", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn text_that_is_not_utf8_is_an_error() {
        assert!(Value::from_rusqlite(ValueRef::Text(b"\xff")).is_err());
        let connection = Connection::open_in_memory().unwrap();
        let read =
            connection.query_row("select cast(x'ff' as text)", [], |row| row.get::<_, Value<'static>>(0));
        assert!(read.is_err());
    }

    proptest! {
        #[test]
        fn sqlite_keeps_every_value(integer: i64, bits: u64, text: String, blob: Vec<u8>) {
            let real = f64::from_bits(bits);
            prop_assert_eq!(stored(&Value::Integer(integer)), Value::Integer(integer));
            if real.is_nan() {
                prop_assert_eq!(stored(&Value::Real(real)), Value::Text("NaN".into()));
            } else {
                let Value::Real(read) = stored(&Value::Real(real)) else { panic!("it is a real") };
                prop_assert_eq!(read.to_bits(), bits);
            }
            let text = Value::Text(text.into());
            prop_assert_eq!(stored(&text), text.into_owned());
            let blob = Value::Blob(blob.into());
            prop_assert_eq!(stored(&blob), blob.into_owned());
        }
    }
}
