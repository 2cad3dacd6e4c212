//! Values of SQLite through Diesel.

use ::diesel::deserialize;
use ::diesel::serialize::{self, IsNull, Output};
use ::diesel::sql_types::HasSqlType;
use ::diesel::sqlite::{Sqlite, SqliteType, SqliteValue};

use crate::{Field, Value, ValueError};

/// Reads a value through [`Field`].
///
/// # Errors
///
/// Where it does not fit.
pub fn read<S, T: Field<S>>(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<T> {
    let decoded = match value.value_type() {
        Some(SqliteType::Text) => T::decode(Value::Text(text(&mut value)?.into())),
        Some(SqliteType::Binary) => T::decode(Value::Blob(value.read_blob().into())),
        Some(SqliteType::Float | SqliteType::Double) => T::decode(Value::Real(value.read_double())),
        Some(_) => T::decode(Value::Integer(value.read_long())),
        None => T::decode(Value::Null),
    };
    Ok(decoded?)
}

/// Diesel puts U+FFFD where text is not UTF-8: such a text is refused, one that contains that character is not.
fn text<'v>(value: &'v mut SqliteValue<'_, '_, '_>) -> Result<&'v str, ValueError> {
    if value.read_text().contains('\u{fffd}') {
        let bytes = value.read_blob();
        if let Err(error) = std::str::from_utf8(bytes) {
            return Err(ValueError::invalid(
                format_args!("a text with a byte that is no UTF-8 at {}", error.valid_up_to()),
                "UTF-8 text",
            ));
        }
    }
    Ok(value.read_text())
}

/// Writes a field.
///
/// # Errors
///
/// Where the column has no such value.
pub fn write<'b, S, T: Field<S>>(field: &'b T, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result
where
    Sqlite: HasSqlType<S>,
{
    put::<S>(field.encode()?, out)
}

/// Writes a value to a parameter of the type `ST`: Diesel binds it only if the storage classes agree.
pub(super) fn put<'b, ST>(value: Value<'b>, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result
where
    Sqlite: HasSqlType<ST>,
{
    use std::borrow::Cow;

    let ty = <Sqlite as HasSqlType<ST>>::metadata(&mut ());
    match (value, ty) {
        (Value::Null, _) => return Ok(IsNull::Yes),
        (Value::Integer(value), SqliteType::SmallInt | SqliteType::Integer) => {
            out.set_value(i32::try_from(value)?);
        }
        (Value::Integer(value), _) => out.set_value(value),
        (Value::Real(value), _) => out.set_value(value),
        (Value::Text(_), SqliteType::Double) => {
            return Err("NaN cannot be bound in this way: wrap it in `oosync_runtime::diesel::val`".into());
        }
        (Value::Text(Cow::Borrowed(text)), _) => out.set_value(text),
        (Value::Text(Cow::Owned(text)), _) => out.set_value(text),
        (Value::Blob(Cow::Borrowed(bytes)), _) => out.set_value(bytes),
        (Value::Blob(Cow::Owned(bytes)), _) => out.set_value(bytes),
    }
    Ok(IsNull::No)
}
