//! The command line as a person or a CI job meets it: real processes, real Postgres.

#![allow(clippy::unwrap_used, reason = "tests")]

mod check;
mod connecting;
mod files;
mod help;
mod init;
mod plan;
mod project;
mod tls;
