//! What apps call.

mod builder;
mod client;
mod export;
mod queue;
mod shared;
mod status;
mod watch;

pub use self::builder::ClientBuilder;
pub use self::client::Client;
pub use self::queue::{SignOut, SignOutError};
pub(super) use self::shared::Shared;
pub use self::status::{State, Status};
pub use self::watch::Watch;
