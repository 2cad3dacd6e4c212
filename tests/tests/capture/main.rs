//! What changes in Postgres reaches everybody whom it concerns: capture, log, buckets.

#![allow(clippy::unwrap_used, reason = "tests")]

mod by_function;
mod device;
mod each_statement;
mod generated_schemas;
mod index_use;
mod interleaved;
mod late;
mod log;
mod pooled;
mod under_fire;
