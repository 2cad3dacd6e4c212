//! Integers and floats as `numeric` and back, exact or refused.

use super::text::{self, Parts};
use super::{NAME, Numeric};
use crate::ValueError;

macro_rules! integers {
    ($($integer:ident)+) => {$(
        impl From<$integer> for Numeric {
            fn from(value: $integer) -> Self {
                Self::from_canonical(value.to_string())
            }
        }

        /// The integer, whatever the scale: `2.00` is 2, and `2.5` is refused.
        impl TryFrom<&Numeric> for $integer {
            type Error = ValueError;

            fn try_from(value: &Numeric) -> Result<Self, ValueError> {
                let refused = || ValueError::out_of_range(value, stringify!($integer));
                integer(value).and_then(|digits| digits.parse().ok()).ok_or_else(refused)
            }
        }
    )+};
}

integers! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

/// The part before the point, where nothing but zeros is after it.
fn integer(value: &Numeric) -> Option<&str> {
    let text = value.as_str();
    if !text::is_finite(text) {
        return None;
    }
    let Parts { fraction, .. } = text::parts(text);
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    fraction.iter().all(|&digit| digit == b'0').then_some(whole)
}

/// The shortest decimal that reads as the same float: what Postgres prints for it, and not its cast to `numeric`,
/// which rounds to 15 digits.
///
/// `-0.0` is refused: `numeric` has no such value.
impl TryFrom<f64> for Numeric {
    type Error = ValueError;

    fn try_from(value: f64) -> Result<Self, ValueError> {
        if value == 0.0 && value.is_sign_negative() {
            return Err(ValueError::out_of_range("-0.0", NAME));
        }
        // Rust prints the shortest digits, and never an exponent here.
        value.to_string().parse()
    }
}

impl Numeric {
    /// The nearest `f64`; infinite where there is none so large. Digits are lost.
    pub fn to_f64_lossy(&self) -> f64 {
        // Rust reads every canonical text, NaN and the infinities included.
        self.as_str().parse().unwrap_or(f64::NAN)
    }
}
