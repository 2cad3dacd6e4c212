//! The test harness: a real, throwaway Postgres for every test run.
//!
//! ```no_run
//! use oosync_tests::TestDatabase;
//!
//! let database = TestDatabase::with_schema("create table todos (id uuid primary key)");
//! database.client().execute("insert into todos values (gen_random_uuid())", &[]).unwrap();
//! ```
//!
//! - [`postgres`]: finding the server's binaries, starting a cluster, making databases
//! - [`each`]: many cases in one test
//! - [`fire`]: writers that do everything at once
//! - [`faults`] (a feature, on by default): whole devices and servers, everything that can go wrong, and an oracle
//! - [`corpus`]: the schemas of `OOSYNC_SCHEMA_CORPUS`
//! - the binary `with-postgres` runs a command against a database of a throwaway cluster
//!
//! Nothing here returns errors: a harness that does not work fails the test that asked for it, with a message
//! that says what to install or set.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing harness is a failing test")]

pub mod corpus;
mod each;
#[cfg(feature = "faults")]
pub mod faults;
pub mod fire;
pub mod postgres;

pub use crate::each::each;
pub use crate::postgres::{Cluster, ClusterOptions, TestDatabase};
