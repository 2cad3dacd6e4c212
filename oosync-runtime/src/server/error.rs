//! Why a request failed: what the device is told, and what the log.

use std::fmt;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::auth::{AuthError, AuthErrorKind};
use crate::protocol::{ErrorBody, ErrorCode, RawJson};

/// Why a request failed.
///
/// `Display` is for the device. [`detail`](Self::detail) is for the log of the server, and may name tables; no values.
#[derive(Debug)]
pub struct Error {
    body: ErrorBody,
    detail: Option<Box<str>>,
    auth: Option<AuthErrorKind>,
    source: Option<tokio_postgres::Error>,
}

/// When to try again where Postgres does not say.
const RETRY: Duration = Duration::from_secs(2);

impl Error {
    /// An error with what the device reads.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { body: ErrorBody::new(code, message), detail: None, auth: None, source: None }
    }

    pub(super) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into().into());
        self
    }

    pub(super) fn with_retry(mut self, after: Duration) -> Self {
        self.body.retry_after = Some(after);
        self
    }

    /// What is more to say to a program, as JSON.
    pub(super) fn with_details(mut self, details: &impl serde::Serialize) -> Self {
        self.body.details = RawJson::of(details).ok();
        self
    }

    /// Postgres or the server cannot answer now.
    pub(super) fn unavailable(message: &str, detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, message).with_detail(detail).with_retry(RETRY)
    }

    /// A fault of ours.
    pub(super) fn internal(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, "the server failed; its log says why").with_detail(detail)
    }

    /// What the device is told.
    pub fn body(&self) -> &ErrorBody {
        &self.body
    }

    /// The same, to be sent.
    pub fn into_body(self) -> ErrorBody {
        self.body
    }

    /// What happened, for the log.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The `WWW-Authenticate` of the answer, where it has one.
    pub fn challenge(&self) -> Option<&'static str> {
        self.auth.and_then(AuthErrorKind::challenge)
    }

    /// What Postgres said, where it did.
    pub fn postgres(&self) -> Option<&tokio_postgres::Error> {
        self.source.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.body.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Whether an error of Postgres passes: a connection that broke, a server that is stopping, transactions that met.
pub(super) fn passes(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.code() else { return true };
    let class = &code.code()[..2];
    // Connection exception, insufficient resources, operator intervention, system error, transaction rollback.
    matches!(class, "08" | "53" | "57" | "58" | "40")
        || [SqlState::LOCK_NOT_AVAILABLE, SqlState::READ_ONLY_SQL_TRANSACTION].contains(code)
}

impl From<tokio_postgres::Error> for Error {
    fn from(source: tokio_postgres::Error) -> Self {
        let text = source.as_db_error().map_or_else(|| source.to_string(), ToString::to_string);
        let error = if passes(&source) {
            Self::unavailable("the database cannot answer at the moment", text)
        } else if source.code() == Some(&SqlState::INVALID_TEXT_REPRESENTATION) {
            // A user's id that the type of users does not have, or a key of a forged token.
            Self::new(ErrorCode::Forbidden, "the user's id is none of this database").with_detail(text)
        } else {
            Self::internal(text)
        };
        Self { source: Some(source), ..error }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => Self {
                source: None,
                ..Self::unavailable("the database cannot be reached", error.to_string())
            },
            other => Self::unavailable("the server is busy", other.to_string()),
        }
    }
}

/// What an app does about it: a token that has expired is renewed, one that is not valid is not.
#[derive(serde::Serialize)]
struct AuthDetails {
    reason: &'static str,
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        let code = match error.kind() {
            AuthErrorKind::Unavailable => ErrorCode::Unavailable,
            AuthErrorKind::Forbidden => ErrorCode::Forbidden,
            _ => ErrorCode::Unauthenticated,
        };
        let told = Self::new(code, error.to_string()).with_detail(format!("{error:?}"));
        let told = told.with_details(&AuthDetails { reason: error.kind().code() });
        let told = Self { auth: Some(error.kind()), ..told };
        match error.retry_after() {
            Some(after) => told.with_retry(after),
            None => told,
        }
    }
}
