//! Field groups: columns that only some roles read or write.

use std::collections::{BTreeMap, BTreeSet};

use super::auth::Identity;
use crate::schema::Column;

/// Which field groups roles read and write; `[role_permissions]` of `Oosync.toml`.
///
/// A column in field groups is read by roles that read all of them, and written by those that may do both. Whoever has no
/// such role neither sees nor writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(BTreeMap<String, Permission>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Permission {
    read: BTreeSet<String>,
    write: BTreeSet<String>,
}

impl Permissions {
    /// Nobody reads a column that is in a field group.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a role reads and writes; the role as [`Identity::permission_role`] names it.
    #[must_use]
    pub fn role<G: Into<String>>(
        mut self,
        role: impl Into<String>,
        read: impl IntoIterator<Item = G>,
        write: impl IntoIterator<Item = G>,
    ) -> Self {
        let read = read.into_iter().map(Into::into).collect();
        let write = write.into_iter().map(Into::into).collect();
        self.0.insert(role.into(), Permission { read, write });
        self
    }

    /// The role of a request, if it is one that is allowed anything.
    pub(super) fn role_of(&self, identity: &Identity) -> Option<&str> {
        let role = identity.permission_role()?;
        self.0.get_key_value(role).map(|(role, _)| role.as_str())
    }

    pub(super) fn reads(&self, role: Option<&str>, column: &Column) -> bool {
        self.all(role, column, |permission| &permission.read)
    }

    pub(super) fn writes(&self, role: Option<&str>, column: &Column) -> bool {
        self.reads(role, column) && self.all(role, column, |permission| &permission.write)
    }

    fn all(
        &self,
        role: Option<&str>,
        column: &Column,
        groups: impl Fn(&Permission) -> &BTreeSet<String>,
    ) -> bool {
        let allowed = role.and_then(|role| self.0.get(role)).map(groups);
        column.access.field_groups.iter().all(|group| allowed.is_some_and(|allowed| allowed.contains(*group)))
    }
}
