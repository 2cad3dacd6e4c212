//! The sync server without HTTP, over real Postgres.

#![allow(clippy::unwrap_used, reason = "tests")]

mod device;
mod fire;
mod permissions;
mod pull;
mod push;
mod support;
