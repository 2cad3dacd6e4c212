//! gzip and zstd, of whole bodies and of streams.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use futures_core::Stream;

/// Higher levels cost several times as much and gain little.
const ZSTD_LEVEL: i32 = 1;

/// The largest window that is decompressed, as a power of two: 8 MiB, which RFC 8878 says everybody takes.
const ZSTD_WINDOW: u32 = 23;

/// Bodies below this are not compressed, in bytes.
const SMALL: usize = 512;

/// How a body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    /// The one that the reply is to have: of what the client takes, the best that we have.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let mut zstd = None;
        let mut gzip = None;
        let mut others = 0.0;
        let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        for item in values.flat_map(|value| value.split(',')) {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight =
                parameters.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
            match name.trim().to_ascii_lowercase().as_str() {
                "zstd" => zstd = Some(weight),
                "gzip" | "x-gzip" => gzip = Some(weight),
                "*" => others = weight,
                _ => {}
            }
        }
        let (zstd, gzip): (f32, f32) = (zstd.unwrap_or(others), gzip.unwrap_or(others));
        match (zstd > 0.0, gzip > 0.0) {
            (true, _) if zstd >= gzip => Self::Zstd,
            (_, true) => Self::Gzip,
            _ => Self::Identity,
        }
    }

    /// The one that a request has; the name where it is none of ours.
    pub(super) fn of_request(headers: &HeaderMap) -> Result<Self, String> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Ok(Self::Identity) };
        let name = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
        match name.as_str() {
            _ if values.next().is_some() => Err("several".to_owned()),
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(name.escape_default().take(40).collect()),
        }
    }

    /// The value of `Content-Encoding`.
    pub(super) fn name(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Zstd => Some(HeaderValue::from_static("zstd")),
        }
    }

    /// The coding of a body of this length.
    pub(super) fn for_length(self, length: usize) -> Self {
        if length < SMALL { Self::Identity } else { self }
    }

    /// A body, coded.
    pub(super) fn encode(self, body: Vec<u8>) -> io::Result<Vec<u8>> {
        match Encoder::new(self)? {
            None => Ok(body),
            Some(mut encoder) => {
                encoder.write(&body)?;
                encoder.finish()
            }
        }
    }

    /// A body, decoded; none where there would be more than `most` bytes.
    pub(super) fn decode(self, body: &[u8], most: usize) -> io::Result<Option<Vec<u8>>> {
        let limit = most as u64 + 1;
        let mut decoded = Vec::new();
        match self {
            Self::Identity => decoded.extend_from_slice(body),
            Self::Gzip => drop(MultiGzDecoder::new(body).take(limit).read_to_end(&mut decoded)?),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(body)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                decoder.take(limit).read_to_end(&mut decoded)?;
            }
        }
        Ok((decoded.len() <= most).then_some(decoded))
    }
}

/// A stream, coded: what comes in is sent at once, so that a device can begin with it.
pub(super) struct Encoded<S> {
    inner: S,
    encoder: Option<Encoder>,
}

impl<S> Encoded<S> {
    pub(super) fn new(inner: S, coding: Coding) -> io::Result<Self> {
        Ok(Self { inner, encoder: Encoder::new(coding)? })
    }
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Stream for Encoded<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let part = std::task::ready!(Pin::new(&mut self.inner).poll_next(context));
            let part = match (part, &mut self.encoder) {
                (Some(Ok(part)), Some(encoder)) => encoder.write(&part).and_then(|()| encoder.flush()),
                (None, encoder) => match encoder.take() {
                    Some(encoder) => encoder.finish(),
                    None => return Poll::Ready(None),
                },
                (part, _) => return Poll::Ready(part),
            };
            match part {
                Ok(part) if part.is_empty() => {}
                part => return Poll::Ready(Some(part.map(Bytes::from))),
            }
        }
    }
}

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> io::Result<Option<Self>> {
        Ok(match coding {
            Coding::Identity => None,
            Coding::Gzip => Some(Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast()))),
            Coding::Zstd => Some(Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?)),
        })
    }

    fn write(&mut self, part: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(part),
            Self::Zstd(encoder) => encoder.write_all(part),
        }
    }

    /// Everything so far.
    fn flush(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => {
                encoder.flush()?;
                Ok(std::mem::take(encoder.get_mut()))
            }
            Self::Zstd(encoder) => {
                encoder.flush()?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }

    /// The rest.
    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &'static str) -> Coding {
        Coding::accepted(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
    }

    #[test]
    fn the_best_that_the_client_takes_is_chosen() {
        assert_eq!(accepted("gzip, deflate, br, zstd"), Coding::Zstd);
        assert_eq!(accepted("gzip, deflate, br"), Coding::Gzip);
        assert_eq!(accepted("*"), Coding::Zstd);
        assert_eq!(accepted("zstd;q=0, *"), Coding::Gzip);
        assert_eq!(accepted("zstd;q=0.5, GZIP;q=1.0"), Coding::Gzip);
        for nothing in ["", "br", "identity", "gzip;q=0", "zstd;q=x", "*;q=0"] {
            assert_eq!(accepted(nothing), Coding::Identity, "{nothing}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn what_is_encoded_is_decoded_and_no_more_than_was_asked_for() {
        let body = b"some text ".repeat(1_000);
        for coding in [Coding::Identity, Coding::Gzip, Coding::Zstd] {
            let encoded = coding.encode(body.clone()).unwrap();
            assert_eq!(coding.decode(&encoded, body.len()).unwrap().unwrap(), body);
            assert_eq!(coding.decode(&encoded, body.len() - 1).unwrap(), None);
        }
        for coding in [Coding::Gzip, Coding::Zstd] {
            let mut encoded = coding.encode(body.clone()).unwrap();
            coding.decode(&encoded[..encoded.len() - 1], 1 << 20).unwrap_err();
            encoded.extend_from_slice(b"more");
            coding.decode(&encoded, 1 << 20).unwrap_err();
            coding.decode(b"neither", 1 << 20).unwrap_err();
        }
    }
}
