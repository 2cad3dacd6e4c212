//! Tokens, right and wrong. Times are seconds on a clock that only tests move.
//!
//! `keys/` was made by openssl for these tests, since ring makes no RSA keys; nobody else uses them.

mod algorithms;
mod claims;
mod examples;
mod issuer;
mod published;
mod secure;
mod setup;
mod times;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
use ring::rand::SystemRandom;
use ring::{hmac, signature};
use serde_json::{Value, json};

use super::{Algorithm, ClaimMapping, Jwt, JwtBuilder, VerifyingKey};
use crate::server::auth::{AuthError, AuthErrorKind, Clock, Identity};

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const RSA_ONE: &str = include_str!("keys/rsa_one.pub.pem");
const RSA_TWO: &str = include_str!("keys/rsa_two.pub.pem");

/// What it is on [`Hands`] that nobody moved, in seconds since 1970.
const NOW: u64 = 1_700_000_000;

/// A clock that is moved by hand.
#[derive(Debug)]
struct Hands {
    began: Instant,
    passed: Mutex<Duration>,
}

impl Hands {
    fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), passed: Mutex::default() })
    }

    fn pass(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }
}

impl Clock for Hands {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW) + *self.passed.lock().unwrap()
    }

    fn instant(&self) -> Instant {
        self.began + *self.passed.lock().unwrap()
    }
}

/// Who signs.
enum Signer {
    Secret(Vec<u8>),
    Rsa(&'static str),
    P256(KeyPair),
    Ed25519(KeyPair),
}

impl Signer {
    fn p256() -> Self {
        Self::P256(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
    }

    fn ed25519() -> Self {
        Self::Ed25519(KeyPair::generate_for(&PKCS_ED25519).unwrap())
    }

    fn rsa_one() -> Self {
        Self::Rsa(include_str!("keys/rsa_one.pem"))
    }

    fn rsa_two() -> Self {
        Self::Rsa(include_str!("keys/rsa_two.pem"))
    }

    fn secret() -> Self {
        Self::Secret(SECRET.to_vec())
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    fn pem(&self) -> String {
        match self {
            Self::P256(pair) | Self::Ed25519(pair) => pair.public_key_pem(),
            Self::Rsa(_) | Self::Secret(_) => panic!("no public key at hand"),
        }
    }

    fn key(&self) -> VerifyingKey {
        match self {
            Self::Secret(secret) => VerifyingKey::secret(secret).unwrap(),
            Self::Rsa(pem) if *pem == include_str!("keys/rsa_one.pem") => VerifyingKey::pem(RSA_ONE).unwrap(),
            Self::Rsa(_) => VerifyingKey::pem(RSA_TWO).unwrap(),
            _ => VerifyingKey::pem(&self.pem()).unwrap(),
        }
    }

    fn jwk(&self, kid: &str) -> Value {
        let mut jwk = match self {
            Self::P256(pair) => {
                let point = pair.public_key_raw();
                json!({"kty": "EC", "crv": "P-256", "x": base64(&point[1..33]), "y": base64(&point[33..])})
            }
            Self::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key_raw())})
            }
            Self::Rsa(pem) => {
                let pair = rsa(pem);
                let public = pair.public();
                let (n, e): (Vec<u8>, Vec<u8>) = {
                    let numbers = signature::RsaPublicKeyComponents::<Vec<u8>>::from(public);
                    (numbers.n, numbers.e)
                };
                json!({"kty": "RSA", "n": base64(&n), "e": base64(&e)})
            }
            Self::Secret(secret) => json!({"kty": "oct", "k": base64(secret)}),
        };
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(self.alg());
        jwk["use"] = json!("sig");
        jwk
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Secret(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
            }
            Self::Rsa(pem) => {
                let pair = rsa(pem);
                let mut signed = vec![0; pair.public().modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signed).unwrap();
                signed
            }
            Self::P256(pair) => {
                let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair = signature::EcdsaKeyPair::from_pkcs8(algorithm, &pair.serialize_der(), &random);
                pair.unwrap().sign(&random, message).unwrap().as_ref().to_vec()
            }
            Self::Ed25519(pair) => {
                let pair = signature::Ed25519KeyPair::from_pkcs8(&pair.serialize_der()).unwrap();
                pair.sign(message).as_ref().to_vec()
            }
        }
    }

    /// A token with this payload, and with what is usual in its header.
    fn token(&self, claims: &Value) -> String {
        self.token_of(&json!({"alg": self.alg(), "typ": "JWT"}), &claims.to_string())
    }

    /// A token that names its key.
    fn token_by(&self, kid: &str, claims: &Value) -> String {
        self.token_of(&json!({"alg": self.alg(), "kid": kid}), &claims.to_string())
    }

    fn token_of(&self, header: &Value, payload: &str) -> String {
        let message = format!("{}.{}", base64(header.to_string().as_bytes()), base64(payload.as_bytes()));
        let signed = self.sign(message.as_bytes());
        format!("{message}.{}", base64(&signed))
    }
}

fn rsa(pem: &str) -> signature::RsaKeyPair {
    let (_, der) = spki::der::Document::from_pem(pem).unwrap();
    signature::RsaKeyPair::from_pkcs8(der.as_bytes()).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Claims of Ada that are fine.
fn ada() -> Value {
    json!({"sub": "ada", "exp": NOW + 600})
}

/// Ada's, with others.
fn ada_and(others: Value) -> Value {
    let mut claims = ada();
    claims.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    claims
}

/// Takes tokens of this algorithm, of anybody for anybody.
fn lax(algorithm: Algorithm) -> JwtBuilder {
    Jwt::builder([algorithm]).any_issuer().any_audience().clock(Hands::new())
}

/// Takes tokens signed with [`SECRET`].
fn by_secret() -> JwtBuilder {
    lax(Algorithm::Hs256).key(VerifyingKey::secret(SECRET).unwrap())
}

/// Where nothing has to be fetched, the answer is there at once.
fn identity(jwt: &Jwt, token: &str) -> Result<Identity, AuthError> {
    runtime().block_on(jwt.identity(token))
}

fn refusal(jwt: &Jwt, token: &str) -> AuthErrorKind {
    let error = identity(jwt, token).unwrap_err();
    let signature = token.rsplit('.').next().unwrap();
    // An empty one is part of every text.
    let told = signature.len() > 8 && format!("{error} {error:?}").contains(signature);
    assert!(!told, "the token is in {error:?}");
    error.kind()
}

/// With the secret, and these claims to be mapped.
fn mapped(mapping: ClaimMapping, claims: &Value) -> Result<Identity, AuthError> {
    identity(&by_secret().claims(mapping).build().unwrap(), &Signer::secret().token(claims))
}

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
    })
}
