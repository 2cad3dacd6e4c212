//! The sync server.
//!
//! - [`auth`]: who is asking

pub mod auth;
