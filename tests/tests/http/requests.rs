//! What is asked well and badly.

use std::io::Write as _;

use oosync_runtime::protocol::frame::{Ending, Frame, FrameReader};
use oosync_runtime::protocol::{ErrorCode, Limits, MEDIA_TYPE};
use oosync_runtime::server::http::{HttpOptions, ServeOptions};
use serde_json::{Value, json};

use super::client::{self, exchange, parse, request};
use super::support::{Server, user};
use super::web::Web;

#[test]
fn a_device_registers_loads_everything_and_pulls_what_changed() {
    let web = Web::todo();
    web.execute("insert into labels (name) values ('red')");
    let schema = web.get("/schema").json();
    assert_eq!(schema["schema"]["hash"], web.hash());
    let answer = web.post(0, "/register", &json!({"schema_hash": schema["schema"]["hash"]}));
    assert_eq!(answer.status, 200);
    let registered = answer.json();
    assert_eq!(registered["user"], user(0));
    let asked = json!({"client": registered["client"], "schema_hash": web.hash()});
    let snapshot = web.post(0, "/snapshot", &asked).json();
    assert_eq!(snapshot["records"]["labels"][0]["name"], "red");
    web.execute("update labels set name = 'blue'");
    let mut asked = asked;
    asked["cursor"] = snapshot["cursor"].clone();
    let pull = web.post(0, "/pull", &asked).json();
    assert_eq!(pull["records"]["labels"][0]["name"], "blue");
    assert_eq!(pull["has_more"], false);
}

#[test]
fn rows_come_in_frames_for_who_asks_for_them() {
    let web = Web::todo();
    web.execute("insert into labels (name) select 'label ' || n from generate_series(1, 5000) n");
    let device = web.device(0);
    let mut asked = device.request();
    asked.as_object_mut().unwrap().remove("cursor");
    for coding in ["identity", "gzip", "zstd"] {
        let headers = [("accept", MEDIA_TYPE), ("accept-encoding", coding)];
        let answer = web.post_with(0, "/snapshot", &headers, &asked);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(MEDIA_TYPE)));
        assert_eq!(answer.header("content-encoding").unwrap_or("identity"), coding);
        assert!(answer.whole);
        let mut reader = FrameReader::default();
        reader.feed(&answer.decoded());
        let mut rows = 0;
        while let Some(frame) = reader.next_frame().unwrap() {
            if let Frame::Rows { tuples, .. } = frame {
                rows += tuples.into_iter().count();
            }
        }
        assert_eq!((reader.finish().unwrap(), rows), (Ending::End, 5_001));
    }
    // Whoever takes anything is answered in JSON, and so is a device that has to begin anew.
    let answer = web.post_with(0, "/snapshot", &[("accept", "*/*")], &asked);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = web.post_with(0, "/pull", &[("accept", MEDIA_TYPE)], &asked);
    assert_eq!(answer.json()["snapshot_required"]["reason"], "initial_sync_required");
}

