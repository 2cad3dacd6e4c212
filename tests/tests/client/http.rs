//! Clients over HTTP: a real server, and ones that answer anything.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use oosync_runtime::client::{Client, HttpTransport, SyncError, TokenError, Transport as _, TransportError};
use oosync_runtime::protocol::{Limits, Register, Registered};
use oosync_runtime::server::http::{HttpOptions, ServeOptions};
use oosync_runtime::types::Timestamptz;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::server::{Server, user};
use crate::support::{Folder, blob, key, rows, titles};

/// The engine behind a socket; stopped when the sender is dropped.
pub(crate) fn listen(server: &Server) -> (SocketAddr, oneshot::Sender<()>) {
    let listener = server.wait(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let engine = server.engine.clone();
    server.runtime.spawn(async move {
        let stopped = async { drop(stopped.await) };
        engine.serve(listener, HttpOptions::default(), ServeOptions::default(), stopped).await.unwrap();
    });
    (address, stop)
}

fn client(server: &Server, folder: &Folder, address: SocketAddr) -> Client {
    Client::builder(folder.file(), server.engine.schema())
        .url(format!("http://{address}/"))
        .header("x-user", user(0))
        .open()
        .unwrap()
}

#[test]
fn a_device_syncs_by_http() {
    let server = Server::todo();
    let (address, _stop) = listen(&server);
    let folder = Folder::new();
    server.database.execute(&format!(
        "insert into lists (id, owner_id, title) select gen_random_uuid(), '{}', 'List ' || n from generate_series(1, 30000) n",
        user(0)
    ));
    let client = client(&server, &folder, address);
    let app = client.connection().unwrap();
    let owner = blob(&user(0));
    app.execute_batch(&format!(
        "INSERT INTO lists (id, owner_id, title) VALUES ({}, {owner}, 'Garden')",
        key(1)
    ))
    .unwrap();
    let summary = client.sync().unwrap();
    assert!(summary.bootstrapped && summary.pushed == 1, "{summary:?}");
    assert_eq!(rows(&app, "SELECT count(*) FROM lists"), ["30001"]);
    server.database.execute("update lists set title = 'Orchard' where title = 'Garden'");
    client.sync().unwrap();
    assert_eq!(rows(&app, "SELECT count(*) FROM lists WHERE title = 'Orchard'"), ["1"]);

    client.start(oosync_runtime::client::StartOptions::default()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(180);
    while server.engine.waiting() == 0 {
        assert!(Instant::now() < deadline, "a pull waits");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.database.execute("delete from lists where title <> 'Orchard'");
    while rows(&app, "SELECT count(*) FROM lists") != ["1"] {
        assert!(Instant::now() < deadline, "live");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(titles(&server), ["Orchard"]);
}

#[test]
fn a_server_that_is_not_there_is_offline() {
    let server = Server::todo();
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(&server, &folder, address).sync().unwrap_err();
    assert!(matches!(error, SyncError::Offline { .. }), "{error}");
}

/// Answers each request by what a function makes of its number and its head, and closes the connection.
fn answering(
    answer: impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let head = request(&mut stream);
            let answer = answer(counted.fetch_add(1, Ordering::SeqCst), &head);
            let _ = stream.write_all(&answer);
        }
    });
    (address, count)
}

/// Reads a request with its body; the head.
fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let count = stream.read(&mut part).unwrap_or(0);
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(count > 0, "a whole head");
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length:").map(str::to_owned));
        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
        if body.len() >= length || count == 0 {
            return head.to_lowercase();
        }
    }
}

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn register() -> Register {
    Register {
        client: None,
        user: None,
        schema_hash: "h".to_owned(),
        app_version: None,
        device: None,
        lease: Vec::new(),
    }
}

fn registered() -> Vec<u8> {
    let registered = Registered {
        client: Uuid::new_v4(),
        user: "ada".to_owned(),
        schema_hash: "h".to_owned(),
        server_time: Timestamptz::now(),
        limits: Limits::default(),
        lease: Vec::new(),
    };
    http("200 OK", "content-type: application/json\r\n", &serde_json::to_vec(&registered).unwrap())
}

fn to(address: SocketAddr) -> HttpTransport {
    HttpTransport::builder(format!("http://{address}")).build().unwrap()
}

