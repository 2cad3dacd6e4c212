//! Who says who the users are: it signs tokens that live for seconds, and publishes the keys to check them with.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oosync_runtime::client::TokenError;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::world::PEOPLE;
use crate::fire::user;

/// Its name in tokens.
pub(super) const NAME: &str = "https://id.example.org/";

/// How long a token lives while nothing is wrong: less than a pull that waits.
const LIFE: Duration = Duration::from_secs(2);

/// A token that no server may take, whoever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Signed with a key that was never published, under the name of one that is.
    Key,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    Early,
    /// Of an issuer that is not asked.
    Issuer,
}

impl Wrong {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Key, Self::Expired, Self::Early, Self::Issuer];
}

/// What a device is given instead of its user's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistaken {
    /// One of another person, whose account somebody has signed in to on this device.
    OtherAccount,
    /// One that says it is another person's, signed with a key that was never published under the name of one that is.
    Forged,
}

/// An issuer, for as long as it lives.
#[derive(Debug)]
pub(super) struct Issuer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// How often a device was told that its token is not taken, and asked for another.
    refused: AtomicU64,
    ended: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// The number of the key that signs, and that of the first that is still published.
    signs: u64,
    published: u64,
    life: Duration,
    /// How far its clock is ahead, in seconds.
    clock: i32,
    is_down: bool,
    mistaken: BTreeMap<String, Mistaken>,
}

