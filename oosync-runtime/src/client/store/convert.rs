//! A value of a column whose type has changed.

use super::describe::type_name;
use super::sql::storage;
use crate::Value;
use crate::schema::ColumnType;
use crate::types::{Numeric, Uuid};

/// The value in the new type, as Postgres would cast it; nothing where that is not surely the same.
pub(super) fn convert(from: &str, to: &ColumnType, value: Value<'static>) -> Option<Value<'static>> {
    if matches!(value, Value::Null) || from == type_name(to) {
        return Some(value);
    }
    match value {
        Value::Integer(number) if matches!(from, "int2" | "int4" | "int8" | "oid") => integer(to, number),
        Value::Integer(number) if from == "bool" && *to == ColumnType::Text => {
            Some(Value::Text(if number == 0 { "false" } else { "true" }.into()))
        }
        Value::Text(text) if from == "uuid as text" && *to == ColumnType::Uuid => {
            Some(Value::Blob(Uuid::parse_str(&text).ok()?.into_bytes().to_vec().into()))
        }
        Value::Blob(bytes) if from == "uuid" && matches!(to, ColumnType::UuidText | ColumnType::Text) => {
            let uuid = Uuid::from_slice(&bytes).ok()?;
            Some(Value::Text(uuid.hyphenated().to_string().into()))
        }
        Value::Text(text) => match to {
            ColumnType::Text => Some(Value::Text(text)),
            // What the text says is the server's to judge; text is what holds these types.
            ColumnType::Enum | ColumnType::PgText(_) if from == "text" || from == "enum" => {
                Some(Value::Text(text))
            }
            ColumnType::Numeric if from == "text" => {
                text.parse::<Numeric>().ok().map(|number| Value::Text(number.into_string().into()))
            }
            ColumnType::Json | ColumnType::Jsonb if matches!(from, "json" | "jsonb") => {
                Some(Value::Text(text))
            }
            _ => None,
        },
        real @ (Value::Real(_) | Value::Integer(_)) if from == "float4" && *to == ColumnType::Float8 => {
            Some(real)
        }
        _ => None,
    }
}

fn integer(to: &ColumnType, number: i64) -> Option<Value<'static>> {
    /// Up to here, every integer is a floating point number.
    const EXACT: u64 = 1 << 53;
    let within = match to {
        ColumnType::Int2 => i16::try_from(number).is_ok(),
        ColumnType::Int4 => i32::try_from(number).is_ok(),
        ColumnType::Int8 => true,
        ColumnType::Oid => u32::try_from(number).is_ok(),
        ColumnType::Numeric | ColumnType::Text => return Some(Value::Text(number.to_string().into())),
        #[allow(clippy::cast_precision_loss, reason = "it is exact up to there")]
        ColumnType::Float8 if number.unsigned_abs() <= EXACT => return Some(Value::Real(number as f64)),
        _ => false,
    };
    within.then_some(Value::Integer(number))
}

/// What stands in a column that may not be null, until the server's value is there. It is never pushed.
pub(super) fn placeholder(ty: &ColumnType) -> Value<'static> {
    match storage(ty) {
        "INTEGER" => Value::Integer(0),
        "BLOB" => Value::Blob(Vec::new().into()),
        "TEXT" => Value::Text("".into()),
        _ => Value::Real(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cast_would_change_is_not_converted() {
        let text = |text: &'static str| Value::Text(text.into());
        assert_eq!(convert("int8", &ColumnType::Int4, Value::Integer(7)), Some(Value::Integer(7)));
        assert_eq!(convert("int8", &ColumnType::Int4, Value::Integer(1 << 40)), None);
        assert_eq!(convert("int4", &ColumnType::Text, Value::Integer(-7)), Some(text("-7")));
        assert_eq!(convert("text", &ColumnType::Numeric, text("1.50")), Some(text("1.50")));
        assert_eq!(convert("text", &ColumnType::Numeric, text("much")), None);
        assert_eq!(convert("text", &ColumnType::Int4, text("7")), None);
        assert_eq!(convert("timestamp", &ColumnType::Timestamptz, text("2024-01-01 00:00:00.000000")), None);
        assert_eq!(convert("money", &ColumnType::Int8, Value::Integer(100)), None);
        assert_eq!(convert("text", &ColumnType::Int4, Value::Null), Some(Value::Null));
        let uuid = Value::Blob(vec![7; 16].into());
        let shown = convert("uuid", &ColumnType::UuidText, uuid.clone()).unwrap();
        assert_eq!(convert("uuid as text", &ColumnType::Uuid, shown), Some(uuid));
    }
}
