//! Keys that an issuer publishes, by a small HTTP server that does what each test wants.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::server::auth::JwksUrl;

/// What the issuer answers.
#[derive(Clone)]
enum Answer {
    Keys(Value),
    Raw(Vec<u8>),
    /// An answer that comes after a while.
    Slow(Duration, Value),
    HangUp,
}

struct Issuer {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    fn new(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = Self {
            address: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
        };
        let (answer, asked) = (Arc::clone(&issuer.answer), Arc::clone(&issuer.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut request = Vec::new();
                let mut byte = [0; 1];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.push(byte[0]);
                }
                asked.fetch_add(1, Ordering::SeqCst);
                let now = answer.lock().unwrap().clone();
                let response = match now {
                    Answer::Keys(keys) => ok(&keys),
                    Answer::Raw(bytes) => bytes,
                    Answer::Slow(time, keys) => {
                        std::thread::sleep(time);
                        ok(&keys)
                    }
                    Answer::HangUp => continue,
                };
                let _ = stream.write_all(&response);
            }
        });
        issuer
    }

    fn says(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn url(&self) -> JwksUrl {
        JwksUrl::new(format!("http://{}/jwks.json", self.address))
            .max_age(Duration::from_secs(600))
            .pause(Duration::from_secs(10))
            .timeout(Duration::from_secs(2))
    }
}

