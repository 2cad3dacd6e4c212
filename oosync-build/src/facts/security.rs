//! Row-level security and triggers: who may see what, and what runs on a write.

use serde::{Deserialize, Serialize};

use super::{QualifiedName, is_default, is_false};

/// Whether row-level security applies to a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowSecurity {
    /// Policies are ignored.
    #[default]
    Disabled,
    /// Policies bind everyone but the owner.
    Enabled,
    /// Policies bind the owner as well.
    Forced,
    /// `FORCE` was set without `ENABLE`: policies are ignored until it is enabled.
    DisabledForced,
}

impl RowSecurity {
    pub(super) fn is_disabled(&self) -> bool {
        *self == Self::Disabled
    }
}

/// A row-level security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The command it applies to.
    pub command: PolicyCommand,
    /// `AS RESTRICTIVE`: narrows what permissive policies grant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub restrictive: bool,
    /// The roles it applies to, sorted; `public` is everyone.
    pub roles: Vec<String>,
    /// `USING (…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// `WITH CHECK (…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_check: Option<String>,
}

/// The command of a [`Policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the SQL commands")]
pub enum PolicyCommand {
    All,
    Select,
    Insert,
    Update,
    Delete,
}

/// A trigger made by a person; foreign keys' own triggers and the copies on partitions are not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// Before, after or instead of the event.
    pub timing: TriggerTiming,
    /// In the order insert, update, delete, truncate.
    pub events: Vec<TriggerEvent>,
    /// `UPDATE OF …`, in column order; empty: any column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Once a row or once a statement.
    pub level: TriggerLevel,
    /// `WHEN (…)`; the rows are called `old` and `new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What it calls.
    pub function: QualifiedName,
    /// What the function is called with, always strings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// `CREATE CONSTRAINT TRIGGER`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub constraint: bool,
    /// `DEFERRABLE`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub initially_deferred: bool,
    /// When it fires.
    #[serde(default, skip_serializing_if = "is_default")]
    pub enabled: TriggerEnabled,
}

/// When a trigger fires in respect of its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the SQL key words")]
pub enum TriggerTiming {
    Before,
    After,
    InsteadOf,
}

/// What fires a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the SQL commands")]
pub enum TriggerEvent {
    Insert,
    Update,
    Delete,
    Truncate,
}

/// How often a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the SQL key words")]
pub enum TriggerLevel {
    Row,
    Statement,
}

/// Under which `session_replication_role` a trigger fires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TriggerEnabled {
    /// In ordinary sessions.
    #[default]
    Origin,
    /// Never.
    Disabled,
    /// Only where changes are being replicated.
    Replica,
    /// Always.
    Always,
}
