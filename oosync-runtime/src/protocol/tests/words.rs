//! Words of open enums.

use std::collections::BTreeSet;

use super::super::*;

macro_rules! check {
    ($($name:ident)+) => {$(
        let words: BTreeSet<&str> = $name::KNOWN.iter().map($name::as_str).collect();
        assert_eq!(words.len(), $name::KNOWN.len(), "{} has a word twice", stringify!($name));
        for known in $name::KNOWN {
            let json = serde_json::to_string(known).unwrap();
            assert_eq!(json, format!("\"{known}\""));
            assert_eq!(serde_json::from_str::<$name>(&json).unwrap(), *known);
        }
        for word in ["", "of_a_newer_version", "APPLIED", "ü \\ \" \n"] {
            let json = serde_json::to_string(word).unwrap();
            let other: $name = serde_json::from_str(&json).unwrap();
            assert_eq!(other, $name::Other(word.to_owned()));
            assert_eq!(serde_json::to_string(&other).unwrap(), json);
        }
        assert!(serde_json::from_str::<$name>("1").is_err());
    )+};
}

#[test]
fn words_of_a_newer_version_are_kept() {
    check! { ErrorCode Kept Mode ReasonCode SnapshotReason Status }
}

#[test]
fn every_known_error_has_its_http_status() {
    let statuses: BTreeSet<u16> = ErrorCode::KNOWN.iter().filter_map(ErrorCode::status).collect();
    assert_eq!(statuses, BTreeSet::from([400, 401, 403, 404, 409, 413, 426, 429, 500, 503]));
    assert!(ErrorCode::KNOWN.iter().all(|code| code.status().is_some()));
    assert_eq!(ErrorCode::from("new").status(), None);
}
