//! Reading a TOML tree key by key, so that every key nobody asked for is noticed.
//!
//! [`TableReader`] hands out values by key and remembers which keys there are; whoever reads a table cannot
//! forget to look for the rest, because tables are only read through functions here that do it afterwards.
//! Nothing stops at the first problem: a value that cannot be read is reported and counts as absent.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::Spanned;
use super::refusal::{FromText, Refusal, list};
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::suggest::nearest;

/// The problems found in one source, shared by all who read it.
#[derive(Debug)]
pub(super) struct Problems {
    source: Arc<Source>,
    found: RefCell<Vec<Diagnostic>>,
}

/// Where the problems of one source go.
pub(super) trait Report {
    /// Reports `problem` at a place in the source, where `fix` could stand instead, if that is known.
    fn report_fixable(&self, problem: Diagnostic, span: &Range<usize>, label: &str, fix: Option<Fix<'_>>);

    /// Reports `problem` at a place in the source.
    fn report(&self, problem: Diagnostic, span: &Range<usize>, label: &str) {
        self.report_fixable(problem, span, label, None);
    }
}

/// What could stand in the place of something wrong.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fix<'a> {
    /// Just this.
    Text(&'a str),
    /// This name, in quotes where the place asks for them.
    Name(&'a str),
}

/// The label says what the fix is; a file is mended in an editor.
impl Report for Problems {
    fn report_fixable(&self, problem: Diagnostic, span: &Range<usize>, label: &str, _fix: Option<Fix<'_>>) {
        self.found.borrow_mut().push(problem.at(&self.source, span.clone(), label));
    }
}

impl Problems {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), found: RefCell::default() }
    }

    /// Reports an error that needs neither note nor help.
    pub(super) fn error(&self, message: impl Into<String>, span: &Range<usize>, label: &str) {
        self.report(Diagnostic::error(message), span, label);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// In the order of the source, which is not the order of reading.
    pub(super) fn into_diagnostics(self) -> Diagnostics {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| problem.label.as_ref().map(|label| label.span.start));
        let mut diagnostics = Diagnostics::new();
        found.into_iter().for_each(|problem| diagnostics.push(problem));
        diagnostics
    }
}

/// A value that can be read from a TOML value.
pub(super) trait FromToml: Sized {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, Refusal>;
}

impl<T: FromText> FromToml for T {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, Refusal> {
        T::from_text(value.as_str().ok_or(Refusal::Kind(T::KIND))?)
    }
}

impl FromToml for bool {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, Refusal> {
        value.as_bool().ok_or(Refusal::Kind("`true` or `false`"))
    }
}

impl FromToml for i64 {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, Refusal> {
        let integer = value.as_integer().ok_or(Refusal::Kind("an integer"))?;
        Self::from_str_radix(integer.as_str(), integer.radix())
            .map_err(|_| Refusal::text("is too large", "64 bits at most"))
    }
}

/// A part of the config that is a TOML table, with the value it has when the table is absent.
pub(super) trait Section {
    fn read(reader: &mut TableReader<'_>) -> Self;
}

/// One TOML table being read.
pub(super) struct TableReader<'a> {
    pub(super) problems: &'a Problems,
    table: &'a DeTable<'a>,
    path: String,
    span: Range<usize>,
    asked: Vec<&'static str>,
}

impl<'a> TableReader<'a> {
    /// Reads the whole document.
    pub(super) fn document<T>(
        problems: &'a Problems,
        table: &'a DeTable<'a>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        Self::run(problems, table, String::new(), 0..0, read)
    }

    fn run<T>(
        problems: &'a Problems,
        table: &'a DeTable<'a>,
        path: String,
        span: Range<usize>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let mut reader = Self { problems, table, path, span, asked: Vec::new() };
        let value = read(&mut reader);
        reader.finish();
        value
    }

    /// The full name of this table: `buckets.list.members`.
    pub(super) fn own_path(&self) -> &str {
        &self.path
    }

    /// Where this table stands.
    pub(super) fn own_span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The full name of a key of this table: `sync.unowned`.
    pub(super) fn path_of(&self, key: &str) -> String {
        let key = written_key(key);
        if self.path.is_empty() { key.into_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where a key of this table stands, if it is there.
    pub(super) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).map(|(key, _)| key.span())
    }

