//! The binary form of a `numeric`: `numeric_send` and `numeric_recv` in Postgres's `numeric.c`.
//!
//! Four `int2` in network byte order (the number of digits, the weight of the first, the sign, the scale), then the
//! digits, of base 10000 and `int2` each. The weight is that of the digit before the point counted from 0.

use std::borrow::Cow;

use super::text::{self, Parts};
use super::{MAX_SCALE, NAME};
use crate::ValueError;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEG_INFINITY: u16 = 0xF000;

/// The four fields before the digits, in bytes.
const HEADER: usize = 8;

/// Decimal digits in one of base 10000.
const GROUP: usize = 4;

/// The canonical text of a value in binary form.
///
/// # Errors
///
/// Where the bytes are not what Postgres sends: a wrong length, a digit above 9999, an unknown sign, or digits
/// below the scale, which text would not show.
pub(crate) fn text_from_binary(bytes: &[u8]) -> Result<Cow<'static, str>, ValueError> {
    decode(bytes).ok_or_else(|| ValueError::invalid(format_args!("{} bytes", bytes.len()), NAME))
}

fn decode(bytes: &[u8]) -> Option<Cow<'static, str>> {
    let (header, digits) = bytes.split_at_checked(HEADER)?;
    let field = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (count, weight, sign) = (usize::from(field(0)), field(2).cast_signed(), field(4));
    let scale = usize::from(field(6));
    let (digits, rest) = digits.as_chunks::<2>();
    if digits.len() != count || !rest.is_empty() {
        return None;
    }
    match sign {
        POSITIVE | NEGATIVE => {}
        NAN => return Some(Cow::Borrowed(text::NAN)),
        INFINITY => return Some(Cow::Borrowed(text::INFINITY)),
        NEG_INFINITY => return Some(Cow::Borrowed(text::NEG_INFINITY)),
        _ => return None,
    }
    if scale > MAX_SCALE {
        return None;
    }
    // Where the point is, in digits of base 10000 from the first; may lie outside.
    let point = i32::from(weight) + 1;
    let digit = |place: i32| {
        let digit = usize::try_from(place).ok().and_then(|place| digits.get(place));
        digit.map_or(0, |&digit| u16::from_be_bytes(digit))
    };
    let mut nonzero = false;
    for &digit in digits {
        let digit = u16::from_be_bytes(digit);
        nonzero |= digit != 0;
        if digit > 9999 {
            return None;
        }
    }

    let whole_groups = usize::try_from(point).unwrap_or(0);
    let mut text = Vec::with_capacity(2 + whole_groups.max(1) * GROUP + scale);
    if sign == NEGATIVE && nonzero {
        text.push(b'-');
    }
    let first_digit = text.len();
    for place in 0..point {
        if text.len() == first_digit {
            push_without_zeros(&mut text, digit(place));
        } else {
            text.extend_from_slice(&decimal(digit(place)));
        }
    }
    if text.len() == first_digit {
        text.push(b'0');
    }
    let mut place = point;
    if scale > 0 {
        text.push(b'.');
        let end = text.len() + scale;
        while text.len() + GROUP <= end {
            text.extend_from_slice(&decimal(digit(place)));
            place += 1;
        }
        if text.len() < end {
            let group = decimal(digit(place));
            let (shown, hidden) = group.split_at(end - text.len());
            if hidden.iter().any(|&digit| digit != b'0') {
                return None;
            }
            text.extend_from_slice(shown);
            place += 1;
        }
    }
    let hidden = digits.get(usize::try_from(place).unwrap_or(0)..).unwrap_or_default();
    if hidden.iter().any(|&digit| digit != [0, 0]) {
        return None;
    }
    String::from_utf8(text).ok().map(Cow::Owned)
}

/// Four decimal digits.
fn decimal(digit: u16) -> [u8; GROUP] {
    // Below 10: fits a byte.
    let place = |divisor: u16| b'0' + (digit / divisor % 10) as u8;
    [place(1000), place(100), place(10), place(1)]
}

/// The decimal digits without zeros before them; nothing for zero.
fn push_without_zeros(text: &mut Vec<u8>, digit: u16) {
    let digits = decimal(digit);
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    text.extend_from_slice(&digits[zeros..]);
}

/// The binary form of canonical text.
pub(super) fn binary_from_text(text: &str) -> Vec<u8> {
    match text {
        text::NAN => return header(0, 0, NAN, 0),
        text::INFINITY => return header(0, 0, INFINITY, 0),
        text::NEG_INFINITY => return header(0, 0, NEG_INFINITY, 0),
        _ => {}
    }
    let Parts { negative, whole, fraction } = text::parts(text);
    let mut digits: Vec<u16> = Vec::with_capacity(whole.len() / GROUP + fraction.len() / GROUP + 2);
    let (first, rest) = whole.split_at(whole.len() % GROUP);
    if !first.is_empty() {
        digits.push(group(first));
    }
    digits.extend(rest.chunks(GROUP).map(group));
    let before_point = digits.len();
    for chunk in fraction.chunks(GROUP) {
        let missing = (GROUP - chunk.len()) as u32;
        digits.push(group(chunk) * 10_u16.pow(missing));
    }
    // Postgres stores no zeros on either side.
    let leading = digits.iter().take_while(|&&digit| digit == 0).count();
    let trailing = digits[leading..].iter().rev().take_while(|&&digit| digit == 0).count();
    let stored = &digits[leading..digits.len() - trailing];
    // Canonical text has at most 131072 digits before the point and 16383 after it: all of these fit.
    let weight = if stored.is_empty() { 0 } else { (before_point as i32 - 1 - leading as i32) as i16 };
    let sign = if negative { NEGATIVE } else { POSITIVE };
    let mut bytes = header(stored.len() as u16, weight, sign, fraction.len() as u16);
    bytes.extend(stored.iter().flat_map(|digit| digit.to_be_bytes()));
    bytes
}

/// Up to four decimal digits as one of base 10000.
fn group(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0'))
}

fn header(count: u16, weight: i16, sign: u16, scale: u16) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + usize::from(count) * 2);
    for field in [count, weight.cast_unsigned(), sign, scale] {
        bytes.extend(field.to_be_bytes());
    }
    bytes
}
