//! A comment to the tags in it, as text: where each begins, its name and its value.
//!
//! What looks like a tag but is none is told apart here too, because a tag that is silently ignored could
//! publish rows.

use std::ops::Range;

use super::super::Spanned;
use super::super::name::unquote;

/// What every tag begins with, without the `@` and the dot.
const PREFIX: &str = "oosync";

/// Ends a sentence, or closes a bracket, after a value without quotes.
const PUNCTUATION: [char; 4] = ['.', ',', ';', ')'];

/// A tag, or something wrong in the place of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    Tag(RawTag),
    Wrong(Wrong),
}

/// `@oosync.name` or `@oosync.name=value,value`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawTag {
    /// As written; its span does not hold the prefix.
    pub(super) name: Spanned<String>,
    pub(super) value: Option<RawValue>,
}

/// The elements of a value, without their quotes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawValue {
    /// Never empty.
    pub(super) elements: Vec<Spanned<String>>,
    /// From the first element to the last.
    pub(super) span: Range<usize>,
    /// The word that follows a comma and white space: perhaps a list that goes on by mistake.
    pub(super) after_comma: Option<Spanned<String>>,
}

/// Something that is nearly a tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) label: String,
    pub(super) span: Range<usize>,
    /// What could stand at the span instead.
    pub(super) fix: Option<String>,
}

/// Every tag and near tag of a comment, in order. `is_tag` knows the names of tags.
pub(super) fn scan(text: &str, is_tag: impl Fn(&str) -> bool) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find('@') {
        let start = at + offset;
        at = start + 1;
        let word = run(text, at, char::is_alphanumeric);
        let (name_of_tag, after) = (&text[word.clone()], &text[word.end..]);
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            // An address has no dot before its `@`; a sentence may.
            if before == Some('.') && name_of_tag == PREFIX && after.starts_with('.') {
                let name = tag_name(text, word.end + 1);
                if is_tag(&text[name.clone()]) {
                    found.push(Found::Wrong(Wrong {
                        message: format!("`@oosync.{}` follows a dot and is not read", &text[name.clone()]),
                        label: "put a space before it".to_owned(),
                        fix: Some(format!(" {}", &text[start..name.end])),
                        span: start..name.end,
                    }));
                }
            }
            continue;
        }
        if name_of_tag == PREFIX && after.starts_with('.') {
            let (tag, end) = tag(text, start, word.end + 1);
            at = end;
            found.push(tag);
        } else if let Some(wrong) = near_tag(text, start, &word, &is_tag) {
            found.push(Found::Wrong(wrong));
        }
    }
    found
}

/// `@oosyc.`, `@Oosync.`, `@oosync:`, `@oosync exclude`.
fn near_tag(text: &str, start: usize, word: &Range<usize>, is_tag: impl Fn(&str) -> bool) -> Option<Wrong> {
    let written = text[word.clone()].to_lowercase();
    let after = &text[word.end..];
    let label = "tags begin with `@oosync.`".to_owned();
    if after.starts_with('.') && strsim::damerau_levenshtein(&written, PREFIX) <= 1 {
        let span = start..word.end;
        let message = format!("`{}.` begins no tag", &text[span.clone()]);
        return Some(Wrong {
            message,
            label: "did you mean `@oosync.`?".to_owned(),
            span,
            fix: Some("@oosync".to_owned()),
        });
    }
    if !written.starts_with(PREFIX) {
        return None;
    }
    // One character in the place of the dot, if a tag's name follows.
    let separator = after.chars().next().map_or(0, char::len_utf8);
    let name = tag_name(text, word.end + separator);
    let fixable = written == PREFIX && separator > 0 && is_tag(&text[name]);
    let span = start..word.end + if fixable { separator } else { 0 };
    let message = format!("`{}` without a dot begins no tag", &text[start..word.end]);
    Some(Wrong { message, label, span, fix: fixable.then(|| "@oosync.".to_owned()) })
}

