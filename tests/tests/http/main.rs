//! The sync server over real HTTP and real Postgres.

#![allow(clippy::unwrap_used, reason = "tests")]

mod client;
mod daemon;
mod documented;
mod events;
mod faults;
mod limits;
mod metrics;
mod openapi;
mod requests;
#[allow(dead_code, reason = "shared with tests without HTTP")]
#[path = "../server/support.rs"]
mod support;
mod waiting;
mod web;
