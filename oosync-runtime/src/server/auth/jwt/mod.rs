//! Signed tokens: [JWT](https://www.rfc-editor.org/rfc/rfc7519), with the advice of
//! [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725).
//!
//! Signatures are checked by ring. The crate jsonwebtoken is not used: since version 10 it has aws-lc-rs or crates of
//! RustCrypto behind it, or a provider that is installed once for the whole process, the application's own tokens
//! included; and it takes the time from the system.
//!
//! - `token`: the three parts of a token
//! - `key`, `jwk`: keys, and the algorithm that each is for
//! - `jwks`, `fetch`: keys that an issuer publishes
//! - `claims`: claims, as they were signed
//! - `checks`: for when and whom a token is
//! - `mapping`: what claims mean in Postgres
//! - `builder`: all of these together

mod builder;
mod checks;
mod claims;
mod fetch;
mod jwk;
mod jwks;
mod key;
mod mapping;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use self::checks::Checks;
use self::claims::Claims;
use self::jwks::{Jwks, State};
use self::token::Token;
use super::error::quoted;
use super::{AuthError, Authenticating, Authenticator, Clock, Identity, RequestParts};

pub use self::builder::{JwtBuilder, SetupError};
pub use self::jwks::{JwksStatus, JwksUrl};
pub use self::key::{Algorithm, InvalidKey, VerifyingKey};
pub use self::mapping::{ClaimMapping, ClaimValue, VOLATILE_CLAIMS};

/// Users by signed tokens in `Authorization: Bearer`.
///
/// Everything that decides who is believed has to be said: the algorithms, the keys, the issuer and the audience.
///
/// ```
/// use oosync_runtime::server::auth::{Algorithm, ClaimMapping, JwksUrl, Jwt};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tokens = Jwt::builder([Algorithm::Es256])
///     .jwks(JwksUrl::new("http://localhost:54321/auth/v1/.well-known/jwks.json"))
///     .issuers(["http://localhost:54321/auth/v1"])
///     .audiences(["authenticated"])
///     .claims(ClaimMapping::new().role("role", [("authenticated", "app_user")]))
///     .build()?;
/// # let _ = tokens;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Jwt {
    algorithms: Vec<Algorithm>,
    keys: Vec<VerifyingKey>,
    jwks: Option<Jwks>,
    checks: Checks,
    mapping: ClaimMapping,
    max_token_bytes: usize,
    clock: Arc<dyn Clock>,
}

impl Jwt {
    /// Tokens that are signed in one of these ways.
    pub fn builder(algorithms: impl IntoIterator<Item = Algorithm>) -> JwtBuilder {
        JwtBuilder::new(algorithms.into_iter().collect())
    }

    /// Who a token is of.
    ///
    /// # Errors
    ///
    /// As [`AuthError`] lists them.
    ///
    /// # Panics
    ///
    /// With a [`JwksUrl`], outside of a tokio runtime.
    pub async fn identity(&self, token: &str) -> Result<Identity, AuthError> {
        if token.len() > self.max_token_bytes {
            let (length, most) = (token.len(), self.max_token_bytes);
            return Err(AuthError::malformed(format!("a token of {length} bytes: the most is {most}")));
        }
        let token = Token::parse(token)?;
        let algorithm = Algorithm::by_name(token.algorithm())
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or_else(|| {
                AuthError::algorithm_not_allowed(format!("`alg` is {}", quoted(token.algorithm())))
            })?;
        self.check_signature(&token, algorithm).await?;
        let payload = token.payload()?;
        let claims = Claims::parse(&payload).map_err(AuthError::malformed)?;
        let expires = self.checks.check(&claims, self.clock.now())?;
        let identity = self.mapping.identity(&claims)?;
        Ok(identity.with_expiry(expires).with_claims(claims.into_map()))
    }

    /// How the issuer's keys are; none without a [`JwksUrl`].
    pub fn jwks_status(&self) -> Option<JwksStatus> {
        self.jwks.as_ref().map(Jwks::status)
    }

    async fn check_signature(&self, token: &Token<'_>, algorithm: Algorithm) -> Result<(), AuthError> {
        let mut tried = try_keys(&self.keys, token, algorithm);
        if let (Some(jwks), false) = (&self.jwks, tried == Tried::Right) {
            let state = jwks.current().await?;
            tried = tried.or(try_keys(state.keys(), token, algorithm));
            // A key with the token's name that does not fit is a forgery. Nothing with that name, or no name at all, may
            // be a key that is new.
            if tried == Tried::None || (tried == Tried::Wrong && token.kid().is_none()) {
                tried = tried.or(self.try_newer(jwks, state, token, algorithm).await?);
            }
        }
        let kid = || token.kid().map_or_else(|| "none".to_owned(), quoted);
        match tried {
            Tried::Right => Ok(()),
            Tried::Wrong => Err(AuthError::bad_signature(format!("{algorithm}, `kid` {}", kid()))),
            Tried::None => Err(AuthError::unknown_key(format!("{algorithm}, `kid` {}", kid()))),
        }
    }

    async fn try_newer(
        &self,
        jwks: &Jwks,
        seen: State,
        token: &Token<'_>,
        algorithm: Algorithm,
    ) -> Result<Tried, AuthError> {
        let newer = jwks.newer(seen.clone()).await?;
        let tried = match newer.is_newer_than(&seen) {
            true => try_keys(newer.keys(), token, algorithm),
            false => Tried::None,
        };
        match jwks.doubt(&newer) {
            Some(doubt) if tried != Tried::Right => Err(doubt),
            _ => Ok(tried),
        }
    }
}

impl Authenticator for Jwt {
    fn authenticate<'a>(&'a self, request: RequestParts<'a>) -> Authenticating<'a> {
        Box::pin(async move { self.identity(request.bearer(self.max_token_bytes)?).await })
    }
}

/// What came of trying keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// No key could be meant.
    None,
    /// Some could be, and none signed it.
    Wrong,
    /// One signed it.
    Right,
}

impl Tried {
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Right, _) | (_, Self::Right) => Self::Right,
            (Self::None, Self::None) => Self::None,
            _ => Self::Wrong,
        }
    }
}

/// Tries the keys for this algorithm that the token may mean: those of its name; all of them where it or they have none.
fn try_keys(keys: &[VerifyingKey], token: &Token<'_>, algorithm: Algorithm) -> Tried {
    let is_meant = |key: &&VerifyingKey| {
        key.algorithm() == algorithm
            && match (key.kid(), token.kid()) {
                (Some(of_key), Some(of_token)) => of_key == of_token,
                _ => true,
            }
    };
    let mut tried = Tried::None;
    for key in keys.iter().filter(is_meant) {
        if key.verify(token.message(), token.signature()) {
            return Tried::Right;
        }
        tried = Tried::Wrong;
    }
    tried
}
