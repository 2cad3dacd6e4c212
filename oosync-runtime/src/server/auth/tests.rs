//! What is made of headers, and what Postgres is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::*;

fn headers(list: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

fn bearer(list: &[(&'static str, &[u8])]) -> Result<String, AuthErrorKind> {
    let headers = headers(list);
    let found = RequestParts::new(&headers, None).bearer(20).map(str::to_owned);
    found.map_err(|error| error.kind())
}

#[test]
fn a_token_is_read_from_the_authorization_header() {
    for value in [&b"Bearer a.b-c_d"[..], b"bearer a.b-c_d", b"BEARER  a.b-c_d", b"Bearer a.b-c_d "] {
        assert_eq!(bearer(&[("authorization", value)]).as_deref(), Ok("a.b-c_d"));
    }
}

#[test]
fn a_request_without_a_token_is_told_to_log_in() {
    let none: [&[(&'static str, &[u8])]; 7] = [
        &[],
        &[("authorization", b"")],
        &[("authorization", b"Bearer")],
        &[("authorization", b"Bearer ")],
        &[("authorization", b"Basic YTpi")],
        &[("authorization", b"a.b-c_d")],
        &[("x-authorization", b"Bearer a.b-c_d")],
    ];
    for list in none {
        assert_eq!(bearer(list), Err(AuthErrorKind::Missing), "{list:?}");
    }
}

#[test]
fn an_authorization_that_can_be_read_in_two_ways_is_refused() {
    let two: [&[(&'static str, &[u8])]; 5] = [
        &[("authorization", b"Bearer a"), ("authorization", b"Bearer b")],
        &[("authorization", b"Bearer a, Bearer b")],
        &[("authorization", b"Bearer a\tb")],
        &[("authorization", b"Bearer \xc3\xa9")],
        &[("authorization", b"Bearer aaaaaaaaaaaaaaaaaaaaa")],
    ];
    for list in two {
        assert_eq!(bearer(list), Err(AuthErrorKind::Malformed), "{list:?}");
    }
    assert!(bearer(&[("authorization", b"Bearer aaaaaaaaaaaaaaaaaaaa")]).is_ok(), "20 bytes may be");
}

#[test]
fn what_is_shown_of_a_request_has_no_token() {
    let headers = headers(&[("authorization", b"Bearer hush")]);
    let peer: SocketAddr = "192.0.2.1:7".parse().unwrap();
    let shown = format!("{:?}", RequestParts::new(&headers, Some(peer)));
    assert!(
        shown.contains("authorization") && shown.contains("192.0.2.1:7") && !shown.contains("hush"),
        "{shown}"
    );
}

fn by_header(list: &[(&'static str, &[u8])]) -> Result<Identity, AuthErrorKind> {
    let headers = headers(list);
    // As a server holds it.
    let authenticator: Arc<dyn Authenticator> = Arc::new(Header::trusting(HeaderName::from_static("x-user")));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = authenticator.authenticate(RequestParts::new(&headers, None));
    runtime.block_on(answer).map_err(|error| error.kind())
}

#[test]
fn a_trusted_header_is_the_user() {
    let identity = by_header(&[("x-user", "Ada Lovelace é".as_bytes())]).unwrap();
    assert_eq!((identity.user(), identity.role(), identity.expires()), ("Ada Lovelace é", None, None));
}

#[test]
fn a_header_that_is_not_one_user_is_refused() {
    assert_eq!(by_header(&[("x-users", b"ada")]), Err(AuthErrorKind::Missing));
    assert_eq!(by_header(&[("x-user", b"ada"), ("x-user", b"eve")]), Err(AuthErrorKind::Malformed));
    assert_eq!(by_header(&[("x-user", b"")]), Err(AuthErrorKind::Malformed));
    assert_eq!(by_header(&[("x-user", b"a\xff")]), Err(AuthErrorKind::Malformed));
    assert_eq!(by_header(&[("x-user", b"a\tb")]), Err(AuthErrorKind::Malformed));
    assert_eq!(by_header(&[("x-user", &[b'a'; 513])]), Err(AuthErrorKind::Malformed));
}

#[test]
fn a_setting_is_one_of_the_applications_own() {
    let ada = || Identity::new("ada").unwrap();
    for name in ["app.tenant", "request.jwt.claims", "a.b", "_a.b$1", "a.b.c"] {
        assert!(ada().with_setting(name, "1").is_ok(), "{name}");
    }
    let others = [
        "role",
        "search_path",
        "",
        ".",
        "a.",
        ".b",
        "a..b",
        "1a.b",
        "a.b c",
        "a.é",
        "a.b\0",
        "oosync.user_id",
        "Oosync.x",
    ];
    for name in others {
        assert!(ada().with_setting(name, "1").is_err(), "{name:?}");
    }
    assert!(ada().with_setting("app.a", "a\0b").is_err());
    assert!(
        ada().with_setting("app.a", "1").unwrap().with_setting("APP.A", "2").is_err(),
        "names have no case"
    );
}

#[test]
fn a_role_is_one_that_requests_can_have() {
    let role = |role: &str| Identity::new("ada").unwrap().with_role(role);
    assert_eq!(role("app_user").unwrap().role(), Some("app_user"));
    assert!(role(&"r".repeat(63)).is_ok());
    for wrong in ["", "none", "public", "a\0b", "a\nb", &"r".repeat(64)] {
        assert!(role(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_access_hash_is_the_same_in_every_version() {
    let plain = Identity::new("ada").unwrap();
    let full = plain.clone().with_role("app_user").unwrap().with_setting("app.tenant", "7").unwrap();
    // Another value here means that every device compares all of its tables with the server once.
    let hashes = [plain.access_hash().to_string(), full.access_hash().to_string()];
    assert_eq!(
        hashes,
        [
            "cbfb52ee7643362aaa57b2f7f12c496d12bc945a7527e6791472dccf312de655",
            "8545e08a0178927ba3b8ed3fbbc269bb3a072c20acc81d8b5287d1ecc964b6f4",
        ]
    );
    assert_eq!(AccessHash::from_bytes(*plain.access_hash().as_bytes()), plain.access_hash());
}

#[test]
fn the_access_hash_tells_what_is_told_apart() {
    let ada = || Identity::new("ada").unwrap();
    let with = |settings: &[(&str, &str)]| {
        let identity = settings
            .iter()
            .fold(ada(), |identity, (name, value)| identity.with_setting(*name, *value).unwrap());
        identity.access_hash()
    };
    let different = [
        ada().access_hash(),
        Identity::new("adam").unwrap().access_hash(),
        ada().with_role("m").unwrap().access_hash(),
        with(&[("a.b", "")]),
        with(&[("a.b", "c")]),
        with(&[("a.bc", "")]),
        with(&[("a.b", "c"), ("a.d", "")]),
        with(&[("a.b", ""), ("a.d", "c")]),
    ];
    for (at, one) in different.iter().enumerate() {
        for other in &different[at + 1..] {
            assert_ne!(one, other);
        }
    }
    assert_eq!(
        with(&[("a.b", "1"), ("a.d", "2")]),
        with(&[("A.D", "2"), ("a.b", "1")]),
        "in any order and case"
    );
    let expiring = ada().with_expiry(std::time::SystemTime::now()).with_claims(serde_json::Map::new());
    assert_eq!(expiring.access_hash(), ada().access_hash());
}

#[test]
fn clients_are_told_little_and_with_the_right_status() {
    let errors = [
        (AuthError::missing("x"), 401, "token_missing", Some("Bearer")),
        (AuthError::malformed("x"), 401, "token_invalid", Some("Bearer error=\"invalid_token\"")),
        (AuthError::algorithm_not_allowed("x"), 401, "token_invalid", Some("Bearer error=\"invalid_token\"")),
        (AuthError::bad_signature("x"), 401, "token_invalid", Some("Bearer error=\"invalid_token\"")),
        (AuthError::unknown_key("x"), 401, "token_invalid", Some("Bearer error=\"invalid_token\"")),
        (AuthError::wrong_issuer("x"), 401, "token_invalid", Some("Bearer error=\"invalid_token\"")),
        (AuthError::wrong_audience("x"), 401, "token_invalid", Some("Bearer error=\"invalid_token\"")),
        (AuthError::expired("x"), 401, "token_expired", Some("Bearer error=\"invalid_token\"")),
        (AuthError::not_yet_valid("x"), 401, "token_not_yet_valid", Some("Bearer error=\"invalid_token\"")),
        (AuthError::forbidden("x"), 403, "forbidden", Some("Bearer error=\"insufficient_scope\"")),
        (AuthError::unavailable("x", Some(Duration::from_secs(3))), 503, "auth_unavailable", None),
    ];
    for (error, status, code, challenge) in errors {
        assert_eq!(error.kind().status(), StatusCode::from_u16(status).unwrap());
        assert_eq!((error.kind().code(), error.challenge(), error.detail()), (code, challenge, "x"));
        assert!(!error.to_string().contains('x') || error.kind() == AuthErrorKind::Expired, "{error}");
        assert_eq!(error.retry_after().is_some(), status == 503);
    }
}

#[test]
fn what_is_shown_of_an_identity_has_no_values() {
    let identity = Identity::new("ada").unwrap().with_setting("app.secret", "hush").unwrap();
    let shown = format!("{identity:?}");
    assert!(shown.contains("app.secret") && !shown.contains("hush"), "{shown}");
}
