//! Who sees and writes what: `[buckets.*]`, `[field_groups.*]` and `[role_permissions.*]`.

use toml::de::DeValue;

use super::name::FunctionName;
use super::reader::{Report, TableReader};
use super::refusal::{FromText, Refusal};
use super::{BucketWrite, ColumnPath, Spanned, TableName};
use crate::diagnostic::Diagnostic;

/// `[buckets.list]`: rows that several users share.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bucket {
    /// The name by which tables refer to it.
    pub name: Spanned<String>,
    /// How the members are found.
    pub members: Membership,
    /// Who may write. Default: the plan decides by `push` of each table.
    pub write: Option<Spanned<BucketWrite>>,
    /// How many users the function may give for a row before the change is refused; at least 1. Default: no limit.
    pub fan_out_limit: Option<Spanned<u32>>,
}

/// How the members of a bucket are found; exactly one way.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Membership {
    /// A table with one row for each member.
    Table {
        /// The table.
        table: Spanned<TableName>,
        /// Its column with the user.
        user: Spanned<String>,
        /// Its columns with the key of the bucket; never empty.
        key: Vec<Spanned<String>>,
    },
    /// A query that gives the keys of a user's buckets; `$1` in it is the user's id, of type text. It is run with
    /// the rights of whoever installs, and with nothing but `pg_catalog` on its search path.
    Query(Spanned<String>),
    /// A function that says who has a row: `(tbl text, operation text, new_row jsonb, old_row jsonb) returns setof
    /// text` gives users' ids. It is asked with `INSERT` and the new row; with `UPDATE` and the new row, and
    /// with `DELETE` and the old one, for what an update made of it and what it was; with `DELETE` and the old row;
    /// and with `SELECT` and the row as new one where a row is looked at: by policies, or for its children.
    /// It is run with the rights of whoever installs, and answers from the row alone: what it reads of other tables
    /// can change without any row being logged.
    Function(Spanned<FunctionName>),
}

impl Bucket {
    /// `None` if it does not say who its members are, which is reported.
    pub(super) fn read(name: Spanned<String>, reader: &mut TableReader<'_>) -> Option<Self> {
        let ways: Vec<_> = ["members", "query", "function"]
            .into_iter()
            .filter_map(|key| Some((key, reader.key_span(key)?)))
            .collect();
        let table = reader.optional("members", members_table).flatten();
        let query = reader.get("query").map(Membership::Query);
        let function = reader.get("function").map(Membership::Function);
        let write = reader.get("write");
        let fan_out_limit = reader.get_with("fan_out_limit", positive);
        match ways.as_slice() {
            [_] => {}
            [] => {
                let problem = Diagnostic::error(format!("bucket `{}` does not say who its members are", name.value))
                    .help("add one of `members = { table = \"…\", user = \"…\", key = \"…\" }`, `query`, `function`");
                reader.problems.report(problem, &name.span, "");
            }
            [(first, _), others @ ..] => {
                for (key, span) in others {
                    let message = format!("bucket `{}` has both `{first}` and `{key}`", name.value);
                    reader.problems.error(message, span, "keep one of them");
                }
            }
        }
        if let (Some(limit), [(way @ ("members" | "query"), _)]) = (&fan_out_limit, ways.as_slice()) {
            let problem =
                Diagnostic::error(format!("`fan_out_limit` of bucket `{}` limits nothing", name.value))
                    .note(format!("by `{way}` a row is logged once, however many members read it"))
                    .help("remove the line");
            reader.problems.report(problem, &limit.span, "is for `function`");
        }
        let members = table.or(query).or(function)?;
        Some(Self { name, members, write, fan_out_limit })
    }
}

fn members_table(reader: &mut TableReader<'_>) -> Option<Membership> {
    let missing: Vec<_> =
        ["table", "user", "key"].into_iter().filter(|key| reader.key_span(key).is_none()).collect();
    let (table, user, key) = (reader.get("table"), reader.get("user"), reader.columns("key"));
    if !missing.is_empty() {
        let span = reader.own_span();
        let path = reader.own_path();
        let keys = super::refusal::list(&missing);
        reader.problems.error(format!("`{path}` lacks {keys}"), &span, "needs `table`, `user` and `key`");
    }
    Some(Membership::Table { table: table?, user: user?, key: key?.value })
}

fn positive(value: &DeValue<'_>) -> Result<u32, Refusal> {
    let integer = value.as_integer().ok_or(Refusal::Kind("an integer"))?;
    u32::from_str_radix(integer.as_str(), integer.radix())
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| Refusal::text(format!("cannot be {integer}"), format!("from 1 to {}", u32::MAX)))
}

/// `[field_groups.salary]`: columns that only some roles see or write.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FieldGroup {
    /// The name by which roles refer to it.
    pub name: Spanned<String>,
    /// Its columns.
    pub columns: Vec<Spanned<ColumnPath>>,
}

impl FieldGroup {
    pub(super) fn read(name: Spanned<String>, reader: &mut TableReader<'_>) -> Self {
        if name.value == ALL {
            reader.problems.error("a field group cannot be called `*`", &name.span, "stands for all groups");
        }
        let columns = reader.list("columns").unwrap_or_default();
        Self { name, columns }
    }
}

/// `[role_permissions.manager]`: the field groups that a role may read and write.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RolePermissions {
    /// The role, as the claim names it.
    pub role: Spanned<String>,
    /// Groups whose columns it sees. Default: none.
    pub read: Vec<Spanned<GroupSelector>>,
    /// Groups whose columns it may change. Default: none.
    pub write: Vec<Spanned<GroupSelector>>,
}

/// A field group, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupSelector {
    /// Every group. Written `*`.
    All,
    /// The group of this name.
    Group(String),
}

const ALL: &str = "*";

impl FromText for GroupSelector {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Ok(if text == ALL { Self::All } else { Self::Group(String::from_text(text)?) })
    }
}

impl RolePermissions {
    pub(super) fn read(role: Spanned<String>, reader: &mut TableReader<'_>) -> Self {
        let mut groups = |key| {
            let list: Vec<Spanned<GroupSelector>> =
                reader.one_or_list(key).map_or_else(Vec::new, |list| list.value);
            let all = list.iter().find(|group| group.value == GroupSelector::All);
            if let Some(all) = all.filter(|_| list.len() > 1) {
                let message = format!("`{}` names `*` beside other groups", reader.path_of(key));
                reader.problems.error(message, &all.span, "includes every group already");
            }
            list
        };
        Self { role, read: groups("read"), write: groups("write") }
    }
}
