//! Why a request is not answered: little for the client, more for the log, the token for neither.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::InvalidIdentity;

/// Why nobody could be told from a request.
///
/// `Display` is for the client, and the same whatever was tried: it tells a forger nothing. [`detail`](Self::detail) is
/// for the log of the server; texts of a request in it are quoted, escaped and cut.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthError {
    kind: AuthErrorKind,
    detail: String,
    retry_after: Option<Duration>,
}

/// The kinds of [`AuthError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthErrorKind {
    /// The request carries nothing that names a user.
    Missing,
    /// What it carries cannot be read, or names no user.
    Malformed,
    /// The token is signed in a way that is not allowed.
    AlgorithmNotAllowed,
    /// The token was not signed by who it should have been, or changed since.
    BadSignature,
    /// The time is over.
    Expired,
    /// The time has not come.
    NotYetValid,
    /// The token is of somebody else than the expected issuer.
    WrongIssuer,
    /// The token is meant for another service.
    WrongAudience,
    /// Nobody knows the key that the token says it is signed with.
    UnknownKey,
    /// What users are checked against cannot be reached at the moment.
    Unavailable,
    /// The user is known, and may not sync.
    Forbidden,
}

impl AuthErrorKind {
    /// The status of the answer: 401, 403, or 503 for what is true only for now.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Forbidden => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The reason as clients are told it. What could help a forger is all `token_invalid`; a token is only called
    /// expired once its signature was found to be right.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Unavailable => "auth_unavailable",
            Self::Forbidden => "forbidden",
            Self::Malformed
            | Self::AlgorithmNotAllowed
            | Self::BadSignature
            | Self::WrongIssuer
            | Self::WrongAudience
            | Self::UnknownKey => "token_invalid",
        }
    }

    /// The `WWW-Authenticate` that goes with it.
    pub(in crate::server) fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Unavailable => None,
            Self::Missing => Some("Bearer"),
            Self::Forbidden => Some("Bearer error=\"insufficient_scope\""),
            _ => Some("Bearer error=\"invalid_token\""),
        }
    }

    fn sentence(self) -> &'static str {
        match self.code() {
            "token_missing" => "log in: the request carries no token",
            "token_expired" => "log in again: the token has expired",
            "token_not_yet_valid" => "the token is not valid yet",
            "auth_unavailable" => "users cannot be checked at the moment: try again later",
            "forbidden" => "this user may not sync",
            _ => "log in again: the token is not valid",
        }
    }
}

impl AuthError {
    fn new(kind: AuthErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after: None }
    }

    /// The request carries nothing that names a user.
    pub fn missing(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::Missing, detail)
    }

    /// What the request carries cannot be read, or names no user.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::Malformed, detail)
    }

    /// A signature of a kind that is not allowed.
    pub fn algorithm_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::AlgorithmNotAllowed, detail)
    }

    /// A signature that is wrong.
    pub fn bad_signature(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::BadSignature, detail)
    }

    /// What was valid once and is no more; also a session that was ended.
    pub fn expired(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::Expired, detail)
    }

    /// What will be valid later.
    pub fn not_yet_valid(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::NotYetValid, detail)
    }

    /// A token of another issuer.
    pub fn wrong_issuer(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::WrongIssuer, detail)
    }

    /// A token for another service.
    pub fn wrong_audience(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::WrongAudience, detail)
    }

    /// A key that nobody knows.
    pub fn unknown_key(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::UnknownKey, detail)
    }

    /// What is true only for now; `retry_after` is when to ask again, if that is known.
    pub fn unavailable(detail: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..Self::new(AuthErrorKind::Unavailable, detail) }
    }

    /// A user who may not sync.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::Forbidden, detail)
    }

    /// What kind of error it is.
    pub fn kind(&self) -> AuthErrorKind {
        self.kind
    }

    /// What happened, for the log and not for the client.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// When to ask again, where that is known: the `Retry-After` of the answer.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The `WWW-Authenticate` of an answer with status 401 or 403, as in
    /// [RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3).
    pub fn challenge(&self) -> Option<&'static str> {
        self.kind.challenge()
    }
}

/// What the client may read.
impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.sentence())
    }
}

/// What the log may hold.
impl fmt::Debug for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.detail)
    }
}

impl std::error::Error for AuthError {}

/// A user or a setting that Postgres could not hold names nobody.
impl From<InvalidIdentity> for AuthError {
    fn from(invalid: InvalidIdentity) -> Self {
        match invalid {
            InvalidIdentity::User(_) => Self::malformed(invalid.to_string()),
            _ => Self::forbidden(invalid.to_string()),
        }
    }
}

/// A text of a request as the log may hold it: quoted, escaped, and not long.
pub(super) fn quoted(text: &str) -> String {
    const MOST: usize = 64;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