    /// A value that may be absent.
    pub(super) fn get<T: FromToml>(&mut self, key: &'static str) -> Option<Spanned<T>> {
        self.get_with(key, T::from_toml)
    }

    /// As [`get`](Self::get), read by a function.
    pub(super) fn get_with<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Refusal>,
    ) -> Option<Spanned<T>> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        self.accept(key, value, read(value.get_ref()))
    }

    /// A value with a default whose place nobody needs later.
    pub(super) fn get_or<T: FromToml>(&mut self, key: &'static str, default: T) -> T {
        self.get(key).map_or(default, |found| found.value)
    }

    /// A list without duplicates; `None` if the key is absent.
    pub(super) fn list<T: FromToml + PartialEq>(&mut self, key: &'static str) -> Option<Vec<Spanned<T>>> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        self.elements(key, value)
    }

    /// As [`list`](Self::list), but a single value counts as a list of one.
    pub(super) fn one_or_list<T: FromToml + PartialEq>(
        &mut self,
        key: &'static str,
    ) -> Option<Spanned<Vec<Spanned<T>>>> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        let found = match value.get_ref() {
            DeValue::Array(_) => self.elements(key, value)?,
            DeValue::String(_) => vec![self.accept(key, value, T::from_toml(value.get_ref()))?],
            _ => return self.accept(key, value, Err(Refusal::Kind("a string or a list of strings"))),
        };
        Some(Spanned::new(found, value.span()))
    }

    /// As [`one_or_list`](Self::one_or_list), of columns; a list that names none is reported and counts as
    /// absent.
    pub(super) fn columns(&mut self, key: &'static str) -> Option<Spanned<Vec<Spanned<String>>>> {
        let columns = self.one_or_list(key)?;
        let written = self.table.get(key).and_then(|value| value.get_ref().as_array());
        if written.is_some_and(|list| list.is_empty()) {
            self.problems.error(format!("`{}` names no column", self.path_of(key)), &columns.span, "");
        }
        Some(columns).filter(|columns| !columns.value.is_empty())
    }

    /// A table of fixed keys; where it is absent, what an empty one means.
    pub(super) fn section<T: Section>(&mut self, key: &'static str) -> T {
        let empty = DeTable::new();
        match self.subtable(key) {
            Some((table, span)) => Self::run(self.problems, table, self.path_of(key), span, T::read),
            None => TableReader::run(self.problems, &empty, String::new(), 0..0, T::read),
        }
    }

    /// A table of fixed keys that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut TableReader<'a>) -> T,
    ) -> Option<T> {
        let (table, span) = self.subtable(key)?;
        Some(Self::run(self.problems, table, self.path_of(key), span, read))
    }

    /// A table whose keys are names that a person chose and whose values are tables, in the order written.
    pub(super) fn named_tables<N: FromText, T>(
        &mut self,
        key: &'static str,
        read: impl Fn(Spanned<N>, &mut TableReader<'a>) -> T,
    ) -> Vec<T> {
        self.named(key, |names, name, value| {
            let path = names.path_of(name.text);
            let DeValue::Table(table) = value.get_ref() else {
                let refused: Option<Spanned<T>> =
                    names.accept(name.text, value, Err(Refusal::Kind("a table")));
                return refused.map(|found| found.value);
            };
            let name = names.name(name)?;
            Some(Self::run(names.problems, table, path, value.span(), |reader| read(name, reader)))
        })
    }

    /// A table whose keys are names that a person chose and whose values are all of one type.
    pub(super) fn named_values<T: FromToml>(
        &mut self,
        key: &'static str,
    ) -> Vec<(Spanned<String>, Spanned<T>)> {
        self.named(key, |names, name, value| {
            let found = names.accept(name.text, value, T::from_toml(value.get_ref()))?;
            Some((names.name(name)?, found))
        })
    }

    fn named<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&TableReader<'a>, Name<'a>, &'a toml::Spanned<DeValue<'a>>) -> Option<T>,
    ) -> Vec<T> {
        let Some((table, span)) = self.subtable(key) else { return Vec::new() };
        let path = self.path_of(key);
        let names = TableReader { problems: self.problems, table, path, span, asked: Vec::new() };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        entries
            .into_iter()
            .filter_map(|(name, value)| {
                read(&names, Name { text: name.get_ref().as_ref(), span: name.span() }, value)
            })
            .collect()
    }

    fn name<N: FromText>(&self, name: Name<'_>) -> Option<Spanned<N>> {
        match N::from_text(name.text) {
            Ok(value) => Some(Spanned::new(value, name.span)),
            Err(refusal) => {
                let (problem, label) = refusal.explain(&self.path_of(name.text), "a name");
                self.problems.report(problem, &name.span, &label);
                None
            }
        }
    }

    fn subtable(&mut self, key: &'static str) -> Option<(&'a DeTable<'a>, Range<usize>)> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            return self.accept(key, value, Err(Refusal::Kind("a table"))).map(|found| found.value);
        };
        Some((table, value.span()))
    }

    fn elements<T: FromToml + PartialEq>(
        &self,
        key: &str,
        value: &toml::Spanned<DeValue<'_>>,
    ) -> Option<Vec<Spanned<T>>> {
        let DeValue::Array(array) = value.get_ref() else {
            return self.accept(key, value, Err(Refusal::Kind("a list"))).map(|found| found.value);
        };
        let mut elements: Vec<Spanned<T>> = Vec::with_capacity(array.len());
        for element in array.iter() {
            let Some(found) = self.accept(key, element, T::from_toml(element.get_ref())) else { continue };
            if elements.iter().any(|earlier| earlier.value == found.value) {
                let message = format!("`{}` names the same thing twice", self.path_of(key));
                self.problems.error(message, &found.span, "is in the list already");
            } else {
                elements.push(found);
            }
        }
        Some(elements)
    }

    fn accept<T>(
        &self,
        key: &str,
        value: &toml::Spanned<DeValue<'_>>,
        read: Result<T, Refusal>,
    ) -> Option<Spanned<T>> {
        match read {
            Ok(found) => Some(Spanned::new(found, value.span())),
            Err(refusal) => {
                let (problem, label) = refusal.explain(&self.path_of(key), kind(value.get_ref()));
                self.problems.report(problem, &value.span(), &label);
                None
            }
        }
    }

    fn finish(self) {
        let place = if self.path.is_empty() {
            "at the top level".to_owned()
        } else {
            format!("in `[{}]`", self.path)
        };
        for (key, value) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let mut problem = Diagnostic::error(format!("unknown key `{}` {place}", name.escape_debug()));
            let suggestion = nearest_key(name, &self.asked);
            if suggestion.is_none() {
                problem = problem.note(format!("keys allowed here: {}", list(&self.asked)));
            }
            // `[tables.app.todos]` is TOML for a table within a table.
            if self.path.strip_prefix("tables.").is_some_and(|schema| !schema.contains('.'))
                && value.get_ref().is_table()
            {
                let schema = &self.path["tables.".len()..];
                problem = problem.help(format!(
                    "a table of the schema `{schema}` is written `[tables.\"{schema}.{name}\"]`"
                ));
            }
            let label = suggestion.map(|key| format!("did you mean `{key}`?")).unwrap_or_default();
            self.problems.report(problem, &key.span(), &label);
        }
    }
}

/// A key that a person chose.
struct Name<'a> {
    text: &'a str,
    span: Range<usize>,
}

/// A key as it would stand in a header: `list`, `"two words"`.
pub(crate) fn written_key(key: &str) -> Cow<'_, str> {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) { key.into() } else { format!("{key:?}").into() }
}

/// The nearest key; of two as near, the longer, because letters are lost more often than added
/// (`timestampz` is `timestamptz`, not `timestamp`).
pub(super) fn nearest_key<'k>(word: &str, keys: &[&'k str]) -> Option<&'k str> {
    let best = nearest(word, keys.iter().copied())?;
    // Case and separators count as little here as in `nearest`.
    let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
    let distance = |key: &str| strsim::damerau_levenshtein(&plain(word), &plain(key));
    let as_near = distance(best);
    let longer = keys.iter().copied().filter(|key| key.len() > best.len() && distance(key) == as_near);
    longer.max_by_key(|key| key.len()).or(Some(best))
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
