//! What a device does with its file, behaviour by behaviour.

#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub, reason = "tests")]

mod bootstrap;
mod capture;
mod cascade;
mod device;
mod hostile;
mod leases;
mod model;
mod schema;
mod schema_change;
mod speed;
mod sync;
