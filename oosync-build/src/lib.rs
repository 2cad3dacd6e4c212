//! The schema compiler of oosync: what the Postgres catalogs say, as a checked-in file, and what is made of it.
//!
//! One Postgres schema is the only place where a schema is written. This crate snapshots it into
//! `oosync.facts.json` ([`facts`]), reads what a person decided about syncing it from `Oosync.toml` and from
//! `@oosync.*` tags in comments ([`config`]), and holds the command `cargo oosync`.
//!
//! ```
//! use oosync_build::facts::Facts;
//!
//! let facts = Facts::from_json(r#"{
//!   "format": 1, "schemas": ["public"],
//!   "tables": [{
//!     "schema": "public", "name": "todos", "kind": "table", "comment": null,
//!     "columns": [
//!       {"name": "id", "type": {"schema": "pg_catalog", "name": "uuid"}, "not_null": true},
//!       {"name": "title", "type": {"schema": "pg_catalog", "name": "text"}}
//!     ],
//!     "primary_key": {"name": "todos_pkey", "columns": ["id"]},
//!     "unique": [], "foreign_keys": [], "checks": [], "indexes": [], "policies": []
//!   }],
//!   "enums": [], "domains": [], "composites": [], "ranges": []
//! }"#)?;
//!
//! let todos = facts.table("public", "todos").ok_or("no such table")?;
//! assert!(todos.columns[0].not_null);
//! assert_eq!(todos.columns[1].ty.to_string(), "text");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modules
//!
//! | module | what lives there |
//! | --- | --- |
//! | [`facts`] | the snapshot: model, file, hash, semantic diff |
//! | [`config`] | `Oosync.toml` and comment tags, with a place for every problem |
//! | [`types`] | how a Postgres type is held on the device and in Rust |
//! | [`plan`] | what is synced, to whom, in which order: facts, config and tags, resolved and validated |
//! | [`postgres`] | what is installed into the database: the log of changes, policies; comparing and applying it |
#![cfg_attr(feature = "introspect", doc = "| [`introspect`] | Postgres catalogs to facts |")]
#![cfg_attr(feature = "cli", doc = "| [`cli`] | the command `cargo oosync` |")]
#![cfg_attr(
    feature = "verify",
    doc = "| [`verify`] | what `cargo oosync verify` and `oosyncd verify` are told |"
)]
//! | [`project`] | where a project's config and facts are |
//! | [`diagnostic`] | problems, shown as rustc shows them |
//! | [`files`] | writing files whole or not at all |
//! | [`suggest`], [`digest`] | the nearest name; SHA-256 |
//!
//! # Features
//!
//! None is on by default, so that a build script which only reads facts compiles no Postgres client.
//! `introspect` reads a live database (the `postgres` crate, TLS by rustls); `cli` adds the binary.
//!
//! # What this crate will not do
//!
//! It does not write to your database but by `cargo oosync migrate --apply`, and it never connects unless told where.

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "derive")]
pub mod codegen;
#[cfg(feature = "codegen")]
mod compile;
pub mod config;
#[cfg(feature = "derive")]
pub mod derive;
pub mod diagnostic;
pub mod digest;
pub mod facts;
pub mod files;
#[cfg(feature = "introspect")]
pub mod introspect;
pub mod names;
pub mod plan;
pub mod postgres;
pub mod project;
pub mod sqlite;
pub mod suggest;
pub mod types;
#[cfg(feature = "verify")]
pub mod verify;

#[cfg(feature = "codegen")]
pub use self::compile::{Builder, compile};
