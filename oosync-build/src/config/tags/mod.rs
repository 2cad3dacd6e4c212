//! `@oosync.*` tags in the comments of tables and columns.
//!
//! `Todo items. @oosync.ownerColumn=user_id @oosync.normalizeDatetime=due,done` holds two. A tag begins at
//! `@oosync.`, but not within an e-mail address; its name is written `ownerColumn`, or `owner-column`; its value
//! runs to white space, and punctuation behind it does not count. A value, or an element of a list, that holds
//! white space or commas is put in double quotes, `""` being a quote.
//!
//! | on a table | on a column |
//! | --- | --- |
//! | `exclude` | `exclude` |
//! | `ownerColumn=`, `ownerNull=`, `parent=`, `unowned=` | `ownerOnly`, `fieldGroup=` |
//! | `bucket=`, `bucketColumn=` | `default=` |
//! | `order=`, `push=`, `denyDelete`, `writeMode=` | `rustName=` |
//! | `conflict=`, `conflictTarget=` | |
//! | `stamps=`, `createdColumn=`, `updatedColumn=`, `deletedColumn=` | |
//! | `protected=`, `normalizeDatetime=`, `changeCategory=` | |
//!
//! Each means what the key of the same name means in `Oosync.toml`, and is laid over it: where both say
//! something, the tag holds.

mod comment;
mod scan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::comment::{Comment, CommentProblems, Target, canonical};
use super::access::GroupSelector;
use super::lookup::Declared;
use super::reader::Report;
use super::refusal::{FromText, Refusal, RustName};
use super::{ColumnRules, Config, Spanned, TableRules, lookup};
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::facts::{Facts, QualifiedName, Table, TableKind, quoted};

/// Tags that the comment of a table may hold.
const TABLE_TAGS: &[&str] = &[
    "exclude",
    "ownerColumn",
    "ownerNull",
    "parent",
    "bucket",
    "bucketColumn",
    "unowned",
    "order",
    "push",
    "denyDelete",
    "writeMode",
    "conflict",
    "conflictTarget",
    "stamps",
    "createdColumn",
    "updatedColumn",
    "deletedColumn",
    "changeCategory",
    "normalizeDatetime",
    "protected",
];

/// Tags that the comment of a column may hold.
const COLUMN_TAGS: &[&str] = &["exclude", "ownerOnly", "fieldGroup", "default", "rustName"];

/// What the comments of a schema say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tags {
    tables: BTreeMap<QualifiedName, TableTags>,
    columns: BTreeMap<(QualifiedName, String), ColumnTags>,
}

/// The tags of a table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TableTags {
    /// The comment, which the spans of the rules point into.
    pub source: Arc<Source>,
    /// What it says.
    pub rules: TableRules,
}

/// The tags of a column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ColumnTags {
    /// The comment, which the spans of the rules point into.
    pub source: Arc<Source>,
    /// What it says.
    pub rules: ColumnRules,
    /// The field group the column is in, beside those that `[field_groups]` puts it in.
    pub field_group: Option<Spanned<String>>,
}

impl Tags {
    /// Reads every comment of tables and columns.
    ///
    /// The diagnostics hold an error for each tag that is unknown, misplaced, doubled or misspelt, and for each
    /// column or foreign key that the table does not have; what could be read is there nevertheless.
    pub fn read(facts: &Facts) -> (Self, Diagnostics) {
        let mut tags = Self::default();
        let mut diagnostics = Diagnostics::new();
        for table in &facts.tables {
            let name = table.qualified_name();
            if let Some(text) = &table.comment {
                let source = Source::new(format!("comment on {} {name}", comment_kind(table)), text);
                let comment = Comment::new(&source, Target::Table, table);
                if comment.has_tags() {
                    let rules = table_rules(&comment, table);
                    tags.tables.insert(name.clone(), TableTags { source, rules });
                }
                diagnostics.extend(comment.problems.into_diagnostics());
            }
            for column in &table.columns {
                let Some(text) = &column.comment else { continue };
                let source = Source::new(format!("comment on column {name}.{}", quoted(&column.name)), text);
                let comment = Comment::new(&source, Target::Column, table);
                if comment.has_tags() {
                    let column_tags = column_tags(&comment, source);
                    tags.columns.insert((name.clone(), column.name.clone()), column_tags);
                }
                diagnostics.extend(comment.problems.into_diagnostics());
            }
        }
        (tags, diagnostics)
    }

    /// What the comment of a table says; `None` if it has no tags.
    pub fn table(&self, schema: &str, name: &str) -> Option<&TableTags> {
        self.tables.get(&QualifiedName::new(schema, name))
    }

    /// What the comment of a column says; `None` if it has no tags.
    pub fn column(&self, schema: &str, table: &str, column: &str) -> Option<&ColumnTags> {
        self.columns.get(&(QualifiedName::new(schema, table), column.to_owned()))
    }

