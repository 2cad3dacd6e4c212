//! Who is asking: from the headers of a request to a user, a Postgres role and the settings that policies read.
//!
//! An [`Authenticator`] answers for each request with an [`Identity`] or an [`AuthError`]. Three are here, and an
//! application writes its own where none fits:
//!
//! - [`Jwt`]: a signed token in `Authorization: Bearer`
//! - [`Header`]: a header that a trusted proxy sets
//! - any type of one's own, which looks a session up, say:
//!
//! ```
//! use oosync_runtime::server::auth::{AuthError, Authenticating, Authenticator, Identity, RequestParts};
//!
//! struct Sessions;
//!
//! impl Authenticator for Sessions {
//!     fn authenticate<'a>(&'a self, request: RequestParts<'a>) -> Authenticating<'a> {
//!         Box::pin(async move {
//!             match request.bearer(100)? {
//!                 "a session of Ada's" => Ok(Identity::new("ada")?.with_setting("app.tenant", "7")?),
//!                 _ => Err(AuthError::expired("no such session")),
//!             }
//!         })
//!     }
//! }
//! ```
//!
//! - `authenticator`, `request`: the trait and what it is given
//! - `identity`, `access_hash`: what it answers with
//! - `error`: what the client is told, and what the log
//! - `clock`: the time, which tests set
//! - `jwt`: tokens, keys, claims
//! - `header`: a header that is believed

mod access_hash;
mod authenticator;
mod clock;
mod error;
mod header;
mod identity;
mod jwt;
mod request;
#[cfg(test)]
mod tests;

pub use self::access_hash::AccessHash;
pub use self::authenticator::{Authenticating, Authenticator};
pub use self::clock::{Clock, SystemClock};
pub use self::error::{AuthError, AuthErrorKind};
pub use self::header::Header;
pub use self::identity::{Identity, InvalidIdentity, MAX_USER_BYTES, USER_SETTING};
pub use self::jwt::{
    Algorithm, ClaimMapping, ClaimValue, InvalidKey, JwksStatus, JwksUrl, Jwt, JwtBuilder, SetupError,
    VOLATILE_CLAIMS, VerifyingKey,
};
pub use self::request::RequestParts;
