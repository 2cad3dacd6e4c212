//! `numeric`: any decimal number that Postgres holds, digit by digit.
//!
//! - `text`: what is accepted, and the one spelling of each value
//! - `binary`: Postgres's binary form, both ways
//! - `order`: Postgres's order
//! - `sum`: exact sums
//! - `convert`: integers and floats; `foreign`: the decimals of other crates

mod binary;
mod convert;
#[cfg(any(feature = "rust_decimal", feature = "bigdecimal"))]
mod foreign;
mod order;
mod sum;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::types::json_text;
use crate::{Element, Field, Value, ValueError, sql};

pub(crate) use self::order::compare;
pub use self::sum::NumericSum;
pub(crate) use self::text::canonical;

/// What messages call it.
const NAME: &str = "numeric";

/// Digits before the point, at most: `numeric` in the chapter "Numeric Types" of Postgres's manual.
pub(crate) const MAX_WHOLE_DIGITS: usize = 131_072;

/// Digits after the point, at most.
pub(crate) const MAX_SCALE: usize = 16_383;

/// A `numeric` of Postgres: up to 131072 digits before the point and 16383 after it, NaN, and the infinities.
///
/// It is held as Postgres prints it. The scale is part of the value: `1.10` and `1.1` are different, and in order
/// `1.1` comes first. Postgres takes them for equal, and so does [`cmp_value`](Self::cmp_value).
///
/// ```
/// use oosync_runtime::types::Numeric;
///
/// let price: Numeric = "1.10".parse()?;
/// assert_eq!(price.to_string(), "1.10");
/// assert_ne!(price, "1.1".parse()?);
/// assert!(price.cmp_value(&"1.1".parse()?).is_eq());
/// # Ok::<(), oosync_runtime::ValueError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Numeric {
    /// In the canonical form of the module `text`.
    text: String,
}

impl Numeric {
    /// Not a number: equal to itself and greater than all else, as in Postgres.
    pub fn nan() -> Self {
        Self { text: text::NAN.to_owned() }
    }

    /// Greater than every number.
    pub fn infinity() -> Self {
        Self { text: text::INFINITY.to_owned() }
    }

    /// Smaller than every number.
    pub fn neg_infinity() -> Self {
        Self { text: text::NEG_INFINITY.to_owned() }
    }

    /// As Postgres prints it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As Postgres prints it.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Whether it is NaN.
    pub fn is_nan(&self) -> bool {
        self.text == text::NAN
    }

    /// Whether it is a number: neither NaN nor infinite.
    pub fn is_finite(&self) -> bool {
        text::is_finite(&self.text)
    }

    /// How many digits there are after the point; `None` for NaN and the infinities.
    pub fn scale(&self) -> Option<usize> {
        self.is_finite().then(|| text::parts(&self.text).fraction.len())
    }

    /// Postgres's order, in which scale does not matter, NaN equals itself, and NaN is greater than infinity.
    pub fn cmp_value(&self, other: &Self) -> Ordering {
        compare(&self.text, &other.text)
    }

    /// From Postgres's binary form.
    ///
    /// # Errors
    ///
    /// Where the bytes are none.
    pub fn from_pg_binary(bytes: &[u8]) -> Result<Self, ValueError> {
        binary::text_from_binary(bytes).map(|text| Self { text: text.into_owned() })
    }

    /// Postgres's binary form: what `numeric_send` returns for the value.
    pub fn to_pg_binary(&self) -> Vec<u8> {
        binary::binary_from_text(&self.text)
    }

    /// From text that is canonical by construction.
    fn from_canonical(text: String) -> Self {
        debug_assert!(text::is_canonical(&text), "{text}");
        Self { text }
    }
}

/// By value, then by scale.
impl Ord for Numeric {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_value(other).then_with(|| self.scale().cmp(&other.scale()))
    }
}

impl PartialOrd for Numeric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Numeric({})", self.text)
    }
}

/// Zero, of scale zero.
impl Default for Numeric {
    fn default() -> Self {
        Self { text: "0".to_owned() }
    }
}

/// What Postgres reads, but for white space around it, `_` and hexadecimal digits (Postgres 16).
impl FromStr for Numeric {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        canonical(text).map(|text| Self { text: text.into_owned() })
    }
}

impl Serialize for Numeric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Numeric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Field<sql::Numeric> for Numeric {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        Ok(Value::Text(Cow::Borrowed(&self.text)))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Text(Cow::Owned(text)) if text::is_canonical(&text) => Ok(Self { text }),
            Value::Text(text) => text.parse(),
            other => Err(ValueError::kind(&other, NAME)),
        }
    }
}

impl Element<sql::Numeric> for Numeric {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        json_text::write_string(&self.text, json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        json_text::read_string(json, NAME)?.parse()
    }
}
