//! The sync server without HTTP, over real Postgres.

#![allow(clippy::unwrap_used, reason = "tests")]

mod any_order;
#[allow(dead_code, reason = "shared with the tests of HTTP")]
#[path = "../http/client.rs"]
mod client;
mod device;
mod fire;
mod permissions;
mod pull;
mod push;
mod served;
mod support;
