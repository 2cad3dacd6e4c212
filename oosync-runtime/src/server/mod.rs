//! The sync server: what devices ask for, over a Postgres database that `cargo oosync migrate` has prepared.
//!
//! [`Engine`] answers without HTTP, and [`Engine::router`] over it. It keeps nothing of devices: what it knows of them stands in the database and in
//! the tokens that they send.
//!
//! - `engine`, `start`: making one, and what has to be in order before
//! - [`auth`]: who is asking
//! - `session`: a transaction of a request, with the rights of the server or of the user
//! - `catalog`, `compatible`: the tables as SQL; which of them devices of an older app are served
//! - `permissions`: columns that only some roles read or write
//! - `cursor`: tokens; `delta`: what changed since one; `rows`: rows by their keys; `epoch`: after a crash
//! - `register`, `pull`, `snapshot`: one request each; `acknowledge`: what a pull has forgotten
//! - `push`: what devices wrote, applied once; conflicts, and hooks
//! - `wait`: pulls that wait until something changes
//! - `audit`: whether devices have what the tables have
//! - [`http`]: all of it as a router, and connections; `in_process` (feature `client`): without, for devices in this process
//! - `maintenance`: what is done now and then; `metrics`: what is counted
//! - [`planned`](schema_of), [`daemon`] (feature `daemon`): the schema of a plan at run time; the program `oosyncd`
//! - `stream`: bodies of frames; `spool`: one that waits for a slow device
//! - `event`: what an application is told, and may refuse
//! - `error`: what a device is told, and what the log

mod acknowledge;
mod audit;
pub mod auth;
mod catalog;
mod compatible;
mod cursor;
#[cfg(feature = "daemon")]
pub mod daemon;
mod delta;
mod engine;
mod epoch;
mod error;
mod event;
pub mod http;
#[cfg(feature = "client")]
mod in_process;
mod maintenance;
mod metrics;
mod permissions;
#[cfg(feature = "daemon")]
mod planned;
mod pull;
mod push;
mod register;
mod row_value;
mod rows;
mod session;
mod snapshot;
mod spool;
mod start;
mod stream;
mod wait;

pub use self::engine::{Engine, EngineBuilder};
pub use self::error::Error;
pub use self::event::{Event, StaleClient};
#[cfg(feature = "client")]
pub use self::in_process::InProcess;
pub use self::maintenance::{Maintenance, MaintenanceHandle};
pub use self::permissions::Permissions;
#[cfg(feature = "daemon")]
pub use self::planned::{permissions_of, schema_of};
pub use self::push::{Clash, Hooking, PushHook, Pushed, Refusal, Resolution, Resolver, Written};
pub use self::spool::Body;
pub use self::start::StartError;
pub use semver;
