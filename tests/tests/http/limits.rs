//! How many requests, and from which pages.

use oosync_runtime::protocol::ErrorCode;
use oosync_runtime::server::http::{HttpOptions, Origins, Rate};
use serde_json::json;

use super::client;
use super::support::user;
use super::web::Web;

#[test]
fn a_user_who_asks_too_often_is_told_when_to_come_again() {
    let mut options = HttpOptions::default();
    options.user_rate = Rate::new(0.5, 3);
    let web = Web::with(options);
    let asked = json!({"schema_hash": web.hash()});
    for _ in 0..3 {
        assert_eq!(web.post(0, "/register", &asked).status, 200);
    }
    let answer = web.post(0, "/register", &asked);
    assert_eq!((answer.status, answer.error().code), (429, ErrorCode::TooManyRequests));
    assert!(["1", "2"].contains(&answer.header("retry-after").unwrap()));
    assert!(answer.error().retry_after.is_some());
    // Others are not meant.
    assert_eq!(web.post(1, "/register", &asked).status, 200);
}

#[test]
fn an_address_that_asks_too_often_is_told_so_before_anything_is_looked_at() {
    let mut options = HttpOptions::default();
    options.peer_rate = Rate::new(0.01, 2);
    options.peer_header = Some("x-forwarded-for".parse().unwrap());
    let web = Web::with(options);
    let from = |address: &str| {
        client::send(web.address, "GET", "/schema", &[("x-forwarded-for", address)], b"").status
    };
    assert_eq!([from("10.0.0.1"), from("10.0.0.1"), from("10.0.0.1")], [200, 200, 429]);
    // What the client writes before the proxy's own word changes nothing.
    assert_eq!(from("192.0.2.1, 10.0.0.1"), 429);
    assert_eq!([from("10.0.0.1, 192.0.2.1"), from("2001:db8::1"), from("2001:db8::2")], [200, 200, 200]);
    assert_eq!(from("2001:db8::3"), 429);
}

#[test]
fn pages_of_other_origins_may_ask_only_if_they_are_named() {
    let preflight = |web: &Web, origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ];
        let answer = client::send(web.address, "OPTIONS", "/pull", &headers, b"");
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(preflight(&Web::todo(), "https://app.example.org"), None);
    let mut options = HttpOptions::default();
    options.origins = Origins::List(vec!["https://app.example.org".parse().unwrap()]);
    let web = Web::with(options);
    assert_eq!(preflight(&web, "https://app.example.org").unwrap(), "https://app.example.org");
    assert_eq!(preflight(&web, "https://evil.example.org"), None);
    // Errors can be read by the page as well.
    let headers = [("origin", "https://app.example.org"), ("x-user", &*user(0))];
    let answer = client::send(web.address, "POST", "/pull", &headers, b"{");
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.org"));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("retry-after"));
}
