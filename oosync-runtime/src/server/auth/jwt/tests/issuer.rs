//! Who a token is from, and for.

use serde_json::json;

use super::*;

fn strict() -> Jwt {
    let jwt = Jwt::builder([Algorithm::Hs256]).key(VerifyingKey::secret(SECRET).unwrap());
    jwt.issuers(["https://id.example"]).audiences(["sync", "api"]).clock(Hands::new()).build().unwrap()
}

fn of(claims: Value) -> Result<(), AuthErrorKind> {
    let token = Signer::secret().token(&ada_and(claims));
    identity(&strict(), &token).map(|_| ()).map_err(|error| error.kind())
}

#[test]
fn issuer_and_audience_have_to_be_those_expected() {
    for aud in [json!("sync"), json!("api"), json!(["other", "sync"]), json!(["api"])] {
        assert_eq!(of(json!({"iss": "https://id.example", "aud": aud})), Ok(()), "{aud}");
    }
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let wrong = [
        json!("https://id.example/"),
        json!("https://ID.example"),
        json!(""),
        json!(["https://id.example"]),
        json!(7),
        json!(null),
    ];
    for iss in wrong {
        assert_eq!(of(json!({"iss": iss, "aud": "sync"})), Err(AuthErrorKind::WrongIssuer), "{iss}");
    }
    assert_eq!(of(json!({"aud": "sync"})), Err(AuthErrorKind::WrongIssuer));
}

#[test]
fn a_token_for_another_service_is_refused() {
    let wrong = [
        json!("syn"),
        json!("sync "),
        json!([]),
        json!([["sync"]]),
        json!({"sync": 1}),
        json!(null),
        json!(7),
    ];
    for aud in wrong {
        let claims = json!({"iss": "https://id.example", "aud": aud});
        assert_eq!(of(claims), Err(AuthErrorKind::WrongAudience), "{aud}");
    }
    assert_eq!(of(json!({"iss": "https://id.example"})), Err(AuthErrorKind::WrongAudience));
}
