//! What claims become in Postgres, and which of them count.

use serde_json::json;

use super::*;
use crate::server::auth::{ClaimValue, USER_SETTING};

fn claim(name: &str) -> ClaimValue {
    ClaimValue::Claim(name.to_owned())
}

fn kind(mapping: ClaimMapping, claims: Value) -> AuthErrorKind {
    mapped(mapping, &ada_and(claims)).unwrap_err().kind()
}

fn setting(identity: &Identity, name: &str) -> String {
    identity.settings().find(|(setting, _)| *setting == name).unwrap().1.to_owned()
}

#[test]
fn the_user_is_the_subject_and_policies_are_told() {
    let identity = mapped(ClaimMapping::new(), &ada()).unwrap();
    assert_eq!((identity.user(), identity.role()), ("ada", None));
    assert_eq!(identity.settings().collect::<Vec<_>>(), [(USER_SETTING, "ada")]);
    assert_eq!(identity.claims()["exp"], NOW + 600);
}

#[test]
fn the_user_may_be_another_claim() {
    let claims = json!({"uid": "u", "app": {"uid": "within"}});
    let user = |name: &str| mapped(ClaimMapping::new().user(name), &ada_and(claims.clone())).unwrap();
    assert_eq!(user("uid").user(), "u");
    assert_eq!(user("app.uid").user(), "within");
}

#[test]
fn a_user_who_is_none_is_refused() {
    let long = "a".repeat(513);
    let users = [
        json!(null),
        json!(7),
        json!(true),
        json!([]),
        json!(["ada"]),
        json!({"a": 1}),
        json!(""),
        json!("a\0b"),
        json!("\0"),
        json!("a\nb"),
        json!("\u{7f}"),
        json!(long),
    ];
    for sub in users {
        assert_eq!(kind(ClaimMapping::new(), json!({"sub": sub})), AuthErrorKind::Malformed, "{sub}");
    }
    assert_eq!(kind(ClaimMapping::new().user("uid"), json!({})), AuthErrorKind::Malformed);
    assert!(mapped(ClaimMapping::new(), &ada_and(json!({"sub": "a".repeat(512)}))).is_ok());
}

#[test]
fn a_megabyte_is_not_read_even_where_tokens_may_be_that_long() {
    let jwt = by_secret().max_token_bytes(4 << 20).build().unwrap();
    let token = Signer::secret().token(&ada_and(json!({"sub": "a".repeat(1 << 20)})));
    let error = identity(&jwt, &token).unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Malformed);
    assert!(error.detail().len() < 100);
}

#[test]
fn settings_are_texts_as_they_are_and_anything_else_as_it_was_signed() {
    let names = ["text", "number", "list", "yes", "nothing", "missing", "in.deep", "https://x.example/a.b"];
    let settings = names.iter().enumerate();
    let mapping = settings
        .fold(ClaimMapping::new(), |mapping, (at, name)| mapping.setting(format!("app.s{at}"), claim(name)));
    let payload = r#"{"sub": "ada", "exp": 9999999999, "text": "a \"b\"", "number": 12345678901234567890123.4500,
        "list": [1,  2.0], "yes": true, "nothing": null, "in": {"deep": "d"}, "https://x.example/a.b": "dots"}"#;
    let jwt = by_secret().claims(mapping).build().unwrap();
    let identity = identity(&jwt, &Signer::secret().token_of(&json!({"alg": "HS256"}), payload)).unwrap();
    let values: Vec<_> = identity.settings().skip(1).map(|(_, value)| value).collect();
    let expected = ["a \"b\"", "12345678901234567890123.4500", "[1,  2.0]", "true", "", "", "d", "dots"];
    assert_eq!(values, expected);
}

#[test]
fn all_claims_are_told_as_they_were_signed() {
    let payload = "{ \"z\": 1.10, \"sub\":\"ada\",\"exp\":9999999999 }";
    let mapping = ClaimMapping::new().setting("request.jwt.claims", ClaimValue::All);
    let jwt = by_secret().claims(mapping).build().unwrap();
    let identity = identity(&jwt, &Signer::secret().token_of(&json!({"alg": "HS256"}), payload)).unwrap();
    assert_eq!(setting(&identity, "request.jwt.claims"), payload);
}

