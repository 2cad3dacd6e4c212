//! What is installed into Postgres: the log of changes, who has which row, and how that is read.
//!
//! | module | what lives there |
//! | --- | --- |
//! | `objects` | one thing that is installed: how it is made, how it is removed, its hash |
//! | `core` | what is there once: tables, reading, compaction; the SQL is in `sql/` |
//! | `chain` | the way from a row to whoever has it: its own columns, or those of its ancestors |
//! | `column` | types of columns, and how they are compared |
//! | `capture` | triggers that log which keys changed for whom |
//! | `late` | rows that are there before their parent |
//! | `held` | which rows are in which buckets now |
//! | `buckets`, `membership` | in which buckets a user is; which keys of a bucket the user has |
//! | `user` | the user of a request, as SQL |
//! | `access`, `policies` | who may read and write a row: conditions, and the policies made of them |
//! | `roles`, `grants` | the roles of requests, and their privileges |
//! | `exposed` | which other roles would lose rows by policies |
//! | `reconcile` | bringing to the log what capture has missed |
//! | `manifest` | what a device has to know of the schema that it is built for |
//! | `script` | everything as SQL that is run by hand or by another tool |
#![cfg_attr(feature = "introspect", doc = "| [`blockers`] | who holds the lock that we wait for |")]
#![cfg_attr(
    feature = "introspect",
    doc = "| [`installed`] | comparing with a database, and bringing it up to date |"
)]
//!
//! Everything that is installed is in the schema `oosync`, but for triggers and policies, which stand on the tables.

mod access;
#[cfg(feature = "introspect")]
pub mod blockers;
mod buckets;
mod capture;
mod chain;
mod column;
mod core;
mod exposed;
mod grants;
mod held;
#[cfg(feature = "introspect")]
pub mod installed;
mod late;
mod manifest;
mod membership;
mod objects;
mod policies;
mod reconcile;
mod roles;
mod script;
mod user;

use std::collections::HashSet;

pub use self::exposed::exposed_roles_sql;
pub use self::objects::{Kind, Object};
#[cfg(feature = "introspect")]
pub(crate) use self::policies::SWITCHED_ON;
use self::roles::Roles;
pub use self::script::{Wrapping, uninstall_script};
use crate::config::{Config, RowSecurityMode};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::Facts;
use crate::plan::{Plan, PlanTable};

/// The version of what this crate installs; a database with a newer one is left alone.
pub const FORMAT: u32 = 1;

/// Everything that a plan needs in its database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installation {
    /// In the order in which they are made; they are removed in the reverse order.
    pub objects: Vec<Object>,
    /// The hash of the plan, by which devices name the schema that they are built for.
    pub schema_hash: String,
    /// What a device has to know of that schema, as `oosync.manifest` keeps it.
    pub manifest: serde_json::Value,
    /// As whom the sync server logs in; the role has to be there.
    pub server_role: String,
    /// [`exposed_roles_sql`]: roles that would lose rows, so that nothing is installed until somebody has decided.
    pub exposed_roles: Option<String>,
}

impl Installation {
    /// What `plan` needs, which was made from `facts` and `config`.
    ///
    /// # Errors
    ///
    /// What cannot be captured, with the line that settles it.
    pub fn new(plan: &Plan, facts: &Facts, config: &Config) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::default();
        for bucket in plan.buckets.iter().filter(|bucket| RESERVED.contains(&bucket.name.as_str())) {
            let message = format!("a bucket cannot be called `{}`: oosync uses the name itself", bucket.name);
            problems.push(Diagnostic::error(message).help("choose another name"));
        }
        let generate = config.sync.row_security == RowSecurityMode::Generate;
        if generate && config.claims.role.is_some() && config.claims.roles.is_empty() {
            let problem = Diagnostic::error("which roles `claims.role` stands for is not known")
                .note("policies and privileges are generated for roles that are named")
                .help("name them: `[claims] roles = { … }`");
            problems.push(problem);
        }
        let roles = Roles::of(config);
        for table in plan.tables.iter().filter(|_| generate) {
            if let Some(table) = facts.table(&table.name.schema, &table.name.name) {
                policies::check(table, &roles, &mut problems);
            }
        }
        for bucket in &plan.buckets {
            membership::check(bucket, &mut problems);
        }
        late::check(plan, facts, &chain::Chains::new(plan, facts), &mut problems);
        if problems.has_errors() {
            return Err(problems);
        }
        let objects = objects(plan, facts, config);
        for object in twice(&objects) {
            let message = format!("two things would be called {}", object.identity());
            problems.push(Diagnostic::error(message).help("rename a table or a bucket"));
        }
        if problems.has_errors() {
            return Err(problems);
        }
        Ok(Self {
            objects,
            schema_hash: plan.hash.clone(),
            manifest: manifest::tables(plan),
            server_role: config.server.role.clone(),
            exposed_roles: exposed_roles_sql(plan, config),
        })
    }

    /// SQL that makes everything, also where some of it is there already.
    pub fn install_sql(&self) -> String {
        self.objects.iter().map(Object::install_sql).collect()
    }

    /// SQL that removes everything and leaves the tables as they were.
    pub fn uninstall_sql(&self) -> String {
        let mut sql: String = self.objects.iter().rev().filter_map(Object::uninstall_sql).collect();
        sql.push_str("drop schema if exists oosync cascade;\n");
        sql
    }
}

