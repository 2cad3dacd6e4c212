//! Who reads and writes what, as a role that owns nothing: policies and privileges against a real server.

#![allow(clippy::unwrap_used, reason = "tests")]

mod existing;
mod identifiers;
mod indexes;
mod installed;
mod matrix;
mod other_roles;
mod privileges;
mod tokens;
