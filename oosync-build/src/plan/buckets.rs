//! The buckets that the config declares, with the tables whose rows are in them.

use super::{PlanBucket, PlanTable};
use crate::config::{Config, Membership};
use crate::facts::Facts;

/// In the order written.
pub(super) fn buckets(facts: &Facts, config: &Config, tables: &[PlanTable]) -> Vec<PlanBucket> {
    let of = |bucket: &crate::config::Bucket| {
        let table = match &bucket.members {
            Membership::Table { table, .. } => {
                table.value.resolve(facts).ok().map(crate::facts::Table::qualified_name)
            }
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
