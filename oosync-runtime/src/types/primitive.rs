//! Columns held in Rust's own types: booleans, integers, floats, text, bytes.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::types::{hex, json_text};
use crate::{Element, Field, Value, ValueError, sql};

impl Field<sql::Bool> for bool {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        Ok(Value::Integer((*self).into()))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Integer(0) => Ok(false),
            Value::Integer(1) => Ok(true),
            Value::Integer(other) => Err(ValueError::invalid(other, "boolean")),
            other => Err(ValueError::kind(&other, "boolean")),
        }
    }
}

impl Element<sql::Bool> for bool {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        json.push_str(if *self { "true" } else { "false" });
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        json.parse().map_err(|_| ValueError::invalid(json, "boolean"))
    }
}

/// A column of `$column`'s range, held in `$integer`, which may be wider.
macro_rules! integers {
    ($($marker:ident $name:literal $column:ident: $($integer:ident)+;)+) => {$($(
        impl Field<sql::$marker> for $integer {
            fn encode(&self) -> Result<Value<'_>, ValueError> {
                match $column::try_from(*self) {
                    Ok(value) => Ok(Value::Integer(value.into())),
                    Err(_) => Err(ValueError::out_of_range(self, $name)),
                }
            }

            fn decode(value: Value<'_>) -> Result<Self, ValueError> {
                match value {
                    Value::Integer(value) => match $column::try_from(value) {
                        Ok(value) => Ok(value.into()),
                        Err(_) => Err(ValueError::out_of_range(value, $name)),
                    },
                    other => Err(ValueError::kind(&other, $name)),
                }
            }
        }

        impl Element<sql::$marker> for $integer {
            fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
                match $column::try_from(*self) {
                    Ok(value) => {
                        // Writing to a string does not fail.
                        let _ = write!(json, "{value}");
                        Ok(())
                    }
                    Err(_) => Err(ValueError::out_of_range(self, $name)),
                }
            }

            fn read_json(json: &str) -> Result<Self, ValueError> {
                let value = json.parse::<$column>().map_err(|_| ValueError::invalid(json, $name))?;
                Ok(value.into())
            }
        }
    )+)+};
}

integers! {
    Int2 "smallint" i16: i16 i32 i64;
    Int4 "integer" i32: i32 i64;
    Int8 "bigint" i64: i64;
    Oid "oid" u32: u32 i64;
}

/// The text that stands for a float that SQLite would turn into null.
pub(crate) const NAN: &str = "NaN";

/// The stored form of a float: a real, but for NaN.
pub(crate) fn float_value(value: f64) -> Value<'static> {
    if value.is_nan() { Value::Text(Cow::Borrowed(NAN)) } else { Value::Real(value) }
}

/// Reads the stored form of a float. Integers count where a float represents them: people write `1` in SQL.
///
/// # Errors
///
/// Where it is something else.
pub(crate) fn value_float(value: &Value<'_>, expected: &'static str) -> Result<f64, ValueError> {
    match value {
        Value::Real(value) => Ok(*value),
        Value::Integer(value) => {
            let float = *value as f64;
            // 2^63 itself would saturate to the largest integer and seem exact.
            if float as i64 == *value && *value != i64::MAX {
                Ok(float)
            } else {
                Err(ValueError::out_of_range(value, expected))
            }
        }
        Value::Text(text) if text == NAN => Ok(f64::NAN),
        Value::Text(text) => Err(ValueError::invalid(text, expected)),
        other => Err(ValueError::kind(other, expected)),
    }
}

/// The `real` that a stored float means: the nearest one, as Postgres reads a constant. Whatever Postgres sent is
/// exact; `0.1` written in SQL on the device becomes what it becomes on the server.
///
/// # Errors
///
/// Where the nearest one would be infinite, or zero for a number that is not: Postgres refuses those.
pub(crate) fn to_real(value: f64) -> Result<f32, ValueError> {
    let real = value as f32;
    if (real.is_infinite() && value.is_finite()) || (real == 0.0 && value != 0.0) {
        return Err(ValueError::out_of_range(value, "real"));
    }
    Ok(real)
}

