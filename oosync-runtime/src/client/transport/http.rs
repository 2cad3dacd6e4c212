//! A server behind a URL.

use std::fmt;
use std::io::{ErrorKind, Read as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::{Agent, Body};

use super::decoded::{ACCEPT, decoded};
use super::{Download, TokenError, Transport, TransportError, tls};
use crate::protocol::{
    Changes, Digest, Digests, ErrorBody, ErrorCode, MEDIA_TYPE, Pull, Push, PushReply, RangeRows, Ranges,
    Register, Registered, Reply, Snapshot, SnapshotPage,
};

/// The longest body in JSON, in bytes.
const MAX_JSON: u64 = 64 << 20;

/// The longest body in frames, in bytes. It is written to a temporary file.
const MAX_FRAMES: u64 = 64 << 30;

/// How much of an answer that nobody understands is shown, in bytes.
const SHOWN: usize = 120;

/// Gives the token that says who the user is. `refresh` is set where the server did not take the last one.
type TokenSource = dyn Fn(bool) -> Result<String, TokenError> + Send + Sync;

/// A server behind a URL.
///
/// ```no_run
/// use oosync_runtime::client::HttpTransport;
///
/// let server = HttpTransport::builder("https://sync.example.org/")
///     .token(|_refresh| Ok("the token of who is signed in".to_owned()))
///     .build()?;
/// # Ok::<(), oosync_runtime::client::TransportError>(())
/// ```
pub struct HttpTransport {
    url: String,
    headers: Vec<(String, String)>,
    source: Option<Arc<TokenSource>>,
    /// The token that was shown last.
    token: Mutex<Option<String>>,
    options: Options,
    agent: Mutex<Agent>,
    /// How long the next answer may take to begin.
    patience: Mutex<Duration>,
}

/// How an [`HttpTransport`] is made.
pub struct HttpTransportBuilder {
    url: String,
    headers: Vec<(String, String)>,
    source: Option<Arc<TokenSource>>,
    roots: Option<String>,
    connect_timeout: Duration,
    answer_timeout: Duration,
    patience: Duration,
}

#[derive(Clone)]
struct Options {
    tls: Option<ureq::tls::TlsConfig>,
    connect_timeout: Duration,
    answer_timeout: Duration,
    patience: Duration,
}

impl HttpTransport {
    /// A server whose endpoints are below a URL: `https://example.org/sync` has `https://example.org/sync/pull`.
    pub fn builder(url: impl Into<String>) -> HttpTransportBuilder {
        HttpTransportBuilder {
            url: url.into(),
            headers: Vec::new(),
            source: None,
            roots: None,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(60),
            patience: Duration::from_secs(8),
        }
    }
}

impl HttpTransportBuilder {
    /// Where the token comes from that is sent as `Authorization: Bearer …`. The function is called before the first
    /// request, and again with `true` when the server does not take the token. Where it cannot be had for want of a
    /// network, say [`TokenError::Later`]: otherwise, the user is asked to sign in.
    #[must_use]
    pub fn token(
        mut self,
        source: impl Fn(bool) -> Result<String, TokenError> + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// With a header of one's own in every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Trusts these certificates, as PEM, and not those that the system trusts.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<String>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// How long connecting may take: 10 seconds if nothing is said.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// How long the server may take at most to begin to answer, beside the time that it was asked to wait, and how long
    /// it may be silent in the middle of an answer: 60 seconds if nothing is said.
    #[must_use]
    pub fn answer_timeout(mut self, time: Duration) -> Self {
        self.answer_timeout = time;
        self
    }

    /// After which time without the beginning of an answer a connection is given up at first: 8 seconds if nothing is
    /// said. A connection on which packets vanish looks like a server that takes long, so each time that passes it is
    /// twice as long, up to [`HttpTransportBuilder::answer_timeout`], and a server that did take long is given twice as
    /// much.
    #[must_use]
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// Reads the certificates; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// Where the URL is none of HTTP, and where the certificates cannot be read.
    pub fn build(self) -> Result<HttpTransport, TransportError> {
        let wrong = |what: String| TransportError::Malformed { what };
        let uri: http::Uri =
            self.url.parse().map_err(|error| wrong(format!("{:?} is no URL: {error}", self.url)))?;
        let tls = match uri.scheme_str() {
            Some("https") => Some(tls::config(self.roots.as_deref()).map_err(wrong)?),
            Some("http") => None,
            _ => return Err(wrong(format!("{:?} is not of https or http", self.url))),
        };
        let (connect_timeout, answer_timeout) = (self.connect_timeout, self.answer_timeout);
        let patience = self.patience.min(answer_timeout);
        let options = Options { tls, connect_timeout, answer_timeout, patience };
        Ok(HttpTransport {
            url: self.url.trim_end_matches('/').to_owned(),
            headers: self.headers,
            source: self.source,
            token: Mutex::default(),
            agent: Mutex::new(options.agent()),
            patience: Mutex::new(patience),
            options,
        })
    }
}

impl Options {
    fn agent(&self) -> Agent {
        let config = Agent::config_builder()
            .timeout_connect(Some(self.connect_timeout))
            .timeout_resolve(Some(self.connect_timeout))
            .timeout_send_request(Some(self.answer_timeout))
            .timeout_send_body(Some(self.answer_timeout.max(Duration::from_secs(300))))
            // A redirect of a POST would become a GET: it is shown as what it is.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_age(Duration::from_secs(30));
        let config = match &self.tls {
            Some(tls) => config.https_only(true).tls_config(tls.clone()),
            None => config,
        };
        config.build().new_agent()
    }
}

/// What a request is sent for, and how its answer is read.
struct Request<'r> {
    place: &'r str,
    body: &'r [u8],
    accept: &'r str,
    /// How long the server was asked to wait before it answers.
    wait: Duration,
}

impl HttpTransport {
    fn json<T: DeserializeOwned>(&self, place: &str, request: &impl Serialize) -> Result<T, TransportError> {
        let body = written(request)?;
        let wait = Duration::ZERO;
        let request = Request { place, body: &body, accept: "application/json", wait };
        let response = self.send(&request)?;
        read_json(place, response)
    }

    /// Asks for frames; where there are none, JSON says why.
    fn frames<T: DeserializeOwned>(
        &self,
        place: &str,
        request: &impl Serialize,
        wait: Duration,
    ) -> Result<Download, TransportError> {
        let body = written(request)?;
        let accept = format!("{MEDIA_TYPE}, application/json;q=0.1");
        let request = Request { place, body: &body, accept: &accept, wait };
        let response = self.send(&request)?;
        if media_type(response.headers()) == MEDIA_TYPE {
            let (parts, body) = response.into_parts();
            let reader = body.into_with_config().reader();
            let encoding = header(&parts.headers, "content-encoding");
            let frames = decoded(reader, encoding, MAX_FRAMES)
                .map_err(|what| TransportError::Malformed { what: format!("{place}: {what}") })?;
            return Ok(Download::Frames(frames));
        }
        match read_json::<Reply<T>>(place, response)? {
            Reply::SnapshotRequired(required) => Ok(Download::SnapshotRequired(required)),
            Reply::Given(_) => {
                let what = format!("{place}: the rows come in JSON, where frames were asked for");
                Err(TransportError::Malformed { what })
            }
        }
    }

    /// The answer with status 200; with a new token, where the first one is not taken.
    fn send(&self, request: &Request<'_>) -> Result<Response<Body>, TransportError> {
        let token = self.current_token()?;
        let response = self.send_once(request, token.as_deref())?;
        let response = match (&self.source, response.status()) {
            (Some(source), StatusCode::UNAUTHORIZED) => {
                let token = self.refreshed(source, token)?;
                self.send_once(request, Some(&token))?
            }
            _ => response,
        };
        if response.status() == StatusCode::OK { Ok(response) } else { Err(refused(request.place, response)) }
    }

    fn send_once(
        &self,
        request: &Request<'_>,
        token: Option<&str>,
    ) -> Result<Response<Body>, TransportError> {
        let agent = lock(&self.agent).clone();
        let mut sent = agent
            .post(format!("{}/{}", self.url, request.place))
            .header("content-type", "application/json")
            .header("accept", request.accept)
            .header("accept-encoding", ACCEPT);
        for (name, value) in &self.headers {
            sent = sent.header(name, value);
        }
        if let Some(token) = token {
            sent = sent.header("authorization", format!("Bearer {token}"));
        }
        // How long a body takes, nobody knows before: what counts is how long nothing comes.
        let silence = request.wait + self.options.answer_timeout;
        let patience = *lock(&self.patience);
        let answer = request.wait + patience;
        let sent = sent.config().timeout_recv_response(Some(answer)).timeout_per_read(Some(silence)).build();
        let begun = Instant::now();
        match sent.send(request.body) {
            Ok(response) => {
                let took = begun.elapsed().saturating_sub(request.wait);
                *lock(&self.patience) = (took * 2).clamp(self.options.patience, self.options.answer_timeout);
                Ok(response)
            }
            Err(error) => {
                if matches!(error, ureq::Error::Timeout(ureq::Timeout::RecvResponse)) {
                    *lock(&self.patience) = (patience * 2).min(self.options.answer_timeout);
                    // The other connections are as old as this one.
                    self.network_changed();
                }
                Err(offline(&error))
            }
        }
    }

    fn current_token(&self) -> Result<Option<String>, TransportError> {
        let Some(source) = &self.source else { return Ok(None) };
        let mut token = lock(&self.token);
        if token.is_none() {
            *token = Some(source(false)?);
        }
        Ok(token.clone())
    }

    /// Another token than the one that was not taken; it is asked for once, however many requests need it.
    fn refreshed(
        &self,
        source: &Arc<TokenSource>,
        refused: Option<String>,
    ) -> Result<String, TransportError> {
        let mut token = lock(&self.token);
        if *token == refused {
            *token = None;
        }
        match &*token {
            Some(token) => Ok(token.clone()),
            None => {
                let new = source(true)?;
                Ok(token.insert(new).clone())
            }
        }
    }
}

impl Transport for HttpTransport {
    fn register(&self, request: &Register) -> Result<Registered, TransportError> {
        self.json("register", request)
    }

    fn pull(&self, request: &Pull) -> Result<Download, TransportError> {
        self.frames::<Changes>("pull", request, request.wait.unwrap_or_default())
    }

    fn snapshot(&self, request: &Snapshot) -> Result<Download, TransportError> {
        self.frames::<SnapshotPage>("snapshot", request, Duration::ZERO)
    }

    fn push(&self, request: &Push) -> Result<PushReply, TransportError> {
        self.json("push", request)
    }

    fn digest(&self, request: &Digest) -> Result<Reply<Digests>, TransportError> {
        self.json("digest", request)
    }

    fn ranges(&self, request: &Ranges) -> Result<Reply<RangeRows>, TransportError> {
        self.json("ranges", request)
    }

    fn network_changed(&self) {
        *lock(&self.agent) = self.options.agent();
    }
}

fn written(request: &impl Serialize) -> Result<Vec<u8>, TransportError> {
    serde_json::to_vec(request)
        .map_err(|error| TransportError::Malformed { what: format!("the request has no JSON: {error}") })
}

fn offline(error: &ureq::Error) -> TransportError {
    TransportError::Offline { what: error.to_string() }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn media_type(headers: &HeaderMap) -> String {
    let value = header(headers, "content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The whole body, with its media type.
fn body(place: &str, response: Response<Body>) -> Result<(String, Vec<u8>), TransportError> {
    let (parts, body) = response.into_parts();
    let encoding = header(&parts.headers, "content-encoding");
    let mut reader = decoded(body.into_with_config().reader(), encoding, MAX_JSON)
        .map_err(|what| TransportError::Malformed { what: format!("{place}: {what}") })?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|error| {
        let what = format!("{place}: the answer broke off: {error}");
        match error.kind() {
            ErrorKind::InvalidData => TransportError::Malformed { what },
            _ => TransportError::Offline { what },
        }
    })?;
    Ok((media_type(&parts.headers), bytes))
}

fn read_json<T: DeserializeOwned>(place: &str, response: Response<Body>) -> Result<T, TransportError> {
    let (media_type, bytes) = body(place, response)?;
    serde_json::from_slice(&bytes).map_err(|error| TransportError::Malformed {
        what: format!("{place}: {} ({error})", shown(&media_type, &bytes)),
    })
}

/// What an answer is, for a person who has to find out who gave it.
fn shown(media_type: &str, bytes: &[u8]) -> String {
    let start: String = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)])
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let media_type = if media_type.is_empty() { "no media type" } else { media_type };
    format!("{} bytes of {media_type} that begin with {start:?}", bytes.len())
}

/// What an answer with another status than 200 says.
fn refused(place: &str, response: Response<Body>) -> TransportError {
    let status = response.status();
    let after = header(response.headers(), "retry-after").and_then(|value| value.trim().parse().ok());
    let after = after.map(Duration::from_secs);
    let (media_type, bytes) = match body(place, response) {
        Ok(body) => body,
        Err(error) => return error,
    };
    if let Ok(mut error) = serde_json::from_slice::<ErrorBody>(&bytes) {
        error.retry_after = error.retry_after.or(after);
        return TransportError::Refused(error);
    }
    let what = format!("{place}: HTTP {status} with {}", shown(&media_type, &bytes));
    let code = match status {
        StatusCode::UNAUTHORIZED => ErrorCode::Unauthenticated,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
        StatusCode::TOO_MANY_REQUESTS => ErrorCode::TooManyRequests,
        status if status.is_server_error() => ErrorCode::Unavailable,
        _ => return TransportError::Malformed { what },
    };
    TransportError::Refused(ErrorBody { retry_after: after, ..ErrorBody::new(code, what) })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransportBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}