#[test]
fn claims_that_two_readers_would_read_differently_are_refused() {
    let jwt = by_secret().build().unwrap();
    let payloads = [
        r#"{"sub": "ada", "exp": 9999999999, "sub": "eve"}"#,
        r#"{"sub": "ada", "exp": 9999999999, "\u0073ub": "eve"}"#,
        r#"{"sub": "ada", "exp": 9999999999, "app": {"tenant": 1, "tenant": 2}}"#,
        r#"{"sub": "ada", "exp": 9999999999, "list": [[{"a": 1, "a": 2}]]}"#,
        r#"{"sub": "ada", "exp": 9999999999, "x": "\u0000"}"#,
        r#"{"sub": "ada", "exp": 9999999999, "x": {"\u0000": 1}}"#,
        r#"{"sub": "ada", "exp": 9999999999, "x": "\ud800"}"#,
        r#"{"sub": "ada", "exp": 9999999999, "x": NaN}"#,
        r#"{"sub": "ada", "exp": 9999999999} {}"#,
        r#"["ada"]"#,
        "",
    ];
    for payload in payloads.map(str::to_owned).into_iter().chain([format!(
        "{{\"sub\": \"ada\", \"exp\": 9999999999, \"x\": {}{}}}",
        "[".repeat(500),
        "]".repeat(500)
    )]) {
        let token = Signer::secret().token_of(&json!({"alg": "HS256"}), &payload);
        assert_eq!(refusal(&jwt, &token), AuthErrorKind::Malformed, "{payload}");
    }
}

#[test]
fn a_role_is_only_what_the_config_says_its_claim_stands_for() {
    let mapping =
        || ClaimMapping::new().role("role", [("admin", "app_admin"), ("authenticated", "app_user")]);
    let role = |said: Value| {
        let found = mapped(mapping(), &ada_and(json!({"role": said})));
        found.map(|identity| identity.role().unwrap().to_owned()).map_err(|error| error.kind())
    };
    assert_eq!(role(json!("authenticated")).as_deref(), Ok("app_user"));
    // Of several, the first that the config names.
    assert_eq!(role(json!(["authenticated", "other", "admin"])).as_deref(), Ok("app_admin"));
    let others = [
        json!("app_user"),
        json!("app_admin"),
        json!("postgres"),
        json!("service_role"),
        json!("Admin"),
        json!("admin "),
        json!(""),
        json!([]),
        json!([["admin"]]),
        json!({"admin": true}),
        json!(7),
        json!(null),
    ];
    for other in others {
        assert_eq!(role(other.clone()), Err(AuthErrorKind::Forbidden), "{other}");
    }
    assert_eq!(kind(mapping(), json!({})), AuthErrorKind::Forbidden);
}

#[test]
fn a_role_may_be_said_within_another_claim() {
    let mapping = ClaimMapping::new().role("realm_access.roles", [("sync", "app_user")]);
    let claims = ada_and(json!({"realm_access": {"roles": ["a", "sync"]}}));
    assert_eq!(mapped(mapping, &claims).unwrap().role(), Some("app_user"));
}

fn all() -> ClaimMapping {
    ClaimMapping::new().setting("request.jwt.claims", ClaimValue::All)
}

fn hash(mapping: ClaimMapping, claims: Value) -> String {
    mapped(mapping, &ada_and(claims)).unwrap().access_hash().to_string()
}

#[test]
fn another_token_with_the_same_rights_has_the_same_hash() {
    let first = json!({"iat": NOW, "nbf": NOW, "jti": "1", "session_id": "s", "auth_time": 1, "tenant": 1});
    let second = json!({"exp": NOW + 999, "iat": NOW - 1, "jti": 2, "sid": "t", "auth_time": 2, "tenant": 1});
    assert_eq!(hash(all(), first), hash(all(), second));
}

