//! Who may read and write a row, as conditions of policies.
//!
//! Conditions on columns of the table itself stand in the policy, so that an index on the column serves: the user, the
//! keys of the user's buckets, and the keys of the parents that the user has are found once for a statement. Whether
//! a row may be written is asked of each row instead: those are few, and the keys may be many.
//!
//! What is not on the table itself is asked of functions with the rights of whoever installed them. A policy that read
//! a parent as the user would need rights on its columns, be asked for the parent's own policies, and for theirs.

use super::chain::{Asked, Chain, Chains, Find, alias};
use super::column::compared;
use super::membership::{has_name, key_types, keys_name, returns};
use super::user::is_user;
use super::{Object, definer, ident, literal, own_name, table_name};
use crate::config::{BucketWrite, Membership, OwnerNull, Push};
use crate::facts::{Facts, IndexKey, QualifiedName};
use crate::plan::{Ownership, PlanTable};

/// What somebody may do with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// See it.
    Read,
    /// Change it, as its owner.
    Own,
    /// Change it, as its owner or as a member of its bucket.
    Write,
}

/// What conditions are generated from.
pub(super) struct Access<'a> {
    pub(super) facts: &'a Facts,
    pub(super) chains: &'a Chains<'a>,
}

impl Access<'_> {
    /// With which right devices write to a table; `None`: they do not.
    ///
    /// The narrower one of what the table and its bucket (or the nearest bucket above it) say.
    pub(super) fn writers(&self, table: &PlanTable) -> Option<Right> {
        let chain = self.chains.of(table);
        let bucket = chain.levels.iter().find_map(|level| level.bucket);
        match (table.push.value, bucket.and_then(|bucket| bucket.write)) {
            (Push::Disabled, _) | (_, Some(BucketWrite::None)) => None,
            (Push::OwnerOnly, _) | (Push::Members, Some(BucketWrite::Owner)) => Some(Right::Own),
            (Push::Members, Some(BucketWrite::Members) | None) => Some(Right::Write),
        }
    }

    /// The condition of a policy on `table`; `None` where nobody has the right.
    pub(super) fn condition(&self, table: &PlanTable, right: Right, asked: Asked) -> Option<String> {
        let chain = self.chains.of(table);
        // As a policy names its own table.
        let row = ident(&table.name.name);
        let mut ways = self.own(chain, 0, &row, right, asked);
        if chain.levels.len() > 1 && self.leads_somewhere(chain, right) {
            let columns: Vec<&str> = chain.levels[1].link.iter().map(|(from, _)| from.as_str()).collect();
            if right == Right::Read && self.is_bounded(chain) {
                let keys = function_name(chain, 1, "rows");
                ways.push(self.is_one_of(&table.name, &row, &columns, &keys));
            } else {
                let columns: Vec<_> =
                    columns.iter().map(|column| chain.levels[0].compared(&row, column)).collect();
                ways.push(format!("{}({})", function_name(chain, 1, right.word()), columns.join(", ")));
            }
        }
        // Everyone's is everyone's, however else somebody could have it.
        if ways.iter().any(|way| way == "true") {
            return Some("true".to_owned());
        }
        (!ways.is_empty()).then(|| ways.join("\n    or "))
    }

    /// The functions that [`condition`](Self::condition) calls.
    pub(super) fn functions(&self, table: &PlanTable, right: Right, objects: &mut Vec<Object>) {
        let chain = self.chains.of(table);
        if chain.levels.len() < 2 || !self.leads_somewhere(chain, right) {
            return;
        }
        let above = &chain.levels[1];
        let to: Vec<String> = above.link.iter().map(|(_, to)| to.clone()).collect();
        let types = key_types(self.facts, &above.table.name, &to);
        let here = alias(1);
        // All rows that the user has, found from what is the user's; or one row, of which it is asked whose it is.
        let all = right == Right::Read && self.is_bounded(chain);
        let find = if all { Find::Below } else { Find::Above };
        let columns: Vec<_> = to.iter().map(|column| above.compared(&here, column)).collect();
        let selects: Vec<(String, String)> = (1..chain.levels.len())
            .flat_map(|level| {
                let from = format!("{} {here}{}", table_name(&above.table.name), chain.joins(1, level, find));
                let ways = self.own(chain, level, &alias(level), right, Asked::Select);
                ways.into_iter().map(move |way| (from.clone(), way))
            })
            .collect();
        let object = if all {
            let selects = selects.iter().map(|(from, way)| {
                format!("  select {}\n    from {from}\n    where {way}\n", columns.join(", "))
            });
            let body = selects.collect::<Vec<_>>().join("  union\n");
            definer(&function_name(chain, 1, "rows"), "", &returns(&types), "", &body)
        } else {
            let link = columns.iter().enumerate().map(|(at, column)| format!("{column} = ${}", at + 1));
            let link = link.collect::<Vec<_>>().join(" and ");
            let selects = selects.iter().map(|(from, way)| {
                format!("exists (\n    select from {from}\n    where {link} and ({way})\n  )")
            });
            let body = format!("  select {}\n", selects.collect::<Vec<_>>().join(" or "));
            definer(&function_name(chain, 1, right.word()), &types.join(", "), "boolean", "", &body)
        };
        if !objects.contains(&object) {
            objects.push(object);
        }
    }

    /// Whether anybody has the right by a table above.
    fn leads_somewhere(&self, chain: &Chain<'_>, right: Right) -> bool {
        (1..chain.levels.len())
            .any(|level| !self.own(chain, level, &alias(level), right, Asked::Select).is_empty())
    }

    /// Whether what the user reads above the table is the user's own or shared with them, and found by keys: not
    /// everyone's, and not said by a function that has to be asked of every row.
    fn is_bounded(&self, chain: &Chain<'_>) -> bool {
        chain.levels[1..].iter().all(|level| {
            let everyone = matches!(
                &level.table.ownership.value,
                Ownership::Everyone | Ownership::Owner { null: Some(OwnerNull::Everyone), .. }
            );
            !everyone && !level.is_by_function()
        })
    }

    /// The ways in which somebody has the right by a row of one level alone; `row` is what the row is called.
    fn own(&self, chain: &Chain<'_>, level: usize, row: &str, right: Right, asked: Asked) -> Vec<String> {
        let (table, bucket) = (chain.levels[level].table, chain.levels[level].bucket);
        let mut ways = Vec::new();
        match &table.ownership.value {
            Ownership::Owner { column, null } => {
                ways.push(is_user(self.facts, &table.name, row, column));
                if right == Right::Read && *null == Some(OwnerNull::Everyone) {
                    ways.push(format!("{row}.{} is null", ident(column)));
                }
            }
            Ownership::Everyone if right == Right::Read => ways.push("true".to_owned()),
            Ownership::Everyone | Ownership::Bucket | Ownership::Parent { .. } => {}
        }
        let (Some(bucket), Some(of)) = (bucket, &table.bucket) else { return ways };
        let by_members = match right {
            Right::Read => true,
            Right::Own => false,
            Right::Write => !matches!(bucket.write, Some(BucketWrite::Owner | BucketWrite::None)),
        };
        if !by_members {
            return ways;
        }
        ways.push(match &bucket.members {
            Membership::Function(_) => {
                let name = literal(&table.name.to_string());
                let arguments = asked.arguments(&format!("to_jsonb({row}.*)"));
                format!("{}({name}, {arguments})", has_name(&bucket.name))
            }
            Membership::Table { .. } | Membership::Query(_) => {
                let columns: Vec<&str> = of.columns.iter().map(String::as_str).collect();
                let keys = keys_name(&bucket.name, &key_types(self.facts, &table.name, &of.columns));
                self.is_one_of(&table.name, row, &columns, &keys)
            }
        });
        ways
    }

    /// Whether columns are among the keys that a function gives.
    ///
    /// With an index it is one condition on the index for all keys, which are found once. Without one every row is
    /// looked at, and then a hash is what each is looked up in.
    fn is_one_of(&self, table: &QualifiedName, row: &str, columns: &[&str], keys: &str) -> String {
        let indexed = self.has_index(table, columns[0]);
        let named: Vec<_> = columns.iter().map(|column| compared(self.facts, table, row, column)).collect();
        if let [column] = named.as_slice() {
            return match indexed {
                true => format!("{column} = any (array(select {keys}()))"),
                false => format!("{column} in (select {keys}())"),
            };
        }
        let several: Vec<_> = (1..=columns.len()).map(|at| format!("k.k{at}")).collect();
        let all = format!("({}) in (select {} from {keys}() k)", named.join(", "), several.join(", "));
        match indexed {
            true => format!("({} = any (array(select k.k1 from {keys}() k)) and {all})", named[0]),
            false => all,
        }
    }

    /// Whether an index of all rows begins with the column.
    fn has_index(&self, table: &QualifiedName, column: &str) -> bool {
        let Some(table) = self.facts.table(&table.schema, &table.name) else { return false };
        let begins = |keys: &[IndexKey]| keys.first().and_then(IndexKey::column) == Some(column);
        table.primary_key.as_ref().is_some_and(|key| key.columns.first().is_some_and(|first| first == column))
            || table.unique.iter().any(|key| key.predicate.is_none() && !key.invalid && begins(&key.columns))
            || table.indexes.iter().any(|index| {
                index.method == "btree"
                    && index.predicate.is_none()
                    && !index.invalid
                    && begins(&index.columns)
            })
    }
}

impl Right {
    const fn word(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Own => "owns",
            Self::Write => "writes",
        }
    }
}

/// `oosync."public.lists rows id"`: what is asked about rows of one level, by the columns that the level below refers to.
fn function_name(chain: &Chain<'_>, level: usize, what: &str) -> String {
    let above = &chain.levels[level];
    let to: Vec<&str> = above.link.iter().map(|(_, to)| to.as_str()).collect();
    let name = format!("{}.{} {what} {}", above.table.name.schema, above.table.name.name, to.join(", "));
    own_name(&name)
}