/// Appends the JSON form of a float: a number, or a string for NaN and the infinities.
pub(crate) fn write_float(value: impl Into<f64> + std::fmt::Debug + Copy, json: &mut String) {
    match value.into() {
        float if float.is_nan() => json.push_str("\"NaN\""),
        f64::INFINITY => json.push_str("\"Infinity\""),
        f64::NEG_INFINITY => json.push_str("\"-Infinity\""),
        // Debug prints the shortest digits of its own type, an exponent only where the number is long, and `-0.0`:
        // JSON, and exact. Writing to a string does not fail.
        _ => {
            let _ = write!(json, "{value:?}");
        }
    }
}

macro_rules! read_float {
    ($read:ident $float:ident $name:literal) => {
        /// Reads the JSON form of a float.
        ///
        /// # Errors
        ///
        /// Where it is something else, or a number out of range.
        pub(crate) fn $read(json: &str) -> Result<$float, ValueError> {
            if json_text::is_number(json) {
                // The standard library reads floats exactly.
                let value: $float = json.parse().map_err(|_| ValueError::invalid(json, $name))?;
                return if value.is_finite() {
                    Ok(value)
                } else {
                    Err(ValueError::out_of_range(json, $name))
                };
            }
            match &*json_text::read_string(json, $name)? {
                "NaN" => Ok($float::NAN),
                "Infinity" => Ok($float::INFINITY),
                "-Infinity" => Ok($float::NEG_INFINITY),
                _ => Err(ValueError::invalid(json, $name)),
            }
        }
    };
}

read_float! { read_float4 f32 "real" }
read_float! { read_float8 f64 "double precision" }

impl Field<sql::Float8> for f64 {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        Ok(float_value(*self))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        value_float(&value, "double precision")
    }
}

impl Element<sql::Float8> for f64 {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        write_float(*self, json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        read_float8(json)
    }
}

/// A real written in SQL on the device is read as the nearest `f32`, as Postgres reads a constant.
impl Field<sql::Float4> for f32 {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        Ok(float_value((*self).into()))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        to_real(value_float(&value, "real")?)
    }
}

impl Element<sql::Float4> for f32 {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        write_float(*self, json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        read_float4(json)
    }
}

/// The `real` that is exactly this number.
fn exact_real(value: f64) -> Result<f32, ValueError> {
    let real = to_real(value)?;
    if value.is_nan() || f64::from(real) == value {
        Ok(real)
    } else {
        Err(ValueError::out_of_range(value, "real"))
    }
}

/// Only numbers that are a `real` exactly can be written.
impl Field<sql::Float4> for f64 {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        exact_real(*self).map(|real| float_value(real.into()))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        <f32 as Field<sql::Float4>>::decode(value).map(Self::from)
    }
}

impl Element<sql::Float4> for f64 {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        write_float(exact_real(*self)?, json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        read_float4(json).map(Self::from)
    }
}

/// Checks that Postgres can hold the text: it has no character zero.
///
/// # Errors
///
/// Where there is one.
pub(crate) fn without_nul<'a>(text: &'a str, target: &'static str) -> Result<&'a str, ValueError> {
    if text.as_bytes().contains(&0) {
        return Err(ValueError::out_of_range(text.escape_debug(), target));
    }
    Ok(text)
}

/// Text that contains a NUL is refused: Postgres has none.
impl Field<sql::Text> for String {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        without_nul(self, "text").map(|text| Value::Text(Cow::Borrowed(text)))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Text(text) => Ok(text.into_owned()),
            other => Err(ValueError::kind(&other, "text")),
        }
    }
}

impl Element<sql::Text> for String {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        json_text::write_string(without_nul(self, "text")?, json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        json_text::read_string(json, "text").map(Cow::into_owned)
    }
}

impl Field<sql::Bytea> for Vec<u8> {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        Ok(Value::Blob(Cow::Borrowed(self)))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Blob(bytes) => Ok(bytes.into_owned()),
            other => Err(ValueError::kind(&other, "bytea")),
        }
    }
}

