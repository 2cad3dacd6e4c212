//! `rust_decimal` and `bigdecimal`: conversions, and columns held in their types. Exact or refused.

use std::borrow::Cow;

use super::{NAME, Numeric};
use crate::types::json_text;
use crate::{Element, Field, Value, ValueError, sql};

macro_rules! column {
    ($decimal:ty, $numeric:expr) => {
        /// What the type cannot hold (NaN, infinities, too many digits) is refused, never rounded.
        impl Field<sql::Numeric> for $decimal {
            fn encode(&self) -> Result<Value<'_>, ValueError> {
                let numeric: Result<Numeric, ValueError> = $numeric(self);
                numeric.map(|value| Value::Text(Cow::Owned(value.into_string())))
            }

            fn decode(value: Value<'_>) -> Result<Self, ValueError> {
                <Numeric as Field<sql::Numeric>>::decode(value).and_then(|value| Self::try_from(&value))
            }
        }

        /// As the column.
        impl Element<sql::Numeric> for $decimal {
            fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
                let numeric: Result<Numeric, ValueError> = $numeric(self);
                numeric?.write_json(json)
            }

            fn read_json(json: &str) -> Result<Self, ValueError> {
                let text = json_text::read_string(json, NAME)?;
                Self::try_from(&text.parse::<Numeric>()?)
            }
        }
    };
}

#[cfg(feature = "rust_decimal")]
mod rust_decimal {
    use ::rust_decimal::Decimal;

    use super::*;

    const TARGET: &str = "rust_decimal::Decimal";

    column!(Decimal, |value| Ok(Numeric::from(value)));

    /// The scale is kept.
    impl From<&Decimal> for Numeric {
        fn from(value: &Decimal) -> Self {
            let text = value.to_string();
            // Only its negative zero is spelled in another way than ours.
            let text = if value.is_zero() { text.trim_start_matches('-').to_owned() } else { text };
            Self::from_canonical(text)
        }
    }

    impl From<Decimal> for Numeric {
        fn from(value: Decimal) -> Self {
            Self::from(&value)
        }
    }

    /// The scale is kept.
    impl TryFrom<&Numeric> for Decimal {
        type Error = ValueError;

        fn try_from(value: &Numeric) -> Result<Self, ValueError> {
            let refused = || ValueError::out_of_range(value, TARGET);
            if value.scale().is_none_or(|scale| scale > Self::MAX_SCALE as usize) {
                return Err(refused());
            }
            let decimal = Self::from_str_exact(value.as_str()).map_err(|_| refused())?;
            if Numeric::from(&decimal) == *value { Ok(decimal) } else { Err(refused()) }
        }
    }
}

#[cfg(feature = "bigdecimal")]
mod bigdecimal {
    use ::bigdecimal::BigDecimal;

    use super::*;
    use crate::types::numeric::{MAX_SCALE, MAX_WHOLE_DIGITS};

    const TARGET: &str = "bigdecimal::BigDecimal";

    column!(BigDecimal, Numeric::try_from);

    /// The scale is kept, but for a negative one, whose zeros are written out.
    impl TryFrom<&BigDecimal> for Numeric {
        type Error = ValueError;

        fn try_from(value: &BigDecimal) -> Result<Self, ValueError> {
            let (digits, scale) = value.as_bigint_and_scale();
            // A number of such a size would take long to write out.
            let limit = (MAX_WHOLE_DIGITS + MAX_SCALE) as i64;
            let bits = digits.bits();
            if scale.unsigned_abs() > limit.unsigned_abs() || bits > 4 * limit.unsigned_abs() {
                return Err(ValueError::out_of_range(format_args!("a number of {bits} bits"), NAME));
            }
            format!("{digits}e{}", -scale).parse()
        }
    }

    impl TryFrom<BigDecimal> for Numeric {
        type Error = ValueError;

        fn try_from(value: BigDecimal) -> Result<Self, ValueError> {
            Self::try_from(&value)
        }
    }

    /// The scale is kept.
    impl TryFrom<&Numeric> for BigDecimal {
        type Error = ValueError;

        fn try_from(value: &Numeric) -> Result<Self, ValueError> {
            if !value.is_finite() {
                return Err(ValueError::out_of_range(value, TARGET));
            }
            value.as_str().parse().map_err(|_| ValueError::out_of_range(value, TARGET))
        }
    }
}
