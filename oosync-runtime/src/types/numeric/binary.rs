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

/// Longer texts, in bytes, are written more slowly.
const SHORT: usize = 64;

/// The scale that `numeric_send` gives the infinities: bits of their header, read as one.
const INFINITE_SCALE: u16 = 32;

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

    let negative = sign == NEGATIVE && nonzero;
    // Most numbers are short, and written where the compiler knows that they fit.
    let mut short = [0; SHORT];
    let whole = usize::try_from(point).unwrap_or(0) * GROUP;
    let mut place = point;
    let text = if 2 + whole.max(1) + scale.next_multiple_of(GROUP) + GROUP <= SHORT {
        let mut end = usize::from(negative);
        short[0] = b'-';
        let start = end;
        for place in 0..point {
            short[end..end + GROUP].copy_from_slice(&decimal(digit(place)));
            end += GROUP;
        }
        // Zeros before the first digit, but for one before the point.
        let zeros = short[start..end].iter().take_while(|&&digit| digit == b'0').count();
        if zeros == end - start {
            short[start] = b'0';
            end = start + 1;
        } else if zeros > 0 {
            short.copy_within(start + zeros..end, start);
            end -= zeros;
        }
        if scale > 0 {
            short[end] = b'.';
            end += 1;
            let shown = end + scale;
            while end < shown {
                short[end..end + GROUP].copy_from_slice(&decimal(digit(place)));
                end += GROUP;
                place += 1;
            }
            if short[shown..end].iter().any(|&digit| digit != b'0') {
                return None;
            }
            end = shown;
        }
        std::str::from_utf8(&short[..end]).ok()?.to_owned()
    } else {
        let mut text = Vec::with_capacity(2 + whole.max(1) + scale);
        if negative {
            text.push(b'-');
        }
        let start = text.len();
        for place in 0..point {
            if text.len() == start {
                push_without_zeros(&mut text, digit(place));
            } else {
                text.extend_from_slice(&decimal(digit(place)));
            }
        }
        if text.len() == start {
            text.push(b'0');
        }
        if scale > 0 {
            text.push(b'.');
            let end = text.len() + scale;
            while text.len() < end {
                text.extend_from_slice(&decimal(digit(place)));
                place += 1;
            }
            if text.drain(end..).any(|digit| digit != b'0') {
                return None;
            }
        }
        String::from_utf8(text).ok()?
    };
    let hidden = digits.get(usize::try_from(place).unwrap_or(0)..).unwrap_or_default();
    if hidden.iter().any(|&digit| digit != [0, 0]) {
        return None;
    }
    Some(Cow::Owned(text))
}

/// Four decimal digits.
fn decimal(digit: u16) -> [u8; GROUP] {
    let [[a, b], [c, d]] = [PAIRS[usize::from(digit / 100)], PAIRS[usize::from(digit % 100)]];
    [a, b, c, d]
}

/// The two digits of each number below 100.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        // Both are below 10.
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

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
        text::INFINITY => return header(0, 0, INFINITY, INFINITE_SCALE),
        text::NEG_INFINITY => return header(0, 0, NEG_INFINITY, INFINITE_SCALE),
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