#[test]
fn every_refusal_is_an_error_body_with_its_status() {
    let web = Web::todo();
    let send = |method, path, headers: &[(&str, &str)], body: &[u8]| {
        client::send(web.address, method, path, headers, body)
    };
    let ada = user(0);
    let ada = [("x-user", ada.as_str())];

    assert_eq!(send("GET", "/nowhere", &[], b"").error().code, ErrorCode::NotFound);
    assert_eq!(send("GET", "/pull/", &[], b"").error().code, ErrorCode::NotFound);
    assert_eq!(send("GET", "/../pull", &[], b"").error().code, ErrorCode::NotFound);
    for (method, path, allowed) in [("GET", "/pull", "POST"), ("DELETE", "/tables", "GET,HEAD")] {
        let answer = send(method, path, &ada, b"");
        answer.error();
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)));
    }

    let answer = send("POST", "/pull", &[], b"{}");
    assert_eq!(answer.error().code, ErrorCode::Unauthenticated);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(answer.error().details.unwrap().get(), r#"{"reason":"token_missing"}"#);
    let twice = [ada[0], ada[0]];
    assert_eq!(send("POST", "/pull", &twice, b"{}").error().code, ErrorCode::Unauthenticated);

    let unknown = json!({"client": uuid::Uuid::nil(), "schema_hash": web.hash(), "cursor": null});
    assert_eq!(web.post(0, "/pull", &unknown).error().code, ErrorCode::UnknownClient);
    let device = web.device(0);
    let with = |name: &str, value: Value| {
        let mut asked = device.request();
        asked[name] = value;
        asked
    };
    assert_eq!(web.post(1, "/pull", &device.request()).error().code, ErrorCode::InvalidToken);
    assert_eq!(web.post(0, "/pull", &with("cursor", json!("forged"))).error().code, ErrorCode::InvalidToken);
    let other = web.post(0, "/pull", &with("schema_hash", json!("0".repeat(64))));
    assert_eq!((other.status, other.error().code), (409, ErrorCode::SchemaMismatch));
    assert_eq!(web.post(0, "/pull", &with("limit", json!(0))).error().code, ErrorCode::BadRequest);
    assert_eq!(web.post(0, "/pull", &with("wait", json!(-1))).error().code, ErrorCode::BadRequest);
    assert_eq!(web.post(0, "/pull", &with("colour", json!("red"))).error().code, ErrorCode::BadRequest);
}

