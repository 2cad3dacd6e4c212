//! Arrays as Postgres prints and reads them: `{1,NULL,"a\"b"}`, `[0:1][1:1]={{1},{2}}` (`array_out`, `array_in`).

use std::borrow::Cow;

use crate::ValueError;
use crate::types::Dimension;
use crate::types::array::shape::{self, MAX_DIMENSIONS};

const NULL: &str = "NULL";

/// An array taken apart.
pub(super) struct Parsed<'a> {
    pub(super) dimensions: Vec<Dimension>,
    pub(super) elements: Vec<Option<Cow<'a, str>>>,
}

/// Takes apart what Postgres prints.
pub(super) fn read(text: &str, delimiter: char) -> Result<Parsed<'_>, ValueError> {
    let parsed = parse(text, delimiter).ok_or_else(|| ValueError::invalid(text, "array"))?;
    shape::check(&parsed.dimensions, parsed.elements.len())?;
    Ok(parsed)
}

fn parse(text: &str, delimiter: char) -> Option<Parsed<'_>> {
    let (bounds, braces) = match text.split_once('=') {
        Some((bounds, braces)) if text.starts_with('[') => (parse_bounds(bounds)?, braces),
        _ => (Vec::new(), text),
    };
    if braces == "{}" && bounds.is_empty() {
        return Some(Parsed { dimensions: Vec::new(), elements: Vec::new() });
    }
    let mut parser =
        Parser { rest: braces, delimiter, lengths: Vec::new(), elements: Vec::new(), depth: None };
    parser.list(0)?;
    if !parser.rest.is_empty() {
        return None;
    }
    let mut dimensions = Vec::with_capacity(parser.lengths.len());
    for (place, length) in parser.lengths.iter().enumerate() {
        let length = i32::try_from(*length).ok()?;
        let lower = match bounds.get(place) {
            Some((lower, upper)) if i64::from(*upper) - i64::from(*lower) + 1 == i64::from(length) => *lower,
            Some(_) => return None,
            None => 1,
        };
        dimensions.push(Dimension { length, lower });
    }
    if !bounds.is_empty() && bounds.len() != dimensions.len() {
        return None;
    }
    Some(Parsed { dimensions, elements: parser.elements })
}

/// `[1:2][-1:0]`, each as lower and upper bound.
fn parse_bounds(text: &str) -> Option<Vec<(i32, i32)>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let bounds = inner.split("][").map(|bounds| {
        let (lower, upper) = bounds.split_once(':')?;
        Some((lower.parse().ok()?, upper.parse().ok()?))
    });
    bounds.collect()
}

struct Parser<'a> {
    rest: &'a str,
    delimiter: char,
    /// The length of the lists at each depth that was seen.
    lengths: Vec<usize>,
    elements: Vec<Option<Cow<'a, str>>>,
    /// How deep the elements are.
    depth: Option<usize>,
}

impl<'a> Parser<'a> {
    fn take(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    /// A list in braces, of lists or of elements.
    fn list(&mut self, depth: usize) -> Option<()> {
        self.take('{')?;
        if depth == MAX_DIMENSIONS {
            return None;
        }
        if self.lengths.len() == depth {
            // Set at its end; inner lists come after it.
            self.lengths.push(0);
        }
        let mut length = 0;
        loop {
            if self.rest.starts_with('{') {
                if self.depth.is_some_and(|elements| elements == depth) {
                    return None;
                }
                self.list(depth + 1)?;
            } else {
                if *self.depth.get_or_insert(depth) != depth {
                    return None;
                }
                let element = self.element()?;
                self.elements.push(element);
            }
            length += 1;
            if self.take(self.delimiter).is_none() {
                self.take('}')?;
                break;
            }
        }
        let known = &mut self.lengths[depth];
        if *known != 0 && *known != length {
            return None;
        }
        *known = length;
        Some(())
    }

    fn element(&mut self) -> Option<Option<Cow<'a, str>>> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, rest) = unquote(quoted)?;
            self.rest = rest;
            return Some(Some(text));
        }
        let end = self.rest.find([self.delimiter, '}'])?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        if text.is_empty() || text.contains(['"', '\\', '{']) {
            return None;
        }
        Some((text != NULL).then_some(Cow::Borrowed(text)))
    }
}

/// Text up to the closing quote, and what is after it. A backslash makes the next character plain.
fn unquote(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut plain = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        let (before, mark) = rest.split_at(at);
        if let Some(after) = mark.strip_prefix('"') {
            let text = if plain.is_empty() { Cow::Borrowed(before) } else { Cow::Owned(plain + before) };
            return Some((text, after));
        }
        plain.push_str(before);
        let mut characters = mark.chars();
        characters.next();
        plain.push(characters.next()?);
        rest = characters.as_str();
    }
}

/// Writes what Postgres reads; `text` makes the text of an element out of JSON that is not `null`.
pub(super) fn write(
    dimensions: &[Dimension],
    delimiter: char,
    elements: Vec<&str>,
    mut text: impl FnMut(&str) -> Result<String, ValueError>,
) -> Result<String, ValueError> {
    let mut literal = String::new();
    if dimensions.iter().any(|dimension| dimension.lower != 1) {
        for &Dimension { length, lower } in dimensions {
            // The shape was checked: the upper bound is an integer.
            let upper = i64::from(lower) + i64::from(length) - 1;
            literal.push_str(&format!("[{lower}:{upper}]"));
        }
        literal.push('=');
    }
    if dimensions.is_empty() {
        literal.push_str("{}");
    }
    shape::nest(
        &mut literal,
        dimensions,
        ['{', delimiter, '}'],
        elements.into_iter(),
        |element, literal| {
            if element == "null" {
                literal.push_str(NULL);
            } else {
                quote(&text(element)?, literal);
            }
            Ok(())
        },
    )?;
    Ok(literal)
}

/// Appends an element, in quotes unless it is as plain as a number.
fn quote(text: &str, literal: &mut String) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_');
    if !text.is_empty() && text.bytes().all(plain) && !text.eq_ignore_ascii_case(NULL) {
        literal.push_str(text);
        return;
    }
    literal.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal.push('"');
}
