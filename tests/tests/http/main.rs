//! The sync server over real HTTP and real Postgres.

#![allow(clippy::unwrap_used, reason = "tests")]

mod client;
mod faults;
mod limits;
mod metrics;
mod requests;
#[path = "../server/support.rs"]
mod support;
mod waiting;
mod web;
