//! The trait that stands between a request and everything the server does.

use std::pin::Pin;
use std::sync::Arc;

use super::{AuthError, Identity, RequestParts};

/// An answer that is being found: a token's key may have to be fetched, a session looked up.
pub type Authenticating<'a> = Pin<Box<dyn Future<Output = Result<Identity, AuthError>> + Send + 'a>>;

/// Says who is asking. It is asked for every request, from many threads, and may be dropped while it answers (a client
/// that hangs up).
pub trait Authenticator: Send + Sync + 'static {
    /// Who sent a request with these headers.
    ///
    /// # Errors
    ///
    /// Where the request names nobody, or nobody who may sync. What is only true for now, such as a database that
    /// cannot be reached, is [`AuthError::unavailable`]: devices try again, and do not ask their user to log in.
    fn authenticate<'a>(&'a self, request: RequestParts<'a>) -> Authenticating<'a>;
}

impl<A: Authenticator + ?Sized> Authenticator for Arc<A> {
    fn authenticate<'a>(&'a self, request: RequestParts<'a>) -> Authenticating<'a> {
        (**self).authenticate(request)
    }
}

impl<A: Authenticator + ?Sized> Authenticator for Box<A> {
    fn authenticate<'a>(&'a self, request: RequestParts<'a>) -> Authenticating<'a> {
        (**self).authenticate(request)
    }
}
