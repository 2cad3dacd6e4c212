//! Keys that are fetched by HTTPS.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};
use serde_json::json;

use super::*;
use crate::server::auth::JwksUrl;

/// An issuer at `localhost` with a certificate for this name: its port, and the certificate in PEM.
fn issuer(name: &str, keys: &Value) -> (u16, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    let private = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], private)
        .unwrap();
    let (config, body) = (Arc::new(config), keys.to_string());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut socket = stream.unwrap();
            let mut stream = Stream::new(&mut connection, &mut socket);
            // What the client sends is one small packet.
            if stream.read(&mut [0; 4096]).is_ok() {
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
                let _ = stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes());
                connection.send_close_notify();
                let _ = connection.complete_io(&mut socket);
            }
        }
    });
    (port, cert.pem())
}

fn asked(url: JwksUrl, token: &str) -> Result<Identity, AuthError> {
    identity(&lax(Algorithm::Es256).jwks(url).build().unwrap(), token)
}

#[test]
fn keys_are_fetched_from_whom_the_certificates_name() {
    let signer = Signer::p256();
    let token = signer.token_by("one", &ada());
    let (port, pem) = issuer("localhost", &json!({"keys": [signer.jwk("one")]}));
    let url = || JwksUrl::new(format!("https://localhost:{port}/jwks"));
    assert_eq!(asked(url().root_certificates(&pem), &token).unwrap().user(), "ada");

    let of_others = generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let error = asked(url().root_certificates(of_others), &token).unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Unavailable, "{error:?}");
    // Who says it is another host is not believed either.
    let (port, pem) = issuer("id.example", &json!({"keys": [signer.jwk("one")]}));
    let url = JwksUrl::new(format!("https://localhost:{port}/jwks")).root_certificates(pem);
    assert_eq!(asked(url, &token).unwrap_err().kind(), AuthErrorKind::Unavailable);
}

#[test]
fn certificates_that_are_none_are_refused() {
    for pem in ["", "no PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let url = JwksUrl::new("https://localhost/jwks").root_certificates(pem);
        let error = lax(Algorithm::Es256).jwks(url).build().unwrap_err().to_string();
        assert!(error.contains("root certificates"), "{error}");
    }
}
