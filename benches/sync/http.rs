//! A client that knows nothing of what it is sent.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

/// A connection that stays open between requests.
pub(crate) struct Http {
    stream: TcpStream,
    user: String,
}

impl Http {
    pub(crate) fn new(address: SocketAddr, user: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket can be told so");
        Self { stream, user: user.to_owned() }
    }

    /// The text at a place.
    pub(crate) fn get(address: SocketAddr, place: &str) -> String {
        let mut http = Self::new(address, "");
        let head = format!("GET /{place} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
        http.stream.write_all(head.as_bytes()).expect("the server takes a request");
        let mut text = String::new();
        http.stream.read_to_string(&mut text).expect("the server answers");
        text
    }

    /// Sends a request.
    pub(crate) fn send(&mut self, place: &str, accept: &str, body: &[u8]) {
        let head = format!(
            "POST /{place} HTTP/1.1\r\nhost: bench\r\nx-user: {}\r\naccept: {accept}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            self.user,
            body.len()
        );
        self.stream.write_all(&[head.as_bytes(), body].concat()).expect("the server takes a request");
    }

    /// Sends JSON and reads JSON.
    pub(crate) fn json(&mut self, place: &str, body: &Value) -> Value {
        self.text(place, body.to_string().as_bytes())
    }

    /// The same with JSON that is there already.
    pub(crate) fn text(&mut self, place: &str, body: &[u8]) -> Value {
        self.send(place, "application/json", body);
        self.answer()
    }

    /// Reads an answer in JSON.
    pub(crate) fn answer(&mut self) -> Value {
        let mut all = Vec::new();
        let mut part = [0; 64 << 10];
        loop {
            let count = self.stream.read(&mut part).expect("the server answers");
            assert!(count > 0, "the server answers: {}", String::from_utf8_lossy(&all));
            all.extend_from_slice(&part[..count]);
            let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&all[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let length: usize = length.expect("JSON has a length");
            if all.len() == end + 4 + length {
                assert!(head.starts_with("http/1.1 200"), "{}", String::from_utf8_lossy(&all));
                return serde_json::from_slice(&all[end + 4..]).expect("an answer is JSON");
            }
        }
    }

    /// Reads frames to their end, and throws them away: how many bytes there were.
    pub(crate) fn discard(&mut self) -> usize {
        let mut part = vec![0; 256 << 10];
        let (mut bytes, mut tail) = (0, Vec::new());
        loop {
            let count = self.stream.read(&mut part).expect("the server answers");
            assert!(count > 0, "the body was cut off");
            bytes += count;
            tail.extend_from_slice(&part[..count]);
            let keep = tail.len().saturating_sub(4 << 10);
            tail.drain(..keep);
            // The last chunk; before it, the frame that ends a whole body.
            if tail.ends_with(b"0\r\n\r\n") {
                let end = tail.windows(9).any(|nine| nine == b"\"cursor\":");
                assert!(end, "the body has no end: {}", String::from_utf8_lossy(&tail));
                return bytes;
            }
        }
    }
}
