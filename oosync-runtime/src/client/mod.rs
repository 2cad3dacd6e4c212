//! What a device does with its file, whether or not there is a network.
//!
//! - `error`: what can go wrong with the file
//! - `store`: the file itself: capture, pending changes, answers, deltas, inbox

mod error;
pub mod store;

pub use self::error::StoreError;
