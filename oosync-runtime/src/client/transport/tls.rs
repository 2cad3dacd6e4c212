//! TLS by rustls with ring, with the certificates that the system trusts.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Trusts these certificates, as PEM; those of the system where none are given.
pub(super) fn config(roots: Option<&str>) -> Result<TlsConfig, String> {
    let roots = roots.map_or_else(of_system, of_pem)?;
    Ok(TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::from(roots))
        .build())
}

fn of_system() -> Result<Vec<Certificate<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let errors: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(format!("the system trusts no certificates: {}", errors.join(", ")));
    }
    Ok(found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect())
}

fn of_pem(pem: &str) -> Result<Vec<Certificate<'static>>, String> {
    let found: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the root certificates cannot be read: {error}"))?;
    if found.is_empty() {
        return Err("there are no root certificates in what was given".to_owned());
    }
    Ok(found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect())
}
