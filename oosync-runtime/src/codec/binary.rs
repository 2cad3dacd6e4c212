//! Postgres's binary forms: what the type's send function writes.

use std::borrow::Cow;

use super::{element, name, utf8};
use crate::schema::{Attribute, ColumnType};
use crate::types::array::{json, shape};
use crate::types::composite::ObjectWriter;
use crate::types::primitive::{float_value, without_nul};
use crate::types::{Date, Dimension, Interval, Money, Numeric, Time, TimeTz, Timestamp, Timestamptz, Uuid};
use crate::{Value, ValueError};

/// The only version of `jsonb`'s binary form.
const JSONB_VERSION: u8 = 1;

/// Room for the text of any time that is not thousands of years away.
const TIME_TEXT: usize = 40;

/// The device's text of a time.
macro_rules! time {
    ($time:ident, $bytes:ident) => {{
        let mut text = String::with_capacity(TIME_TEXT);
        $time::from_pg_binary($bytes)?.write_text(&mut text);
        Value::Text(Cow::Owned(text))
    }};
}

/// Reads a value of any type that travels in binary.
pub(super) fn read<'a>(ty: &ColumnType, bytes: &'a [u8]) -> Result<Value<'a>, ValueError> {
    Ok(match ty {
        ColumnType::Bool => match bytes {
            [byte @ (0 | 1)] => Value::Integer((*byte).into()),
            _ => return Err(invalid(ty, bytes)),
        },
        ColumnType::Int2 => Value::Integer(i16::from_be_bytes(fixed(ty, bytes)?).into()),
        ColumnType::Int4 => Value::Integer(i32::from_be_bytes(fixed(ty, bytes)?).into()),
        ColumnType::Int8 => Value::Integer(i64::from_be_bytes(fixed(ty, bytes)?)),
        ColumnType::Oid => Value::Integer(u32::from_be_bytes(fixed(ty, bytes)?).into()),
        ColumnType::Float4 => float_value(f32::from_be_bytes(fixed(ty, bytes)?).into()),
        ColumnType::Float8 => float_value(f64::from_be_bytes(fixed(ty, bytes)?)),
        ColumnType::Numeric => Value::Text(Cow::Owned(Numeric::from_pg_binary(bytes)?.into_string())),
        ColumnType::Timestamptz => time!(Timestamptz, bytes),
        ColumnType::Timestamp => time!(Timestamp, bytes),
        ColumnType::Date => time!(Date, bytes),
        ColumnType::Time => time!(Time, bytes),
        ColumnType::TimeTz => time!(TimeTz, bytes),
        ColumnType::Interval => time!(Interval, bytes),
        ColumnType::Uuid => {
            fixed::<16>(ty, bytes)?;
            Value::Blob(Cow::Borrowed(bytes))
        }
        ColumnType::UuidText => Value::Text(Cow::Owned(Uuid::from_bytes(fixed(ty, bytes)?).to_string())),
        ColumnType::Bytea => Value::Blob(Cow::Borrowed(bytes)),
        ColumnType::Jsonb => match bytes {
            [JSONB_VERSION, text @ ..] => read_text(ty, text)?,
            _ => return Err(invalid(ty, bytes)),
        },
        ColumnType::Json | ColumnType::Text | ColumnType::Enum => read_text(ty, bytes)?,
        ColumnType::Money => Value::Integer(Money::from_pg_binary(bytes)?.hundredths()),
        ColumnType::PgText(_) => return Err(invalid(ty, bytes)),
        ColumnType::Array(element) => {
            let mut json = String::new();
            array(element, &mut Reader { ty, rest: bytes, all: bytes }, &mut json)?;
            Value::Text(Cow::Owned(json))
        }
        ColumnType::Composite(attributes) => {
            let mut json = String::new();
            record(attributes, &mut Reader { ty, rest: bytes, all: bytes }, &mut json)?;
            Value::Text(Cow::Owned(json))
        }
    })
}

fn read_text<'a>(ty: &ColumnType, bytes: &'a [u8]) -> Result<Value<'a>, ValueError> {
    without_nul(utf8(bytes, ty)?, name(ty)).map(|text| Value::Text(Cow::Borrowed(text)))
}

fn fixed<const N: usize>(ty: &ColumnType, bytes: &[u8]) -> Result<[u8; N], ValueError> {
    bytes.try_into().map_err(|_| invalid(ty, bytes))
}

fn invalid(ty: &ColumnType, bytes: &[u8]) -> ValueError {
    ValueError::invalid(format_args!("{} bytes", bytes.len()), name(ty))
}

/// Takes apart the bytes of an array or record.
struct Reader<'a> {
    ty: &'a ColumnType,
    rest: &'a [u8],
    all: &'a [u8],
}

impl<'a> Reader<'a> {
    fn invalid(&self) -> ValueError {
        invalid(self.ty, self.all)
    }

    fn integer(&mut self) -> Result<i32, ValueError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(|| self.invalid())?;
        self.rest = rest;
        Ok(i32::from_be_bytes(*bytes))
    }

    /// A length and so many bytes; a length of -1 is null.
    fn part(&mut self) -> Result<Option<&'a [u8]>, ValueError> {
        let length = self.integer()?;
        if length == -1 {
            return Ok(None);
        }
        let parts = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (part, rest) = parts.ok_or_else(|| self.invalid())?;
        self.rest = rest;
        Ok(Some(part))
    }

    /// A part as JSON.
    fn value(&mut self, ty: &ColumnType, json: &mut String) -> Result<(), ValueError> {
        match self.part()? {
            Some(bytes) => element::write(ty, &read(ty, bytes)?, json),
            None => {
                json.push_str("null");
                Ok(())
            }
        }
    }

    fn end(&self) -> Result<(), ValueError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.invalid()) }
    }
}

/// `array_send`: the number of dimensions, whether there are nulls, the type of the elements, length and lower bound
/// of each dimension, the elements.
fn array(element: &ColumnType, reader: &mut Reader<'_>, json: &mut String) -> Result<(), ValueError> {
    let count = reader.integer()?;
    let (_has_nulls, _element_type) = (reader.integer()?, reader.integer()?);
    if usize::try_from(count).is_ok_and(|count| count > shape::MAX_DIMENSIONS) {
        return Err(reader.invalid());
    }
    let mut dimensions = Vec::new();
    for _ in 0..count {
        dimensions.push(Dimension { length: reader.integer()?, lower: reader.integer()? });
    }
    let lengths = dimensions.iter().map(|dimension| usize::try_from(dimension.length).unwrap_or(0));
    let elements = if dimensions.is_empty() { 0 } else { lengths.fold(1, usize::saturating_mul) };
    // Every element has at least a length.
    if count < 0 || elements > reader.rest.len() / size_of::<i32>() {
        return Err(reader.invalid());
    }
    shape::check(&dimensions, elements)?;
    json::write(json, &dimensions, 0..elements, |_, json| reader.value(element, json))?;
    reader.end()
}

/// `record_send`: the number of attributes, then type and value of each.
fn record(attributes: &[Attribute], reader: &mut Reader<'_>, json: &mut String) -> Result<(), ValueError> {
    if usize::try_from(reader.integer()?) != Ok(attributes.len()) {
        return Err(reader.invalid());
    }
    let mut object = ObjectWriter::new(json);
    for attribute in attributes {
        let _type = reader.integer()?;
        object.raw(attribute.name, |json| reader.value(&attribute.ty, json))?;
    }
    object.finish();
    reader.end()
}
