//! `docs/protocol.md`, whose examples are run and whose tables are compared with the code.

use std::process::{Command, Stdio};

use oosync_runtime::protocol::{ErrorCode, Limits, SnapshotReason};
use oosync_runtime::server::Engine;
use oosync_runtime::server::auth::{AuthError, Authenticating, Authenticator, Identity, RequestParts};
use oosync_runtime::server::http::{HttpOptions, ServeOptions};

use super::support::{self, Server, user};
use super::web::Web;

const DOCUMENT: &str = include_str!("../../../docs/protocol.md");

/// Commands of the document, each with what it prints.
fn examples() -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in DOCUMENT.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => match (line.strip_prefix("$ "), line.strip_prefix("> "), examples.last_mut()) {
                (Some(command), ..) => examples.push((command.to_owned(), String::new())),
                (_, Some(more), Some((command, _))) => *command = format!("{command}\n{more}"),
                (.., Some((_, output))) => output.push_str(&format!("{line}\n")),
                _ => panic!("{line}"),
            },
        }
    }
    examples
}

/// Whether a text is another one in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (place, part) in parts.iter().enumerate() {
        if place + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

struct Tokens;

impl Authenticator for Tokens {
    fn authenticate<'a>(&'a self, request: RequestParts<'a>) -> Authenticating<'a> {
        Box::pin(async move {
            match request.bearer(100)? {
                "adas-token" => Ok(Identity::new(user(0))?),
                _ => Err(AuthError::bad_signature("another token")),
            }
        })
    }
}

#[test]
fn every_example_prints_what_the_document_says() {
    let server = Server::todo();
    let (pool, schema) = (support::pool(&server.database), server.engine.schema());
    let engine = server.wait(Engine::builder(pool, schema, Tokens).build()).unwrap();
    let web = Web::over(server, engine, HttpOptions::default(), ServeOptions::default());
    web.execute("insert into labels (name) values ('red')");
    let folder = std::env::temp_dir().join(format!("oosync-documented-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let examples = examples();
    assert!(examples.len() > 15);
    // One shell for all, since variables go on.
    let script: String = examples.iter().map(|(command, _)| format!("{command}\nprintf '\\001'\n")).collect();
    let output = Command::new("bash")
        .args(["-uc", &script])
        .current_dir(&folder)
        .env("URL", format!("http://{}", web.address))
        .env("TOKEN", "adas-token")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let wrong: Vec<String> = examples
        .iter()
        .zip(printed.split('\u{1}'))
        .filter(|((_, expected), printed)| !matches(expected, printed))
        .map(|((command, expected), printed)| format!("$ {command}\n{printed}and not\n{expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_status_and_limit_is_in_the_document() {
    let row = |cells: &str| assert!(DOCUMENT.contains(cells), "{cells}");
    for code in ErrorCode::KNOWN {
        row(&format!("| {} | `{code}` |", code.status().unwrap()));
    }
    for reason in SnapshotReason::KNOWN {
        row(&format!("| `{reason}` |"));
    }
    let limits = Limits::default();
    row(&format!("{} bytes (`max_body`)", limits.max_body));
    row(&format!("{} (`max_mutations`)", limits.max_mutations));
    row(&format!("{} seconds (`max_wait`)", limits.max_wait.as_secs()));
    row(&format!("{} (`max_lease`)", limits.max_lease));
    row(&format!(
        "the time a body takes to come | {} seconds",
        HttpOptions::default().body_timeout.as_secs()
    ));
    row(&format!("and the rest between two | {} seconds", ServeOptions::default().head_timeout.as_secs()));
    row(&format!("nothing of its answer | {} minutes", ServeOptions::default().stall_timeout.as_secs() / 60));
}