fn ok(keys: &Value) -> Vec<u8> {
    let body = keys.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn set(keys: &[(&Signer, &str)]) -> Value {
    json!({"keys": keys.iter().map(|(signer, kid)| signer.jwk(kid)).collect::<Vec<_>>()})
}

fn by_url(url: JwksUrl) -> (Arc<Jwt>, Arc<Hands>) {
    let clock = Hands::new();
    let jwt =
        Jwt::builder([Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]).any_issuer().any_audience();
    (Arc::new(jwt.jwks(url).clock(Arc::clone(&clock) as Arc<dyn Clock>).build().unwrap()), clock)
}

/// An hour's claims, so that a test may let time pass.
fn claims() -> Value {
    json!({"sub": "ada", "exp": NOW + 1_000_000})
}

#[test]
fn published_keys_of_every_kind_are_used() {
    let (rsa, p256, ed) = (Signer::rsa_one(), Signer::p256(), Signer::ed25519());
    let issuer = Issuer::new(Answer::Keys(set(&[(&rsa, "r"), (&p256, "p"), (&ed, "e")])));
    let (jwt, _) = by_url(issuer.url());
    assert_eq!(issuer.asked(), 0, "nothing is fetched before it is needed");
    for (signer, kid) in [(&rsa, "r"), (&p256, "p"), (&ed, "e")] {
        assert_eq!(identity(&jwt, &signer.token_by(kid, &claims())).unwrap().user(), "ada");
        assert_eq!(identity(&jwt, &signer.token(&claims())).unwrap().user(), "ada", "without a kid");
    }
    assert_eq!(refusal(&jwt, &rsa.token_by("p", &claims())), AuthErrorKind::UnknownKey);
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn a_new_key_is_fetched_when_a_token_names_it() {
    let (old, new) = (Signer::p256(), Signer::p256());
    let issuer = Issuer::new(Answer::Keys(set(&[(&old, "old")])));
    let (jwt, clock) = by_url(issuer.url());
    assert!(identity(&jwt, &old.token_by("old", &claims())).is_ok());
    issuer.says(Answer::Keys(set(&[(&old, "old"), (&new, "new")])));
    clock.pass(Duration::from_secs(10));
    assert_eq!(identity(&jwt, &new.token_by("new", &claims())).unwrap().user(), "ada");
    assert!(identity(&jwt, &old.token_by("old", &claims())).is_ok());
    assert_eq!(issuer.asked(), 2);
}

#[test]
fn a_new_key_without_a_name_is_fetched_too() {
    let (old, new) = (Signer::p256(), Signer::p256());
    let issuer = Issuer::new(Answer::Keys(set(&[(&old, "old")])));
    let (jwt, clock) = by_url(issuer.url());
    assert!(identity(&jwt, &old.token(&claims())).is_ok());
    issuer.says(Answer::Keys(set(&[(&new, "new")])));
    clock.pass(Duration::from_secs(10));
    assert!(identity(&jwt, &new.token(&claims())).is_ok());
}

#[test]
fn forged_names_of_keys_do_not_hammer_the_issuer() {
    let (signer, forger) = (Signer::p256(), Signer::p256());
    let issuer = Issuer::new(Answer::Keys(set(&[(&signer, "one")])));
    let (jwt, clock) = by_url(issuer.url());
    for second in 0..100 {
        let forged = forger.token_by(&format!("forged {second}"), &claims());
        assert_eq!(refusal(&jwt, &forged), AuthErrorKind::UnknownKey);
        assert_eq!(refusal(&jwt, &forger.token(&claims())), AuthErrorKind::BadSignature);
        assert!(identity(&jwt, &signer.token_by("one", &claims())).is_ok());
        clock.pass(Duration::from_secs(1));
    }
    // In 100 seconds, one in ten.
    assert_eq!(issuer.asked(), 10);
}

#[test]
fn a_forgery_under_a_known_name_fetches_nothing() {
    let (signer, forger) = (Signer::p256(), Signer::p256());
    let issuer = Issuer::new(Answer::Keys(set(&[(&signer, "one")])));
    let (jwt, clock) = by_url(issuer.url());
    for _ in 0..10 {
        assert_eq!(refusal(&jwt, &forger.token_by("one", &claims())), AuthErrorKind::BadSignature);
        clock.pass(Duration::from_secs(20));
    }
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn many_requests_at_once_are_one_fetch() {
    let signer = Signer::p256();
    let issuer = Issuer::new(Answer::Slow(Duration::from_millis(200), set(&[(&signer, "one")])));
    let (jwt, _) = by_url(issuer.url());
    let token = signer.token_by("one", &claims());
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let (jwt, token) = (Arc::clone(&jwt), token.clone());
            runtime().spawn(async move { jwt.identity(&token).await })
        })
        .collect();
    for request in requests {
        assert_eq!(runtime().block_on(request).unwrap().unwrap().user(), "ada");
    }
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn requests_that_waited_for_a_fetch_do_not_fetch_again() {
    let (signer, forger) = (Signer::p256(), Signer::p256());
    let issuer = Issuer::new(Answer::Slow(Duration::from_millis(200), set(&[(&signer, "one")])));
    // Not because of the pause.
    let (jwt, _) = by_url(issuer.url().pause(Duration::ZERO));
    assert!(identity(&jwt, &signer.token_by("one", &claims())).is_ok());
    let requests: Vec<_> = (0..20)
        .map(|at| {
            let (jwt, token) = (Arc::clone(&jwt), forger.token_by(&at.to_string(), &claims()));
            runtime().spawn(async move { jwt.identity(&token).await })
        })
        .collect();
    for request in requests {
        assert_eq!(runtime().block_on(request).unwrap().unwrap_err().kind(), AuthErrorKind::UnknownKey);
    }
    // On a busy machine some ask only after the first fetch; each for itself would make 21.
    assert!(issuer.asked() <= 10, "{}", issuer.asked());
}

#[test]
fn a_fetch_goes_on_when_nobody_waits_any_more() {
    let signer = Signer::p256();
    let issuer = Issuer::new(Answer::Slow(Duration::from_millis(200), set(&[(&signer, "one")])));
    let (jwt, _) = by_url(issuer.url());
    let token = signer.token_by("one", &claims());
    runtime().block_on(async {
        let impatient = tokio::time::timeout(Duration::from_millis(20), jwt.identity(&token)).await;
        assert!(impatient.is_err(), "the client hung up");
        assert!(jwt.identity(&token).await.is_ok());
    });
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn while_the_issuer_has_never_answered_devices_are_told_to_try_again() {
    let signer = Signer::p256();
    let issuer = Issuer::new(Answer::HangUp);
    let (jwt, clock) = by_url(issuer.url());
    let token = signer.token_by("one", &claims());
    let error = identity(&jwt, &token).unwrap_err();
    assert_eq!((error.kind(), error.kind().status().as_u16()), (AuthErrorKind::Unavailable, 503));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
    assert!(error.detail().contains("/jwks.json") && !error.to_string().contains("http"), "{error:?}");

    clock.pass(Duration::from_secs(4));
    let asked = issuer.asked();
    let error = identity(&jwt, &token).unwrap_err();
    assert_eq!(
        (error.retry_after(), issuer.asked()),
        (Some(Duration::from_secs(6)), asked),
        "not asked again"
    );

    issuer.says(Answer::Keys(set(&[(&signer, "one")])));
    clock.pass(Duration::from_secs(6));
    assert!(identity(&jwt, &token).is_ok());
}

#[test]
fn keys_stay_when_the_issuer_goes_down() {
    let (signer, new) = (Signer::p256(), Signer::p256());
    let issuer = Issuer::new(Answer::Keys(set(&[(&signer, "one")])));
    let (jwt, clock) = by_url(issuer.url());
    let token = signer.token_by("one", &claims());
    assert!(identity(&jwt, &token).is_ok());
    issuer.says(Answer::HangUp);
    for _ in 0..3 {
        clock.pass(Duration::from_secs(3600));
        assert!(identity(&jwt, &token).is_ok());
    }
    // Whether this key is the issuer's, nobody can say now.
    let error = identity(&jwt, &new.token_by("new", &claims())).unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Unavailable);
    let status = jwt.jwks_status().unwrap();
    assert_eq!((status.keys, status.failure.is_some()), (1, true));
    assert_eq!(status.fetched, Some(UNIX_EPOCH + Duration::from_secs(NOW)));
}

#[test]
fn a_key_that_was_withdrawn_is_refused_once_the_keys_are_old() {
    let (old, new) = (Signer::p256(), Signer::p256());
    let issuer = Issuer::new(Answer::Keys(set(&[(&old, "old")])));
    let (jwt, clock) = by_url(issuer.url());
    let token = old.token_by("old", &claims());
    assert!(identity(&jwt, &token).is_ok());
    issuer.says(Answer::Keys(set(&[(&new, "new")])));
    clock.pass(Duration::from_secs(599));
    assert!(identity(&jwt, &token).is_ok());
    clock.pass(Duration::from_secs(1));
    assert_eq!(refusal(&jwt, &token), AuthErrorKind::UnknownKey);
}

#[test]
fn an_issuer_that_is_down_does_not_hold_up_every_request() {
    let signer = Signer::p256();
    let issuer = Issuer::new(Answer::Keys(set(&[(&signer, "one")])));
    let (jwt, clock) = by_url(issuer.url());
    let token = signer.token_by("one", &claims());
    assert!(identity(&jwt, &token).is_ok());
    issuer.says(Answer::HangUp);
    clock.pass(Duration::from_secs(600));
    assert!(identity(&jwt, &token).is_ok());
    issuer.says(Answer::Slow(Duration::from_millis(1500), set(&[(&signer, "one")])));
    clock.pass(Duration::from_secs(10));
    let began = Instant::now();
    assert!(identity(&jwt, &token).is_ok());
    assert!(began.elapsed() < Duration::from_secs(1), "it waited");
    // What nobody waited for arrives.
    while jwt.jwks_status().unwrap().failure.is_some() {
        assert!(began.elapsed() < Duration::from_secs(10), "it never arrived");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_answer_of_no_use_is_a_failure() {
    let signer = Signer::p256();
    let elsewhere = Issuer::new(Answer::Keys(set(&[(&signer, "one")])));
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://{}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        elsewhere.address
    );
    let many: Vec<_> = (0..65).map(|at| signer.jwk(&at.to_string())).collect();
    let mut private = signer.jwk("one");
    private["d"] = json!("AAAA");
    let answers = [
        Answer::Raw(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()),
        Answer::Raw(b"HTTP/1.1 404 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()),
        Answer::Raw(redirect.into_bytes()),
        Answer::Raw(b"no HTTP at all\r\n\r\n".to_vec()),
        Answer::Raw(ok(&set(&[(&signer, "one")]))[..150].to_vec()),
        Answer::Keys(json!({"keys": []})),
        Answer::Keys(json!({"keys": 7})),
        Answer::Keys(json!([])),
        Answer::Keys(json!({"keys": many})),
        Answer::Keys(json!({"keys": [private]})),
        Answer::Keys(set(&[(&Signer::secret(), "one")])),
        // 300 KB, where 256 KiB are read.
        Answer::Keys(json!({"keys": [signer.jwk("one")], "more": "x".repeat(300_000)})),
        Answer::Slow(Duration::from_secs(4), set(&[(&signer, "one")])),
    ];
    for (at, answer) in answers.into_iter().enumerate() {
        let issuer = Issuer::new(answer);
        let (jwt, _) = by_url(issuer.url());
        let error = identity(&jwt, &signer.token_by("one", &claims())).unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Unavailable, "{at}: {error:?}");
        assert!(error.detail().len() < 500, "{at}");
    }
}

#[test]
fn keys_of_no_use_are_left_out_and_the_others_used() {
    let signer = Signer::p256();
    let keys = json!({"keys": [
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "one"}, {"kty": "new"}, {}, 7, null,
        Signer::secret().jwk("one"), signer.jwk("one"),
    ]});
    let issuer = Issuer::new(Answer::Keys(keys));
    let (jwt, _) = by_url(issuer.url());
    assert!(identity(&jwt, &signer.token_by("one", &claims())).is_ok());
    assert_eq!(jwt.jwks_status().unwrap().keys, 1);
    // The secret is known to whoever reads the set.
    assert_eq!(
        refusal(&jwt, &Signer::secret().token_by("one", &claims())),
        AuthErrorKind::AlgorithmNotAllowed
    );
}

#[test]
fn keys_at_hand_need_no_issuer() {
    let (ours, theirs) = (Signer::secret(), Signer::p256());
    let issuer = Issuer::new(Answer::HangUp);
    let jwt = Jwt::builder([Algorithm::Hs256, Algorithm::Es256]).any_issuer().any_audience();
    let jwt = jwt.key(ours.key()).jwks(issuer.url()).clock(Hands::new()).build().unwrap();
    assert!(identity(&jwt, &ours.token(&claims())).is_ok());
    assert!(identity(&jwt, &ours.token_by("any", &claims())).is_ok());
    assert_eq!(issuer.asked(), 0);
    assert_eq!(refusal(&jwt, &theirs.token(&claims())), AuthErrorKind::Unavailable);
}
