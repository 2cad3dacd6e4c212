//! Every way a value travels, by the type of its column: no generics, one reader and one writer for all schemas.
//!
//! ```text
//!  Postgres, binary ──from_binary──►         ──to_text────────►  Postgres, what a type's input function reads
//!                                    Value
//!  Postgres, text ────from_text────►         ──to_push_json───►  json_populate_recordset
//!  JSON ──────────────from_json────►
//! ```
//!
//! Text is that of a session with `DateStyle = ISO`, `IntervalStyle = iso_8601`, `TimeZone = UTC`,
//! `extra_float_digits = 1`, `bytea_output = hex`, `lc_monetary = C`. What is malformed is an error, and so is a
//! value outside of its type; lengths are checked before anything is allocated, and nothing nests deeper than the
//! type.

mod array_literal;
mod binary;
mod element;
mod output;
mod record_literal;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;

use crate::schema::ColumnType;
use crate::types::json_text;
use crate::{Value, ValueError};

/// The form in which a column is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Postgres's binary form, as it is: for [`from_binary`].
    Binary,
    /// Cast to `text` in the SELECT list: for [`from_text`].
    Text,
}

impl Wire {
    /// The form for a type: text where the type, or a part of it, has no binary form that is known here.
    pub fn of(ty: &ColumnType) -> Self {
        match ty {
            ColumnType::PgText(_) => Self::Text,
            ColumnType::Array(element) => Self::of(element),
            ColumnType::Composite(attributes) => {
                let text = attributes.iter().any(|attribute| Self::of(&attribute.ty) == Self::Text);
                if text { Self::Text } else { Self::Binary }
            }
            _ => Self::Binary,
        }
    }
}

/// The device's form of what Postgres sends in binary. The bytes of text, JSON, `bytea` and `uuid` are borrowed.
///
/// # Errors
///
/// Where the bytes are not what Postgres sends for the type, and for types that do not travel in binary.
pub fn from_binary<'a>(ty: &ColumnType, bytes: &'a [u8]) -> Result<Value<'a>, ValueError> {
    binary::read(ty, bytes)
}

/// The device's form of Postgres's text output.
///
/// # Errors
///
/// Where the text is not what Postgres prints for the type.
pub fn from_text<'a>(ty: &ColumnType, text: &'a str) -> Result<Value<'a>, ValueError> {
    text::read(ty, text)
}

/// The device's form of what was asked for as [`Wire::of`] says.
///
/// # Errors
///
/// As [`from_binary`] and [`from_text`].
pub fn from_wire<'a>(ty: &ColumnType, bytes: &'a [u8]) -> Result<Value<'a>, ValueError> {
    from_form(ty, Wire::of(ty), bytes)
}

/// The device's form of what came in this form, whatever [`Wire::of`] says.
///
/// # Errors
///
/// As [`from_binary`] and [`from_text`].
pub fn from_form<'a>(ty: &ColumnType, form: Wire, bytes: &'a [u8]) -> Result<Value<'a>, ValueError> {
    match form {
        Wire::Binary => from_binary(ty, bytes),
        Wire::Text => from_text(ty, utf8(bytes, ty)?),
    }
}

/// What the type's input function reads; null has no text.
///
/// # Errors
///
/// Where the value is not one of the type, or null.
pub fn to_text<'a>(ty: &ColumnType, value: &'a Value<'_>) -> Result<Cow<'a, str>, ValueError> {
    output::write(ty, value)
}

/// Appends the JSON that `json_populate_recordset` reads: null, booleans and integers as such, all else as a string
/// of [`to_text`]. Postgres takes strings through the input function, but for `json` and `jsonb`: those have to be
/// declared `text` there, and cast.
///
/// # Errors
///
/// As [`to_text`]; nothing is appended then.
pub fn to_push_json(ty: &ColumnType, value: &Value<'_>, json: &mut String) -> Result<(), ValueError> {
    if matches!(value, Value::Null) {
        json.push_str("null");
        return Ok(());
    }
    let text = to_text(ty, value)?;
    match ty {
        ColumnType::Bool => json.push_str(if text == "t" { "true" } else { "false" }),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid => json.push_str(&text),
        _ => json_text::write_string(&text, json),
    }
    Ok(())
}