#[test]
fn bodies_that_are_no_messages_are_refused() {
    let web = Web::todo();
    let ada = user(0);
    let send = |headers: &[(&str, &str)], body: &[u8]| {
        let mut all = vec![("x-user", ada.as_str())];
        all.extend_from_slice(headers);
        client::send(web.address, "POST", "/register", &all, body).error()
    };
    let bodies: [&[u8]; 9] = [
        b"{",
        b"null",
        b"[]",
        b"\"text\"",
        b"{}",
        b"{\"schema_hash\": 7}",
        b"{\"schema_hash\": \"\xff\"}",
        b"{\"schema_hash\": \"a\", \"schema_hash\": \"b\"}",
        b"{\"schema_hash\": \"a\"} more",
    ];
    for body in bodies {
        assert_eq!(send(&[], body).code, ErrorCode::BadRequest, "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(send(&[("content-length", "0")], b"").code, ErrorCode::BadRequest);
    let deep = [b"{\"schema_hash\": ".to_vec(), b"[".repeat(100_000)].concat();
    let error = send(&[], &deep);
    assert!(error.code == ErrorCode::BadRequest && error.message.contains("nested"), "{error:?}");

    let fine = format!("{{\"schema_hash\": \"{}\"}}", web.hash());
    for ty in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let error = send(&[("content-type", ty)], fine.as_bytes());
        assert!(
            error.code == ErrorCode::BadRequest && error.message.contains("Content-Type"),
            "{ty}: {error:?}"
        );
    }
    for coding in ["br", "deflate", "gzip, zstd", "gzip"] {
        assert_eq!(send(&[("content-encoding", coding)], fine.as_bytes()).code, ErrorCode::BadRequest);
    }
}

#[test]
fn bodies_may_be_compressed_and_are_counted_as_they_are_then() {
    let server =
        Server::todo_built(|builder| builder.limits(Limits { max_body: 128 << 10, ..Limits::default() }));
    let engine = server.engine.clone();
    let web = Web::over(server, engine, HttpOptions::default(), ServeOptions::default());
    let ada = user(0);
    let most = usize::try_from(web.engine.limits().max_body).unwrap();
    let gzip = |body: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |body: &[u8]| zstd::encode_all(body, 3).unwrap();
    let send = |coding: &str, body: &[u8]| {
        let headers = [("x-user", ada.as_str()), ("content-encoding", coding)];
        client::send(web.address, "POST", "/register", &headers, body)
    };
    let fine = format!("{{\"schema_hash\": \"{}\"}}", web.hash());
    let padded = |length: usize| [fine.as_bytes(), &b" ".repeat(length - fine.len())].concat();
    assert_eq!(send("gzip", &gzip(fine.as_bytes())).status, 200);
    assert_eq!(send("zstd", &zstd(fine.as_bytes())).status, 200);
    assert_eq!(send("gzip", &gzip(&padded(most))).status, 200);
    assert_eq!(send("zstd", &zstd(&padded(most))).status, 200);
    // Of what is large in a few kilobytes, no more than the limit is ever made.
    let bomb = vec![b' '; 8 << 20];
    for (coding, body) in [("gzip", gzip(&padded(most + 1))), ("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
        assert!(body.len() < most, "{}", body.len());
        let answer = send(coding, &body);
        assert_eq!((answer.status, answer.error().code), (413, ErrorCode::TooLarge));
    }
    // And without coding, also where the length is not said.
    assert_eq!(send("identity", &padded(most + 1)).status, 413);
    let mut chunked =
        request("POST", "/register", &[("x-user", &ada), ("transfer-encoding", "chunked")], b"");
    for _ in 0..=most / 0x1000 {
        chunked.extend_from_slice(b"1000\r\n");
        chunked.extend_from_slice(&[b' '; 0x1000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(parse(&exchange(web.address, &chunked)).status, 413);
}

#[test]
fn a_request_that_two_servers_would_read_differently_is_not_read_twice() {
    let web = Web::todo();
    let inner = "GET /schema HTTP/1.1\r\nhost: smuggled\r\n\r\n";
    let of = |headers: &str, body: &str| {
        let bytes = format!("POST /nowhere HTTP/1.1\r\nhost: test\r\n{headers}\r\n{body}");
        let mut stream = client::connect(web.address);
        stream.write_all(bytes.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        String::from_utf8(client::read_all(&mut stream)).unwrap()
    };
    let length = inner.len();
    // Two lengths, or a coding that nobody can end.
    for headers in [
        format!("content-length: {length}\r\ncontent-length: 0\r\n"),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "content-length: +5\r\n".to_owned(),
        "content-length : 5\r\n".to_owned(),
    ] {
        let answer = of(&headers, inner);
        assert!(answer.starts_with("HTTP/1.1 400"), "{headers}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers}: {answer}");
    }
    // Where there are both, chunks count, as RFC 9112 says: what follows the last one is another request of the same
    // client, and nothing of it is taken for a body.
    let answer = of("content-length: 4\r\ntransfer-encoding: chunked\r\n", &format!("0\r\n\r\n{inner}"));
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    // What is long has an end.
    let long = of(&format!("x: {}\r\n", "x".repeat(1 << 20)), "");
    assert!(long.starts_with("HTTP/1.1 431"), "{long}");
    let many = of(&"x: y\r\n".repeat(200), "");
    assert!(many.starts_with("HTTP/1.1 431"), "{many}");
}

#[test]
fn every_answer_names_its_request() {
    let web = Web::todo();
    let with = |id: &str| {
        let headers: &[_] = if id.is_empty() { &[] } else { &[("x-request-id", id)] };
        let answer = client::send(web.address, "GET", "/health/live", headers, b"");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(with("app-7"), "app-7");
    for id in ["", "a b", &"x".repeat(100)] {
        assert_eq!(with(id).parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
    }
    assert_ne!(with(""), with(""));
}

#[test]
fn what_the_server_says_of_itself_is_for_all_or_for_users() {
    let web = Web::todo();
    let tables = web.get("/tables").json();
    let todos = tables["tables"].as_array().unwrap().iter().find(|table| table["name"] == "todos").unwrap();
    assert_eq!(todos["primary_key"], json!(["id"]));
    assert_eq!(todos["sync"]["updated"], "updated_at");
    assert_eq!(todos["rbac"]["read"], json!({"parent": ["list_id"]}));
    let budget =
        todos["columns"].as_array().unwrap().iter().find(|column| column["name"] == "budget").unwrap();
    assert_eq!((&budget["type"], &budget["nullable"]), (&json!("numeric"), &json!(true)));
    let head = client::send(web.address, "HEAD", "/tables", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));

    let mut options = HttpOptions::default();
    options.describe_to_users_only = true;
    let web = Web::with(options);
    for path in ["/schema", "/tables", "/openapi.json"] {
        assert_eq!(web.get(path).error().code, ErrorCode::Unauthenticated);
        let ada = user(0);
        assert_eq!(client::send(web.address, "GET", path, &[("x-user", &ada)], b"").status, 200);
    }
}
