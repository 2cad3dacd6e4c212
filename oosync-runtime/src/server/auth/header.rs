//! A header that is believed.

use http::{HeaderMap, HeaderName};

use super::{AuthError, Authenticating, Authenticator, Identity, RequestParts};

/// Believes what a header says of who is asking. **Whoever can reach the server with a request can be anybody.**
///
/// For a server behind a proxy that authenticates and sets the header itself, also where a client sent one; and for
/// tests. Nothing uses it by default.
#[derive(Debug, Clone)]
pub struct Header {
    name: HeaderName,
}

impl Header {
    /// The user is what the header of this name says.
    pub fn trusting(name: HeaderName) -> Self {
        Self { name }
    }

    fn identity(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        let mut values = headers.get_all(&self.name).iter();
        let value = values.next().ok_or_else(|| AuthError::missing(format!("no header {}", self.name)))?;
        if values.next().is_some() {
            // One of them may be the client's.
            return Err(AuthError::malformed(format!("more than one header {}", self.name)));
        }
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|_| AuthError::malformed(format!("the header {} is not UTF-8", self.name)))?;
        Ok(Identity::new(text)?)
    }
}

impl Authenticator for Header {
    fn authenticate<'a>(&'a self, request: RequestParts<'a>) -> Authenticating<'a> {
        Box::pin(std::future::ready(self.identity(request.headers)))
    }
}
