//! Keys that an issuer publishes, fetched when they are needed.
//!
//! Three things make a fetch: there are no keys yet, the keys are old, a token names a key that is not among them. All
//! go through one gate: one fetch at a time, whoever waits gets its result, and after each, successful or not, none for
//! a while. So a forger who names ever new keys costs the issuer one request per pause.
//!
//! A fetch that fails leaves the keys that are there.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::SetupError;
use super::fetch::Fetch;
use super::jwk::keys_of_set;
use super::key::{Algorithm, VerifyingKey};
use crate::server::auth::{AuthError, Clock};

/// Where an issuer publishes its keys: a JSON Web Key Set, `https://…/.well-known/jwks.json`.
///
/// Secrets in it (`oct`) are never used. Headers about caching are not looked at.
#[derive(Debug, Clone)]
pub struct JwksUrl {
    url: String,
    plain: bool,
    roots: Option<String>,
    max_age: Duration,
    pause: Duration,
    timeout: Duration,
    most_bytes: u64,
}

impl JwksUrl {
    /// The set at this address, of HTTPS; on the machine itself (`localhost`), HTTP is fine too.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            plain: false,
            roots: None,
            max_age: Duration::from_secs(600),
            pause: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            most_bytes: 256 * 1024,
        }
    }

    /// Takes an address of HTTP. Whoever is on the way to it can put in keys of their own, and be anybody.
    pub fn plain_http(mut self) -> Self {
        self.plain = true;
        self
    }

    /// Trusts these certificates, in PEM, and not those of the system: for an issuer with an authority of its own.
    pub fn root_certificates(mut self, pem: impl Into<String>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// After how long the keys are fetched again: a key that was withdrawn is taken for as long. Default: 10 minutes.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// How long nothing is fetched after a fetch, also one that failed. A new key may be refused for as long, where a
    /// fetch came just before it was published. Default: 10 seconds.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// How long a fetch may take. Default: 5 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long an answer may be, in bytes. Default: 256 KiB.
    pub fn max_bytes(mut self, most: u64) -> Self {
        self.most_bytes = most;
        self
    }
}

/// How the keys of an issuer are, for a page about the server's health.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JwksStatus {
    /// How many keys are in use.
    pub keys: usize,
    /// When they were fetched; none: never.
    pub fetched: Option<SystemTime>,
    /// Why the last fetch failed; none: it did not.
    pub failure: Option<String>,
}

/// The keys at a [`JwksUrl`].
#[derive(Clone)]
pub(super) struct Jwks(Arc<Inner>);

struct Inner {
    fetch: Fetch,
    wanted: Vec<Algorithm>,
    max_age: Duration,
    pause: Duration,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    /// Whoever holds it fetches.
    gate: Arc<Mutex<()>>,
}

/// What is known of the keys at one moment.
#[derive(Clone, Default)]
pub(super) struct State {
    keys: Option<Arc<[VerifyingKey]>>,
    fetched: Option<(SystemTime, Instant)>,
    /// The end of the last fetch, or its beginning where it has no end yet.
    attempted: Option<Instant>,
    /// How many fetches have ended.
    attempts: u64,
    failure: Option<String>,
}

impl State {
    pub(super) fn keys(&self) -> &[VerifyingKey] {
        self.keys.as_deref().unwrap_or_default()
    }

    /// Whether another fetch has ended since.
    pub(super) fn is_newer_than(&self, before: &State) -> bool {
        self.attempts != before.attempts
    }
}

impl Jwks {
    pub(super) fn new(
        from: &JwksUrl,
        wanted: Vec<Algorithm>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        Ok(Self(Arc::new(Inner {
            fetch: Fetch::new(&from.url, from.plain, from.roots.as_deref(), from.timeout, from.most_bytes)?,
            wanted,
            max_age: from.max_age,
            pause: from.pause,
            clock,
            state: RwLock::default(),
            gate: Arc::default(),
        })))
    }

    pub(super) fn status(&self) -> JwksStatus {
        let state = self.0.state();
        JwksStatus {
            keys: state.keys().len(),
            fetched: state.fetched.map(|(time, _)| time),
            failure: state.failure,
        }
    }

    /// The keys, not older than they may be if the issuer can be reached.
    ///
    /// # Errors
    ///
    /// Unavailable, where there are none yet and they cannot be fetched.
    pub(super) async fn current(&self) -> Result<State, AuthError> {
        let state = self.0.state();
        let Some((_, fetched)) = state.fetched else {
            return self.newer(state).await.and_then(|state| match state.fetched {
                Some(_) => Ok(state),
                None => Err(self.unavailable(&state)),
            });
        };
        if self.0.clock.instant().saturating_duration_since(fetched) < self.0.max_age {
            return Ok(state);
        }
        if state.failure.is_none() {
            return self.newer(state).await;
        }
        // The issuer was down when last asked. Not every request waits to see whether it still is.
        if let Ok(guard) = Arc::clone(&self.0.gate).try_lock_owned() {
            drop(self.start(guard));
        }
        Ok(state)
    }

    /// What is known after another fetch than those that `seen` knows of, if there may be one.
    pub(super) async fn newer(&self, seen: State) -> Result<State, AuthError> {
        let guard = Arc::clone(&self.0.gate).lock_owned().await;
        if !self.0.state().is_newer_than(&seen)
            && let Some(fetch) = self.start(guard)
        {
            fetch.await.map_err(|_| AuthError::unavailable("a fetch of keys was broken off", None))?;
        }
        Ok(self.0.state())
    }

    /// Fetches, unless it is too soon. It ends also where nobody waits for it any more.
    fn start(&self, guard: OwnedMutexGuard<()>) -> Option<tokio::task::JoinHandle<()>> {
        if self.remaining_pause(&self.0.state()).is_some() {
            return None;
        }
        let inner = Arc::clone(&self.0);
        inner.change(|state| state.attempted = Some(inner.clock.instant()));
        Some(tokio::task::spawn_blocking(move || {
            let keys = inner.fetch.get().and_then(|json| {
                keys_of_set(&json, &inner.wanted)
                    .map_err(|problem| format!("{}: {problem}", inner.fetch.url()))
            });
            inner.store(keys);
            drop(guard);
        }))
    }

    fn remaining_pause(&self, state: &State) -> Option<Duration> {
        let passed = self.0.clock.instant().saturating_duration_since(state.attempted?);
        self.0.pause.checked_sub(passed).filter(|remaining| !remaining.is_zero())
    }

    /// That it is not known whether a key is the issuer's.
    ///
    /// None, where the last fetch went well: then it is known.
    pub(super) fn doubt(&self, state: &State) -> Option<AuthError> {
        state.failure.is_some().then(|| self.unavailable(state))
    }

    fn unavailable(&self, state: &State) -> AuthError {
        let failure = state.failure.as_deref().unwrap_or("the keys are being fetched");
        AuthError::unavailable(failure, Some(self.remaining_pause(state).unwrap_or(self.0.pause)))
    }
}

impl Inner {
    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn store(&self, keys: Result<Vec<VerifyingKey>, String>) {
        let now = (self.clock.now(), self.clock.instant());
        self.change(|state| {
            state.attempted = Some(now.1);
            state.attempts += 1;
            match keys {
                Ok(keys) => {
                    state.keys = Some(keys.into());
                    state.fetched = Some(now);
                    state.failure = None;
                }
                Err(failure) => state.failure = Some(failure),
            }
        });
    }
}

/// Without the keys.
impl std::fmt::Debug for Jwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwks").field("url", &self.0.fetch.url()).finish_non_exhaustive()
    }
}
