//! A message, frames or an error as a response.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use super::coding::{Coding, Encoded};
use crate::protocol::{ErrorBody, MEDIA_TYPE};
use crate::server::{self, Error};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A message in JSON.
pub(super) fn json(coding: Coding, message: &impl Serialize) -> Result<Response, Error> {
    let body = serde_json::to_vec(message).map_err(|error| Error::internal(error.to_string()))?;
    let coding = coding.for_length(body.len());
    let body = coding.encode(body).map_err(|error| Error::internal(error.to_string()))?;
    Ok(coded(coding, JSON, Body::from(body)))
}

/// Frames, as they are made.
pub(super) fn frames(coding: Coding, body: server::Body) -> Result<Response, Error> {
    let body = Encoded::new(body, coding).map_err(|error| Error::internal(error.to_string()))?;
    Ok(coded(coding, HeaderValue::from_static(MEDIA_TYPE), Body::from_stream(body)))
}

/// A text.
pub(super) fn text(coding: Coding, ty: &'static str, text: String) -> Result<Response, Error> {
    let coding = coding.for_length(text.len());
    let body = coding.encode(text.into_bytes()).map_err(|error| Error::internal(error.to_string()))?;
    Ok(coded(coding, HeaderValue::from_static(ty), Body::from(body)))
}

fn coded(coding: Coding, ty: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, ty);
    headers.append(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, name);
    }
    response
}

/// An error, and what the log is told of it.
pub(super) fn error(error: Error) -> Response {
    let code = error.body().code.clone();
    let (detail, postgres) = (error.detail(), error.postgres().and_then(|error| error.code()));
    let sqlstate = postgres.map(tokio_postgres::error::SqlState::code);
    match code.status() {
        Some(500..) | None => tracing::error!(code = code.as_str(), detail, sqlstate, "a request failed"),
        _ => tracing::debug!(code = code.as_str(), detail, sqlstate, "a request was refused"),
    }
    let challenge = error.challenge();
    let body = error.into_body();
    let mut response = body_of(&body);
    if let Some(challenge) = challenge {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// The response that an error body is.
pub(super) fn body_of(body: &ErrorBody) -> Response {
    let json = serde_json::to_vec(body).unwrap_or_else(|_| b"{\"code\":\"internal\"}".to_vec());
    let mut response = Response::new(Body::from(json));
    let status = body.code.status().and_then(|status| StatusCode::from_u16(status).ok());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    if let Some(after) = body.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    response
}

/// Rounded up: who comes earlier comes in vain.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
