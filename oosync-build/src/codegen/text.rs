//! Rust as text, written line by line.
//!
//! A table's module has few shapes, and a build script is compiled without optimization: writing them takes a tenth
//! of the time that tokens, a parse and a printer take. What came from the database reaches the text in three ways:
//! as an identifier that the namer made, as a [`literal`], or as a comment of one line.

#[cfg(feature = "codegen")]
use std::borrow::Cow;
use std::fmt::{Arguments, Write as _};

/// Code that grows line by line.
#[derive(Debug, Default)]
pub(crate) struct Code {
    text: String,
    depth: usize,
}

impl Code {
    /// Code that stands in so many blocks.
    pub(super) fn at(depth: usize) -> Self {
        Self { text: String::new(), depth }
    }

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

    /// A list between two texts: on one line, or filled into as many as it needs.
    #[cfg(feature = "codegen")]
    pub(super) fn list(&mut self, before: &str, list: &List<'_>, after: &str) {
        let List { open, close, items, .. } = list;
        let flat = list.width() + before.len() + after.len();
        if self.depth * 4 + flat <= WIDTH {
            self.indent();
            self.text.push_str(before);
            list.write(&mut self.text);
            self.text.push_str(after);
            self.text.push('\n');
            return;
        }
        self.open(format_args!("{before}{open}"));
        let Items::Leaves(leaves) = items else {
            if let Items::Lists(lists) = items {
                lists.iter().for_each(|list| self.list("", list, ","));
            }
            self.close(&format!("{}{after}", close.trim_start_matches(',')));
            return;
        };
        let mut column = 0;
        for leaf in leaves {
            if column > 0 && column + leaf.len() + 2 > WIDTH {
                self.text.push('\n');
                column = 0;
            }
            if column == 0 {
                self.indent();
                column = self.depth * 4;
            } else {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(leaf);
            column += leaf.len();
            // Nothing may follow the base of a struct.
            if !leaf.starts_with("..") {
                self.text.push(',');
                column += 1;
            }
        }
        self.text.push('\n');
        self.close(&format!("{}{after}", close.trim_start_matches(',')));
    }

    /// A list at the beginning of a block.
    #[cfg(feature = "codegen")]
    pub(super) fn open_list(&mut self, before: &str, list: &List<'_>, after: &str) {
        self.list(before, list, &format!("{after} {{"));
        self.depth += 1;
    }

    /// Code of an open block that was written as deep as the block is.
    #[cfg(feature = "codegen")]
    pub(super) fn written(&mut self, code: &str) {
        self.text.push_str(code);
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

/// How wide lines are where a list is broken into several.
#[cfg(feature = "codegen")]
const WIDTH: usize = 100;

/// How many items a tuple has at most: the runtime has its traits for that many.
#[cfg(feature = "codegen")]
const TUPLE: usize = 16;

/// A list in brackets, or a list of lists.
#[cfg(feature = "codegen")]
#[derive(Debug, Clone)]
pub(super) struct List<'a> {
    open: String,
    close: String,
    /// Between the brackets and what is in them, on one line.
    padding: &'static str,
    items: Items<'a>,
}

#[cfg(feature = "codegen")]
#[derive(Debug, Clone)]
enum Items<'a> {
    Leaves(Vec<Cow<'a, str>>),
    Lists(Vec<List<'a>>),
}

#[cfg(feature = "codegen")]
impl<'a> List<'a> {
    /// A tuple; where it would be too long, a tuple of tuples.
    pub(super) fn of(items: impl IntoIterator<Item = Cow<'a, str>>) -> Self {
        let items: Vec<_> = items.into_iter().collect();
        if items.len() <= TUPLE {
            return Self::tuple(Items::Leaves(items));
        }
        let leaves = items.chunks(TUPLE).map(|items| Self::tuple(Items::Leaves(items.to_vec())));
        let mut lists: Vec<Self> = leaves.collect();
        while lists.len() > TUPLE {
            lists = lists.chunks(TUPLE).map(|lists| Self::tuple(Items::Lists(lists.to_vec()))).collect();
        }
        Self::tuple(Items::Lists(lists))
    }

    /// The fields of a struct.
    pub(super) fn struct_of(fields: impl IntoIterator<Item = Cow<'a, str>>) -> Self {
        let items = Items::Leaves(fields.into_iter().collect());
        Self { open: "{".to_owned(), close: "}".to_owned(), padding: " ", items }
    }

    /// The parameters of a function.
    pub(super) fn of_parameters(parameters: impl IntoIterator<Item = Cow<'a, str>>) -> Self {
        let items = Items::Leaves(parameters.into_iter().collect());
        Self { open: "(".to_owned(), close: ")".to_owned(), padding: "", items }
    }

    /// The same, with what stands around each list of lists.
    pub(super) fn map_groups(self, before: &str, after: &str) -> Self {
        match self.items {
            Items::Leaves(_) => self,
            Items::Lists(lists) => Self {
                open: format!("{before}{}", self.open),
                close: format!("{}{after}", self.close),
                items: Items::Lists(lists.into_iter().map(|list| list.map_groups(before, after)).collect()),
                ..self
            },
        }
    }

    fn tuple(items: Items<'a>) -> Self {
        let one = matches!(&items, Items::Leaves(leaves) if leaves.len() == 1)
            || matches!(&items, Items::Lists(lists) if lists.len() == 1);
        Self { open: "(".to_owned(), close: if one { ",)" } else { ")" }.to_owned(), padding: "", items }
    }

    fn width(&self) -> usize {
        let mut text = String::new();
        self.write(&mut text);
        text.len()
    }

    /// On one line.
    fn write(&self, text: &mut String) {
        text.push_str(&self.open);
        let start = text.len();
        text.push_str(self.padding);
        match &self.items {
            Items::Leaves(leaves) => {
                for (number, leaf) in leaves.iter().enumerate() {
                    text.push_str(if number > 0 { ", " } else { "" });
                    text.push_str(leaf);
                }
            }
            Items::Lists(lists) => {
                for (number, list) in lists.iter().enumerate() {
                    text.push_str(if number > 0 { ", " } else { "" });
                    list.write(text);
                }
            }
        }
        if text.len() > start + self.padding.len() {
            text.push_str(self.padding);
        } else {
            text.truncate(start);
        }
        text.push_str(&self.close);
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
