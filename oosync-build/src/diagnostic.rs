//! One problem, shown the way rustc shows one: what happened, where, and what to do next.
//!
//! Config, comment tags and every command report through [`Diagnostic`], so that an error looks the same in a
//! terminal, in a build script and as a CI annotation.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; nothing stops.
    Warning,
    /// The command or the build stops.
    Error,
}

/// A named text that a diagnostic can point into: a file, or a comment in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What stands after `-->`: a path, or `comment on table public.todos`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A source to be shared by many diagnostics.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: one_line(name), text: text.into() })
    }

    /// Line and column, both counted from 1, of a byte offset; columns count characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..char_floor(&self.text, offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A place in a [`Source`], with what is wrong just there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The text pointed into.
    pub source: Arc<Source>,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What stands beside the caret; may be empty.
    pub message: String,
}

/// One problem: its severity and message, the place, and notes and help below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether this stops anything.
    pub severity: Severity,
    /// One line, no trailing full stop.
    pub message: String,
    /// Where, if it is anywhere in a text.
    pub label: Option<Label>,
    /// Facts that explain the message.
    pub notes: Vec<String>,
    /// What to do next: where it can be, the one command or line that fixes it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: one_line(message),
            label: None,
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// Points at `span` of `source`.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Self {
        self.label = Some(Label { source: Arc::clone(source), span, message: one_line(message) });
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(one_line(note));
        self
    }

    /// Adds help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(one_line(help));
        self
    }

    /// The text shown to a person, without a trailing newline; `color` adds ANSI escapes.
    pub fn render(&self, color: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        if let Some(label) = &self.label {
            let span = within(&label.source.text, &label.span);
            let mut annotation = AnnotationKind::Primary.span(span);
            if !label.message.is_empty() {
                annotation = annotation.label(label.message.as_str());
            }
            group = group.element(
                Snippet::source(label.source.text.as_str())
                    .path(label.source.name.as_str())
                    .fold(true)
                    .annotation(annotation),
            );
        }
        for note in &self.notes {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group]).to_string()
    }

    /// A GitHub Actions workflow command, which puts the problem on the line of a pull request.
    ///
    /// Source: GitHub's documentation, "Workflow commands for GitHub Actions".
    pub fn github_annotation(&self) -> String {
        let kind = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut properties = String::new();
        if let Some(label) = &self.label {
            let (line, column) = label.source.line_column(label.span.start);
            properties = format!(" file={},line={line},col={column}", escape_property(&label.source.name));
        }
        let mut text = self.message.clone();
        for line in self.label.iter().map(|label| &label.message).chain(&self.notes).chain(&self.help) {
            if !line.is_empty() {
                text.push('\n');
                text.push_str(line);
            }
        }
        format!("::{kind}{properties}::{}", escape_data(&text))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Problems collected on the way, shown together: fixing them one by one would cost a run each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No problem yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether nothing was reported.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything here stops the build.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// In the order reported.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The text with control characters, line ends among them, and marks of writing direction escaped.
///
/// Names in a database are anybody's: one must not be able to end a line and write the next one, be it a color or
/// a workflow command.
pub(crate) fn one_line(text: impl Into<String>) -> String {
    let hostile = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = text.into();
    if !text.contains(hostile) {
        return text;
    }
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if hostile(c) {
            line.extend(c.escape_debug());
        } else {
            line.push(c);
        }
        line
    })
}

/// A span that lies inside `text` and on character boundaries, whatever it was asked to be.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = char_floor(text, span.start);
    let end = (span.end..text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
    start..end.max(start)
}

/// The last character boundary at or before `offset`.
pub(crate) fn char_floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_word_even_after_wide_characters() {
        let source = Source::new("Oosync.toml", "[sync]\nα = 1 # é\nunowed = \"error\"\n");
        let start = source.text.find("unowed").unwrap_or_default();
        let shown = Diagnostic::error("unknown key `unowed`")
            .at(&source, start..start + 6, "did you mean `unowned`?")
            .help("write `unowned = \"error\"`")
            .render(false);
        insta::assert_snapshot!(shown, @r#"
        error: unknown key `unowed`
         --> Oosync.toml:3:1
          |
        3 | unowed = "error"
          | ^^^^^^ did you mean `unowned`?
          |
          = help: write `unowned = "error"`
        "#);
    }

    #[test]
    fn an_annotation_escapes_what_would_end_it() {
        let source = Source::new("a,b:c.toml", "x = 1\n");
        let line = Diagnostic::error("50% of\nit").at(&source, 4..5, "here").github_annotation();
        assert_eq!(line, "::error file=a%2Cb%3Ac.toml,line=1,col=5::50%25 of\\nit%0Ahere");
    }

    #[test]
    fn a_span_outside_the_text_is_moved_inside() {
        let source = Source::new("t", "é");
        let shown = Diagnostic::error("m").at(&source, 1..90, "").render(false);
        assert!(shown.contains("t:1:1"), "{shown}");
    }
}
