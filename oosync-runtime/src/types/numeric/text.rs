//! The text of a `numeric`: what is read, and the canonical form, which is what Postgres prints.
//!
//! Canonical: `NaN`, `Infinity`, `-Infinity`, or a `-` unless all digits are zero, digits without needless zeros
//! before them, and, if the scale is not zero, a point and as many digits as the scale.

use std::borrow::Cow;

use super::{MAX_SCALE, MAX_WHOLE_DIGITS, NAME};
use crate::ValueError;

pub(super) const NAN: &str = "NaN";
pub(super) const INFINITY: &str = "Infinity";
pub(super) const NEG_INFINITY: &str = "-Infinity";

/// Larger exponents lead out of range whatever the digits are.
const MAX_EXPONENT: i64 = 1_000_000;

/// A canonical finite number, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) negative: bool,
    /// At least one digit; `0` alone where it is zero.
    pub(super) whole: &'a [u8],
    pub(super) fraction: &'a [u8],
}

/// Whether canonical text is a number.
pub(super) fn is_finite(text: &str) -> bool {
    text.as_bytes().last().is_some_and(u8::is_ascii_digit)
}

/// Takes apart canonical text of a number.
pub(super) fn parts(text: &str) -> Parts<'_> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits.iter().position(|&byte| byte == b'.') {
        Some(point) => Parts { negative, whole: &digits[..point], fraction: &digits[point + 1..] },
        None => Parts { negative, whole: digits, fraction: &[] },
    }
}

/// Whether the text is in canonical form.
pub(super) fn is_canonical(text: &str) -> bool {
    if matches!(text, NAN | INFINITY | NEG_INFINITY) {
        return true;
    }
    let Parts { negative, whole, fraction } = parts(text);
    let has_point = text.len() > usize::from(negative) + whole.len();
    let spelled = match whole {
        [] => false,
        [b'0', _, ..] => false,
        _ => has_point != fraction.is_empty(),
    };
    spelled
        && whole.len() <= MAX_WHOLE_DIGITS
        && fraction.len() <= MAX_SCALE
        && whole.iter().chain(fraction).all(u8::is_ascii_digit)
        && !(negative && is_zero(whole) && is_zero(fraction))
}

/// Brings what Postgres reads into canonical form.
///
/// # Errors
///
/// Where it is not a number, or one that Postgres does not hold.
pub(crate) fn canonical(text: &str) -> Result<Cow<'_, str>, ValueError> {
    if is_canonical(text) {
        return Ok(Cow::Borrowed(text));
    }
    if let Some(special) = special(text) {
        return Ok(Cow::Borrowed(special));
    }
    let invalid = || ValueError::invalid(text, NAME);
    let out_of_range = || ValueError::out_of_range(text, NAME);
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mantissa, exponent) = match unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..]).ok_or_else(invalid)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|&byte| byte == b'.') {
        Some(point) => (&mantissa[..point], &mantissa[point + 1..]),
        None => (mantissa, &[][..]),
    };
    let digits: Vec<u8> = [whole, fraction].concat();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(invalid());
    }
    if exponent.abs() > MAX_EXPONENT || digits.len() > 2 * (MAX_WHOLE_DIGITS + MAX_SCALE) {
        return Err(out_of_range());
    }
    // Lengths are bounded above, and so is the exponent: nothing here overflows.
    let point = whole.len() as i64 + exponent;
    let scale = usize::try_from(fraction.len() as i64 - exponent).unwrap_or(0);
    if scale > MAX_SCALE {
        return Err(out_of_range());
    }
    let mut result = String::with_capacity(digits.len() + 4);
    if negative && !is_zero(&digits) {
        result.push('-');
    }
    let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
    let whole_digits = point - leading as i64;
    if leading == digits.len() || whole_digits <= 0 {
        result.push('0');
    } else if whole_digits > MAX_WHOLE_DIGITS as i64 {
        return Err(out_of_range());
    } else {
        result.extend((leading as i64..point).map(|place| digit_at(&digits, place)));
    }
    if scale > 0 {
        result.push('.');
        result.extend((point..point + scale as i64).map(|place| digit_at(&digits, place)));
    }
    Ok(Cow::Owned(result))
}

/// The digit at a place counted from the first one; zeros on both sides.
fn digit_at(digits: &[u8], place: i64) -> char {
    usize::try_from(place).ok().and_then(|place| digits.get(place)).map_or('0', |&digit| char::from(digit))
}

fn is_zero(digits: &[u8]) -> bool {
    digits.iter().all(|&digit| digit == b'0')
}

/// NaN and the infinities, in all of Postgres's spellings.
fn special(text: &str) -> Option<&'static str> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("nan") {
        Some(NAN)
    } else if is("infinity") || is("+infinity") || is("inf") || is("+inf") {
        Some(INFINITY)
    } else if is("-infinity") || is("-inf") {
        Some(NEG_INFINITY)
    } else {
        None
    }
}

/// What follows the `e`; saturates far outside of what is in range.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(10 * MAX_EXPONENT));
    Some(if negative { -value } else { value })
}
