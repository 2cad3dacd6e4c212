//! Who asks, when a file is compared: policies may read more of that than a user's id.

use oosync_build::config::ClaimsConfig;
use oosync_build::verify::VerifyArguments;

use crate::client::HttpTransportBuilder;
use crate::server::Engine;
use crate::server::auth::{AuthError, Authenticator, Header, Identity, RequestParts};
use crate::server::daemon::auth;
use crate::server::daemon::config::Auth;
use crate::server::daemon::failure::Failure;

/// A token, where no file has it. No flag: every user of the machine can see those.
const TOKEN: &str = "OOSYNC_TOKEN";

/// Who asks.
pub(super) struct Asking {
    /// Whose the file is.
    user: String,
    with: With,
}

enum With {
    Token(String),
    /// A JSON object that nobody has signed.
    Claims(String),
    Nothing,
}

impl Asking {
    /// What the flags say, or else the environment.
    pub(super) fn of(told: &VerifyArguments, user: String) -> Result<Self, Failure> {
        let with = if let Some(claims) = &told.claims {
            With::Claims(claims.clone())
        } else if let Some(path) = &told.token {
            With::Token(auth::read(path)?.trim().to_owned())
        } else {
            let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
            token.map_or(With::Nothing, With::Token)
        };
        Ok(Self { user, with })
    }

    /// How a server is told: with the token, or by a header that it believes.
    pub(super) fn by_http(
        &self,
        transport: HttpTransportBuilder,
        header: Option<&str>,
    ) -> Result<HttpTransportBuilder, Failure> {
        match (&self.with, header) {
            (With::Token(token), _) => {
                let token = token.clone();
                Ok(transport.token(move |_| Ok(token.clone())))
            }
            (_, Some(header)) => Ok(transport.header(header, self.user.as_str())),
            (_, None) => {
                let help =
                    format!("name a file with a token of user {} by `--token`, or set {TOKEN}", self.user);
                Err(Failure::usage("nothing says who is asking", help))
            }
        }
    }

    /// What checks the token, if there is one.
    pub(super) fn authenticator(
        &self,
        settings: &Auth,
        claims: &ClaimsConfig,
    ) -> Result<Box<dyn Authenticator>, Failure> {
        match self.with {
            With::Token(_) => auth::authenticator(settings, claims),
            // It is never asked.
            With::Claims(_) | With::Nothing => {
                Ok(Box::new(Header::trusting(http::HeaderName::from_static("x-user"))))
            }
        }
    }

    /// Whom the database is asked as. It is told all that a server would tell it, or the comparison would find what policies
    /// hide from others.
    pub(super) async fn identity(&self, engine: &Engine, claims: &ClaimsConfig) -> Result<Identity, Failure> {
        let identity = match &self.with {
            With::Token(token) => {
                let refused = |error: &dyn std::fmt::Display| {
                    Failure::usage(format!("the token is not taken: {error}"), "get one of the user")
                };
                let mut headers = http::HeaderMap::new();
                let value = format!("Bearer {token}").parse();
                headers.insert(http::header::AUTHORIZATION, value.map_err(|_| refused(&"it is no token"))?);
                let parts = RequestParts::new(&headers, None);
                engine.authenticate(parts).await.map_err(|error| refused(&error))?
            }
            With::Claims(text) => {
                let mapping = auth::mapping(claims);
                let identity = mapping.identity_of(text);
                identity.map_err(|error: AuthError| {
                    let help =
                        format!("write all that its token has: --claims '{{\"{}\": …}}'", claims.user_id);
                    Failure::usage(format!("--claims: {}", error.detail()), help)
                })?
            }
            With::Nothing if claims.role.is_some() || !claims.settings.is_empty() => {
                let help =
                    "say who asks: `--claims` with the claims of the user's token, or `--token` with a file";
                return Err(Failure::usage(
                    "policies may read claims, as [claims] in Oosync.toml says",
                    help,
                ));
            }
            With::Nothing => Identity::new(self.user.as_str())
                .map_err(|error| Failure::usage(error.to_string(), "see the file"))?,
        };
        if identity.user() != self.user {
            let message = format!("the file is that of user {}, not of {}", self.user, identity.user());
            return Err(Failure::usage(message, "ask as the user whose file it is"));
        }
        Ok(identity)
    }
}
