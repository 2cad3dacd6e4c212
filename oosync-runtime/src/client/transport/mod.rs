//! How requests get to a server: by HTTP, or by whatever an app has instead.
//!
//! - `http`, `tls`, `decoded`: by HTTP, and what comes over it

mod decoded;
mod http;
mod tls;

use std::io::Read;

use thiserror::Error;

pub use self::http::{HttpTransport, HttpTransportBuilder};
use crate::protocol::{
    Digest, Digests, ErrorBody, ErrorCode, Pull, Push, PushReply, RangeRows, Ranges, Register, Registered,
    Reply, Snapshot, SnapshotRequired,
};

/// Gets requests to a server and brings its answers. Each call blocks; several may be under way at the same time, from
/// different threads: a pull that waits for changes, and what the device does meanwhile.
pub trait Transport: Send + Sync {
    /// `POST register`.
    ///
    /// # Errors
    ///
    /// See [`TransportError`].
    fn register(&self, request: &Register) -> Result<Registered, TransportError>;

    /// `POST pull`, in frames.
    ///
    /// # Errors
    ///
    /// See [`TransportError`].
    fn pull(&self, request: &Pull) -> Result<Download, TransportError>;

    /// `POST snapshot`, in frames.
    ///
    /// # Errors
    ///
    /// See [`TransportError`].
    fn snapshot(&self, request: &Snapshot) -> Result<Download, TransportError>;

    /// `POST push`.
    ///
    /// # Errors
    ///
    /// See [`TransportError`].
    fn push(&self, request: &Push) -> Result<PushReply, TransportError>;

    /// `POST digest`.
    ///
    /// # Errors
    ///
    /// See [`TransportError`]; [`ErrorCode::NotFound`] where there is no such thing.
    fn digest(&self, _: &Digest) -> Result<Reply<Digests>, TransportError> {
        Err(no_digests())
    }

    /// `POST ranges`.
    ///
    /// # Errors
    ///
    /// See [`TransportError`]; [`ErrorCode::NotFound`] where there is no such thing.
    fn ranges(&self, _: &Ranges) -> Result<Reply<RangeRows>, TransportError> {
        Err(no_digests())
    }

    /// The device is in another network: connections from before are of no use.
    fn network_changed(&self) {}
}

fn no_digests() -> TransportError {
    TransportError::Refused(ErrorBody::new(ErrorCode::NotFound, "this way to the server has no digests"))
}

/// The answer to a request for rows.
pub enum Download {
    /// A body of [frames](crate::protocol::frame), read as it comes. An error while it is read is one of the network,
    /// unless it is [`InvalidData`](std::io::ErrorKind::InvalidData).
    Frames(Box<dyn Read + Send>),
    /// Everything has to be loaded anew.
    SnapshotRequired(SnapshotRequired),
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frames(_) => f.write_str("Frames"),
            Self::SnapshotRequired(required) => f.debug_tuple("SnapshotRequired").field(required).finish(),
        }
    }
}

/// Why a request was not answered as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The server was not reached, or the connection broke. Whether the request arrived is not known.
    #[error("the server is not reached: {what}")]
    Offline {
        /// What happened.
        what: String,
    },
    /// The server answered with an error.
    #[error("the server answered {}: {}", .0.code, .0.message)]
    Refused(ErrorBody),
    /// Something answered that does not speak the protocol: a login page of a network, a proxy, another program.
    #[error("what answered is not a sync server: {what}")]
    Malformed {
        /// What came.
        what: String,
    },
    /// The app has no token: its user has to sign in.
    #[error("there is no token to show to the server: {what}")]
    Token {
        /// What its callback said.
        what: String,
    },
}

/// Why an app gives no token. A text is that nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The user has to sign in, for the reason given here.
    #[error("{0}")]
    SignIn(String),
    /// Whoever gives tokens out is not reached now, for the reason given here: it is tried again as where the server is
    /// not reached.
    #[error("no token can be had now: {0}")]
    Later(String),
}

impl From<String> for TokenError {
    fn from(what: String) -> Self {
        Self::SignIn(what)
    }
}

impl From<&str> for TokenError {
    fn from(what: &str) -> Self {
        Self::SignIn(what.to_owned())
    }
}

impl From<TokenError> for TransportError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::SignIn(what) => Self::Token { what },
            TokenError::Later(_) => Self::Offline { what: error.to_string() },
        }
    }
}
