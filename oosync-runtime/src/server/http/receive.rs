//! A request's body, from bytes to a message.

use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::coding::Coding;
use crate::protocol::ErrorCode;
use crate::server::Error;

/// How deep JSON may be nested. A message has five levels; values of any depth are texts.
const DEPTH: usize = 32;

/// Bodies from this length on are decompressed beside the tasks that answer others, in bytes.
const LONG: usize = 32 << 10;

/// A message that was received.
pub(super) struct Received<T> {
    pub(super) message: T,
    /// The length of its body on the wire.
    pub(super) bytes: u64,
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::BadRequest, message)
}

fn too_large(most: u64) -> Error {
    Error::new(ErrorCode::TooLarge, format!("the body is larger than {most} bytes"))
}

/// Reads the message of a request.
pub(super) async fn message<T: DeserializeOwned>(
    head: &Parts,
    body: Body,
    most: u64,
    time: Duration,
) -> Result<Received<T>, Error> {
    check_type(&head.headers)?;
    let coding = Coding::of_request(&head.headers)
        .map_err(|name| bad(format!("Content-Encoding {name} is none of gzip, zstd and identity")))?;
    let length =
        head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > most) {
        return Err(too_large(most));
    }
    let bytes = tokio::time::timeout(time, collect(body, most))
        .await
        .map_err(|_| bad(format!("the body did not come within {} seconds", time.as_secs())))??;
    let received = bytes.len() as u64;
    let json = match coding {
        Coding::Identity => bytes,
        _ if bytes.len() < LONG => decode(coding, &bytes, most)?,
        _ => {
            let decoded = tokio::task::spawn_blocking(move || decode(coding, &bytes, most)).await;
            decoded.map_err(|error| Error::internal(error.to_string()))??
        }
    };
    if is_deep(&json) {
        return Err(bad(format!("the JSON is nested deeper than {DEPTH} levels")));
    }
    // Once for all of it is faster than for each value.
    let json = std::str::from_utf8(&json).map_err(|error| bad(format!("the body is not UTF-8: {error}")))?;
    let message = serde_json::from_str(json).map_err(|error| {
        let told: String = error.to_string().chars().take(300).collect();
        bad(format!("the body is not the JSON of this request: {told}"))
    })?;
    Ok(Received { message, bytes: received })
}

/// JSON is said to be JSON: pages of other origins can send what calls itself a form or a text without asking.
fn check_type(headers: &HeaderMap) -> Result<(), Error> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(bad("the body has to be JSON, with `Content-Type: application/json`"))
}

async fn collect(mut body: Body, most: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| bad("the body broke off"))?;
        let Ok(part) = frame.into_data() else { continue };
        if bytes.len() as u64 + part.len() as u64 > most {
            return Err(too_large(most));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn decode(coding: Coding, bytes: &[u8], most: u64) -> Result<Vec<u8>, Error> {
    let limit = usize::try_from(most).unwrap_or(usize::MAX - 1);
    match coding.decode(bytes, limit) {
        Ok(Some(decoded)) => Ok(decoded),
        Ok(None) => Err(too_large(most)),
        Err(_) => Err(bad("the body cannot be decompressed")),
    }
}

/// Whether anything is nested too deep. Before parsing, since raw values are passed to Postgres as they are.
fn is_deep(json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
        assert!(!is_deep(&nested(DEPTH)));
        assert!(is_deep(&nested(DEPTH + 1)));
        assert!(!is_deep(format!("{{\"a\": \"{}\\\"[\"}}", "[".repeat(100)).as_bytes()));
        assert!(is_deep(format!("[\"\\\\\",{}", "[".repeat(DEPTH)).as_bytes()));
        assert!(!is_deep(b"[]".repeat(100).as_slice()));
    }
}
