//! One comment being read: its tags, taken one by one, and its problems.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::super::reader::{Fix, Problems, Report, nearest_key};
use super::super::refusal::{FromText, Refusal, list};
use super::super::{Parent, Spanned};
use super::scan::{Found, RawTag, RawValue, scan};
use super::{COLUMN_TAGS, TABLE_TAGS};
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::facts::Table;
use crate::suggest::nearest;

/// Comments longer than this are not repeated in the SQL that mends them.
const LONGEST_SHOWN: usize = 160;

/// What a comment is on, which decides the tags it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Table,
    Column,
}

impl Target {
    fn tags(self) -> &'static [&'static str] {
        match self {
            Self::Table => TABLE_TAGS,
            Self::Column => COLUMN_TAGS,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Table => Self::Column,
            Self::Column => Self::Table,
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Table => "tables",
            Self::Column => "columns",
        }
    }
}

/// Problems within a comment; each says the SQL that mends it.
pub(super) struct CommentProblems {
    source: Arc<Source>,
    problems: Problems,
}

impl CommentProblems {
    /// `source` is named by the beginning of the SQL statement: `comment on table public.todos`.
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), problems: Problems::new(source) }
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.problems.into_diagnostics()
    }
}

impl Report for CommentProblems {
    fn report_fixable(&self, problem: Diagnostic, span: &Range<usize>, label: &str, fix: Option<Fix<'_>>) {
        let text = &self.source.text;
        let mended = fix
            .map(written)
            .map(|fix| format!("{}{fix}{}", &text[..span.start], &text[span.end..]))
            .filter(|mended| mended.len() <= LONGEST_SHOWN && !mended.contains(char::is_control))
            .map_or_else(|| "…".to_owned(), |mended| mended.replace('\'', "''"));
        let problem = problem.help(format!("{} is '{mended}'", self.source.name));
        self.problems.report(problem, span, label);
    }
}

/// The tags of one comment.
pub(super) struct Comment<'a> {
    pub(super) problems: CommentProblems,
    target: Target,
    /// The table it is on, or whose column it is on.
    table: &'a Table,
    tags: Vec<RawTag>,
}

impl<'a> Comment<'a> {
    pub(super) fn new(source: &Arc<Source>, target: Target, table: &'a Table) -> Self {
        let problems = CommentProblems::new(source);
        let known = |name: &str| {
            let name = canonical(name);
            TABLE_TAGS.contains(&name.as_str()) || COLUMN_TAGS.contains(&name.as_str())
        };
        let mut tags: Vec<RawTag> = Vec::new();
        for found in scan(&source.text, known) {
            match found {
                Found::Wrong(wrong) => {
                    let problem = Diagnostic::error(wrong.message);
                    let fix = wrong.fix.as_deref().map(Fix::Text);
                    problems.report_fixable(problem, &wrong.span, &wrong.label, fix);
                }
                Found::Tag(tag) if tags.iter().any(|earlier| same_name(earlier, &tag)) => {
                    let message = format!("`@oosync.{}` is there twice", tag.name.value);
                    problems.report(Diagnostic::error(message), &tag.name.span, "one of them has to go");
                }
                Found::Tag(tag) => tags.push(tag),
            }
        }
        let comment = Self { problems, target, table, tags };
        comment.unknown_tags();
        comment
    }

    pub(super) fn has_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// A tag without a value.
    pub(super) fn flag(&self, name: &'static str) -> Option<Spanned<bool>> {
        let tag = self.find(name)?;
        if let Some(value) = &tag.value {
            let whole = tag.name.span.start..value.span.end;
            let message = format!("`@oosync.{name}` takes no value");
            self.error(message, &whole, "only the tag itself", Some(name));
        }
        Some(Spanned::new(true, tag.name.span.clone()))
    }

    /// A tag that means `true` without a value.
    pub(super) fn switch(&self, name: &'static str) -> Option<Spanned<bool>> {
        let tag = self.find(name)?;
        let Some(value) = &tag.value else {
            return Some(Spanned::new(true, tag.name.span.clone()));
        };
        let word = self.single(name, value)?;
        match word.value.as_str() {
            "true" => Some(Spanned::new(true, word.span.clone())),
            "false" => Some(Spanned::new(false, word.span.clone())),
            _ => {
                let refusal = Refusal::Word { word: word.value.clone(), allowed: vec!["true", "false"] };
                self.refuse(name, word, refusal);
                None
            }
        }
    }

    /// A tag with one value.
    pub(super) fn get<T: FromText>(&self, name: &'static str) -> Option<Spanned<T>> {
        let value = self.single(name, self.value(name)?)?;
        self.accept(name, value, T::from_text(&value.value))
    }

    /// As [`get`](Self::get), for words of a closed list: `serverOnly` and `server-only` are `server_only`.
    pub(super) fn word<T: FromText>(&self, name: &'static str) -> Option<Spanned<T>> {
        let value = self.single(name, self.value(name)?)?;
        self.accept(name, value, T::from_text(&snake_case(&value.value)))
    }