#[test]
fn a_token_is_renewed_once_where_the_server_does_not_take_it() {
    let (address, count) = answering(|_, head| {
        if head.contains("bearer fresh") { registered() } else { http("401 Unauthorized", "", b"") }
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let renewed = Arc::clone(&asked);
    let transport = HttpTransport::builder(format!("http://{address}"))
        .token(move |refresh| {
            renewed.fetch_add(1, Ordering::SeqCst);
            Ok(if refresh { "fresh" } else { "stale" }.to_owned())
        })
        .build()
        .unwrap();
    transport.register(&register()).unwrap();
    transport.register(&register()).unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), count.load(Ordering::SeqCst)), (2, 3), "the new one is kept");

    // One that is not taken either is the user's affair.
    let (address, count) = answering(|_, _| http("401 Unauthorized", "", b""));
    let transport =
        HttpTransport::builder(format!("http://{address}")).token(|_| Ok("x".to_owned())).build().unwrap();
    let error = SyncError::from(transport.register(&register()).unwrap_err());
    assert!(matches!(error, SyncError::AuthRequired { .. }), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 2);

    let transport = HttpTransport::builder(format!("http://{address}"))
        .token(|_| Err("nobody is signed in".into()))
        .build()
        .unwrap();
    let error = SyncError::from(transport.register(&register()).unwrap_err());
    assert!(
        matches!(&error, SyncError::AuthRequired { message } if message == "nobody is signed in"),
        "{error}"
    );

    // Without a network there is no new token either: nobody has to sign in for that.
    let transport = HttpTransport::builder(format!("http://{address}"))
        .token(|_| Err(TokenError::Later("the issuer is not reached".to_owned())))
        .build()
        .unwrap();
    let error = SyncError::from(transport.register(&register()).unwrap_err());
    assert!(
        matches!(&error, SyncError::Offline { what } if what.contains("the issuer is not reached")),
        "{error}"
    );
}

#[test]
fn what_is_no_sync_server_is_told_with_what_it_answers() {
    let page = b"<html><title>Welcome to the hotel</title></html>";
    let (address, _) = answering(|_, _| http("200 OK", "content-type: text/html\r\n", page));
    for error in [
        to(address).register(&register()).unwrap_err(),
        to(address)
            .pull(
                &serde_json::from_str(&format!(r#"{{"client": "{}", "schema_hash": "h"}}"#, Uuid::new_v4()))
                    .unwrap(),
            )
            .unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(matches!(error, TransportError::Malformed { .. }), "{text}");
        assert!(text.contains("text/html") && text.contains("Welcome to the hotel"), "{text}");
    }
    let (address, _) = answering(|_, _| http("302 Found", "location: https://login.example.org/\r\n", b""));
    assert!(matches!(to(address).register(&register()), Err(TransportError::Malformed { .. })));
    let (address, _) = answering(|_, _| b"SSH-2.0-OpenSSH_9.6\r\n".to_vec());
    assert!(to(address).register(&register()).is_err());
}

#[test]
fn a_proxy_in_front_of_a_server_that_is_down_is_waited_for() {
    let (address, _) =
        answering(|_, _| http("502 Bad Gateway", "retry-after: 17\r\n", b"<html>nginx</html>"));
    let error = SyncError::from(to(address).register(&register()).unwrap_err());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(17)), "{error}");
    assert!(error.passes());
    let (address, _) = answering(|_, _| {
        let body = br#"{"code": "too_many_requests", "message": "slower"}"#;
        http("429 Too Many Requests", "retry-after: 3\r\ncontent-type: application/json\r\n", body)
    });
    let error = SyncError::from(to(address).register(&register()).unwrap_err());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)), "{error}");
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    let whole = registered();
    for cut in (0..whole.len()).step_by(7) {
        let part = whole[..cut].to_vec();
        let (address, _) = answering(move |_, _| part.clone());
        let error = to(address).register(&register()).unwrap_err();
        assert!(
            matches!(error, TransportError::Offline { .. } | TransportError::Malformed { .. }),
            "{cut}: {error}"
        );
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let transport = HttpTransport::builder(format!("http://{address}"))
        .answer_timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let begun = Instant::now();
    let error = transport.register(&register()).unwrap_err();
    assert!(matches!(error, TransportError::Offline { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    drop(listener);
}

#[test]
fn a_bomb_of_zeros_is_not_unpacked() {
    let zeros = zstd::bulk::compress(&vec![b' '; 70 << 20], 1).unwrap();
    assert!(zeros.len() < 100_000);
    let headers = "content-type: application/json\r\ncontent-encoding: zstd\r\n";
    let (address, _) = answering(move |_, _| http("200 OK", headers, &zeros));
    let error = to(address).register(&register()).unwrap_err();
    assert!(matches!(&error, TransportError::Malformed { what } if what.contains("longer than")), "{error}");
}

#[test]
fn a_connection_on_which_packets_vanish_is_given_up_long_before_a_slow_answer_would_be() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // What comes on the first connection is never answered, and nobody hangs up.
        let swallowed = listener.accept().unwrap();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            request(&mut stream);
            stream.write_all(&registered()).unwrap();
        }
        drop(swallowed);
    });
    // The test would run for an hour.
    let transport = HttpTransport::builder(format!("http://{address}"))
        .answer_timeout(Duration::from_secs(3_600))
        .patience(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = transport.register(&register()).unwrap_err();
    assert!(matches!(error, TransportError::Offline { .. }), "{error}");
    while transport.register(&register()).is_err() {}
}

#[test]
fn a_server_that_takes_long_is_given_more_time_until_it_answers() {
    let (address, _) = answering(|_, _| {
        std::thread::sleep(Duration::from_millis(200));
        registered()
    });
    let transport = HttpTransport::builder(format!("http://{address}"))
        .patience(Duration::from_millis(1))
        .build()
        .unwrap();
    let answered = (0..20).find(|_| transport.register(&register()).is_ok());
    assert!(answered.is_some_and(|failures| failures > 0), "{answered:?}");
}