impl Issuer {
    /// It listens.
    ///
    /// # Panics
    ///
    /// Where nothing can listen on this machine.
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state =
            State { signs: 1, published: 1, life: LIFE, clock: 0, is_down: false, mistaken: BTreeMap::new() };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            refused: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.ended.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || shared.answer(stream));
            }
        });
        Self { address, shared }
    }

    /// Where its keys are published.
    pub(super) fn keys_url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// Where a device finds the tokens of its user.
    pub(super) fn token_url(&self, device: &str, person: usize) -> String {
        format!("{}/token/{device}/{person}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("nothing panics here")
    }

    /// From now on, tokens live that long.
    pub(super) fn life(&self, life: Duration) {
        self.state().life = life;
    }

    /// From now on, its clock is so many seconds ahead.
    pub(super) fn clock(&self, seconds: i32) {
        self.state().clock = seconds;
    }

    /// From now on, it answers nothing but errors.
    pub(super) fn fail(&self) {
        self.state().is_down = true;
    }

    /// From now on, it signs with another key. Those before are published still, until they are withdrawn.
    pub(super) fn rotate(&self) {
        let mut state = self.state();
        state.signs += 1;
    }

    /// Only the key that signs is published from now on: tokens of those before are worth nothing.
    pub(super) fn withdraw(&self) {
        let mut state = self.state();
        state.published = state.signs;
    }

    /// From now on, a device is given this instead of its user's token.
    pub(super) fn mistake(&self, device: &str, mistaken: Mistaken) {
        self.state().mistaken.insert(device.to_owned(), mistaken);
    }

    /// Nobody is mistaken any more.
    pub(super) fn correct(&self, device: &str) {
        self.state().mistaken.remove(device);
    }

    /// It answers again, with tokens of the usual life.
    pub(super) fn recover(&self) {
        let mut state = self.state();
        (state.life, state.clock, state.is_down) = (LIFE, 0, false);
    }

    /// What a server answers to whoever shows such a token: a status, or nothing where it cannot be asked.
    pub(super) fn intrude(&self, server: SocketAddr, person: usize, wrong: Wrong) -> Option<u16> {
        let token = self.state().signed(person, Some(wrong));
        let mut stream = TcpStream::connect_timeout(&server, Duration::from_secs(1)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let head =
            "POST /register HTTP/1.1\r\nhost: server\r\nconnection: close\r\ncontent-type: application/json";
        let request = format!("{head}\r\nauthorization: Bearer {token}\r\ncontent-length: 2\r\n\r\n{{}}");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
    }

    /// How often a device was told that its token is not taken.
    pub(super) fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) {
        let Some(path) = path(&mut stream) else { return };
        let text = self.text(&path);
        let (status, text) = match &text {
            Some(text) => ("200 OK", text.as_str()),
            None => ("503 Service Unavailable", ""),
        };
        let length = text.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(format!("{head}{text}").as_bytes());
    }

    fn text(&self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        if parts.last() == Some(&"again") {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        let state = self.state.lock().expect("nothing panics here");
        if state.is_down {
            return None;
        }
        match parts.as_slice() {
            ["", "keys"] => Some(state.keys().to_string()),
            ["", "token", device, person, _] => Some(state.token(device, person.parse().ok()?)),
            _ => None,
        }
    }
}

impl State {
    fn keys(&self) -> Value {
        let keys = (self.published..=self.signs).map(|number| {
            let public = key(number);
            let x = URL_SAFE_NO_PAD.encode(public.public_key().as_ref());
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": number.to_string(), "x": x})
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    /// What is given to a device.
    fn token(&self, device: &str, person: usize) -> String {
        match self.mistaken.get(device) {
            None => self.signed(person, None),
            Some(Mistaken::OtherAccount) => self.signed((person + 1) % PEOPLE, None),
            Some(Mistaken::Forged) => self.signed((person + 1) % PEOPLE, Some(Wrong::Key)),
        }
    }

    fn signed(&self, person: usize, wrong: Option<Wrong>) -> String {
        // Nothing else is ever signed with number 0.
        let key = key(if wrong == Some(Wrong::Key) { 0 } else { self.signs });
        let issuer = if wrong == Some(Wrong::Issuer) { "https://id.example.org" } else { NAME };
        let clock = match wrong {
            Some(Wrong::Expired) => -3_600,
            Some(Wrong::Early) => 3_600,
            _ => self.clock,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let now = now + f64::from(clock);
        let header = json!({"alg": "EdDSA", "kid": self.signs.to_string()});
        let claims =
            json!({"iss": issuer, "sub": user(person), "nbf": now, "exp": now + self.life.as_secs_f64()});
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let message =
            format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = key.sign(message.as_bytes());
        format!("{message}.{}", encode(signature.as_ref()))
    }
}

/// The key with a number.
fn key(number: u64) -> Ed25519KeyPair {
    let seed = number.to_le_bytes().repeat(4);
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed")
}

/// What is asked for.
fn path(stream: &mut TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let (mut head, mut buffer) = (Vec::new(), [0; 1_024]);
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&buffer[..count]);
    }
    Some(String::from_utf8_lossy(&head).split(' ').nth(1)?.to_owned())
}

/// The token at a [`Issuer::token_url`]; `again` where the last one was not taken.
///
/// # Errors
///
/// What went wrong, as an app would tell.
pub(super) fn token(url: &str, again: bool) -> Result<String, TokenError> {
    let (address, path) = url.split_once('/').ok_or("no URL")?;
    let why = if again { "again" } else { "first" };
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let request = format!("GET /{path}/{why} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let later = |what: String| TokenError::Later(what);
    let answer = ask().map_err(|error| later(format!("the issuer is not reached: {error}")))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, token)) if head.starts_with("HTTP/1.1 200 ") => Ok(token.to_owned()),
        _ => Err(later(format!("the issuer fails: {:?}", answer.lines().next()))),
    }
}

#[cfg(test)]
mod tests {
    use oosync_runtime::server::auth::{Algorithm, AuthErrorKind, JwksUrl, Jwt};

    use super::*;

    /// Whose a token is, as a server would say.
    fn taken(jwt: &Jwt, token: &str) -> Result<String, AuthErrorKind> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let identity = runtime.block_on(jwt.identity(token));
        identity.map(|identity| identity.user().to_owned()).map_err(|error| error.kind())
    }

    #[test]
    fn its_tokens_are_taken_and_wrong_ones_are_wrong_in_one_thing_each() {
        let issuer = Issuer::new();
        let keys = JwksUrl::new(issuer.keys_url()).pause(Duration::from_millis(1));
        let jwt = Jwt::builder([Algorithm::EdDsa]).jwks(keys).issuers([NAME]).any_audience().build().unwrap();
        let asked = |again| token(&issuer.token_url("d1", 1), again);
        assert_eq!(taken(&jwt, &asked(false).unwrap()), Ok(user(1)));
        issuer.rotate();
        assert_eq!((taken(&jwt, &asked(true).unwrap()), issuer.refused()), (Ok(user(1)), 1));

        let kinds = Wrong::ALL.map(|wrong| taken(&jwt, &issuer.state().signed(1, Some(wrong))).unwrap_err());
        use AuthErrorKind::{BadSignature, Expired, NotYetValid, WrongIssuer};
        assert_eq!(kinds, [BadSignature, Expired, NotYetValid, WrongIssuer]);

        issuer.mistake("d1", Mistaken::OtherAccount);
        assert_eq!(taken(&jwt, &asked(false).unwrap()), Ok(user(2)));
        issuer.mistake("d1", Mistaken::Forged);
        assert_eq!(taken(&jwt, &asked(false).unwrap()), Err(BadSignature));
        issuer.correct("d1");
        issuer.fail();
        assert!(asked(false).unwrap_err().to_string().contains("503"));
        issuer.recover();
        assert_eq!(taken(&jwt, &asked(false).unwrap()), Ok(user(1)));
    }
}
