//! The program `oosyncd`. This test binary is the program where it is started with [`AS`] set.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::client;
use super::support::{SCHEMA, Server, user};

/// The arguments, one a line.
const AS: &str = "OOSYNC_TEST_OOSYNCD";

#[test]
#[ignore = "the program that the tests below start as a process of its own; alone it has no arguments"]
fn oosyncd() {
    let Ok(arguments) = std::env::var(AS) else { return };
    let arguments = std::iter::once("oosyncd").chain(arguments.lines()).map(Into::into);
    let code = oosync_runtime::server::daemon::run(arguments);
    std::process::exit(if code == ExitCode::SUCCESS {
        0
    } else {
        (1..=5).find(|number| code == ExitCode::from(*number)).map_or(99, i32::from)
    });
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "daemon::oosyncd", "--ignored", "--nocapture"]);
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("OOSYNC_") || name.starts_with("PG"))
    {
        if name != "OOSYNC_TEST_DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command.env(AS, arguments.join("\n")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A folder with `Oosync.toml` and facts of the example, and what is said of the server.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, config: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("oosyncd-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for file in ["Oosync.toml", "oosync.facts.json"] {
            std::fs::copy(root.join(file), folder.join(file)).unwrap();
        }
        std::fs::write(folder.join("oosyncd.toml"), config).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Starts it, which fails: the exit code, and what it says.
    fn fails(&self, arguments: &[&str], url: &str) -> (i32, String) {
        let (config, project) = (self.path("oosyncd.toml"), self.path(""));
        let mut all = vec!["--config", &config, "--project", &project];
        all.extend_from_slice(arguments);
        let mut command = command(&all);
        if !url.is_empty() {
            command.env("OOSYNC_DATABASE_URL", url);
        }
        let mut child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = child.wait_with_output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Daemon {
    child: Child,
    address: SocketAddr,
    log: BufReader<std::process::ChildStderr>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

impl Daemon {
    fn start(folder: &Folder, url: &str, arguments: &[&str]) -> Self {
        let (config, project) = (folder.path("oosyncd.toml"), folder.path(""));
        let mut all = vec!["--config", &config, "--project", &project, "--listen", "127.0.0.1:0"];
        all.extend_from_slice(&["--log-format", "json"]);
        all.extend_from_slice(arguments);
        let mut child = command(&all).env("OOSYNC_DATABASE_URL", url).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "it ended: {said}");
            said.push_str(&line);
            let Ok(event) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            if event["message"] == "listening" {
                let url = event["url"].as_str().unwrap();
                break url.rsplit_once('/').unwrap().1.parse().unwrap();
            }
        };
        Self { child, address, log }
    }

    fn signal(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits until it has ended; its log since it began to listen.
    fn ended(mut self) -> (i32, String) {
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code().unwrap(), log)
    }
}

const TRUSTING: &str = "[auth]\ntrust_header = \"x-user\"\n";

#[test]
fn it_serves_logs_no_secrets_and_stops_when_it_is_told_to() {
    let server = Server::todo();
    let folder = Folder::new("serves", TRUSTING);
    let daemon = Daemon::start(&folder, &server.database.url_as("oosync_server"), &[]);
    let address = daemon.address;
    let ada = user(0);
    let hash = server.engine.schema().hash;
    let send = |path: &str, body: &serde_json::Value| {
        let headers = [("x-user", ada.as_str()), ("x-request-id", "from-the-app")];
        client::send(address, "POST", path, &headers, body.to_string().as_bytes())
    };
    let registered = send("/register", &json!({"schema_hash": hash, "device": "a secret name"})).json();
    let mut asked = json!({"client": registered["client"], "schema_hash": hash});
    asked["cursor"] = send("/snapshot", &asked).json()["cursor"].clone();
    asked["wait"] = json!(50);
    let cursor = asked["cursor"].as_str().unwrap().to_owned();
    let waiting = std::thread::spawn({
        let bytes = client::request("POST", "/pull", &[("x-user", &ada)], asked.to_string().as_bytes());
        move || client::parse(&client::exchange(address, &bytes))
    });
    while !metric(address, "oosync_waiting_pulls 1") {
        std::thread::sleep(Duration::from_millis(20));
    }
    daemon.signal();
    assert_eq!(waiting.join().unwrap().json()["has_more"], false);
    let (code, log) = daemon.ended();
    assert_eq!(code, 0, "{log}");
    let events: Vec<serde_json::Value> =
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let answered = |route: &str| {
        events.iter().any(|event| {
            event["message"] == "answered"
                && event["route"] == route
                && event["status"] == 200
                && event["user"] == ada
                && event["span"]["id"].is_string()
        })
    };
    assert!(answered("register") && answered("snapshot") && answered("wait"), "{log}");
    assert!(log.contains("from-the-app") && log.contains("\"stopped\""), "{log}");
    assert!(!log.contains("a secret name") && !log.contains(&cursor), "{log}");
}

fn metric(address: SocketAddr, line: &str) -> bool {
    let answer = client::send(address, "GET", "/metrics", &[], b"");
    String::from_utf8(answer.decoded()).unwrap().lines().any(|of| of == line)
}

#[test]
fn it_takes_tokens_over_tls() {
    use base64::Engine as _;
    let server = Server::todo();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let secret = "a secret of thirty-two bytes and more";
    let folder = Folder::new(
        "tls",
        "[auth]\nalgorithms = [\"HS256\"]\nsecret_file = \"secret\"\nissuers = [\"https://issuer\"]\naudiences = \"*\"\n\
         [tls]\ncertificates = \"cert.pem\"\nkey = \"key.pem\"\n",
    );
    std::fs::write(folder.path("secret"), format!("{secret}\n")).unwrap();
    std::fs::write(folder.path("cert.pem"), certified.cert.pem()).unwrap();
    std::fs::write(folder.path("key.pem"), certified.signing_key.serialize_pem()).unwrap();
    let daemon = Daemon::start(&folder, &server.database.url_as("oosync_server"), &[]);
    let encode = |text: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
    let claims = format!("{{\"sub\": \"{}\", \"iss\": \"https://issuer\", \"exp\": 4102444800}}", user(0));
    let message = format!("{}.{}", encode("{\"alg\": \"HS256\"}"), encode(&claims));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let signature = ring::hmac::sign(&key, message.as_bytes());
    let signature = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref());
    let token = format!("{message}.{signature}");
    let curl = |token: &str| {
        let output = Command::new("curl")
            .args(["-sS", "--cacert", &folder.path("cert.pem")])
            .args(["--connect-to", &format!("localhost:443:127.0.0.1:{}", daemon.address.port())])
            .args(["-H", &format!("Authorization: Bearer {token}"), "--json"])
            .arg(json!({"schema_hash": server.engine.schema().hash}).to_string())
            .arg("https://localhost/register")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(curl(&token)["user"], user(0));
    assert_eq!(curl(&format!("{token}x"))["code"], "unauthenticated");
    daemon.signal();
    assert_eq!(daemon.ended().0, 0);
}

#[test]
fn what_keeps_it_from_starting_is_said_with_what_to_do() {
    let server = Server::todo();
    let url = server.database.url_as("oosync_server");
    let fine = Folder::new("fine", TRUSTING);
    let cases: Vec<(&Folder, Vec<&str>, String, i32, &str)> = vec![
        (&fine, vec![], String::new(), 2, "set OOSYNC_DATABASE_URL="),
        (&fine, vec!["--nonsense"], url.clone(), 2, "--help"),
        (&fine, vec!["--config", "/nowhere.toml"], url.clone(), 2, "cannot be used multiple times"),
        (&fine, vec!["--log", "much"], url.clone(), 2, "write error, warn, info"),
        (&fine, vec![], "postgres://a@b@c".to_owned(), 2, "write it as postgres://"),
        (&fine, vec![], "postgres://oosync_server@127.0.0.1:1/x".to_owned(), 3, "is the server running"),
        (&fine, vec![], format!("{url}_missing"), 3, "list the databases"),
        (&fine, vec![], server.database.url(), 4, "is a superuser"),
        (&fine, vec!["--facts", "/nowhere.json"], url.clone(), 4, "/nowhere.json"),
        (&fine, vec!["--listen", "256.0.0.1:80"], url.clone(), 5, "cannot listen on 256.0.0.1:80"),
    ];
    for (folder, arguments, url, code, help) in cases {
        let (found, said) = folder.fails(&arguments, &url);
        assert!(found == code && said.contains(help), "{arguments:?} {url}: {found} {said}");
    }
    let configs = [
        ("listne = \"x\"\n", 2, "unknown field `listne`"),
        ("\n\ndatabase_url = 7\n", 2, "oosyncd.toml:3:"),
        ("listen = \"a password\n", 2, "oosyncd.toml:1:"),
        ("", 2, "nothing says who is asking"),
        ("[auth]\ntrust_header = \"x-user\"\nalgorithms = [\"ES256\"]\n", 2, "only one can say"),
        ("[auth]\nalgorithms = [\"none\"]\n", 2, "one of ES256, RS256, EdDSA, HS256"),
        ("[auth]\nalgorithms = [\"HS256\"]\nsecret_file = \"missing\"\n", 5, "missing cannot be read"),
        ("[auth]\nalgorithms = [\"ES256\"]\nissuers = \"*\"\naudiences = \"*\"\n", 2, "no key for ES256"),
        (
            "[tls]\ncertificates = \"a\"\nkey = \"b\"\n[auth]\ntrust_header = \"x-user\"\n",
            5,
            "cannot be read",
        ),
        (
            "[rates]\nuser = { per_second = 0, burst = 1 }\n[auth]\ntrust_header = \"x-user\"\n",
            2,
            "lets nobody through",
        ),
    ];
    for (number, (config, code, help)) in configs.into_iter().enumerate() {
        let folder = Folder::new(&format!("config-{number}"), config);
        let (found, said) = folder.fails(&[], &url);
        assert!(found == code && said.contains(help), "{config}: {found} {said}");
        assert!(!said.contains("a password"), "{said}");
    }
    // A database in which nothing is installed.
    let empty = oosync_tests::TestDatabase::with_schema(SCHEMA);
    let (code, said) = fine.fails(&[], &empty.url_as("oosync_server"));
    assert!(code == 4 && said.contains("cargo oosync migrate --apply"), "{said}");
    // And one in order.
    let (code, _) = fine.fails(&["--check"], &url);
    assert_eq!(code, 0);
}
