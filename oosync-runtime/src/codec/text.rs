//! Postgres's text output.

use std::borrow::Cow;

use super::{array_literal, delimiter, element, name, record_literal};
use crate::schema::ColumnType;
use crate::types::array::json;
use crate::types::composite::ObjectWriter;
use crate::types::primitive::{float_value, without_nul};
use crate::types::{Date, Interval, Money, Time, TimeTz, Timestamp, Timestamptz, hex, numeric, uuid};
use crate::{Value, ValueError};

/// The device's text of a time.
macro_rules! time {
    ($time:ident, $text:ident) => {{
        let mut text = String::with_capacity($text.len() + 10);
        $text.parse::<$time>()?.write_text(&mut text);
        Value::Text(Cow::Owned(text))
    }};
}

/// An integer of the column's width.
macro_rules! integer {
    ($integer:ident, $ty:ident, $text:ident) => {
        match $text.parse::<$integer>() {
            Ok(value) => Value::Integer(value.into()),
            Err(_) => return Err(ValueError::invalid($text, name($ty))),
        }
    };
}

/// Reads a value of any type.
pub(super) fn read<'a>(ty: &ColumnType, text: &'a str) -> Result<Value<'a>, ValueError> {
    Ok(match ty {
        ColumnType::Bool => match text {
            // The output function prints letters, the cast to text words.
            "t" | "true" => Value::Integer(1),
            "f" | "false" => Value::Integer(0),
            _ => return Err(ValueError::invalid(text, name(ty))),
        },
        ColumnType::Int2 => integer!(i16, ty, text),
        ColumnType::Int4 => integer!(i32, ty, text),
        ColumnType::Int8 => integer!(i64, ty, text),
        ColumnType::Oid => integer!(u32, ty, text),
        ColumnType::Float4 => float_value(float::<f32>(ty, text)?.into()),
        ColumnType::Float8 => float_value(float::<f64>(ty, text)?),
        ColumnType::Numeric => Value::Text(numeric::canonical(text)?),
        ColumnType::Timestamptz => time!(Timestamptz, text),
        ColumnType::Timestamp => time!(Timestamp, text),
        ColumnType::Date => time!(Date, text),
        ColumnType::Time => time!(Time, text),
        ColumnType::TimeTz => time!(TimeTz, text),
        ColumnType::Interval => time!(Interval, text),
        ColumnType::Uuid => Value::Blob(Cow::Owned(uuid::parse(text)?.into_bytes().to_vec())),
        ColumnType::UuidText => {
            uuid::parse(text)?;
            Value::Text(Cow::Borrowed(text))
        }
        ColumnType::Bytea => Value::Blob(Cow::Owned(hex::bytes(text)?)),
        ColumnType::Money => Value::Integer(text.parse::<Money>()?.hundredths()),
        ColumnType::PgText("inet" | "pg_catalog.inet") => {
            Value::Text(Cow::Borrowed(host(without_nul(text, name(ty))?)))
        }
        ColumnType::Json
        | ColumnType::Jsonb
        | ColumnType::Text
        | ColumnType::Enum
        | ColumnType::PgText(_) => Value::Text(Cow::Borrowed(without_nul(text, name(ty))?)),
        ColumnType::Array(element) => {
            let array_literal::Parsed { dimensions, elements } =
                array_literal::read(text, delimiter(element))?;
            let mut json = String::with_capacity(text.len());
            json::write(&mut json, &dimensions, elements.into_iter(), |text, json| {
                value(element, text, json)
            })?;
            Value::Text(Cow::Owned(json))
        }
        ColumnType::Composite(attributes) => {
            let values = record_literal::read(text, attributes.len())?;
            let mut json = String::with_capacity(text.len() * 2);
            let mut object = ObjectWriter::new(&mut json);
            for (attribute, text) in attributes.iter().zip(values) {
                object.raw(attribute.name, |json| value(&attribute.ty, text, json))?;
            }
            object.finish();
            Value::Text(Cow::Owned(json))
        }
    })
}

/// An `inet` as the output function prints it: the cast to text adds the bits of a single host, and one value must
/// not have two spellings on the device.
fn host(text: &str) -> &str {
    let all_bits = if text.contains(':') { "/128" } else { "/32" };
    text.strip_suffix(all_bits).unwrap_or(text)
}

/// A part of an array or record as JSON.
fn value(ty: &ColumnType, text: Option<Cow<'_, str>>, json: &mut String) -> Result<(), ValueError> {
    match text {
        Some(text) => element::write(ty, &read(ty, &text)?, json),
        None => {
            json.push_str("null");
            Ok(())
        }
    }
}

/// A float as Postgres prints it.
fn float<F: std::str::FromStr + Into<f64> + Copy>(ty: &ColumnType, text: &str) -> Result<F, ValueError> {
    let word = matches!(text, "NaN" | "Infinity" | "-Infinity");
    // The standard library reads other words too.
    let number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e'));
    let value = if word || number { text.parse::<F>().ok() } else { None };
    // A number that is out of range reads as infinite.
    let value = value.filter(|&value| word || value.into().is_finite());
    value.ok_or_else(|| ValueError::invalid(text, name(ty)))
}