    /// A tag whose value is a list of columns.
    pub(super) fn columns(&self, name: &'static str) -> Vec<Spanned<String>> {
        let Some(value) = self.value(name) else { return Vec::new() };
        if let Some(word) = value.after_comma.as_ref().filter(|word| self.table.column(&word.value).is_some())
        {
            let message = format!("the list of `@oosync.{name}` ends before `{}`", word.value);
            self.error(message, &word.span, "no white space within a list", None);
        }
        let mut elements: Vec<Spanned<String>> = Vec::new();
        for element in &value.elements {
            if elements.iter().any(|earlier| earlier.value == element.value) {
                let message = format!("`@oosync.{name}` names `{}` twice", element.value);
                self.error(message, &element.span, "is in the list already", None);
            } else {
                elements.push(element.clone());
            }
        }
        elements
    }

    pub(super) fn parent(&self) -> Option<Spanned<Parent>> {
        let span = self.value("parent")?.span.clone();
        Some(Spanned::new(Parent { names: self.columns("parent") }, span))
    }

    fn find(&self, name: &str) -> Option<&RawTag> {
        self.tags.iter().find(|tag| canonical(&tag.name.value) == name)
    }

    fn value(&self, name: &'static str) -> Option<&RawValue> {
        let tag = self.find(name)?;
        if tag.value.is_none() {
            let message = format!("`@oosync.{name}` needs a value");
            self.error(message, &tag.name.span, &format!("write `@oosync.{name}=…`"), None);
        }
        tag.value.as_ref()
    }

    fn single<'v>(&self, name: &str, value: &'v RawValue) -> Option<&'v Spanned<String>> {
        if let [single] = value.elements.as_slice() {
            return Some(single);
        }
        self.error(format!("`@oosync.{name}` takes one value"), &value.span, "this is a list", None);
        None
    }

    fn accept<T>(&self, name: &str, value: &Spanned<String>, read: Result<T, Refusal>) -> Option<Spanned<T>> {
        match read {
            Ok(found) => Some(Spanned::new(found, value.span.clone())),
            Err(refusal) => {
                self.refuse(name, value, refusal);
                None
            }
        }
    }

    fn refuse(&self, name: &str, value: &Spanned<String>, refusal: Refusal) {
        let fix = match &refusal {
            Refusal::Word { word, allowed } => nearest(word, allowed.iter().copied()),
            _ => None,
        };
        let (problem, label) = refusal.explain(&format!("@oosync.{name}"), "text");
        self.problems.report_fixable(problem, &value.span, &label, fix.map(Fix::Text));
    }

    fn unknown_tags(&self) {
        for tag in &self.tags {
            let name = canonical(&tag.name.value);
            let allowed = self.target.tags();
            if allowed.contains(&name.as_str()) {
                continue;
            }
            let other = self.target.other();
            if other.tags().contains(&name.as_str()) {
                let message = format!("`@oosync.{name}` is a tag for {}", other.plural());
                let label = format!(
                    "this comment is on a {}",
                    if other == Target::Table { "column" } else { "table" }
                );
                self.error(message, &tag.name.span, &label, None);
                continue;
            }
            let mut problem =
                Diagnostic::error(format!("unknown tag `@oosync.{}`", tag.name.value.escape_debug()));
            let fix = nearest_key(&tag.name.value, allowed);
            if fix.is_none() {
                problem = problem.note(format!("tags for {}: {}", self.target.plural(), list(allowed)));
            }
            let label = fix.map(|name| format!("did you mean `{name}`?")).unwrap_or_default();
            self.problems.report_fixable(problem, &tag.name.span, &label, fix.map(Fix::Text));
        }
    }

    fn error(&self, message: String, span: &Range<usize>, label: &str, fix: Option<&str>) {
        self.problems.report_fixable(Diagnostic::error(message), span, label, fix.map(Fix::Text));
    }
}

/// A fix as a comment would hold it.
fn written(fix: Fix<'_>) -> Cow<'_, str> {
    match fix {
        Fix::Name(name) if name.contains(|c: char| c.is_whitespace() || c == ',' || c == '"') => {
            format!("\"{}\"", name.replace('"', "\"\"")).into()
        }
        Fix::Name(text) | Fix::Text(text) => text.into(),
    }
}

fn same_name(a: &RawTag, b: &RawTag) -> bool {
    canonical(&a.name.value) == canonical(&b.name.value)
}

/// `owner-column` as `ownerColumn`; anything else as it is.
pub(super) fn canonical(name: &str) -> String {
    if name.contains(char::is_uppercase) || name.starts_with('-') || name.ends_with('-') {
        return name.to_owned();
    }
    let mut words = name.split('-');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}

/// `serverOnly` and `server-only` as `server_only`.
fn snake_case(word: &str) -> String {
    let mut snake = String::with_capacity(word.len());
    for (index, c) in word.char_indices() {
        if c == '-' {
            snake.push('_');
        } else if c.is_uppercase() && index > 0 {
            snake.push('_');
            snake.extend(c.to_lowercase());
        } else {
            snake.push(c);
        }
    }
    snake
}
