//! What is installed into Postgres: the log of changes, who has which row, and how that is read.
//!
//! | module | what lives there |
//! | --- | --- |
//! | `objects` | one thing that is installed: how it is made, how it is removed, its hash |
//! | `core` | what is there once: tables, reading, compaction; the SQL is in `sql/` |
//! | `chain` | the way from a row to whoever has it: its own columns, or those of its ancestors |
//! | `capture` | triggers that log which keys changed for whom |
//! | `buckets` | in which buckets a user is |
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

#[cfg(feature = "introspect")]
pub mod blockers;
mod buckets;
mod capture;
mod chain;
mod core;
#[cfg(feature = "introspect")]
pub mod installed;
mod manifest;
mod objects;
mod reconcile;
mod script;

pub use self::objects::{Kind, Object};
pub use self::script::{Wrapping, uninstall_script};

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::Facts;
use crate::plan::Plan;

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
        if problems.has_errors() {
            return Err(problems);
        }
        let mut objects = core::objects();
        let capture = capture::Capture { plan, facts };
        for table in &plan.tables {
            objects.push(capture.view(table));
            capture.table(table, &mut objects);
        }
        for bucket in &plan.buckets {
            capture.members(bucket, &mut objects);
        }
        objects.push(buckets::of_user(plan));
        objects.push(reconcile::function(plan, facts));
        let _ = config;
        Ok(Self { objects, schema_hash: plan.hash.clone(), manifest: manifest::tables(plan) })
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
