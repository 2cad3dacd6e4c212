//! What a person said about a table or a column: tags laid over the config, field by field, with the place of
//! each.

use std::ops::Range;
use std::sync::Arc;

use super::Why;
use crate::config::{
    ColumnConfig, ColumnRules, ColumnTags, Config, Spanned, TableConfig, TableRules, TableTags, Tags,
};
use crate::diagnostic::{Diagnostic, Source};
use crate::facts::{Column, Facts, Table};

/// Where something was said.
#[derive(Debug, Clone)]
pub(super) struct Place {
    source: Arc<Source>,
    span: Range<usize>,
    tag: bool,
}

impl Place {
    pub(super) fn config(source: &Arc<Source>, span: &Range<usize>) -> Self {
        Self { source: Arc::clone(source), span: span.clone(), tag: false }
    }

    fn tag(source: &Arc<Source>, span: &Range<usize>) -> Self {
        Self { source: Arc::clone(source), span: span.clone(), tag: true }
    }

    /// As a reason: `Oosync.toml:12:1`, `comment on table public.todos`.
    pub(super) fn why(&self) -> Why {
        if self.tag {
            return Why::Tag(self.source.name.clone());
        }
        let (line, column) = self.source.line_column(self.span.start);
        Why::Config(format!("{}:{line}:{column}", self.source.name))
    }

    /// The problem, pointing here.
    pub(super) fn point(&self, problem: Diagnostic, label: impl Into<String>) -> Diagnostic {
        problem.at(&self.source, self.span.clone(), label)
    }
}

/// A value and where it was said.
#[derive(Debug, Clone)]
pub(super) struct Said<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// What was said about one table.
#[derive(Debug, Clone)]
pub(super) struct TableSaid<'a> {
    source: &'a Arc<Source>,
    pub(super) config: Option<&'a TableConfig>,
    tags: Option<&'a TableTags>,
}

impl<'a> TableSaid<'a> {
    pub(super) fn new(config: &'a Config, tags: &'a Tags, facts: &Facts, table: &Table) -> Self {
        Self {
            source: &config.source,
            config: config.table(facts, table),
            tags: tags.table(&table.schema, &table.name),
        }
    }

    /// The value of a rule; a tag holds where both places have one.
    pub(super) fn get<T: Clone>(&self, rule: impl Fn(&TableRules) -> &Option<Spanned<T>>) -> Option<Said<T>> {
        self.of_tags(&rule).or_else(|| self.of_config(&rule))
    }

    fn of_tags<T: Clone>(&self, rule: &impl Fn(&TableRules) -> &Option<Spanned<T>>) -> Option<Said<T>> {
        let tags = self.tags?;
        let said = rule(&tags.rules).as_ref()?;
        Some(Said { value: said.value.clone(), place: Place::tag(&tags.source, &said.span) })
    }

    fn of_config<T: Clone>(&self, rule: &impl Fn(&TableRules) -> &Option<Spanned<T>>) -> Option<Said<T>> {
        let said = rule(&self.config?.rules).as_ref()?;
        Some(self.written(said))
    }

    /// Something that only the config can say.
    pub(super) fn written<T: Clone>(&self, said: &Spanned<T>) -> Said<T> {
        Said { value: said.value.clone(), place: Place::config(self.source, &said.span) }
    }

    /// The columns that a rule lists, each with its place; a tag's list stands in place of the config's.
    pub(super) fn columns(&self, rule: impl Fn(&TableRules) -> &Vec<Spanned<String>>) -> Vec<Said<String>> {
        if let Some(tags) = self.tags.filter(|tags| !rule(&tags.rules).is_empty()) {
            let said = rule(&tags.rules).iter();
            return said
                .map(|said| Said { value: said.value.clone(), place: Place::tag(&tags.source, &said.span) })
                .collect();
        }
        let Some(config) = self.config else { return Vec::new() };
        rule(&config.rules).iter().map(|said| self.written(said)).collect()
    }
}

/// What was said about one column of Postgres.
#[derive(Debug, Clone)]
pub(super) struct ColumnSaid<'a> {
    source: &'a Arc<Source>,
    pub(super) config: Option<&'a ColumnConfig>,
    tags: Option<&'a ColumnTags>,
}

impl<'a> ColumnSaid<'a> {
    pub(super) fn new(table: &TableSaid<'a>, tags: &'a Tags, of: &Table, column: &Column) -> Self {
        let configs = table.config.map(|table| table.columns.as_slice()).unwrap_or_default();
        Self {
            source: table.source,
            config: configs.iter().find(|config| config.local.is_none() && config.name.value == column.name),
            tags: tags.column(&of.schema, &of.name, &column.name),
        }
    }

    /// The value of a rule; a tag holds where both places have one.
    pub(super) fn get<T: Clone>(
        &self,
        rule: impl Fn(&ColumnRules) -> &Option<Spanned<T>>,
    ) -> Option<Said<T>> {
        let of_tags = || {
            let tags = self.tags?;
            let said = rule(&tags.rules).as_ref()?;
            Some(Said { value: said.value.clone(), place: Place::tag(&tags.source, &said.span) })
        };
        let of_config = || Some(self.written(rule(&self.config?.rules).as_ref()?));
        of_tags().or_else(of_config)
    }

    /// A switch that is on.
    pub(super) fn on(&self, rule: impl Fn(&ColumnRules) -> &Option<Spanned<bool>>) -> Option<Place> {
        self.get(rule).filter(|said| said.value).map(|said| said.place)
    }

    /// Something that only the config can say.
    pub(super) fn written<T: Clone>(&self, said: &Spanned<T>) -> Said<T> {
        Said { value: said.value.clone(), place: Place::config(self.source, &said.span) }
    }

    /// The field group that a tag puts it in.
    pub(super) fn field_group(&self) -> Option<Said<String>> {
        let tags = self.tags?;
        let said = tags.field_group.as_ref()?;
        Some(Said { value: said.value.clone(), place: Place::tag(&tags.source, &said.span) })
    }
}