    /// Whether the buckets and field groups that tags name are in the config, and what a tag needs beside it is
    /// there or in the config. `facts` are those that the tags were read from.
    ///
    /// A tag may open a field group; the config has to mention it then, in `[field_groups]` or in
    /// `[role_permissions]`, for a group that nobody mentions is a typo.
    pub fn check(&self, config: &Config, facts: &Facts) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let buckets: Vec<_> = config.buckets.iter().map(|bucket| bucket.name.value.as_str()).collect();
        for (name, table) in &self.tables {
            let problems = CommentProblems::new(&table.source);
            if let Some(bucket) = &table.rules.bucket {
                lookup::declared(&problems, Declared::Bucket, bucket, &buckets);
            }
            let columns = &table.rules.bucket_column;
            if !columns.is_empty() {
                let of_config = || {
                    let table = facts.table(&name.schema, &name.name)?;
                    config.table(facts, table)?.rules.bucket.as_ref()
                };
                let bucket = table.rules.bucket.as_ref().or_else(of_config);
                let bucket = bucket.map(|bucket| bucket.value.as_str());
                lookup::bucket_column(&problems, "@oosync.bucketColumn", columns, bucket, &config.buckets);
            }
            diagnostics.extend(problems.into_diagnostics());
        }
        let mentioned = config.role_permissions.iter().flat_map(|role| role.read.iter().chain(&role.write));
        let mut groups: Vec<_> = mentioned
            .filter_map(|group| match &group.value {
                GroupSelector::Group(name) => Some(name.as_str()),
                GroupSelector::All => None,
            })
            .chain(config.field_groups.iter().map(|group| group.name.value.as_str()))
            .collect();
        groups.sort_unstable();
        groups.dedup();
        for column in self.columns.values() {
            let Some(group) = &column.field_group else { continue };
            let problems = CommentProblems::new(&column.source);
            lookup::declared(&problems, Declared::FieldGroup, group, &groups);
            diagnostics.extend(problems.into_diagnostics());
        }
        diagnostics
    }

    /// Every field group named, with repetitions.
    pub(super) fn field_groups(&self) -> impl Iterator<Item = &str> {
        self.columns
            .values()
            .filter_map(|column| column.field_group.as_ref())
            .map(|group| group.value.as_str())
    }
}

/// A comment as its readers see it: without tags; `None` if nothing else was in it.
pub(crate) fn without_tags(comment: &str) -> Option<String> {
    let mut text = String::with_capacity(comment.len());
    let mut at = 0;
    for found in scan::scan(comment, |_| false) {
        let scan::Found::Tag(tag) = found else { continue };
        let start = tag.name.span.start - "@oosync.".len();
        // The white space before a tag goes with it.
        text.push_str(comment[at..start].trim_end_matches([' ', '\t']));
        at = tag.value.map_or(tag.name.span.end, |value| value.span.end);
    }
    text.push_str(&comment[at..]);
    let text = text.trim();
    text.contains(char::is_alphanumeric).then(|| text.to_owned())
}

fn table_rules(comment: &Comment<'_>, table: &Table) -> TableRules {
    let rules = TableRules {
        exclude: comment.flag("exclude"),
        owner_column: comment.get("ownerColumn"),
        owner_null: comment.word("ownerNull"),
        parent: comment.parent(),
        bucket: comment.get("bucket"),
        bucket_column: comment.columns("bucketColumn"),
        unowned: comment.word("unowned"),
        order: comment.get::<Order>("order").map(|order| Spanned::new(order.value.0, order.span)),
        push: comment.word("push"),
        deny_delete: comment.switch("denyDelete"),
        write_mode: comment.word("writeMode"),
        conflict: comment.word("conflict"),
        conflict_target: comment.columns("conflictTarget"),
        stamps: comment.word("stamps"),
        created_column: comment.get("createdColumn"),
        updated_column: comment.get("updatedColumn"),
        deleted_column: comment.get("deletedColumn"),
        change_category: comment.get("changeCategory"),
        normalize_datetime: comment.columns("normalizeDatetime"),
        protected: comment.columns("protected"),
    };
    lookup::table_rules(&comment.problems, table, &rules);
    for clash in rules.contradictions() {
        let tag = |key: &str| canonical(&key.replace('_', "-"));
        let message = format!("`@oosync.{}` contradicts `@oosync.{}`", tag(clash.later), tag(clash.earlier));
        comment.problems.report(Diagnostic::error(message), &clash.span, clash.reason);
    }
    rules
}

fn column_tags(comment: &Comment<'_>, source: Arc<Source>) -> ColumnTags {
    let rust_name = comment.get::<RustName>("rustName").map(|name| Spanned::new(name.value.0, name.span));
    let rules = ColumnRules {
        exclude: comment.flag("exclude"),
        owner_only: comment.flag("ownerOnly"),
        default: comment.word("default"),
        rust_name,
    };
    lookup::column_rules(&comment.problems, &rules);
    ColumnTags { source, rules, field_group: comment.get("fieldGroup") }
}

/// The value of the tag `order`; in a comment, a number is text.
struct Order(i64);

impl FromText for Order {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        text.parse()
            .map(Self)
            .map_err(|_| Refusal::text(format!("is not an integer: `{text}`"), "a whole number of 64 bits"))
    }
}

/// As `COMMENT ON` calls it.
fn comment_kind(table: &Table) -> &'static str {
    match table.kind {
        TableKind::Table | TableKind::PartitionedTable => "table",
        TableKind::View => "view",
        TableKind::MaterializedView => "materialized view",
        TableKind::ForeignTable => "foreign table",
    }
}