/// A JSON string of `\x` and hexadecimal digits, as Postgres prints it.
impl Element<sql::Bytea> for Vec<u8> {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        json_text::write_string(&hex::text(self), json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        hex::bytes(&json_text::read_string(json, "bytea")?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored<S, T: Field<S>>(value: T) -> Result<Value<'static>, ValueError> {
        value.encode().map(Value::into_owned)
    }

    #[test]
    fn an_integer_outside_of_the_columns_range_is_refused_on_both_ways() {
        assert!(stored::<sql::Int2, i32>(70_000).is_err());
        assert!(stored::<sql::Oid, i64>(-1).is_err());
        assert!(<i32 as Field<sql::Int2>>::decode(Value::Integer(70_000)).is_err());
        assert!(<i64 as Field<sql::Int4>>::decode(Value::Integer(1 << 31)).is_err());
        assert_eq!(<i64 as Field<sql::Oid>>::decode(Value::Integer(4_294_967_295)), Ok(4_294_967_295));
        assert!(<i16 as Element<sql::Int2>>::read_json("1.0").is_err());
        assert!(<bool as Field<sql::Bool>>::decode(Value::Integer(2)).is_err());
    }

    #[test]
    fn nan_is_text_and_the_other_odd_floats_are_reals() {
        assert_eq!(stored::<sql::Float8, _>(f64::NAN), Ok(Value::Text("NaN".into())));
        assert_eq!(stored::<sql::Float8, _>(f64::INFINITY), Ok(Value::Real(f64::INFINITY)));
        let zero = <f64 as Field<sql::Float8>>::decode(Value::Real(-0.0)).unwrap();
        assert!(zero.is_sign_negative());
        assert!(<f32 as Field<sql::Float4>>::decode(Value::Text("NaN".into())).unwrap().is_nan());
        assert!(<f64 as Field<sql::Float8>>::decode(Value::Text("nan".into())).is_err());
    }

    #[test]
    fn an_integer_is_a_float_only_where_it_is_one_exactly() {
        let read = |value| <f64 as Field<sql::Float8>>::decode(Value::Integer(value));
        assert_eq!(read(1), Ok(1.0));
        assert_eq!(read(i64::MIN), Ok(-9_223_372_036_854_775_808.0));
        assert!(read((1 << 53) + 1).is_err());
        assert!(read(i64::MAX).is_err());
    }

    #[test]
    fn an_f64_is_a_real_only_where_it_is_one_exactly() {
        assert!(stored::<sql::Float4, f64>(0.1).is_err());
        assert!(stored::<sql::Float4, f64>(1e300).is_err());
        assert_eq!(stored::<sql::Float4, f64>(0.5), Ok(Value::Real(0.5)));
        assert_eq!(<f32 as Field<sql::Float4>>::decode(Value::Real(0.1)), Ok(0.1));
        assert!(<f32 as Field<sql::Float4>>::decode(Value::Real(1e300)).is_err());
        assert!(<f32 as Field<sql::Float4>>::decode(Value::Real(1e-300)).is_err());
    }

    #[test]
    fn text_with_a_nul_is_refused() {
        assert!(stored::<sql::Text, _>("a\0".to_owned()).is_err());
    }

    proptest! {
        #[test]
        fn every_float_survives_json(bits: u64, half: u32) {
            let mut json = String::new();
            let value = f64::from_bits(bits);
            Element::<sql::Float8>::write_json(&value, &mut json)?;
            let read = read_float8(&json)?;
            prop_assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
            json.clear();
            let value = f32::from_bits(half);
            Element::<sql::Float4>::write_json(&value, &mut json)?;
            let read = read_float4(&json)?;
            prop_assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
        }

        #[test]
        fn all_text_survives_json(text: String) {
            let mut json = String::new();
            json_text::write_string(&text, &mut json);
            prop_assert_eq!(json_text::read_string(&json, "text")?, text);
        }

        #[test]
        fn all_bytes_survive_json(bytes: Vec<u8>) {
            let mut json = String::new();
            Element::<sql::Bytea>::write_json(&bytes, &mut json)?;
            prop_assert_eq!(<Vec<u8> as Element<sql::Bytea>>::read_json(&json)?, bytes);
        }
    }
}
