//! Facts, config and tags, resolved and validated: what is synced, to whom, in which order, with which types.

//!
//! [`Draft::validate`] is the way to a [`Plan`].
//!
//! | module | what lives there |
//! | --- | --- |
//! | `model`, this file | the plan |
//! | `draft` | the steps in their order; strict and lenient |
//! | `selection` | which tables can be synced at all |
//! | `columns`, `defaults`, `literal` | columns, who makes their values, constants on the device |
//! | `ownership`, `buckets` | to whom rows belong |
//! | `settings`, `checks` | stamps, pushes, conflicts; what has to hold then |
//! | `keys`, `names`, `order` | unique and foreign keys, indexes; names in SQLite; parents first |
//! | `show`, `meta` | the plan for people and programs; what others are told of it |
//! | `roles` | who sees and changes field groups |
//! | `reached`, `hash` | the types in use; the hash |
//! | `rules`, `problems` | what was said, with its place; what is wrong, and its safe reading |

mod buckets;
mod checks;
mod columns;
mod defaults;
mod draft;
mod hash;
mod keys;
mod literal;
mod meta;
mod model;
mod names;
mod order;
mod ownership;
mod problems;
mod reached;
mod roles;
mod rules;
mod selection;
mod settings;
mod show;

pub use self::draft::{Draft, Strictness, Validated};
pub use self::meta::{server_config, table_meta};
pub(crate) use self::model::LocalNames;
pub use self::model::{
    Decided, Literal, NotSynced, Ownership, PlanBucket, PlanColumn, PlanColumnKind, PlanComposite,
    PlanDefault, PlanEnum, PlanForeignKey, PlanIndex, PlanRole, PlanTable, PlanUniqueKey, SyncedColumn,
    TableBucket, Why,
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
    /// Roles that see or change field groups, in the order written.
    pub roles: Vec<PlanRole>,
    /// Cycles of foreign keys that the order had to break, each as the tables of the cycle.
    pub cycles: Vec<Vec<crate::facts::QualifiedName>>,
    /// The config's types, for defaults of the whole project.
    pub types: crate::config::TypesConfig,
    /// 64 hexadecimal digits: SHA-256 of what is synced, and of nothing else.
    pub hash: String,
}
