//! What roles may read and write beyond the columns that everyone with the row has.

use std::collections::BTreeSet;

use super::{PlanColumnKind, PlanRole, PlanTable};
use crate::config::{Config, GroupSelector, Spanned};

/// In the order written; `*` stands for every group that there is.
pub(super) fn roles(config: &Config, tables: &[PlanTable]) -> Vec<PlanRole> {
    let declared = config.field_groups.iter().map(|group| group.name.value.clone());
    let used = tables.iter().flat_map(|table| &table.columns).flat_map(|column| match &column.kind {
        PlanColumnKind::Synced(synced) => synced.field_groups.clone(),
        PlanColumnKind::Local(_) => Vec::new(),
    });
    let all: BTreeSet<String> = declared.chain(used).collect();
    let groups = |selectors: &[Spanned<GroupSelector>]| -> Vec<String> {
        let named: BTreeSet<String> = selectors
            .iter()
            .flat_map(|selector| match &selector.value {
                GroupSelector::All => all.clone(),
                GroupSelector::Group(group) => BTreeSet::from([group.clone()]),
            })
            .collect();
        named.into_iter().collect()
    };
    let role = |role: &crate::config::RolePermissions| PlanRole {
        role: role.role.value.clone(),
        read: groups(&role.read),
        write: groups(&role.write),
    };
    config.role_permissions.iter().map(role).collect()
}
