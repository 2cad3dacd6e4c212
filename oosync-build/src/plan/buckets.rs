//! The buckets that the config declares, with the tables whose rows are in them, and the columns that hold the key.

use super::ownership::{Candidate, OwnershipResolver, same_columns, target};
use super::problems::{Issues, Relief, section};
use super::{Decided, PlanBucket, PlanTable, TableBucket};
use crate::config::{Config, Membership};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, ForeignKey, QualifiedName, Table};

/// In the order written.
pub(super) fn buckets(facts: &Facts, config: &Config, tables: &[PlanTable]) -> Vec<PlanBucket> {
    let of = |bucket: &crate::config::Bucket| {
        let table = match &bucket.members {
            Membership::Table { table, .. } => table.value.resolve(facts).ok().map(Table::qualified_name),
            Membership::Query(_) | Membership::Function(_) => None,
        };
        let tables = tables.iter().filter_map(|table| {
            let of_table = table.bucket.as_ref().filter(|of| of.name == bucket.name.value)?;
            Some((table.name.clone(), of_table.columns.clone()))
        });
        PlanBucket {
            name: bucket.name.value.clone(),
            members: bucket.members.clone(),
            table,
            write: bucket.write.as_ref().map(|write| write.value),
            fan_out_limit: bucket.fan_out_limit.as_ref().map(|limit| limit.value),
            tables: tables.collect(),
        }
    };
    config.buckets.iter().map(of).collect()
}

impl OwnershipResolver<'_> {
    /// The bucket that was said, with its columns.
    pub(super) fn bucket(
        &self,
        name: &QualifiedName,
        candidate: &Candidate<'_>,
        issues: &mut Issues,
    ) -> Result<Option<Decided<TableBucket>>, ()> {
        let Candidate { table, said } = candidate;
        let Some(bucket) = said.get(|rules| &rules.bucket) else { return Ok(None) };
        let declared = self.config.buckets.iter().find(|declared| declared.name.value == bucket.value);
        if declared.is_some_and(|declared| matches!(declared.members, Membership::Function(_))) {
            // It says of each row who has it; what the config says of columns all the same is an error there.
            let value = TableBucket { name: bucket.value, columns: Vec::new() };
            return Ok(Some(Decided { value, why: bucket.place.why() }));
        }
        let columns: Vec<_> =
            said.columns(|rules| &rules.bucket_column).into_iter().map(|said| said.value).collect();
        let columns =
            if columns.is_empty() { self.bucket_columns(table, &bucket.value) } else { Some(columns) };
        let Some(columns) = columns else {
            let message =
                format!("which columns of {name} hold the key of bucket `{}` is not clear", bucket.value);
            let problem = Diagnostic::error(message)
                .help(format!("under `{}`, add `bucket_column = \"…\"`", section(self.facts, table)));
            let relief = Relief::Table(name.clone(), "its bucket has no columns".to_owned());
            issues.settle(bucket.place.point(problem, ""), relief);
            return Err(());
        };
        Ok(Some(Decided { value: TableBucket { name: bucket.value, columns }, why: bucket.place.why() }))
    }

    /// The columns that hold a bucket's key, as the membership table has it.
    fn bucket_columns(&self, table: &Table, bucket: &str) -> Option<Vec<String>> {
        let bucket = self.config.buckets.iter().find(|declared| declared.name.value == bucket)?;
        let has = |columns: &[String]| columns.iter().all(|column| table.column(column).is_some());
        let Membership::Table { table: members, key, .. } = &bucket.members else {
            let usual = vec![format!("{}_id", bucket.name.value)];
            return has(&usual).then_some(usual);
        };
        let members = members.value.resolve(self.facts).ok()?;
        let key: Vec<String> = key.iter().map(|column| column.value.clone()).collect();
        if std::ptr::eq(members, table) {
            return Some(key);
        }
        // What the key refers to is the bucket itself: `lists` of `list_members.list_id`.
        let of_members = members.foreign_keys.iter().find(|foreign| same_columns(&foreign.columns, &key));
        let referenced = |foreign: &ForeignKey| -> Option<Vec<String>> {
            key.iter()
                .map(|column| {
                    let at = foreign.columns.iter().position(|other| other == column)?;
                    foreign.references.columns.get(at).cloned()
                })
                .collect()
        };
        if let Some(foreign) = of_members.filter(|foreign| target(foreign) == table.qualified_name()) {
            return referenced(foreign);
        }
        if has(&key) {
            return Some(key);
        }
        let wanted = referenced(of_members?)?;
        let mut ways = table.foreign_keys.iter().filter(|foreign| {
            target(foreign) == target(of_members.unwrap_or(foreign))
                && same_columns(&foreign.references.columns, &wanted)
        });
        let (Some(way), None) = (ways.next(), ways.next()) else { return None };
        wanted
            .iter()
            .map(|column| {
                let at = way.references.columns.iter().position(|other| other == column)?;
                way.columns.get(at).cloned()
            })
            .collect()
    }
}
