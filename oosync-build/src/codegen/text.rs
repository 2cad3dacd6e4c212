//! Rust as text, written line by line.
//!
//! A table's module has few shapes, and a build script is compiled without optimization: writing them takes a tenth
//! of the time that tokens, a parse and a printer take. What came from the database reaches the text in three ways:
//! as an identifier that the namer made, as a [`literal`], or as a comment of one line.

use std::fmt::{Arguments, Write as _};

/// Code that grows line by line.
#[derive(Debug, Default)]
pub(crate) struct Code {
    text: String,
    depth: usize,
}

impl Code {
    /// A line, as deep as the blocks that are open.
    pub(super) fn line(&mut self, line: Arguments<'_>) {
        self.indent();
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }

    /// A line that begins a block.
    pub(super) fn open(&mut self, line: Arguments<'_>) {
        self.line(line);
        self.depth += 1;
    }

    /// The end of a block.
    pub(super) fn close(&mut self, line: &str) {
        self.depth -= 1;
        self.line(format_args!("{line}"));
    }

    /// The end of a block that begins the next.
    #[cfg(feature = "codegen")]
    pub(super) fn reopen(&mut self, line: &str) {
        self.close(line);
        self.depth += 1;
    }

    /// Lines that were written elsewhere.
    #[cfg(feature = "codegen")]
    pub(super) fn block(&mut self, lines: &str) {
        for line in lines.lines() {
            if !line.is_empty() {
                self.indent();
            }
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// An empty line.
    #[cfg(feature = "codegen")]
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Documentation; each line of it is one line already.
    #[cfg(feature = "codegen")]
    pub(super) fn docs(&mut self, lines: &[String]) {
        for line in lines {
            self.indent();
            self.text.push_str(if line.is_empty() { "///" } else { "/// " });
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// What was written.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
    }
}

/// A string literal in which nothing ends the literal or the line.
pub(super) fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// `0, 1, 2`, or whatever else is shown.
pub(super) fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut list = String::new();
    for item in items {
        if !list.is_empty() {
            list.push_str(", ");
        }
        let _ = write!(list, "{item}");
    }
    list
}

/// Code as tokens, for what is assembled of those.
///
/// # Panics
///
/// Where it is no Rust, which code of this crate always is.
#[expect(clippy::expect_used)]
pub(super) fn tokens(code: &str) -> proc_macro2::TokenStream {
    code.parse().expect("generated code is Rust")
}
