//! What an authenticator may look at.

use std::net::SocketAddr;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::AuthError;

/// The head of a request.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RequestParts<'a> {
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The other end of the connection, which may be a proxy. None where the server does not know, as on a Unix socket.
    pub peer: Option<SocketAddr>,
}

impl<'a> RequestParts<'a> {
    /// The head of a request with these headers from this peer.
    pub fn new(headers: &'a HeaderMap, peer: Option<SocketAddr>) -> Self {
        Self { headers, peer }
    }

    /// The token in `Authorization: Bearer …`, of at most `longest` bytes. Nowhere else: a token in a URL ends up in
    /// logs ([RFC 6750, section 5.3](https://www.rfc-editor.org/rfc/rfc6750#section-5.3)).
    ///
    /// # Errors
    ///
    /// Missing, where there is no such header or it is of another scheme; malformed, where there are several, or what is
    /// in it is too long or no token.
    pub fn bearer(&self, longest: usize) -> Result<&'a str, AuthError> {
        let mut headers = self.headers.get_all(AUTHORIZATION).iter();
        let header = headers.next().ok_or_else(|| AuthError::missing("no Authorization header"))?;
        if headers.next().is_some() {
            // Which of them counts is not ours to guess: a proxy may have looked at the other.
            return Err(AuthError::malformed("more than one Authorization header"));
        }
        let scheme_length = "Bearer ".len();
        if header.len() > scheme_length.saturating_add(longest) {
            let detail = format!("Authorization of {} bytes: the most is a token of {longest}", header.len());
            return Err(AuthError::malformed(detail));
        }
        let text = header.to_str().map_err(|_| AuthError::malformed("Authorization is not ASCII"))?;
        let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(AuthError::missing("Authorization is not of the scheme Bearer"));
        }
        let token = token.trim_matches(' ');
        // b64token of RFC 6750, section 2.1.
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        match token {
            "" => Err(AuthError::missing("Authorization has no token")),
            _ if token.bytes().all(is_token) => Ok(token),
            _ => Err(AuthError::malformed("Authorization holds what no token does")),
        }
    }
}

impl std::fmt::Debug for RequestParts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not what is in them: one is the token.
        let names: Vec<_> = self.headers.keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("RequestParts").field("headers", &names).field("peer", &self.peer).finish()
    }
}
