//! `money`: hundredths, sortable and summable on the device.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Element, Field, Value, ValueError, sql};

const NAME: &str = "money";

/// A `money` of Postgres with two digits after the point, as under `lc_monetary = 'C'`: hundredths in 64 bits.
///
/// Shown as Postgres shows it there: `$1,234.56`, `-$1,234.56`. Under another locale the same bits mean another
/// amount; the server side pins `C`.
///
/// ```
/// use oosync_runtime::types::Money;
///
/// let price: Money = "-1234.5".parse()?;
/// assert_eq!(price.hundredths(), -123_450);
/// assert_eq!(price.to_string(), "-$1,234.50");
/// # Ok::<(), oosync_runtime::ValueError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// So many hundredths.
    pub const fn from_hundredths(hundredths: i64) -> Self {
        Self(hundredths)
    }

    /// The amount in hundredths.
    pub const fn hundredths(self) -> i64 {
        self.0
    }

    /// The sum, where there is one.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// From Postgres's binary form: an `int8`.
    ///
    /// # Errors
    ///
    /// Where there are not eight bytes.
    pub fn from_pg_binary(bytes: &[u8]) -> Result<Self, ValueError> {
        let bytes =
            bytes.try_into().map_err(|_| ValueError::invalid(format_args!("{} bytes", bytes.len()), NAME))?;
        Ok(Self(i64::from_be_bytes(bytes)))
    }

    /// Postgres's binary form: an `int8`.
    pub const fn to_pg_binary(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let digits = (magnitude / 100).to_string();
        let mut text = String::with_capacity(digits.len() * 4 / 3 + 5);
        text.push_str(if self.0 < 0 { "-$" } else { "$" });
        for (place, digit) in digits.char_indices() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text.push_str(&format!(".{:02}", magnitude % 100));
        f.pad(&text)
    }
}

/// Reads `$1,234.56`, `-$1,234.56` and the same without `$` and commas; at most two digits after the point.
impl FromStr for Money {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let invalid = || ValueError::invalid(text, NAME);
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let unsigned = unsigned.strip_prefix('$').unwrap_or(unsigned);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "00"));
        if !grouped(whole)
            || !matches!(fraction.len(), 1 | 2)
            || !fraction.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(invalid());
        }
        let places = if fraction.len() == 1 { 10 } else { 1 };
        let mut value = 0_i128;
        for digit in whole.bytes().filter(u8::is_ascii_digit) {
            value = (value * 10 + i128::from(digit - b'0')).min(i128::from(u64::MAX));
        }
        value *= 100;
        value += fraction.bytes().fold(0, |value, digit| value * 10 + i128::from(digit - b'0')) * places;
        let value = if negative { -value } else { value };
        i64::try_from(value).map(Self).map_err(|_| ValueError::out_of_range(text, NAME))
    }
}

/// Whether these are digits without commas, or in groups of three.
fn grouped(whole: &str) -> bool {
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    match whole.split_once(',') {
        None => digits(whole),
        Some((first, rest)) => {
            digits(first)
                && first.len() <= 3
                && rest.split(',').all(|group| digits(group) && group.len() == 3)
        }
    }
}

/// As text.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Field<sql::Money> for Money {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        Ok(Value::Integer(self.0))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Integer(hundredths) => Ok(Self(hundredths)),
            other => Err(ValueError::kind(&other, NAME)),
        }
    }
}

/// A JSON number of hundredths.
impl Element<sql::Money> for Money {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        json.push_str(&self.0.to_string());
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        json.parse().map(Self).map_err(|_| ValueError::invalid(json, NAME))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_shown_and_read_as_postgres_does_under_the_locale_c() {
        for (hundredths, text) in [
            (0, "$0.00"),
            (-5, "-$0.05"),
            (123_456, "$1,234.56"),
            (100_000_000, "$1,000,000.00"),
            (i64::MAX, "$92,233,720,368,547,758.07"),
            (i64::MIN, "-$92,233,720,368,547,758.08"),
        ] {
            assert_eq!(Money(hundredths).to_string(), text);
            assert_eq!(text.parse(), Ok(Money(hundredths)));
        }
        assert_eq!("1234.5".parse(), Ok(Money(123_450)));
        for wrong in ["", "$", "1,23", "1,2345", "1.234", "--1", "$-1", ",123", "1.", "92233720368547758.08"]
        {
            assert!(wrong.parse::<Money>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_survives_text_and_json(hundredths: i64) {
            let money = Money(hundredths);
            prop_assert_eq!(money.to_string().parse(), Ok(money));
            prop_assert_eq!(Money::from_pg_binary(&money.to_pg_binary()), Ok(money));
            let mut json = String::new();
            money.write_json(&mut json)?;
            prop_assert_eq!(Money::read_json(&json), Ok(money));
        }
    }
}
