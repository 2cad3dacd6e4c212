//! What the database says, as documentation of generated code that can do no harm.

use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostic::one_line;

/// Documentation: paragraphs of the project's own words and code, then the database's comment; each a line.
pub(super) fn docs_lines(paragraphs: &[String], comment: Option<&str>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in paragraphs {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(paragraph.clone());
    }
    if let Some(comment) = comment {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(comment.lines().map(prose));
    }
    lines
}

/// The same as attributes.
pub(super) fn docs(paragraphs: &[String], comment: Option<&str>) -> TokenStream {
    let mut docs = TokenStream::new();
    for line in docs_lines(paragraphs, comment) {
        let line = if line.is_empty() { line } else { format!(" {line}") };
        docs.extend(quote!(#[doc = #line]));
    }
    docs
}

/// A line of a comment: neither code that `cargo test` would run, nor markup that rustdoc would warn of, nor a mark
/// that turns the direction of writing.
pub(super) fn prose(line: &str) -> String {
    let line = one_line(line.trim());
    let mut safe = String::with_capacity(line.len());
    for letter in line.chars() {
        if matches!(letter, '[' | ']' | '<' | '>' | '`' | '~' | '\\') {
            safe.push('\\');
        }
        safe.push(letter);
    }
    // The end of a comment, in the one form of documentation that has one.
    safe
}

/// SQL in back-ticks.
pub(super) fn code(sql: &str) -> String {
    format!("`{}`", one_line(sql).replace('`', "'"))
}
