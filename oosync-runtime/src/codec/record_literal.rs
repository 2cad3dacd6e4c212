//! Composite values as Postgres prints and reads them: `(1,"a ""b""",,"")` (`record_out`, `record_in`).

use std::borrow::Cow;

use crate::ValueError;

/// The attributes of what Postgres prints: nothing is null, `""` is the empty text.
pub(super) fn read(text: &str, attributes: usize) -> Result<Vec<Option<Cow<'_, str>>>, ValueError> {
    parse(text, attributes).ok_or_else(|| ValueError::invalid(text, "composite type"))
}

fn parse(text: &str, attributes: usize) -> Option<Vec<Option<Cow<'_, str>>>> {
    let mut rest = text.strip_prefix('(')?;
    let mut values = Vec::with_capacity(attributes);
    for place in 0..attributes {
        if place > 0 {
            rest = rest.strip_prefix(',')?;
        }
        let value;
        (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (text, after) = unquote(quoted)?;
                (Some(text), after)
            }
            None => {
                let (plain, after) = rest.split_at(rest.find([',', ')'])?);
                if plain.contains(['"', '\\', '(']) {
                    return None;
                }
                ((!plain.is_empty()).then_some(Cow::Borrowed(plain)), after)
            }
        };
        values.push(value);
    }
    (rest == ")").then_some(values)
}

/// Text up to the closing quote, and what is after it. Quotes and backslashes are doubled; a backslash also makes
/// any other character plain.
fn unquote(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut plain = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        let (before, mark) = rest.split_at(at);
        let mut after = mark.chars();
        let escapes = after.next() == Some('\\') || after.as_str().starts_with('"');
        if !escapes {
            let text = if plain.is_empty() { Cow::Borrowed(before) } else { Cow::Owned(plain + before) };
            return Some((text, after.as_str()));
        }
        plain.push_str(before);
        plain.push(after.next()?);
        rest = after.as_str();
    }
}

/// Writes what Postgres reads.
pub(super) struct Writer {
    literal: String,
    first: bool,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { literal: "(".to_owned(), first: true }
    }

    /// Appends an attribute.
    pub(super) fn attribute(&mut self, text: Option<&str>) {
        if !std::mem::take(&mut self.first) {
            self.literal.push(',');
        }
        let Some(text) = text else { return };
        let plain = |byte: u8| {
            !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\\' | b'(' | b')' | b',' | 0x0B)
        };
        if !text.is_empty() && text.bytes().all(plain) {
            self.literal.push_str(text);
            return;
        }
        self.literal.push('"');
        for character in text.chars() {
            if matches!(character, '"' | '\\') {
                self.literal.push(character);
            }
            self.literal.push(character);
        }
        self.literal.push('"');
    }

    /// The literal.
    pub(super) fn finish(mut self) -> String {
        self.literal.push(')');
        self.literal
    }
}
