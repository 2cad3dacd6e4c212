//! Getting a set of keys by HTTP.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::SetupError;

/// One address, asked again and again.
#[derive(Clone)]
pub(super) struct Fetch {
    url: String,
    agent: Agent,
    most_bytes: u64,
}

impl Fetch {
    /// Reads the system's certificates, where the address is of HTTPS and no others are given as PEM.
    pub(super) fn new(
        url: &str,
        plain: bool,
        roots: Option<&str>,
        timeout: Duration,
        most_bytes: u64,
    ) -> Result<Self, SetupError> {
        let problem =
            |problem: &str| SetupError::JwksUrl { url: url.to_owned(), problem: problem.to_owned() };
        let uri: Uri = url.parse().map_err(|_| problem("is no URL"))?;
        let host = uri.host().ok_or_else(|| problem("names no host"))?;
        let local = is_loopback(host);
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            // Keys are believed because of where they come from.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(1);
        let config = match uri.scheme_str() {
            Some("https") => {
                let roots = roots.map_or_else(of_system, of_pem).map_err(|error| problem(&error))?;
                config.https_only(true).tls_config(tls(roots))
            }
            Some("http") if plain || local => config,
            Some("http") => {
                return Err(problem(
                    "is not HTTPS: whoever is on the way could put in keys of their own (`plain_http` allows it)",
                ));
            }
            _ => return Err(problem("is not of HTTPS")),
        };
        let config = if local { config.proxy(None) } else { config };
        Ok(Self { url: url.to_owned(), agent: config.build().new_agent(), most_bytes })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Blocks until there is an answer or the time is over.
    pub(super) fn get(&self) -> Result<Vec<u8>, String> {
        let failed = |error: ureq::Error| format!("{}: {error}", self.url);
        let request =
            self.agent.get(&self.url).header("accept", "application/jwk-set+json, application/json");
        let mut response = request.call().map_err(failed)?;
        if response.status() != http::StatusCode::OK {
            return Err(format!("{}: the answer is {}", self.url, response.status()));
        }
        response.body_mut().with_config().limit(self.most_bytes).read_to_vec().map_err(failed)
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// rustls with ring.
fn tls(roots: Vec<Certificate<'static>>) -> TlsConfig {
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::from(roots))
        .build()
}

fn of_system() -> Result<Vec<Certificate<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let errors: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(format!("is of HTTPS, and the system trusts nobody: {}", errors.join(", ")));
    }
    Ok(found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect())
}

fn of_pem(pem: &str) -> Result<Vec<Certificate<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match certificates {
        Ok(found) if found.is_empty() => {
            Err("is given root certificates, of which there are none".to_owned())
        }
        Ok(found) => {
            Ok(found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect())
        }
        Err(error) => Err(format!("is given root certificates that cannot be read: {error}")),
    }
}
