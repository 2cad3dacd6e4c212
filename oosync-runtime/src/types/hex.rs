//! The text of a `bytea`: `\x` and hexadecimal digits, as under `bytea_output = hex`.

use crate::ValueError;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Text as bytes.
///
/// # Errors
///
/// Where it is not `\x` and pairs of digits.
pub(crate) fn bytes(text: &str) -> Result<Vec<u8>, ValueError> {
    let invalid = || ValueError::invalid(text, "bytea");
    let digits = text.strip_prefix("\\x").ok_or_else(invalid)?;
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(invalid());
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    // Two digits of base 16 fit a byte.
    let pair = |&[high, low]: &[u8; 2]| Some((digit(high)? * 16 + digit(low)?) as u8);
    pairs.iter().map(pair).collect::<Option<_>>().ok_or_else(invalid)
}
