//! One cycle of a sync: what was written here goes to the server, what changed there comes here.
//!
//! - `cycle`: the order of things, and what happens when the server does not know this device
//! - `push`, `mutation`, `outcome`: what is sent, and what the answers mean
//! - `pull`, `bootstrap`, `incoming`: rows as they come
//! - `verify`: whether the file has what the server has
//! - `confirm`: writes that count only once the server has them
//! - `error`: why a cycle ended early; `summary`: what it did

mod bootstrap;
mod confirm;
mod cycle;
mod error;
mod incoming;
mod mutation;
mod outcome;
mod pull;
mod push;
mod summary;
mod verify;

pub use self::confirm::{ConfirmError, Confirmed};
pub(super) use self::cycle::{Context, Registration, Syncer, registration};
pub use self::error::SyncError;
pub(super) use self::mutation::{mutation, mutations_of};
pub use self::summary::{Stage, Summary};
pub use self::verify::{Verified, VerifiedTable};
