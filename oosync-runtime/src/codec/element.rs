//! Elements of arrays and attributes of composite types: a device value as JSON, and back.

use std::borrow::Cow;

use super::{integer, name};
use crate::schema::ColumnType;
use crate::types::primitive::{float_value, read_float4, read_float8, to_real, value_float, write_float};
use crate::types::{hex, json_text, uuid};
use crate::{Element, Value, ValueError, sql};

/// Appends a value as JSON. Arrays and composite types are JSON already.
pub(super) fn write(ty: &ColumnType, value: &Value<'_>, json: &mut String) -> Result<(), ValueError> {
    let wrong = || ValueError::kind(value, name(ty));
    match ty {
        ColumnType::Bool => json.push_str(if integer(ty, value)? == 1 { "true" } else { "false" }),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid | ColumnType::Money => {
            Element::<sql::Int8>::write_json(&integer(ty, value)?, json)?;
        }
        ColumnType::Float4 => write_float(to_real(value_float(value, name(ty))?)?, json),
        ColumnType::Float8 => write_float(value_float(value, name(ty))?, json),
        ColumnType::Bytea => {
            let Value::Blob(bytes) = value else { return Err(wrong()) };
            json_text::write_string(&hex::text(bytes), json);
        }
        ColumnType::Uuid => {
            let Value::Blob(bytes) = value else { return Err(wrong()) };
            let uuid = uuid::Uuid::from_slice(bytes).map_err(|_| wrong())?;
            Element::<sql::Uuid>::write_json(&uuid, json)?;
        }
        ColumnType::Array(_) | ColumnType::Composite(_) => {
            let Value::Text(text) = value else { return Err(wrong()) };
            json.push_str(text);
        }
        _ => {
            let Value::Text(text) = value else { return Err(wrong()) };
            json_text::write_string(text, json);
        }
    }
    Ok(())
}

/// Reads a value from JSON that is not `null`.
pub(super) fn read<'a>(ty: &ColumnType, json: &'a str) -> Result<Value<'a>, ValueError> {
    let name = name(ty);
    Ok(match ty {
        ColumnType::Bool => Value::Integer(<bool as Element<sql::Bool>>::read_json(json)?.into()),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid | ColumnType::Money => {
            let value = Value::Integer(json.parse().map_err(|_| ValueError::invalid(json, name))?);
            integer(ty, &value)?;
            value
        }
        ColumnType::Float4 => float_value(read_float4(json)?.into()),
        ColumnType::Float8 => float_value(read_float8(json)?),
        ColumnType::Bytea => Value::Blob(Cow::Owned(hex::bytes(&json_text::read_string(json, name)?)?)),
        ColumnType::Uuid => {
            let uuid = uuid::parse(&json_text::read_string(json, name)?)?;
            Value::Blob(Cow::Owned(uuid.into_bytes().to_vec()))
        }
        ColumnType::Array(_) | ColumnType::Composite(_) => Value::Text(Cow::Borrowed(json)),
        _ => Value::Text(json_text::read_string(json, name)?),
    })
}
