//! Keys in JSON, alone and in sets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::key::{Algorithm, InvalidKey, VerifyingKey};

/// A key as [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517) and
/// [RFC 7518, section 6](https://www.rfc-editor.org/rfc/rfc7518#section-6) write it.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
    d: Option<serde::de::IgnoredAny>,
}

impl Jwk {
    pub(super) fn key(&self) -> Result<VerifyingKey, InvalidKey> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(InvalidKey::new("a key for something else than signatures (`use`)"));
        }
        if self.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|name| name == "verify")) {
            return Err(InvalidKey::new("a key that is not for `verify` (`key_ops`)"));
        }
        if self.d.is_some() {
            return Err(InvalidKey::new("a private key: leave `d` and what belongs to it out"));
        }
        let key = self.material()?;
        match &self.alg {
            Some(name) if Algorithm::by_name(name) != Some(key.algorithm()) => {
                Err(InvalidKey(format!("a key of {} for {name:?} (`alg`)", key.algorithm())))
            }
            _ => Ok(match &self.kid {
                Some(kid) => key.with_kid(kid),
                None => key,
            }),
        }
    }

    fn material(&self) -> Result<VerifyingKey, InvalidKey> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("oct", _) => VerifyingKey::secret(&bytes("k", &self.k)?),
            ("RSA", _) => VerifyingKey::rsa(&bytes("n", &self.n)?, &bytes("e", &self.e)?),
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x", &self.x)?, bytes("y", &self.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(InvalidKey::new("`x` and `y` of a P-256 key have 32 bytes each"));
                }
                VerifyingKey::p256([&[4][..], &x, &y].concat())
            }
            ("OKP", Some("Ed25519")) => VerifyingKey::ed25519(&bytes("x", &self.x)?),
            (kty, None) => Err(InvalidKey(format!("a key of the kind {kty:?}"))),
            (kty, Some(curve)) => Err(InvalidKey(format!("a key of the kind {kty:?} with {curve:?}"))),
        }
    }
}

fn bytes(name: &str, text: &Option<String>) -> Result<Vec<u8>, InvalidKey> {
    let text = text.as_deref().ok_or_else(|| InvalidKey(format!("a key without `{name}`")))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidKey(format!("`{name}` is not base64url")))
}

/// More keys than this are nobody's: each could have to be tried for a token that names none.
const MOST_KEYS: usize = 64;

/// The public keys of a set. What is of no use here is left out, as
/// [RFC 7517, section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5) asks: other kinds, other uses, and algorithms that
/// are not wanted. HS256 never is: nobody publishes a secret who means to keep it.
///
/// # Errors
///
/// For what is no set, and one in which nothing is of use.
pub(super) fn keys_of_set(json: &[u8], wanted: &[Algorithm]) -> Result<Vec<VerifyingKey>, String> {
    #[derive(Deserialize)]
    struct Set<'a> {
        #[serde(borrow)]
        keys: Vec<&'a RawValue>,
    }
    let set: Set<'_> =
        serde_json::from_slice(json).map_err(|error| format!("no JSON Web Key Set: {error}"))?;
    if set.keys.len() > MOST_KEYS {
        return Err(format!("a set of {} keys: the most is {MOST_KEYS}", set.keys.len()));
    }
    let mut keys = Vec::new();
    let mut left_out = Vec::new();
    for raw in &set.keys {
        match VerifyingKey::jwk(raw.get()) {
            Ok(key) if !wanted.contains(&key.algorithm()) => {
                left_out.push(format!("a key of {}", key.algorithm()));
            }
            Ok(key) => keys.push(key),
            Err(problem) => left_out.push(problem.to_string()),
        }
    }
    if keys.is_empty() {
        return Err(format!("no key of use in the set; left out: [{}]", left_out.join(", ")));
    }
    Ok(keys)
}
