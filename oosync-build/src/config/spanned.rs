//! A value together with the place a person wrote it.

use std::ops::Range;

/// A value and the bytes of the text it was read from.
///
/// Which text is known by whoever holds the value: [`Config::source`](super::Config::source) or
/// [`TableTags::source`](super::TableTags::source).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where; for a TOML string the quotes are part of it.
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub fn new(value: T, span: Range<usize>) -> Self {
        Self { value, span }
    }
}
