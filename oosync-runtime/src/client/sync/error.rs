//! Why a cycle ended early.

use std::time::Duration;

use thiserror::Error;

use crate::Error as RowError;
use crate::client::{StoreError, TransportError};
use crate::protocol::frame::FrameError;
use crate::protocol::{ErrorBody, ErrorCode, LayoutError};

/// Why a cycle ended early. What was written on the device stays queued in every case, and what had come is kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The server is not reached, or the connection broke.
    #[error("offline: {what}")]
    Offline {
        /// What happened.
        what: String,
    },
    /// The server is overloaded or fails: later.
    #[error("the server cannot answer now: {message}")]
    Unavailable {
        /// What it said.
        message: String,
        /// When it wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The server wants another token: the user signs in again.
    #[error("the user has to sign in again: {message}")]
    AuthRequired {
        /// What was said.
        message: String,
    },
    /// The server does not serve this version of the app any more. What was written stays queued.
    #[error("the app has to be updated: {message}")]
    UpgradeRequired {
        /// What the server said.
        message: String,
    },
    /// The server does not know the schema of this version of the app: it has not been brought up to date yet.
    #[error("the server does not know this version of the app yet: {message}")]
    ServerOutdated {
        /// What the server said.
        message: String,
    },
    /// The server refused the request.
    #[error("the server refused ({code}): {message}")]
    Refused {
        /// Why, as a word.
        code: ErrorCode,
        /// Why, for people.
        message: String,
    },
    /// What came is not what a sync server sends.
    #[error("what came is not what a sync server sends: {what}")]
    Malformed {
        /// What came.
        what: String,
    },
    /// Another process syncs this file, or another client of this one.
    #[error("{holder} syncs this file: its own sync sends what is written here")]
    HeldElsewhere {
        /// Who.
        holder: String,
    },
    /// The client was stopped.
    #[error("the client was stopped")]
    Stopped,
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SyncError {
    /// Whether the same cycle may succeed later without anybody's doing.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Offline { .. } | Self::Unavailable { .. } | Self::HeldElsewhere { .. })
    }

    /// How long the server asked to be left alone.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<TransportError> for SyncError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Offline { what } => Self::Offline { what },
            TransportError::Refused(body) => body.into(),
            TransportError::Malformed { what } => Self::Malformed { what },
            TransportError::Token { what } => Self::AuthRequired { message: what },
        }
    }
}

impl From<ErrorBody> for SyncError {
    fn from(body: ErrorBody) -> Self {
        let ErrorBody { code, message, retry_after, .. } = body;
        match code {
            ErrorCode::Unauthenticated => Self::AuthRequired { message },
            ErrorCode::UpgradeRequired => Self::UpgradeRequired { message },
            ErrorCode::SchemaMismatch => Self::ServerOutdated { message },
            ErrorCode::Unavailable | ErrorCode::TooManyRequests | ErrorCode::Internal => {
                Self::Unavailable { message, retry_after }
            }
            code => Self::Refused { code, message },
        }
    }
}

impl From<FrameError> for SyncError {
    fn from(error: FrameError) -> Self {
        match error {
            // As when the connection breaks: it may be whole next time.
            FrameError::Truncated { .. } => Self::Offline { what: error.to_string() },
            error => Self::Malformed { what: error.to_string() },
        }
    }
}

impl From<LayoutError> for SyncError {
    fn from(error: LayoutError) -> Self {
        Self::Malformed { what: error.to_string() }
    }
}

/// Of a row that came.
impl From<RowError> for SyncError {
    fn from(error: RowError) -> Self {
        Self::Malformed { what: error.to_string() }
    }
}
