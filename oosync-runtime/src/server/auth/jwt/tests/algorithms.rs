//! Who signed a token, and how.

use serde_json::json;

use super::*;

fn every_signer() -> [Signer; 4] {
    [Signer::secret(), Signer::rsa_one(), Signer::p256(), Signer::ed25519()]
}

#[test]
fn a_token_of_every_algorithm_is_taken() {
    for signer in every_signer() {
        let jwt = lax(signer.key().algorithm()).key(signer.key()).build().unwrap();
        assert_eq!(identity(&jwt, &signer.token(&ada())).unwrap().user(), "ada", "{}", signer.alg());
    }
}

#[test]
fn ed25519_goes_by_both_of_its_names() {
    let signer = Signer::ed25519();
    let jwt = lax(Algorithm::EdDsa).key(signer.key()).build().unwrap();
    let token = signer.token_of(&json!({"alg": "Ed25519"}), &ada().to_string());
    assert_eq!(identity(&jwt, &token).unwrap().user(), "ada");
}

#[test]
fn a_key_in_json_is_the_same_key() {
    for signer in every_signer() {
        let key = VerifyingKey::jwk(&signer.jwk("one").to_string()).unwrap();
        assert_eq!((key.algorithm(), key.kid()), (signer.key().algorithm(), Some("one")));
        let jwt = lax(key.algorithm()).key(key).build().unwrap();
        assert!(identity(&jwt, &signer.token_by("one", &ada())).is_ok(), "{}", signer.alg());
        assert_eq!(refusal(&jwt, &signer.token_by("two", &ada())), AuthErrorKind::UnknownKey);
    }
}

#[test]
fn a_token_signed_by_somebody_else_is_refused() {
    let forgers = [Signer::Secret(vec![7; 40]), Signer::rsa_two(), Signer::p256(), Signer::ed25519()];
    for (signer, forger) in every_signer().into_iter().zip(forgers) {
        let jwt = lax(signer.key().algorithm()).key(signer.key()).build().unwrap();
        assert_eq!(refusal(&jwt, &forger.token(&ada())), AuthErrorKind::BadSignature, "{}", signer.alg());
    }
}

#[test]
fn every_changed_byte_of_a_token_is_noticed() {
    for signer in every_signer() {
        let jwt = lax(signer.key().algorithm()).key(signer.key()).build().unwrap();
        let token = signer.token(&ada());
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(identity(&jwt, &changed).is_err(), "{} at {at}", signer.alg());
        }
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let signer = Signer::p256();
    let jwt = lax(Algorithm::Es256).key(signer.key()).build().unwrap();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let head = base64(json!({"alg": alg}).to_string().as_bytes());
        let token = format!("{head}.{}.", base64(ada().to_string().as_bytes()));
        assert_eq!(refusal(&jwt, &token), AuthErrorKind::AlgorithmNotAllowed, "{alg:?}");
    }
    let token = signer.token(&ada());
    let without = &token[..=token.rfind('.').unwrap()];
    assert_eq!(refusal(&jwt, without), AuthErrorKind::BadSignature);
}

#[test]
fn a_public_key_is_never_a_secret() {
    // Everybody has the public key, and could sign with it as if it were the secret of HS256.
    let public = [RSA_ONE.as_bytes().to_vec(), RSA_ONE.trim_end().as_bytes().to_vec()];
    let der = spki::der::Document::from_pem(RSA_ONE).unwrap().1.into_vec();
    for bytes in public.into_iter().chain([der]) {
        let forged = Signer::Secret(bytes).token(&ada());
        let only_rsa = lax(Algorithm::Rs256).key(Signer::rsa_one().key()).build().unwrap();
        assert_eq!(refusal(&only_rsa, &forged), AuthErrorKind::AlgorithmNotAllowed);
        let both = Jwt::builder([Algorithm::Hs256, Algorithm::Rs256]).any_issuer().any_audience();
        let both = both.key(Signer::rsa_one().key()).key(Signer::secret().key()).clock(Hands::new());
        assert_eq!(refusal(&both.build().unwrap(), &forged), AuthErrorKind::BadSignature);
    }
}

