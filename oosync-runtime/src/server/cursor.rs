//! Tokens: where a device stands, signed, so that servers keep nothing of it.
//!
//! A token is JSON, compressed where it is long, and an HMAC of that, in base64. Devices cannot read more out of it than
//! they know; they can change nothing.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Error;
use crate::protocol::{ErrorCode, Included};

/// The longest token, in bytes: a user's 10,000 buckets take about 300 kB, and those of a page twice that.
const LONGEST: usize = 2 << 20;

/// JSON that is longer is compressed, in bytes.
const LONG: usize = 4 << 10;

/// What a token's JSON may be, in bytes. It is our own: only what was signed is decompressed.
const MOST: usize = 16 << 20;

/// What zstd begins with, which JSON does not.
const COMPRESSED: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Signs and reads tokens.
pub(super) struct Signer(hmac::Key);

impl Signer {
    pub(super) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A token that only a server of this database makes.
    ///
    /// # Errors
    ///
    /// Where it would be longer than any server reads: the user is in too many buckets.
    pub(super) fn sign(&self, content: &impl Serialize) -> Result<String, Error> {
        let mut token = serde_json::to_vec(content).map_err(|error| Error::internal(error.to_string()))?;
        if token.len() > MOST {
            return Err(too_long(token.len()));
        }
        if token.len() > LONG {
            token = zstd::bulk::compress(&token, 1).map_err(|error| Error::internal(error.to_string()))?;
        }
        let signature = hmac::sign(&self.0, &token);
        token.extend_from_slice(signature.as_ref());
        let token = BASE64_URL_SAFE_NO_PAD.encode(token);
        if token.len() > LONGEST { Err(too_long(token.len())) } else { Ok(token) }
    }

    /// What a token says that was signed here.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidToken`].
    pub(super) fn read<T: DeserializeOwned>(&self, token: &str) -> Result<T, Error> {
        let invalid = || Error::new(ErrorCode::InvalidToken, "the token is none of this server");
        if token.len() > LONGEST {
            return Err(invalid());
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
        let split = bytes.len().checked_sub(ring::digest::SHA256_OUTPUT_LEN).ok_or_else(invalid)?;
        let (content, signature) = bytes.split_at(split);
        hmac::verify(&self.0, content, signature).map_err(|_| invalid())?;
        // What cannot be read was signed by another version.
        if content.starts_with(COMPRESSED) {
            let content = zstd::bulk::decompress(content, MOST).map_err(|_| invalid())?;
            return serde_json::from_slice(&content).map_err(|_| invalid());
        }
        serde_json::from_slice(content).map_err(|_| invalid())
    }
}

fn too_long(length: usize) -> Error {
    Error::internal(format!("a token of {length} bytes is too long: the user is in too many buckets"))
}

/// Whom a token is of, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// What the token is: one cannot stand for another.
    pub(super) kind: Kind,
    pub(super) user: String,
    pub(super) client: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Where a pull begins.
    Cursor,
    /// Where a pull in pages goes on.
    Page,
    /// Where a snapshot goes on.
    Snapshot,
}

/// A state of the database, and what was told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) incarnation: String,
    pub(super) timeline: i64,
    pub(super) epoch: String,
    pub(super) lsn: String,
    /// As Postgres writes a `pg_snapshot`.
    pub(super) snapshot: String,
    /// Of the user then, sorted.
    pub(super) buckets: Vec<String>,
    /// Those that were the user's for some parts of what was told, and not for others.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) unsure: BTreeSet<String>,
    /// What policies saw of the request ([`Identity::access_hash`](super::auth::Identity::access_hash)); empty where they
    /// have seen another for a part of it.
    pub(super) access: String,
    /// The schema of the device.
    pub(super) schema: String,
    /// The device's mutations that were part of it.
    #[serde(default)]
    pub(super) included: Included,
}

impl State {
    /// A part of what is told was read in a later state: rows of buckets that the user had at one of them alone were sent
    /// or left out, and nothing else says so.
    pub(super) fn saw(&mut self, later: &Self) {
        let (then, now): (BTreeSet<&String>, BTreeSet<&String>) =
            (self.buckets.iter().collect(), later.buckets.iter().collect());
        self.unsure.extend(then.symmetric_difference(&now).map(|bucket| (*bucket).clone()));
        if self.access != later.access {
            self.access.clear();
        }
    }
}

/// The token of a [`Pull`](crate::protocol::Pull).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    #[serde(flatten)]
    pub(super) holder: Holder,
    #[serde(flatten)]
    pub(super) state: State,
}

impl Holder {
    /// Whether a token is of whoever sends it, and may be sent there.
    pub(super) fn check(&self, expected: &Self) -> Result<(), Error> {
        if self == expected {
            return Ok(());
        }
        let message = "the token is of another user, client or request";
        Err(Error::new(ErrorCode::InvalidToken, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(kind: Kind) -> Holder {
        Holder { kind, user: "ada".to_owned(), client: Uuid::nil() }
    }

    #[test]
    fn a_token_is_read_where_it_was_made_and_nowhere_else() {
        let (here, there) = (Signer::new(b"here"), Signer::new(b"there"));
        let token = here.sign(&holder(Kind::Cursor)).unwrap();
        assert_eq!(here.read::<Holder>(&token).unwrap(), holder(Kind::Cursor));
        assert_eq!(there.read::<Holder>(&token).unwrap_err().body().code, ErrorCode::InvalidToken);
        holder(Kind::Page).check(&holder(Kind::Cursor)).unwrap_err();
    }

    #[test]
    fn a_token_of_ten_thousand_buckets_is_read_again_and_bounded() {
        let signer = Signer::new(b"key");
        let of = |count: usize| -> Vec<String> {
            (0..count).map(|_| format!("team:{}", Uuid::new_v4())).collect()
        };
        let many = of(10_000);
        let token = signer.sign(&many).unwrap();
        assert!(token.len() < 400_000, "{}", token.len());
        assert_eq!(signer.read::<Vec<String>>(&token).unwrap(), many);
        // Whatever is given out can be read, and what could not be is not given out.
        let error = signer.sign(&of(100_000)).unwrap_err();
        assert!(error.detail().unwrap().contains("too many buckets"), "{error:?}");
    }

    #[test]
    fn a_token_with_any_byte_changed_or_missing_is_refused() {
        let signer = Signer::new(b"key");
        let token = signer.sign(&holder(Kind::Cursor)).unwrap();
        for place in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last character has bits that mean nothing.
            let same = BASE64_URL_SAFE_NO_PAD.decode(&forged) == BASE64_URL_SAFE_NO_PAD.decode(&token);
            assert!(same || signer.read::<Holder>(&forged).is_err(), "byte {place}");
            signer.read::<Holder>(&token[..place]).unwrap_err();
        }
        signer.read::<Holder>("").unwrap_err();
        signer.read::<Holder>(&"A".repeat(LONGEST + 1)).unwrap_err();
        signer.read::<Holder>("no base64 !").unwrap_err();
    }
}
