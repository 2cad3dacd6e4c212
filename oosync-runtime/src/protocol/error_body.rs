//! Why a request was not answered.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::open_enum::open_enum;
use super::{RawJson, seconds};

/// The body of every answer whose HTTP status is not 200, and the payload of an `X` frame.
///
/// ```json
/// {"code": "unavailable", "message": "Postgres does not answer", "retry_after": 5}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What a program goes by.
    pub code: ErrorCode,
    /// What a person reads; it holds no data of other users.
    #[serde(default)]
    pub message: String,
    /// How long to wait before trying again, in seconds; in the header `Retry-After` too.
    #[serde(default, with = "seconds::option", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    /// More, by code; see [`ErrorCode`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<RawJson>,
}

impl ErrorBody {
    /// An error of which there is no more to say.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None, details: None }
    }

    /// The same, with the time after which to try again.
    #[must_use]
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }
}

open_enum! {
    /// Why a request was not answered.
    ErrorCode {
        /// The request is no JSON, or not of the form that this version speaks. 400.
        BadRequest = "bad_request",
        /// The cursor or resume token is none of this server, user and client. 400.
        InvalidToken = "invalid_token",
        /// There is no valid token of a user. 401: sign in again, or renew the token where `details` is
        /// `{"reason": "token_expired"}`.
        Unauthenticated = "unauthenticated",
        /// The user may not do this, whatever is in the request. 403.
        Forbidden = "forbidden",
        /// There is no such place. 404.
        NotFound = "not_found",
        /// The client is not known, or another user's: it registers anew. 404.
        UnknownClient = "unknown_client",
        /// The server does not know the schema whose hash the device sent; `details` is a
        /// [`SchemaVersion`](super::SchemaVersion). 409.
        SchemaMismatch = "schema_mismatch",
        /// A mutation's id came with another body than before: the device was restored or cloned. It registers anew
        /// and sends what waits under new ids; `details` is `{"id": …}`. 409.
        ClientForked = "client_forked",
        /// The body is larger than [`Limits`](super::Limits) allow. 413.
        TooLarge = "too_large",
        /// The device's schema is too old to be served: the app has to be updated, what waits to be pushed stays.
        /// `details` is a [`SchemaVersion`](super::SchemaVersion). 426.
        UpgradeRequired = "upgrade_required",
        /// Too many requests of this user or client. 429: wait for `retry_after`.
        TooManyRequests = "too_many_requests",
        /// The server failed in a way that it has no word for. 500.
        Internal = "internal",
        /// The server or Postgres is not there, or overloaded. 503: wait for `retry_after`.
        Unavailable = "unavailable",
    }
}

impl ErrorCode {
    /// The HTTP status that it goes with; none for a word that is not known here.
    pub const fn status(&self) -> Option<u16> {
        Some(match self {
            Self::BadRequest | Self::InvalidToken => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound | Self::UnknownClient => 404,
            Self::SchemaMismatch | Self::ClientForked => 409,
            Self::TooLarge => 413,
            Self::UpgradeRequired => 426,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::Other(_) => return None,
        })
    }
}