#[test]
fn a_key_is_only_for_its_own_algorithm() {
    // Right in every way, but the header says another of the algorithms that are allowed.
    let (rsa, p256, ed) = (Signer::rsa_one(), Signer::p256(), Signer::ed25519());
    let jwt =
        Jwt::builder([Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]).any_issuer().any_audience();
    let jwt = jwt.key(rsa.key()).key(p256.key()).key(ed.key()).clock(Hands::new()).build().unwrap();
    for (signer, other) in [(&rsa, "ES256"), (&p256, "EdDSA"), (&ed, "RS256")] {
        let token = signer.token_of(&json!({"alg": other}), &ada().to_string());
        assert_eq!(refusal(&jwt, &token), AuthErrorKind::BadSignature);
    }
    for alg in ["RS384", "RS512", "PS256", "ES384", "ES256K", "HS384", "es256", "ES256 "] {
        let token = p256.token_of(&json!({"alg": alg}), &ada().to_string());
        assert_eq!(refusal(&jwt, &token), AuthErrorKind::AlgorithmNotAllowed, "{alg}");
    }
}

#[test]
fn a_key_that_a_token_brings_along_is_not_used() {
    let (signer, forger) = (Signer::p256(), Signer::p256());
    let jwt = lax(Algorithm::Es256).key(signer.key()).build().unwrap();
    let header = json!({"alg": "ES256", "jwk": forger.jwk("x"), "jku": "http://127.0.0.1/", "x5u": "http://127.0.0.1/"});
    let token = forger.token_of(&header, &ada().to_string());
    assert_eq!(refusal(&jwt, &token), AuthErrorKind::BadSignature);
}

#[test]
fn ecdsa_signatures_of_zeros_are_refused() {
    let signer = Signer::p256();
    let jwt = lax(Algorithm::Es256).key(signer.key()).build().unwrap();
    let token = signer.token(&ada());
    let (message, _) = token.rsplit_once('.').unwrap();
    for signature in [vec![0; 64], vec![0; 72], vec![0xff; 64], vec![]] {
        let token = format!("{message}.{}", base64(&signature));
        assert_eq!(refusal(&jwt, &token), AuthErrorKind::BadSignature);
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let jwt = by_secret().build().unwrap();
    let signer = Signer::secret();
    let fine = signer.token(&ada());
    let header = |header: &str| {
        let message = format!("{}.{}", base64(header.as_bytes()), base64(ada().to_string().as_bytes()));
        format!("{message}.{}", base64(&signer.sign(message.as_bytes())))
    };
    let malformed = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{fine}.more"),
        format!(".{fine}"),
        format!("{fine}="),
        fine.replace('.', ".\n"),
        header("{}"),
        header("[]"),
        header("null"),
        header("{\"alg\": 7}"),
        header("{\"alg\": \"HS256\", \"alg\": \"HS256\"}"),
        header("{\"alg\": \"HS256\", \"kid\": 7}"),
        header("{\"alg\": \"HS256\", \"crit\": [\"b64\"], \"b64\": false}"),
        header("{\"alg\": \"HS256\", \"typ\": \"logout+jwt\"}"),
        header("{\"alg\": \"HS256\"} more"),
        header(&"[".repeat(2000)),
    ];
    for token in malformed {
        assert_eq!(refusal(&jwt, &token), AuthErrorKind::Malformed, "{token:?}");
    }
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        assert!(
            identity(&jwt, &header(&format!("{{\"alg\": \"HS256\", \"typ\": {typ:?}}}"))).is_ok(),
            "{typ}"
        );
    }
}

#[test]
fn a_token_may_not_be_long() {
    let signer = Signer::secret();
    let token = signer.token(&ada());
    let jwt = |most| by_secret().max_token_bytes(most).build().unwrap();
    assert!(identity(&jwt(token.len()), &token).is_ok());
    assert_eq!(refusal(&jwt(token.len() - 1), &token), AuthErrorKind::Malformed);
    let megabyte = signer.token(&ada_and(json!({"sub": "a".repeat(1 << 20)})));
    assert_eq!(refusal(&by_secret().build().unwrap(), &megabyte), AuthErrorKind::Malformed);
}

#[test]
fn the_log_has_of_a_token_only_short_quotations() {
    let jwt = by_secret().build().unwrap();
    let kid = format!("\n\u{1b}[31m{}", "k".repeat(5000));
    let token = Signer::Secret(vec![1; 32]).token_of(&json!({"alg": "HS256", "kid": kid}), "{}");
    let error = identity(&jwt, &token).unwrap_err();
    assert!(error.detail().len() < 200 && !error.detail().contains(char::is_control), "{error:?}");
    assert_eq!(error.to_string(), "log in again: the token is not valid");
}