/// Everything, each after what it uses.
fn objects(plan: &Plan, facts: &Facts, config: &Config) -> Vec<Object> {
    let roles = Roles::of(config);
    let mut objects = core::objects();
    let stores = objects.iter().filter(|object| object.kind == Kind::Store);
    let stores: Vec<String> = stores.map(|object| object.name.clone()).collect();
    objects.extend(grants::of_stores(&stores, &roles));
    objects.extend(grants::of_roles(&roles));
    let mut members = Vec::new();
    let mut called = Vec::new();
    for bucket in &plan.buckets {
        members.extend(membership::functions(bucket));
        called.extend(membership::functions_of_policies(plan, facts, bucket));
    }
    let chains = chain::Chains::new(plan, facts);
    let access = access::Access { facts, chains: &chains };
    let generate = config.sync.row_security == RowSecurityMode::Generate;
    for table in plan.tables.iter().filter(|_| generate) {
        let rights = [Some(access::Right::Read), access.writers(table)];
        rights.into_iter().flatten().for_each(|right| access.functions(table, right, &mut called));
    }
    let mut own = Vec::new();
    let mut asked = Vec::new();
    let capture = capture::Capture { facts, chains: &chains };
    for table in &plan.tables {
        capture.table(table, &mut own);
        asked.extend(held::functions(facts, &chains, table));
    }
    for bucket in &plan.buckets {
        capture.members(bucket, &mut own);
    }
    own.push(buckets::of_user(plan, facts));
    own.push(reconcile::function(plan, &chains));
    own.extend(late::objects(plan, facts, &chains));
    grants::secure(&mut objects, &roles);
    grants::secure(&mut own, &roles);
    grants::secure(&mut members, &roles);
    grants::secure_for(&ident(roles.server), &mut asked);
    grants::secure_for(&roles.list(), &mut called);
    objects.extend(members);
    objects.extend(own);
    objects.extend(asked);
    objects.extend(called);
    objects.extend(grants::of_schemas(&plan.tables, facts, &roles));
    let was = |table: &PlanTable| {
        facts.table(&table.name.schema, &table.name.name).map(|table| table.row_security).unwrap_or_default()
    };
    for table in &plan.tables {
        grants::of_table(&access, &roles, table, &mut objects);
        if generate {
            policies::of_table(&access, &roles, table, &mut objects);
            policies::enable(&table.name, was(table), &roles, &mut objects);
        }
    }
    objects
}

/// Objects that are called as one before them.
fn twice(objects: &[Object]) -> Vec<&Object> {
    let mut seen = HashSet::new();
    objects.iter().filter(|object| !seen.insert(object.identity())).collect()
}

/// Prefixes of buckets that are not declared.
const RESERVED: &[&str] = &["user"];

/// An identifier, always in quotes.
fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table, always in quotes.
pub(crate) fn table_name(name: &crate::facts::QualifiedName) -> String {
    format!("{}.{}", ident(&name.schema), ident(&name.name))
}

/// A string constant that means the same whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// `$tag$…$tag$`, with a tag that the text does not have.
fn dollar_quoted(tag: &str, text: &str) -> String {
    let tags = std::iter::once(tag.to_owned()).chain((1..).map(|number| format!("{tag}{number}")));
    let tag = tags.map(|tag| format!("${tag}$")).find(|tag| !text.contains(tag.as_str())).unwrap_or_default();
    format!("{tag}{text}{tag}")
}

/// What is called so in the schema `oosync`: `oosync."public.todos insert"`.
fn own_name(name: &str) -> String {
    format!("oosync.{}", ident(&short(name)))
}

/// At most 63 bytes, and another for another text.
fn short(name: &str) -> String {
    if name.len() <= 63 {
        return name.to_owned();
    }
    let hash = &crate::digest::sha256_hex(name.as_bytes())[..12];
    let cut = (0..=50).rev().find(|at| name.is_char_boundary(*at)).unwrap_or_default();
    format!("{} {hash}", &name[..cut])
}

/// Texts of keys and owners must not depend on who writes.
const ALL_SETTINGS: &str = "set datestyle = 'ISO, YMD'\n\
                            set intervalstyle = 'postgres'\n\
                            set timezone = 'UTC'\n\
                            set extra_float_digits = 1\n\
                            set bytea_output = 'hex'\n\
                            set lc_monetary = 'C'\n";

/// The head of a function with the rights of whoever installed it; `settings` are lines of `set …`.
fn definer_head(name: &str, arguments: &str, returns: &str, language: &str, settings: &str) -> String {
    format!(
        "create or replace function {name}({arguments}) returns {returns}\n\
         language {language} security definer\n\
         set search_path = pg_catalog, pg_temp\n\
         set row_security = off\n\
         {settings}"
    )
}

/// A function in SQL with the rights of whoever installed it.
fn definer(name: &str, arguments: &str, returns: &str, settings: &str, body: &str) -> Object {
    let head = definer_head(name, arguments, returns, "sql stable", settings);
    let create = format!("{head}as {};\n", dollar_quoted("oosync", &format!("\n{body}")));
    Object::function(format!("{name}({arguments})"), create)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_apart_and_fit() {
        let long = "ü".repeat(40);
        let (one, other) = (short(&format!("{long} insert")), short(&format!("{long} update")));
        assert!(one.len() <= 63 && other.len() <= 63 && one != other);
        assert_eq!(short("public.todos insert"), "public.todos insert");
    }
}
