//! The command line as a person or a CI job meets it: real processes, real Postgres.

#![allow(clippy::unwrap_used, reason = "tests")]

mod check;
mod connecting;
mod files;
mod generate;
mod help;
mod init;
mod migrate;
mod plan;
mod project;
mod tls;
mod verify;
