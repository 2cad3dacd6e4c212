//! Connections: limits, TLS, and stopping without cutting anybody off.

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::stall::Stall;
use super::{HttpOptions, Peer};
use crate::server::Engine;

/// What connections may do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServeOptions {
    /// With TLS ([`tls_config`]). Default: none, for servers behind a proxy.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// How many connections there may be; others wait until one ends. Default: 10,000.
    pub max_connections: usize,
    /// How long the head of a request, or a TLS handshake, may take; also how long a connection may rest between two
    /// requests. Default: 75 seconds.
    pub head_timeout: Duration,
    /// How long a client may take nothing at all before it is left. Default: 2 minutes.
    pub stall_timeout: Duration,
    /// How long answers that are on their way may go on once the server stops. Default: 30 seconds.
    pub drain: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            tls: None,
            max_connections: 10_000,
            head_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(120),
            drain: Duration::from_secs(30),
        }
    }
}

/// Why TLS cannot be offered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or has no PEM of the kind in it.
    #[error("{what} cannot be read from {path}: {problem}")]
    File {
        /// `certificates` or `the key`.
        what: &'static str,
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Certificate and key do not go together.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
}

/// TLS with the certificates (the server's first, then those between it and the authority) and the private key in these
/// files, in PEM.
///
/// # Errors
///
/// See [`TlsError`].
pub fn tls_config(certificates: &Path, key: &Path) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let file = |what, path: &Path, problem: &dyn std::fmt::Display| TlsError::File {
        what,
        path: path.display().to_string(),
        problem: problem.to_string(),
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificates)
        .map_err(|error| file("certificates", certificates, &error))?
        .collect();
    let chain = chain.map_err(|error| file("certificates", certificates, &error))?;
    if chain.is_empty() {
        return Err(file("certificates", certificates, &"there is none in it"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| file("the key", key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl Engine {
    /// Serves HTTP/1.1 until `stop` is done: then no connection is taken any more, pulls that wait are answered, and what
    /// is on its way goes on for a while ([`ServeOptions::drain`]).
    ///
    /// # Errors
    ///
    /// None at present: what a single connection fails at is logged.
    pub async fn serve(
        &self,
        listener: TcpListener,
        http: HttpOptions,
        options: ServeOptions,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let router = self.router_with(http);
        let acceptor = options.tls.clone().map(TlsAcceptor::from);
        let slots = Arc::new(Semaphore::new(options.max_connections.min(Semaphore::MAX_PERMITS)));
        let graceful = GracefulShutdown::new();
        tokio::pin!(stop);
        loop {
            let accepted = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, listener.accept().await)
            };
            let (slot, accepted) =
                match futures_util::future::select(stop.as_mut(), std::pin::pin!(accepted)).await {
                    futures_util::future::Either::Left(_) => break,
                    futures_util::future::Either::Right((accepted, _)) => accepted,
                };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many open files, say: others will end.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (router, options, acceptor) = (router.clone(), options.clone(), acceptor.clone());
            let watcher = graceful.watcher();
            tokio::spawn(async move {
                let _slot = slot;
                let Some(stream) = secured(stream, acceptor, options.head_timeout).await else { return };
                let stream = TokioIo::new(Stall::new(stream, options.stall_timeout));
                let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
                    let mut request: Request = request.map(axum::body::Body::new);
                    request.extensions_mut().insert(Peer(peer));
                    call(router.clone(), request)
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(options.head_timeout)
                    .max_headers(100)
                    .serve_connection(stream, service);
                if let Err(error) = watcher.watch(connection).await {
                    tracing::debug!(%error, "a connection broke off");
                }
            });
        }
        drop(listener);
        self.stop_waiting();
        if tokio::time::timeout(options.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("some answers were cut off: they took longer than the time to stop");
        }
        Ok(())
    }
}

async fn call(
    mut router: Router,
    request: Request,
) -> Result<axum::response::Response, std::convert::Infallible> {
    use tower_service::Service as _;
    router.call(request).await
}

/// A stream of either kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn secured(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    time: Duration,
) -> Option<Box<dyn Stream>> {
    // Small answers are sent at once.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else { return Some(Box::new(stream)) };
    match tokio::time::timeout(time, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}
