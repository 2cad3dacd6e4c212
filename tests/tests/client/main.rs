//! Clients over a real Postgres: what a device promises, with a network that loses requests and answers.

#![allow(clippy::unwrap_used, reason = "tests")]

mod background;
mod bad_input;
mod buckets;
mod cascades;
mod confirmed;
mod converge;
#[cfg(unix)]
mod crash;
mod followers;
mod http;
mod names;
mod network;
mod promises;
#[path = "../server/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the server")]
mod server;
mod support;
mod verified;
mod versions;
mod weak_points;
