//! Tests of `#[derive(Syncable)]`: `fail` and `pass` hold what is compiled, `tests` what is run.
//!
//! `schema.sql` is the schema, `oosync.facts.json` its snapshot (`scripts/refresh-facts.sh`).
