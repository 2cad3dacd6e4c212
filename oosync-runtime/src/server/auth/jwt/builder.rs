//! Putting a [`Jwt`] together, so that nothing which decides who is believed is left to chance.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::checks::Checks;
use super::jwks::Jwks;
use super::{Algorithm, ClaimMapping, InvalidKey, JwksUrl, Jwt, VerifyingKey};
use crate::server::auth::{Clock, InvalidIdentity, SystemClock};

/// A [`Jwt`] that is being put together: [`Jwt::builder`].
#[derive(Debug)]
#[must_use]
pub struct JwtBuilder {
    algorithms: Vec<Algorithm>,
    keys: Vec<VerifyingKey>,
    jwks: Option<JwksUrl>,
    issuers: Option<Said>,
    audiences: Option<Said>,
    leeway: Duration,
    mapping: ClaimMapping,
    max_token_bytes: usize,
    clock: Arc<dyn Clock>,
}

/// What was said of issuers or audiences.
#[derive(Debug)]
enum Said {
    Any,
    OneOf(Vec<String>),
}

impl JwtBuilder {
    pub(super) fn new(algorithms: Vec<Algorithm>) -> Self {
        Self {
            algorithms,
            keys: Vec::new(),
            jwks: None,
            issuers: None,
            audiences: None,
            leeway: Duration::from_secs(30),
            mapping: ClaimMapping::new(),
            max_token_bytes: 16 * 1024,
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes tokens signed with this key; there may be several.
    pub fn key(mut self, key: VerifyingKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Takes tokens signed with a key that is published there.
    pub fn jwks(mut self, url: JwksUrl) -> Self {
        self.jwks = Some(url);
        self
    }

    /// Takes tokens whose `iss` is one of these.
    pub fn issuers<I: Into<String>>(mut self, issuers: impl IntoIterator<Item = I>) -> Self {
        self.issuers = Some(Said::OneOf(issuers.into_iter().map(Into::into).collect()));
        self
    }

    /// Does not look at `iss`: whoever has the key may say what they like.
    pub fn any_issuer(mut self) -> Self {
        self.issuers = Some(Said::Any);
        self
    }

    /// Takes tokens whose `aud` is one of these, or a list with one of these.
    pub fn audiences<A: Into<String>>(mut self, audiences: impl IntoIterator<Item = A>) -> Self {
        self.audiences = Some(Said::OneOf(audiences.into_iter().map(Into::into).collect()));
        self
    }

    /// Does not look at `aud`: also tokens that the issuer gave for other services are taken.
    pub fn any_audience(mut self) -> Self {
        self.audiences = Some(Said::Any);
        self
    }

    /// How far the issuer's clock may be from ours, for `exp` and `nbf`. At most an hour. Default: 30 seconds.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// What claims mean. Default: `sub` is the user.
    pub fn claims(mut self, mapping: ClaimMapping) -> Self {
        self.mapping = mapping;
        self
    }

    /// The longest token that is read, in bytes. Default: 16 KiB.
    pub fn max_token_bytes(mut self, most: usize) -> Self {
        self.max_token_bytes = most;
        self
    }

    /// Where the time comes from. Default: the system.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The authenticator. Keys that are published are fetched with the first token, not here.
    ///
    /// # Errors
    ///
    /// Where something is missing, or contradicts itself.
    pub fn build(self) -> Result<Jwt, SetupError> {
        if let Some(key) = self.keys.iter().find(|key| !self.algorithms.contains(&key.algorithm())) {
            return Err(SetupError::KeyWithoutAlgorithm { algorithm: key.algorithm() });
        }
        let published = |algorithm: &Algorithm| *algorithm != Algorithm::Hs256;
        for algorithm in &self.algorithms {
            let has_key = self.keys.iter().any(|key| key.algorithm() == *algorithm);
            let may_be_published = self.jwks.is_some() && published(algorithm);
            if !has_key && !may_be_published {
                return Err(SetupError::AlgorithmWithoutKey { algorithm: *algorithm });
            }
        }
        let of_url: Vec<_> = self.algorithms.iter().copied().filter(published).collect();
        if self.algorithms.is_empty() || (self.jwks.is_some() && of_url.is_empty()) {
            return Err(SetupError::NoAlgorithm);
        }
        if self.leeway > Duration::from_secs(3600) {
            return Err(SetupError::Leeway { leeway: self.leeway });
        }
        self.mapping.check()?;
        let jwks =
            self.jwks.as_ref().map(|url| Jwks::new(url, of_url, Arc::clone(&self.clock))).transpose()?;
        Ok(Jwt {
            jwks,
            checks: Checks {
                issuers: said(self.issuers, "issuers")?,
                audiences: said(self.audiences, "audiences")?,
                leeway: self.leeway,
            },
            algorithms: self.algorithms,
            keys: self.keys,
            mapping: self.mapping,
            max_token_bytes: self.max_token_bytes,
            clock: self.clock,
        })
    }
}

fn said(said: Option<Said>, what: &'static str) -> Result<Option<Vec<String>>, SetupError> {
    match said {
        Some(Said::Any) => Ok(None),
        Some(Said::OneOf(names)) if !names.is_empty() => Ok(Some(names)),
        _ => Err(SetupError::NotSaid { what }),
    }
}

/// Why a [`Jwt`] could not be put together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Nothing could be signed so that it is taken.
    #[error("no algorithm: name one that there are keys for; published keys are never for HS256")]
    NoAlgorithm,
    /// A key whose algorithm is not among those allowed.
    #[error("a key for {algorithm}, which is not among the algorithms: add it there, or leave the key out")]
    KeyWithoutAlgorithm {
        /// The key's.
        algorithm: Algorithm,
    },
    /// An algorithm that no key is for.
    #[error("no key for {algorithm}: add one, or leave the algorithm out")]
    AlgorithmWithoutKey {
        /// The one.
        algorithm: Algorithm,
    },
    /// Issuers or audiences.
    #[error("which {what} are taken was not said: name them, or allow any")]
    NotSaid {
        /// `issuers` or `audiences`.
        what: &'static str,
    },
    /// Clocks that differ by more than that should be set.
    #[error("a leeway of {leeway:?} is more than an hour")]
    Leeway {
        /// The leeway.
        leeway: Duration,
    },
    /// An address that keys cannot be had from.
    #[error("the address of keys {url} {problem}")]
    JwksUrl {
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A claim for roles, without the roles: a token may not name any role of Postgres.
    #[error("the values of the claim `{claim}` and the Postgres roles they stand for are not named")]
    NoRoles {
        /// The claim.
        claim: String,
    },
    /// Roles without the claim that they are of.
    #[error("roles are named, and the claim that decides is not")]
    NoRoleClaim,
    /// A setting with two values.
    #[error("the setting `{setting}` is there twice")]
    SettingTwice {
        /// Its name.
        setting: String,
    },
    /// A role or setting that cannot be one.
    #[error(transparent)]
    Invalid(#[from] InvalidIdentity),
    /// A key that is none.
    #[error(transparent)]
    Key(#[from] InvalidKey),
}
