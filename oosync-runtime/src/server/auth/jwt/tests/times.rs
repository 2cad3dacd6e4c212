//! From when until when a token is taken: to the second.

use serde_json::json;

use super::*;

/// What comes of a token at `NOW` plus `passed`, with a leeway of 30 seconds.
fn at(claims: &Value, passed: Duration) -> Result<(), AuthErrorKind> {
    let clock = Hands::new();
    clock.pass(passed);
    let jwt = by_secret().leeway(Duration::from_secs(30)).clock(clock).build().unwrap();
    identity(&jwt, &Signer::secret().token(claims)).map(|_| ()).map_err(|error| error.kind())
}

const NANOSECOND: Duration = Duration::from_nanos(1);

#[test]
fn a_token_is_taken_until_its_expiry_and_the_leeway_have_passed() {
    let claims = json!({"sub": "ada", "exp": NOW + 100});
    let last = Duration::from_secs(130);
    assert_eq!(at(&claims, Duration::from_secs(129)), Ok(()));
    assert_eq!(at(&claims, last - NANOSECOND), Ok(()));
    assert_eq!(at(&claims, last), Err(AuthErrorKind::Expired));
    assert_eq!(at(&claims, Duration::from_secs(131)), Err(AuthErrorKind::Expired));
}

#[test]
fn a_token_is_taken_from_its_beginning_on_and_by_the_leeway_before() {
    let claims = json!({"sub": "ada", "exp": NOW + 1000, "nbf": NOW + 100});
    let first = Duration::from_secs(70);
    assert_eq!(at(&claims, Duration::from_secs(69)), Err(AuthErrorKind::NotYetValid));
    assert_eq!(at(&claims, first - NANOSECOND), Err(AuthErrorKind::NotYetValid));
    assert_eq!(at(&claims, first), Ok(()));
    assert_eq!(at(&claims, Duration::from_secs(71)), Ok(()));
}

#[test]
fn a_fraction_of_a_second_counts() {
    let claims = json!({"sub": "ada", "exp": NOW as f64 + 100.5});
    assert_eq!(at(&claims, Duration::from_millis(130_499)), Ok(()));
    assert_eq!(at(&claims, Duration::from_millis(130_500)), Err(AuthErrorKind::Expired));
}

#[test]
fn without_leeway_a_token_expires_on_the_second() {
    let clock = Hands::new();
    let jwt = by_secret().leeway(Duration::ZERO).clock(Arc::clone(&clock) as Arc<dyn Clock>).build().unwrap();
    let token = Signer::secret().token(&json!({"sub": "ada", "exp": NOW + 1}));
    assert!(identity(&jwt, &token).is_ok());
    clock.pass(Duration::from_secs(1));
    assert_eq!(refusal(&jwt, &token), AuthErrorKind::Expired);
}

#[test]
fn an_identity_ends_when_its_token_would_be_refused() {
    let jwt = by_secret().leeway(Duration::from_secs(30)).build().unwrap();
    let expires = identity(&jwt, &Signer::secret().token(&ada())).unwrap().expires();
    assert_eq!(expires, Some(UNIX_EPOCH + Duration::from_secs(NOW + 630)));
}

#[test]
fn a_time_that_is_none_is_refused_and_not_left_out() {
    let none = Duration::ZERO;
    assert_eq!(at(&json!({"sub": "ada"}), none), Err(AuthErrorKind::Malformed));
    let no_times =
        [json!(null), json!(""), json!("9999999999"), json!([]), json!({}), json!(true), json!(1e300)];
    for wrong in no_times.into_iter().chain([json!(u64::MAX), json!(-1)]) {
        let exp = json!({"sub": "ada", "exp": wrong});
        assert_eq!(at(&exp, none), Err(AuthErrorKind::Malformed), "{exp}");
        let nbf = json!({"sub": "ada", "exp": NOW + 100, "nbf": wrong});
        assert_eq!(at(&nbf, none), Err(AuthErrorKind::Malformed), "{nbf}");
    }
    assert_eq!(at(&json!({"sub": "ada", "exp": NOW + 100, "nbf": 0}), none), Ok(()));
    assert_eq!(at(&json!({"sub": "ada", "exp": 0}), none), Err(AuthErrorKind::Expired));
}

#[test]
fn only_who_signed_is_told_that_a_token_has_expired() {
    let jwt = by_secret().build().unwrap();
    let expired = json!({"sub": "ada", "exp": 1});
    let of_forger = Signer::Secret(vec![1; 32]).token(&expired);
    assert_eq!(identity(&jwt, &of_forger).unwrap_err().kind().code(), "token_invalid");
    assert_eq!(identity(&jwt, &Signer::secret().token(&expired)).unwrap_err().kind().code(), "token_expired");
}
