//! The server over HTTP: routes, bodies, limits, and the connections beneath them.
//!
//! [`Engine::router`](super::Engine::router) is a router of axum, to be served alone or nested in an application's own;
//! [`Engine::serve`](super::Engine::serve) serves it, with limits that a server on the open internet needs.
//! `docs/protocol.md` has every route, status and limit.
//!
//! - `router`: the routes; `describe`: what the server says of itself; `openapi`: the same for programs
//! - `receive`: a request's body, from bytes to a message; `reply`: a message or frames as a response
//! - `coding`: gzip and zstd; `request_id`; `rate`: how many requests are too many
//! - `observe`: what is done for every request: its id, log, metrics
//! - `serve`: connections, TLS, stopping; `stall`: clients that take nothing
//! - `options`: what a server's owner decides

mod coding;
mod describe;
mod observe;
mod openapi;
mod options;
mod rate;
mod receive;
mod reply;
mod request_id;
mod router;
mod serve;
mod stall;

pub use self::observe::Peer;
pub use self::options::{HttpOptions, Origins};
pub use self::rate::Rate;
pub use self::serve::{ServeOptions, TlsError, tls_config};
