//! What a device does: its file, which works without a network, and the sync of that file.
//!
//! [`Client`] is all that most apps need. The app reads and writes ordinary tables on ordinary connections; the client
//! sends what was written and brings what others wrote, whenever there is a network.
//!
//! ```no_run
//! use oosync_runtime::client::{Client, StartOptions};
//! # use oosync_runtime::schema::Schema;
//! # static SCHEMA: Schema = Schema { tables: &[], hash: "" };
//!
//! let client = Client::builder("app.db", &SCHEMA)
//!     .url("https://sync.example.org")
//!     .token(|_refresh| Ok("the token of who is signed in".to_owned()))
//!     .open()?;
//! let connection = client.connection()?;
//! client.start(StartOptions::default())?;
//! // From now on, what is written on `connection` reaches the others, and theirs comes here.
//! # Ok::<(), oosync_runtime::client::SyncError>(())
//! ```
//!
//! - `api`: [`Client`] and what it gives: `builder`, `client`, `queue`, `status`, `watch`
//! - `background`: the thread that syncs by itself, and when
//! - `sync`: one cycle of a sync
//! - `event`: what a client tells while it works
//! - `transport`: how requests get to a server
//! - [`store`]: the file itself: capture, pending changes, answers, deltas, inbox
//! - `error`: what can go wrong with the file

mod api;
mod background;
mod error;
mod event;
pub mod store;
mod sync;
mod transport;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::api::{Client, ClientBuilder, SignOut, SignOutError, State, Status, Watch};
pub use self::background::StartOptions;
pub use self::error::StoreError;
pub use self::event::Event;
pub use self::sync::{ConfirmError, Confirmed, Stage, Summary, SyncError, Verified, VerifiedTable};
pub use self::transport::{
    Download, HttpTransport, HttpTransportBuilder, TokenError, Transport, TransportError,
};

/// What a panic of another thread left is consistent: nothing here is written in several steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
