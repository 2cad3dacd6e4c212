//! Keys that signatures are checked with.
//!
//! A key knows the one algorithm it is for. What the token says of its algorithm is compared with that, and never
//! decides how a key is used: a public key cannot be taken for the secret of HS256.

use std::fmt;

use ring::{hmac, signature};
use spki::der::asn1::UintRef;
use spki::der::{Decode as _, Document, Reader as _, SliceReader};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};
use thiserror::Error;

use super::jwk::Jwk;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256, by a secret that both sides have.
    Hs256,
    /// RSA, PKCS #1 v1.5, with SHA-256; keys of 2048 to 8192 bits.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The name in tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// By its name in tokens; Ed25519 has two since [RFC 9864](https://www.rfc-editor.org/rfc/rfc9864).
    pub(super) fn by_name(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key that signatures are checked with.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Secret(hmac::Key),
    Rsa {
        /// Big-endian, without leading zeros.
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The uncompressed point.
    P256(Vec<u8>),
    Ed25519([u8; 32]),
}

/// A secret shorter than the hash is easier to guess than it
/// ([RFC 7518, section 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
const LEAST_SECRET_BYTES: usize = 32;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

impl VerifyingKey {
    /// The secret of HS256, as bytes: where an issuer shows it in base64, it says whether that text is the secret.
    ///
    /// # Errors
    ///
    /// For fewer than 32 bytes, and for a key in PEM, which is no secret.
    pub fn secret(secret: &[u8]) -> Result<Self, InvalidKey> {
        if secret.trim_ascii_start().starts_with(b"-----BEGIN") {
            return Err(InvalidKey::new("a key in PEM is not the secret of HS256: use `pem`"));
        }
        if secret.len() < LEAST_SECRET_BYTES {
            let length = secret.len();
            let problem = format!("a secret of {length} bytes: HS256 needs {LEAST_SECRET_BYTES}");
            return Err(InvalidKey(problem));
        }
        Ok(Self::of(Material::Secret(hmac::Key::new(hmac::HMAC_SHA256, secret))))
    }

    /// A public key in PEM: `PUBLIC KEY`, or `RSA PUBLIC KEY`.
    ///
    /// # Errors
    ///
    /// For other things in PEM, and for keys of other kinds.
    pub fn pem(pem: &str) -> Result<Self, InvalidKey> {
        let (label, der) = Document::from_pem(pem.trim_ascii())
            .map_err(|error| InvalidKey(format!("no PEM with one key in it: {error}")))?;
        match label {
            "PUBLIC KEY" => Self::spki(der.as_bytes()),
            "RSA PUBLIC KEY" => Self::pkcs1(der.as_bytes()),
            "CERTIFICATE" => {
                let help = "a certificate: take the key out by `openssl x509 -pubkey -noout`";
                Err(InvalidKey::new(help))
            }
            _ if label.ends_with("PRIVATE KEY") => {
                let help = "a private key, which a server that only checks tokens should not have: \
                            take the public one out by `openssl pkey -pubout`";
                Err(InvalidKey::new(help))
            }
            _ => Err(InvalidKey(format!("PEM of a {label:?}, not of a public key"))),
        }
    }

    /// A key in JSON ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)): `oct` (for HS256), `RSA`, `EC` with `P-256`,
    /// `OKP` with `Ed25519`.
    ///
    /// # Errors
    ///
    /// For other keys, private ones, and those for other uses than signatures.
    pub fn jwk(json: &str) -> Result<Self, InvalidKey> {
        let jwk: Jwk = serde_json::from_str(json).map_err(|error| InvalidKey(format!("no JWK: {error}")))?;
        jwk.key()
    }

    /// The same key for tokens that name it so, and no others.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// What tokens name it by.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The only algorithm it is for.
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Secret(_) => Algorithm::Hs256,
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
            Material::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn of(material: Material) -> Self {
        Self { kid: None, material }
    }

    /// RSA by its numbers, big-endian.
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, InvalidKey> {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
        if !(2048..=8192).contains(&bits) {
            return Err(InvalidKey(format!("an RSA key of {bits} bits: 2048 to 8192 are taken")));
        }
        Ok(Self::of(Material::Rsa { n: n.to_vec(), e: e.to_vec() }))
    }

    /// A point of P-256, uncompressed.
    pub(super) fn p256(point: Vec<u8>) -> Result<Self, InvalidKey> {
        match point.as_slice() {
            [4, rest @ ..] if rest.len() == 64 => Ok(Self::of(Material::P256(point))),
            _ => Err(InvalidKey::new("no uncompressed point of P-256")),
        }
    }

    pub(super) fn ed25519(key: &[u8]) -> Result<Self, InvalidKey> {
        let key = key.try_into().map_err(|_| InvalidKey::new("a key of Ed25519 has 32 bytes"))?;
        Ok(Self::of(Material::Ed25519(key)))
    }

    /// `SubjectPublicKeyInfo` of [RFC 5280](https://www.rfc-editor.org/rfc/rfc5280#section-4.1).
    fn spki(der: &[u8]) -> Result<Self, InvalidKey> {
        let invalid = |error: &dyn fmt::Display| InvalidKey(format!("no public key: {error}"));
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|error| invalid(&error))?;
        let key = info.subject_public_key.as_bytes().ok_or_else(|| invalid(&"half a byte at its end"))?;
        let (kind, curve) = info.algorithm.oids().map_err(|error| invalid(&error))?;
        match (kind, curve) {
            (RSA, _) => Self::pkcs1(key),
            (EC, Some(P256)) => Self::p256(key.to_vec()),
            (ED25519, None) => Self::ed25519(key),
            (EC, _) => Err(InvalidKey::new("a key of another curve than P-256")),
            _ => Err(InvalidKey(format!("a key of the kind {kind}: RSA, P-256 and Ed25519 are known"))),
        }
    }

    /// `RSAPublicKey` of [RFC 8017](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1).
    fn pkcs1(der: &[u8]) -> Result<Self, InvalidKey> {
        let read = || {
            let mut reader = SliceReader::new(der)?;
            let numbers =
                reader.sequence(|reader| Ok((UintRef::decode(reader)?, UintRef::decode(reader)?)))?;
            reader.finish(numbers)
        };
        let (n, e) =
            read().map_err(|error: spki::der::Error| InvalidKey(format!("no RSA public key: {error}")))?;
        Self::rsa(n.as_bytes(), e.as_bytes())
    }

    /// Whether it signed the message; ring compares in constant time where that matters.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Rsa { n, e } => signature::RsaPublicKeyComponents { n, e }
                .verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            Material::P256(point) => verify(&signature::ECDSA_P256_SHA256_FIXED, point, message, signature),
            Material::Ed25519(key) => verify(&signature::ED25519, key, message, signature),
        }
    }
}

fn verify(
    algorithm: &'static dyn signature::VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    signature::UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Without the key, which may be a secret.
impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("VerifyingKey");
        shown.field("algorithm", &self.algorithm()).field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Why something is not a key to check signatures with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct InvalidKey(pub(super) String);

impl InvalidKey {
    pub(super) fn new(problem: &str) -> Self {
        Self(problem.to_owned())
    }
}
