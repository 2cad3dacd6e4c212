//! Who reads and writes what, as a role that owns nothing: policies and privileges against a real server.

#![allow(clippy::unwrap_used, reason = "tests")]

mod installed;
mod matrix;
