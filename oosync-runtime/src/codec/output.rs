//! Device values as the text that a type's input function reads.

use std::borrow::Cow;

use super::{array_literal, delimiter, element, integer, name, record_literal};
use crate::schema::ColumnType;
use crate::types::array::json;
use crate::types::primitive::{to_real, value_float, without_nul};
use crate::types::{
    Date, Interval, Money, ObjectReader, Time, TimeTz, Timestamp, Timestamptz, Uuid, hex, json_text, numeric,
    uuid,
};
use crate::{Value, ValueError};

/// Text that reads as a time is what Postgres reads too.
macro_rules! time {
    ($time:ident, $text:expr) => {{
        let text = $text;
        text.parse::<$time>()?;
        Cow::Borrowed(text)
    }};
}

/// Writes a value of any type, but for null.
pub(super) fn write<'a>(ty: &ColumnType, value: &'a Value<'_>) -> Result<Cow<'a, str>, ValueError> {
    let text = || match value {
        Value::Text(text) => without_nul(text, name(ty)),
        other => Err(ValueError::kind(other, name(ty))),
    };
    let bytes = || match value {
        Value::Blob(bytes) => Ok(&**bytes),
        other => Err(ValueError::kind(other, name(ty))),
    };
    Ok(match ty {
        ColumnType::Bool => Cow::Borrowed(if integer(ty, value)? == 1 { "t" } else { "f" }),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid => {
            Cow::Owned(integer(ty, value)?.to_string())
        }
        ColumnType::Float4 => float(to_real(value_float(value, name(ty))?)?),
        ColumnType::Float8 => float(value_float(value, name(ty))?),
        ColumnType::Numeric => numeric::canonical(text()?)?,
        ColumnType::Timestamptz => time!(Timestamptz, text()?),
        ColumnType::Timestamp => time!(Timestamp, text()?),
        ColumnType::Date => time!(Date, text()?),
        ColumnType::Time => time!(Time, text()?),
        ColumnType::TimeTz => time!(TimeTz, text()?),
        ColumnType::Interval => {
            let text = text()?;
            let interval = text.parse::<Interval>()?;
            // Servers older than 17 do not read the word.
            if interval.is_finite() { Cow::Borrowed(text) } else { interval.pg_text() }
        }
        ColumnType::Uuid => {
            let bytes = bytes()?;
            let uuid = Uuid::from_slice(bytes);
            let invalid = |_| ValueError::invalid(format_args!("{} bytes", bytes.len()), name(ty));
            Cow::Owned(uuid.map_err(invalid)?.to_string())
        }
        ColumnType::UuidText => {
            let text = text()?;
            uuid::parse(text)?;
            Cow::Borrowed(text)
        }
        ColumnType::Bytea => Cow::Owned(hex::text(bytes()?)),
        ColumnType::Json | ColumnType::Jsonb => {
            let text = text()?;
            json_text::one_value(text, name(ty))?;
            Cow::Borrowed(text)
        }
        ColumnType::Text | ColumnType::Enum | ColumnType::PgText(_) => Cow::Borrowed(text()?),
        ColumnType::Money => Cow::Owned(Money::from_hundredths(integer(ty, value)?).to_string()),
        ColumnType::Array(element) => {
            let json::Parsed { dimensions, elements } = json::read(text()?)?;
            Cow::Owned(array_literal::write(&dimensions, delimiter(element), elements, |json| {
                part(element, json)
            })?)
        }
        ColumnType::Composite(attributes) => {
            let mut object = ObjectReader::new(text()?)?;
            let mut record = record_literal::Writer::new();
            for attribute in *attributes {
                let value = object.raw(attribute.name).map(|json| part(&attribute.ty, json)).transpose()?;
                record.attribute(value.as_deref());
            }
            object.finish()?;
            Cow::Owned(record.finish())
        }
    })
}

/// The text of a part of an array or composite value.
fn part(ty: &ColumnType, json: &str) -> Result<String, ValueError> {
    let value = element::read(ty, json)?;
    write(ty, &value).map(Cow::into_owned)
}

/// The shortest digits that read as the same float; the words that Postgres reads.
fn float(value: impl Into<f64> + std::fmt::Debug + Copy) -> Cow<'static, str> {
    match value.into() {
        float if float.is_nan() => Cow::Borrowed("NaN"),
        f64::INFINITY => Cow::Borrowed("Infinity"),
        f64::NEG_INFINITY => Cow::Borrowed("-Infinity"),
        _ => Cow::Owned(format!("{value:?}")),
    }
}
