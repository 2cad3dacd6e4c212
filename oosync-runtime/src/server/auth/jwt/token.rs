//! A token as it is written: JWS in compact form, [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::AuthError;
use super::super::error::quoted;

/// A token that nobody has checked yet.
pub(super) struct Token<'a> {
    /// What is signed: header and payload as they came.
    message: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
    header: Header,
}

/// What is read of a header. Keys that a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are not.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Token<'a> {
    /// Reads the header; the payload is not looked at before the signature was.
    pub(super) fn parse(text: &'a str) -> Result<Self, AuthError> {
        let malformed = |problem: &str| AuthError::malformed(format!("the token {problem}"));
        let (message, signature) = text.rsplit_once('.').ok_or_else(|| malformed("has no dots"))?;
        let (header, payload) = message.split_once('.').ok_or_else(|| malformed("has one dot, not two"))?;
        if payload.contains('.') {
            return Err(malformed("has more than two dots: an encrypted one is not taken"));
        }
        let header = decode(header).ok_or_else(|| malformed("has a header that is not base64url"))?;
        let header: Header = serde_json::from_slice(&header)
            .map_err(|error| malformed(&format!("has a header that is not one: {}", json_problem(&error))))?;
        if header.crit.is_some() {
            // Whoever does not know an extension listed there has to refuse: RFC 7515, section 4.1.11.
            return Err(malformed("has critical extensions (`crit`)"));
        }
        if !header.typ.as_deref().is_none_or(is_type_of_access) {
            let typ = quoted(header.typ.as_deref().unwrap_or_default());
            return Err(malformed(&format!("is of the type {typ}, not JWT or at+jwt")));
        }
        let signature =
            decode(signature).ok_or_else(|| malformed("has a signature that is not base64url"))?;
        Ok(Self { message, payload, signature, header })
    }

    /// The algorithm that the token claims.
    pub(super) fn algorithm(&self) -> &str {
        &self.header.alg
    }

    /// The key that the token claims.
    pub(super) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    pub(super) fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The claims as text, exactly as they were signed.
    pub(super) fn payload(&self) -> Result<String, AuthError> {
        let malformed = |problem: &str| AuthError::malformed(format!("the token's payload is not {problem}"));
        let bytes = decode(self.payload).ok_or_else(|| malformed("base64url"))?;
        String::from_utf8(bytes).map_err(|_| malformed("UTF-8"))
    }
}

/// An issuer signs other things by the same keys, such as logout tokens
/// ([RFC 8725, section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
fn is_type_of_access(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

/// Without padding, and with unused bits zero: one text for one sequence of bytes.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// What is wrong with JSON and where; the message of serde_json would quote what it read.
pub(super) fn json_problem(error: &serde_json::Error) -> String {
    format!("{:?} at line {} column {}", error.classify(), error.line(), error.column())
}
