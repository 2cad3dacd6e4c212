//! What changes in Postgres reaches everybody whom it concerns: capture, log, buckets.

#![allow(clippy::unwrap_used, reason = "tests")]

mod device;
mod each_statement;
mod log;
mod under_fire;