#[test]
fn spaces_and_the_order_of_names_do_not_count() {
    let jwt = by_secret().claims(all()).build().unwrap();
    let hash = |payload: &str| {
        let token = Signer::secret().token_of(&json!({"alg": "HS256"}), payload);
        identity(&jwt, &token).unwrap().access_hash()
    };
    let one = hash(r#"{"sub":"ada","exp":9999999999,"a":{"x":[1,2],"y":"é"}}"#);
    assert_eq!(one, hash(r#"{ "a": {"y": "\u00e9", "x": [1, 2]}, "exp": 9999999999, "sub": "ada" }"#));
    assert_ne!(one, hash(r#"{"sub":"ada","exp":9999999999,"a":{"x":[2,1],"y":"é"}}"#));
    // Equal as `f64`.
    let big = |number: &str| hash(&format!("{{\"sub\":\"ada\",\"exp\":9999999999,\"tenant\":{number}}}"));
    assert_ne!(big("90071992547409930001"), big("90071992547409930002"));
}

#[test]
fn the_hash_of_claims_is_the_same_in_every_version() {
    let jwt = by_secret().claims(all()).build().unwrap();
    let payload = r#"{"sub": "ada", "exp": 9999999999, "a": {"y": {}, "x": [1.10, "\u00e9\"", null]}}"#;
    let token = Signer::secret().token_of(&json!({"alg": "HS256"}), payload);
    // SHA-256 over `"a":{"x":[1.10,"é\"",null,],"y":{},},"sub":"ada",` and what stands before it.
    let expected = "213a501e2cf5f5feb2a01a0cc336b82104921796c7afd0126f9f78b697469f2e";
    assert_eq!(identity(&jwt, &token).unwrap().access_hash().to_string(), expected);
}

#[test]
fn what_policies_can_see_changes_the_hash() {
    let plain = hash(all(), json!({"tenant": 1}));
    for other in
        [json!({}), json!({"tenant": 2}), json!({"tenant": "1"}), json!({"tenant": 1, "aal": "aal2"})]
    {
        assert_ne!(hash(all(), other.clone()), plain, "{other}");
    }
    assert_ne!(hash(all(), json!({"tenant": 1, "sub": "eve"})), plain);
    let role = |role: &str| all().role("role", [("a", role), ("b", "other")]);
    assert_ne!(hash(role("one"), json!({"role": "a"})), hash(role("two"), json!({"role": "a"})));
}

#[test]
fn what_policies_cannot_see_does_not_change_the_hash() {
    let mapping = || ClaimMapping::new().setting("app.tenant", claim("tenant"));
    let plain = hash(mapping(), json!({"tenant": 1}));
    assert_eq!(hash(mapping(), json!({"tenant": 1, "name": "Ada"})), plain);
    assert_ne!(hash(mapping(), json!({"tenant": 2})), plain);
}

#[test]
fn which_claims_count_can_be_chosen() {
    let clicks = |clicks: u64| json!({"clicks": clicks});
    assert_ne!(hash(all(), clicks(1)), hash(all(), clicks(2)));
    let without = || all().volatile(["clicks"]);
    assert_eq!(hash(without(), clicks(1)), hash(without(), clicks(2)));

    let session = |id: &str| json!({"session_id": id});
    let with = || all().counted(["session_id"]);
    assert_eq!(hash(all(), session("a")), hash(all(), session("b")));
    assert_ne!(hash(with(), session("a")), hash(with(), session("b")));
}

#[test]
fn a_claim_that_is_a_setting_of_its_own_counts_always() {
    let mapping = || ClaimMapping::new().setting("app.session", claim("session_id"));
    assert_ne!(hash(mapping(), json!({"session_id": "a"})), hash(mapping(), json!({"session_id": "b"})));
}

#[test]
fn the_mapping_reads_what_the_config_says() {
    let config = r#"{"user_id": "uid", "role": "role", "roles": {"z": "app_user", "a": "app_other"},
        "settings": {"request.jwt.claims": "*", "app.tenant": "tenant_id"}}"#;
    let read: ClaimMapping = serde_json::from_str(config).unwrap();
    let built = ClaimMapping::new().user("uid").role("role", [("z", "app_user"), ("a", "app_other")]);
    let built =
        built.setting("request.jwt.claims", ClaimValue::All).setting("app.tenant", claim("tenant_id"));
    assert_eq!(read, built);
    assert_eq!(serde_json::from_str::<ClaimMapping>("{}").unwrap(), ClaimMapping::new());
    assert!(serde_json::from_str::<ClaimMapping>("{\"usr_id\": \"uid\"}").is_err());
    assert!(serde_json::from_str::<ClaimMapping>("{\"roles\": {\"a\": \"b\", \"a\": \"c\"}}").is_err());
}
