//! JSON strings and values, read and written as text: what arrays and composite types are made of.

use std::borrow::Cow;

use serde::Deserialize;

use crate::ValueError;

/// A string that borrows where there is no escape.
#[derive(Deserialize, PartialEq, Eq)]
pub(crate) struct Str<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Appends a JSON string: with `"`, `\` and control characters escaped, and nothing else.
pub(crate) fn write_string(text: &str, json: &mut String) {
    json.reserve(text.len() + 2);
    json.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        json.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            b'\n' => json.push_str("\\n"),
            b'\r' => json.push_str("\\r"),
            b'\t' => json.push_str("\\t"),
            control => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                json.push_str("\\u00");
                json.push(char::from(HEX[usize::from(control >> 4)]));
                json.push(char::from(HEX[usize::from(control & 15)]));
            }
        }
        // All of these are one byte long.
        rest = &rest[at + 1..];
    }
    json.push_str(rest);
    json.push('"');
}

/// Reads a JSON string.
///
/// # Errors
///
/// Where the text is something else.
pub(crate) fn read_string<'a>(json: &'a str, expected: &'static str) -> Result<Cow<'a, str>, ValueError> {
    match serde_json::from_str::<Str<'a>>(json) {
        Ok(Str(text)) => Ok(text),
        Err(_) => Err(ValueError::invalid(json, expected)),
    }
}

/// Whether the text is a JSON number; it is known to be one JSON value.
pub(crate) fn is_number(json: &str) -> bool {
    json.as_bytes().first().is_some_and(|byte| matches!(byte, b'-' | b'0'..=b'9'))
}

/// Reads text that was written by hand or by us, as one JSON value without space around it.
///
/// However deep it is: serde_json skips a value without recursion.
///
/// # Errors
///
/// Where the text is not one JSON value.
pub(crate) fn one_value<'a>(json: &'a str, expected: &'static str) -> Result<&'a str, ValueError> {
    match serde_json::from_str::<&serde_json::value::RawValue>(json) {
        Ok(value) => Ok(value.get()),
        Err(_) => Err(ValueError::invalid(json, expected)),
    }
}