/// The tag whose name begins at `name_start`, and where to go on.
fn tag(text: &str, start: usize, name_start: usize) -> (Found, usize) {
    let name = tag_name(text, name_start);
    let wrong = |message: &str, label: &str, span: Range<usize>| {
        let end = span.end.max(name.end);
        let wrong = Wrong { message: message.to_owned(), label: label.to_owned(), span, fix: None };
        (Found::Wrong(wrong), end)
    };
    if name.is_empty() {
        return wrong("`@oosync.` without the name of a tag", "", start..name_start);
    }
    let tag =
        |value| Found::Tag(RawTag { name: Spanned::new(text[name.clone()].to_owned(), name.clone()), value });
    let rest = &text[name.end..];
    if rest.starts_with('=') {
        return match value(text, name.end + 1) {
            Ok((value, end)) => (tag(Some(value)), end),
            Err(Unreadable { message, label, span }) => wrong(message, label, span),
        };
    }
    let spaced = rest.trim_start();
    if spaced.starts_with('=') {
        let equals = text.len() - spaced.len();
        return wrong("white space before the value of a tag", "no space around `=`", equals..equals + 1);
    }
    if let Some(after) = rest.strip_prefix(':')
        && after.starts_with(|c: char| c.is_alphanumeric() || c == '"')
    {
        return wrong("a tag's value follows `=`", "write `=`", name.end..name.end + 1);
    }
    (tag(None), name.end)
}

/// Letters, digits, `_`, `-`, and dots that a letter or digit follows: such a name is none that exists, and
/// more is not to be guessed.
fn tag_name(text: &str, start: usize) -> Range<usize> {
    let mut end = start;
    let mut chars = text[start..].chars().peekable();
    while let Some(c) = chars.next() {
        let inner_dot = c == '.' && end > start && chars.peek().is_some_and(|c| c.is_alphanumeric());
        if !(c.is_alphanumeric() || matches!(c, '_' | '-') || inner_dot) {
            break;
        }
        end += c.len_utf8();
    }
    start..end
}

struct Unreadable {
    message: &'static str,
    label: &'static str,
    span: Range<usize>,
}

/// The value that begins at `start`, and where it ends.
fn value(text: &str, start: usize) -> Result<(RawValue, usize), Unreadable> {
    let mut elements: Vec<Spanned<String>> = Vec::new();
    let mut at = start;
    loop {
        let quoted = text[at..].starts_with('"');
        let element = if quoted {
            let open = at;
            let (value, rest) = unquote(&text[open + 1..]).ok_or(Unreadable {
                message: "a quoted value never ends",
                label: "the quote opens here",
                span: open..open + 1,
            })?;
            at = text.len() - rest.len();
            Spanned::new(value, open..at)
        } else {
            let span = run(text, at, |c| !c.is_whitespace() && c != ',');
            at = span.end;
            Spanned::new(text[span.clone()].to_owned(), span)
        };
        elements.push(element);
        let tail = run(text, at, |c| !c.is_whitespace());
        let more = text[tail.clone()].strip_prefix(',');
        let only_punctuation = text[tail.clone()].chars().all(|c| PUNCTUATION.contains(&c));
        if more.is_none() || only_punctuation {
            if !only_punctuation {
                return Err(Unreadable {
                    message: "something follows the closing quote of a value",
                    label: "needs a comma or white space before it",
                    span: tail,
                });
            }
            let comma = tail.clone();
            at = tail.end;
            let after_comma = text[comma].ends_with(',').then(|| next_word(text, at));
            return Ok((finish(elements, quoted, start, after_comma)?, at));
        }
        at += 1;
    }
}

fn finish(
    mut elements: Vec<Spanned<String>>,
    quoted: bool,
    start: usize,
    after_comma: Option<Spanned<String>>,
) -> Result<RawValue, Unreadable> {
    if let Some(last) = elements.last_mut().filter(|_| !quoted) {
        let kept = last.value.trim_end_matches(PUNCTUATION).len();
        last.value.truncate(kept);
        last.span.end = last.span.start + kept;
    }
    let end = elements.last().map_or(start, |last| last.span.end);
    if let Some(empty) = elements.iter().find(|element| element.value.is_empty()) {
        let (message, label) = if elements.len() == 1 {
            ("a tag without the value after `=`", "the value follows without white space")
        } else {
            ("a tag's list with an empty element", "")
        };
        return Err(Unreadable { message, label, span: empty.span.clone() });
    }
    Ok(RawValue { elements, span: start..end, after_comma })
}

fn next_word(text: &str, at: usize) -> Spanned<String> {
    let start = at + (text[at..].len() - text[at..].trim_start().len());
    let word = run(text, start, |c| c.is_alphanumeric() || c == '_');
    Spanned::new(text[word.clone()].to_owned(), word)
}

/// The longest run of such characters from `start` on.
fn run(text: &str, start: usize, belongs: impl Fn(char) -> bool) -> Range<usize> {
    let length = text[start..].find(|c| !belongs(c)).unwrap_or(text.len() - start);
    start..start + length
}