/// The device's form of a value in JSON: of what [`to_push_json`] writes, and of what a server makes as
/// [`cast_in_json`] says.
///
/// # Errors
///
/// Where the JSON is no value of the type: a number of the wrong type, an object, malformed text.
pub fn from_json<'a>(ty: &ColumnType, json: &'a str) -> Result<Value<'a>, ValueError> {
    let invalid = || ValueError::invalid(json, name(ty));
    match json.as_bytes() {
        b"null" => Ok(Value::Null),
        [b'"', ..] => match json_text::read_string(json, name(ty))? {
            Cow::Borrowed(text) => from_text(ty, text),
            Cow::Owned(text) => from_text(ty, &text).map(Value::into_owned),
        },
        b"true" | b"false" if *ty == ColumnType::Bool => from_text(ty, json),
        [b'-' | b'0'..=b'9', ..] => match ty {
            ColumnType::Int2
            | ColumnType::Int4
            | ColumnType::Int8
            | ColumnType::Oid
            | ColumnType::Float4
            | ColumnType::Float8
            | ColumnType::Numeric => from_text(ty, json),
            _ => Err(invalid()),
        },
        _ => Err(invalid()),
    }
}

/// Whether a server casts a column to `text` before it makes JSON of it, so that [`from_json`] reads what was there.
///
/// Booleans, integers and texts are made JSON as they are (a cast to text would take the blanks off a `char(n)`).
/// Postgres writes other types in JSON as something else than their text, as it does with times, or in a form that
/// readers of JSON bring to the nearest double.
pub const fn cast_in_json(ty: &ColumnType) -> bool {
    !matches!(
        ty,
        ColumnType::Bool
            | ColumnType::Int2
            | ColumnType::Int4
            | ColumnType::Int8
            | ColumnType::Oid
            | ColumnType::Text
            | ColumnType::Enum
    )
}

/// The type's name in messages.
pub(crate) const fn name(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Bool => "boolean",
        ColumnType::Int2 => "smallint",
        ColumnType::Int4 => "integer",
        ColumnType::Int8 => "bigint",
        ColumnType::Oid => "oid",
        ColumnType::Float4 => "real",
        ColumnType::Float8 => "double precision",
        ColumnType::Numeric => "numeric",
        ColumnType::Timestamptz => "timestamp with time zone",
        ColumnType::Timestamp => "timestamp without time zone",
        ColumnType::Date => "date",
        ColumnType::Time => "time without time zone",
        ColumnType::TimeTz => "time with time zone",
        ColumnType::Interval => "interval",
        ColumnType::Uuid | ColumnType::UuidText => "uuid",
        ColumnType::Bytea => "bytea",
        ColumnType::Json => "json",
        ColumnType::Jsonb => "jsonb",
        ColumnType::Text => "text",
        ColumnType::Money => "money",
        ColumnType::Enum => "enum",
        ColumnType::PgText(name) => name,
        ColumnType::Array(_) => "array",
        ColumnType::Composite(_) => "composite type",
    }
}

fn utf8<'a>(bytes: &'a [u8], ty: &ColumnType) -> Result<&'a str, ValueError> {
    std::str::from_utf8(bytes).map_err(|_| ValueError::invalid(String::from_utf8_lossy(bytes), name(ty)))
}

/// What separates the elements in the text of an array: Postgres's `typdelim`. Only `box` has another.
fn delimiter(element: &ColumnType) -> char {
    match element {
        ColumnType::PgText("box" | "pg_catalog.box") => ';',
        _ => ',',
    }
}

/// An integer of a column, within the column's range.
fn integer(ty: &ColumnType, value: &Value<'_>) -> Result<i64, ValueError> {
    let Value::Integer(value) = *value else { return Err(ValueError::kind(value, name(ty))) };
    let range = match ty {
        ColumnType::Bool => 0..=1,
        ColumnType::Int2 => i64::from(i16::MIN)..=i64::from(i16::MAX),
        ColumnType::Int4 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        ColumnType::Oid => 0..=i64::from(u32::MAX),
        _ => i64::MIN..=i64::MAX,
    };
    if range.contains(&value) { Ok(value) } else { Err(ValueError::out_of_range(value, name(ty))) }
}
