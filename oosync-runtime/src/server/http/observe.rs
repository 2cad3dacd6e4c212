//! What is done for every request: its id, what the log is told, what is counted.
//!
//! The log has no bodies, tokens or values: of a request, what it was, of whom, and how it went.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body::{Frame, SizeHint};
use tracing::Instrument as _;

use super::router::Http;
use super::{reply, request_id};
use crate::server::{Engine, Error};

/// The other end of a connection, as an extension of requests.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What a route found out about its request, as an extension of its response.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) route: &'static str,
    pub(super) user: Option<String>,
    /// Bytes of its body.
    pub(super) received: u64,
}

pub(super) async fn observe(State(http): State<Http>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id::of(request.headers());
    let method = request.method().clone();
    let shown = id.to_str().unwrap_or_default().to_owned();
    let span = tracing::info_span!("request", id = shown, method = method.as_str());
    let answer = async {
        // A fault of ours ends one request, and no connection with others on it.
        let caught = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let mut response =
            caught.unwrap_or_else(|_| reply::error(Error::internal("a task of a request panicked")));
        let seen = response.extensions_mut().remove::<Observed>();
        let (route, user, received) = match &seen {
            Some(seen) => (seen.route, seen.user.as_deref(), seen.received),
            None => ("none", None, 0),
        };
        let (status, took) = (response.status().as_u16(), began.elapsed());
        let ms = took.as_secs_f64() * 1000.0;
        if matches!(route, "health" | "metrics") {
            tracing::debug!(route, status, ms, "answered");
        } else {
            tracing::info!(route, status, ms, user, received, "answered");
        }
        let metrics = &http.engine.shared.metrics;
        metrics.answered(route, status, took);
        let headers = response.headers_mut();
        headers.insert(request_id::HEADER, id);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let counted = method != Method::HEAD;
        response.map(|body| {
            let counted = Counted { body, engine: http.engine.clone(), route, received, sent: 0, counted };
            Body::new(counted)
        })
    };
    answer.instrument(span).await
}

/// A body whose bytes are counted as they are taken.
struct Counted {
    body: Body,
    engine: Engine,
    route: &'static str,
    received: u64,
    sent: u64,
    counted: bool,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(part) = frame.data_ref()
        {
            self.sent += part.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.counted {
            self.engine.shared.metrics.bytes(self.route, self.received, self.sent);
        }
    }
}
