//! Facts, config and tags, resolved and validated: what is synced, to whom, in which order, with which types.

mod model;

pub use self::model::{
    Decided, Literal, NotSynced, Ownership, PlanBucket, PlanColumn, PlanColumnKind, PlanComposite,
    PlanDefault, PlanEnum, PlanForeignKey, PlanIndex, PlanTable, PlanUniqueKey, SyncedColumn, Why,
};

/// A validated plan: the only thing that code or SQL is generated from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The synced tables in the order of syncing.
    pub tables: Vec<PlanTable>,
    /// Every other table of the facts, by name, with the reason.
    pub not_synced: Vec<NotSynced>,
    /// Enums that synced columns use, by name.
    pub enums: Vec<PlanEnum>,
    /// Composite types that synced columns use, each after those it holds.
    pub composites: Vec<PlanComposite>,
    /// Types held in Postgres's own text form, by name.
    pub text_types: Vec<crate::facts::QualifiedName>,
    /// Buckets that are declared, in the order written.
    pub buckets: Vec<PlanBucket>,
    /// Cycles of foreign keys that the order had to break, each as the tables of the cycle.
    pub cycles: Vec<Vec<crate::facts::QualifiedName>>,
    /// The config's types, for defaults of the whole project.
    pub types: crate::config::TypesConfig,
    /// 64 hexadecimal digits: SHA-256 of what is synced, and of nothing else.
    pub hash: String,
}
