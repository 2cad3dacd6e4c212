//! The name of a request, by which a client's log and the server's are laid side by side.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Its header, in requests and in answers.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// What the client calls it, if that is sane, or a new name.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    let mut given = headers.get_all(HEADER).iter();
    match (given.next(), given.next()) {
        (Some(one), None) if is_sane(one.as_bytes()) => one.clone(),
        _ => HeaderValue::try_from(Uuid::now_v7().to_string()).unwrap_or(HeaderValue::from_static("-")),
    }
}

/// What goes into a log as it is.
fn is_sane(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_do_harm_in_a_log_is_not_taken() {
        let with = |id: &str| HeaderMap::from_iter([(HEADER, HeaderValue::from_str(id).unwrap())]);
        assert_eq!(of(&with("app-7.a_B")), "app-7.a_B");
        for id in ["", "a b", "a\"b", "a=b", "\u{e9}", &"a".repeat(65)] {
            assert_ne!(of(&with(id)), id);
        }
        let mut two = with("one");
        two.append(HEADER, HeaderValue::from_static("two"));
        assert_eq!(of(&two).len(), 36);
    }
}
