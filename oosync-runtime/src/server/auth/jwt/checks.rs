//! When and for whom a token is valid.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::super::AuthError;
use super::super::error::quoted;
use super::claims::Claims;

/// What a token is held against.
#[derive(Debug, Clone)]
pub(super) struct Checks {
    /// Any of them; none: anybody.
    pub(super) issuers: Option<Vec<String>>,
    /// Any of them; none: whoever it is for.
    pub(super) audiences: Option<Vec<String>>,
    /// How far the issuer's clock and ours may differ.
    pub(super) leeway: Duration,
}

impl Checks {
    /// Until when the token is taken.
    ///
    /// Times are compared as [RFC 7519, section 4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4) says: not
    /// valid on or after `exp`, not before `nbf`; the leeway widens both.
    pub(super) fn check(&self, claims: &Claims<'_>, now: SystemTime) -> Result<SystemTime, AuthError> {
        self.check_issuer(claims.get("iss"))?;
        self.check_audience(claims.get("aud"))?;
        let expires = match claims.get("exp") {
            None => return Err(AuthError::malformed("the token has no `exp`: it would be valid for ever")),
            Some(exp) => time("exp", exp)?
                .checked_add(self.leeway)
                .ok_or_else(|| AuthError::malformed("`exp` is out of range"))?,
        };
        if now >= expires {
            return Err(AuthError::expired(format!("`exp` was {} ago", seconds(now, expires))));
        }
        if let Some(nbf) = claims.get("nbf") {
            let begins = time("nbf", nbf)?;
            // Added to the one rather than taken from the other: `nbf` may be 0.
            if now.checked_add(self.leeway).is_some_and(|latest| latest < begins) {
                let detail = format!("`nbf` is in {}", seconds(begins, now));
                return Err(AuthError::not_yet_valid(detail));
            }
        }
        Ok(expires)
    }

    fn check_issuer(&self, iss: Option<&Value>) -> Result<(), AuthError> {
        let Some(issuers) = &self.issuers else { return Ok(()) };
        match iss {
            Some(Value::String(iss)) if issuers.contains(iss) => Ok(()),
            Some(Value::String(iss)) => Err(AuthError::wrong_issuer(format!("`iss` is {}", quoted(iss)))),
            Some(_) => Err(AuthError::wrong_issuer("`iss` is no text")),
            None => Err(AuthError::wrong_issuer("the token has no `iss`")),
        }
    }

    /// A text, or a list of which one is enough.
    fn check_audience(&self, aud: Option<&Value>) -> Result<(), AuthError> {
        let Some(audiences) = &self.audiences else { return Ok(()) };
        let is_ours = |aud: &Value| aud.as_str().is_some_and(|aud| audiences.iter().any(|ours| ours == aud));
        match aud {
            Some(one @ Value::String(_)) if is_ours(one) => Ok(()),
            Some(Value::Array(all)) if all.iter().any(is_ours) => Ok(()),
            Some(other) => Err(AuthError::wrong_audience(format!("`aud` is {}", quoted(&other.to_string())))),
            None => Err(AuthError::wrong_audience("the token has no `aud`")),
        }
    }
}

/// `NumericDate`: seconds since 1970, which may have a fraction.
fn time(name: &str, value: &Value) -> Result<SystemTime, AuthError> {
    let since_1970 = match value.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    since_1970
        .and_then(|duration| UNIX_EPOCH.checked_add(duration))
        .ok_or_else(|| AuthError::malformed(format!("`{name}` is no time")))
}

fn seconds(later: SystemTime, earlier: SystemTime) -> String {
    format!("{} s", later.duration_since(earlier).unwrap_or_default().as_secs())
}
