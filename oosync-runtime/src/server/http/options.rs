//! What a server's owner decides.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};

use super::Rate;

/// How requests are answered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// Which web pages may ask. Default: those of the server's own origin.
    pub origins: Origins,
    /// How many requests a user may send. Default: any number.
    pub user_rate: Option<Rate>,
    /// How many requests may come from one address, whoever sends them; of IPv6, from one network of 64 bits. Default:
    /// any number.
    pub peer_rate: Option<Rate>,
    /// The header in which a proxy says where a request comes from (`x-forwarded-for`, of which the last address counts).
    /// Only for servers that nobody reaches but through that proxy. Default: the other end of the connection.
    pub peer_header: Option<HeaderName>,
    /// How long the body of a request may take to come. Default: 30 seconds.
    pub body_timeout: Duration,
    /// Whether `/metrics` is answered. Default: true.
    pub metrics: bool,
    /// Whether `/schema`, `/tables` and `/openapi.json` are for users alone. What they tell is in every copy of the app.
    /// Default: false.
    pub describe_to_users_only: bool,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            origins: Origins::Own,
            user_rate: None,
            peer_rate: None,
            peer_header: None,
            body_timeout: Duration::from_secs(30),
            metrics: true,
            describe_to_users_only: false,
        }
    }
}

/// Web pages that may send requests from a browser (CORS).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// Those of the server's own origin.
    #[default]
    Own,
    /// Those of these origins: `https://app.example.org`.
    List(Vec<HeaderValue>),
    /// All. Requests carry their token in a header that pages cannot send for each other.
    Any,
}
