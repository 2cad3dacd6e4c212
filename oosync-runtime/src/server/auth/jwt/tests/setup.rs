//! What is refused before any token comes.

use serde_json::json;

use super::*;
use crate::server::auth::{ClaimValue, JwksUrl, SetupError};

fn problem(builder: JwtBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[test]
fn keys_and_algorithms_belong_together() {
    let lax = |algorithms: &[Algorithm]| {
        Jwt::builder(algorithms.iter().copied()).any_issuer().any_audience().clock(Hands::new())
    };
    assert_eq!(lax(&[]).build().unwrap_err(), SetupError::NoAlgorithm);
    let error = lax(&[Algorithm::Rs256]).key(Signer::secret().key()).build().unwrap_err();
    assert_eq!(error, SetupError::KeyWithoutAlgorithm { algorithm: Algorithm::Hs256 });
    let error = lax(&[Algorithm::Rs256]).build().unwrap_err();
    assert_eq!(error, SetupError::AlgorithmWithoutKey { algorithm: Algorithm::Rs256 });
    // A secret is never published.
    let url = || JwksUrl::new("http://localhost:1/jwks");
    let error = lax(&[Algorithm::Hs256]).jwks(url()).build().unwrap_err();
    assert_eq!(error, SetupError::AlgorithmWithoutKey { algorithm: Algorithm::Hs256 });
    let error = lax(&[Algorithm::Hs256]).key(Signer::secret().key()).jwks(url()).build().unwrap_err();
    assert_eq!(error, SetupError::NoAlgorithm);
}

#[test]
fn issuers_and_audiences_are_named_or_allowed_by_name() {
    let jwt = || Jwt::builder([Algorithm::Hs256]).key(Signer::secret().key());
    assert_eq!(
        problem(jwt().any_audience()),
        "which issuers are taken was not said: name them, or allow any"
    );
    assert_eq!(
        problem(jwt().any_issuer()),
        "which audiences are taken was not said: name them, or allow any"
    );
    assert_eq!(
        problem(jwt().any_issuer().audiences([""; 0])),
        "which audiences are taken was not said: name them, or allow any"
    );
}

#[test]
fn a_mapping_that_no_token_could_satisfy_is_refused() {
    let with = |mapping| problem(by_secret().claims(mapping));
    let read = |text: &str| serde_json::from_str::<ClaimMapping>(text).unwrap();
    // Otherwise a token could name any role of Postgres.
    assert!(with(read("{\"role\": \"role\"}")).contains("roles they stand for are not named"));
    assert!(with(read("{\"roles\": {\"a\": \"b\"}}")).contains("the claim that decides is not"));
    for role in ["none", "public", "", "a\0", &"r".repeat(64)] {
        assert!(with(ClaimMapping::new().role("role", [("a", role)])).contains("Postgres role"), "{role:?}");
    }
    let settings = [
        "role",
        "search_path",
        "session_authorization",
        "oosync.user_id",
        "OOSYNC.x",
        "a.",
        ".a",
        "a.b c",
        "a.1",
    ];
    for setting in settings {
        let mapping = ClaimMapping::new().setting(setting, ClaimValue::All);
        assert!(with(mapping).contains("the setting"), "{setting}");
    }
    let twice = ClaimMapping::new().setting("app.a", ClaimValue::All).setting("App.A", ClaimValue::All);
    assert!(with(twice).contains("twice"));
}

#[test]
fn a_leeway_of_days_is_a_mistake() {
    assert!(by_secret().leeway(Duration::from_secs(3600)).build().is_ok());
    assert!(problem(by_secret().leeway(Duration::from_secs(86_400))).contains("more than an hour"));
}

#[test]
fn keys_come_from_addresses_that_can_be_trusted() {
    let url = |url: JwksUrl| lax(Algorithm::Rs256).jwks(url).build().map_err(|error| error.to_string());
    assert!(url(JwksUrl::new("http://id.example/jwks")).unwrap_err().contains("is not HTTPS"));
    assert!(url(JwksUrl::new("http://localhost.example/jwks")).is_err());
    assert!(url(JwksUrl::new("http://127.0.0.1.example/jwks")).is_err());
    assert!(url(JwksUrl::new("http://id.example/jwks").plain_http()).is_ok());
    for local in ["http://localhost/jwks", "http://127.0.0.1:9/jwks", "http://[::1]:9/jwks"] {
        assert!(url(JwksUrl::new(local)).is_ok(), "{local}");
    }
    for wrong in
        ["", "jwks", "/jwks", "file:///etc/passwd", "ftp://localhost/jwks", "http://", "localhost:80"]
    {
        assert!(url(JwksUrl::new(wrong).plain_http()).is_err(), "{wrong}");
    }
}

#[test]
fn keys_that_are_none_are_refused_with_what_to_do() {
    let secret = |secret: &[u8]| VerifyingKey::secret(secret).unwrap_err().to_string();
    assert_eq!(secret(&[7; 31]), "a secret of 31 bytes: HS256 needs 32");
    assert!(secret(RSA_ONE.as_bytes()).contains("use `pem`"));
    assert!(VerifyingKey::secret(&[7; 32]).is_ok());

    let pem = |pem: &str| VerifyingKey::pem(pem).unwrap_err().to_string();
    assert!(pem(include_str!("keys/rsa_one.pem")).contains("-pubout"));
    assert!(pem(include_str!("keys/rsa_short.pub.pem")).contains("1024 bits"));
    assert!(pem(include_str!("keys/p384.pub.pem")).contains("another curve"));
    assert!(pem("").contains("no PEM"));
    assert!(pem(&RSA_ONE.replace("PUBLIC KEY", "CERTIFICATE")).contains("openssl x509"));
    assert!(pem(&RSA_ONE.replace("PUBLIC KEY", "GREETING")).contains("GREETING"));
    assert!(pem(&RSA_ONE.replace("PUBLIC KEY", "RSA PUBLIC KEY")).contains("no RSA public key"));
    let pkcs1 = VerifyingKey::pem(include_str!("keys/rsa_one.pkcs1.pem")).unwrap();
    let jwt = lax(Algorithm::Rs256).key(pkcs1).build().unwrap();
    assert!(identity(&jwt, &Signer::rsa_one().token(&ada())).is_ok());
}

#[test]
fn a_json_key_for_something_else_is_refused() {
    let changed = |name: &str, value: Value| {
        let mut jwk = Signer::p256().jwk("one");
        jwk[name] = value;
        VerifyingKey::jwk(&jwk.to_string()).map_err(|error| error.to_string())
    };
    assert!(changed("use", json!("enc")).is_err());
    assert!(changed("key_ops", json!(["sign"])).is_err());
    assert!(changed("key_ops", json!(["verify"])).is_ok());
    assert!(changed("alg", json!("ES384")).is_err());
    assert!(changed("alg", json!("HS256")).is_err());
    assert!(changed("alg", json!(null)).is_ok());
    assert!(changed("crv", json!("P-384")).is_err());
    assert!(changed("kty", json!("RSA")).is_err());
    assert!(changed("x", json!("AAAA")).is_err());
    assert!(changed("y", json!("not base64url!")).is_err());
    assert!(changed("d", json!("AAAA")).unwrap_err().contains("private"));
}

#[test]
fn no_debug_output_has_a_secret() {
    let shown = format!("{:?} {:?}", by_secret(), by_secret().build().unwrap());
    let secret = std::str::from_utf8(SECRET).unwrap();
    assert!(
        !shown.contains(secret) && !shown.contains(&format!("{:?}", &SECRET[..4]).replace(['[', ']'], ""))
    );
}
