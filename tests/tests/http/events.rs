//! What an application is told of its server, and what it may refuse.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use oosync_runtime::client::{Client, SyncError};
use oosync_runtime::protocol::ErrorCode;
use oosync_runtime::server::http::{HttpOptions, ServeOptions};
use oosync_runtime::server::{EngineBuilder, Event, semver};
use serde_json::{Value, json};

use super::support::{Server, user};
use super::web::Web;

fn web(built: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Web {
    let server = Server::todo_built(built);
    let engine = server.engine.clone();
    Web::over(server, engine, HttpOptions::default(), ServeOptions::default())
}

/// What happened, in words.
type Told = Arc<Mutex<Vec<String>>>;

fn telling(told: &Told) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    let told = Arc::clone(told);
    move |event| {
        let words = match event {
            Event::Conflict { identity, table, result, .. } => {
                format!("{} conflict in {table}, mutation {}", &identity.user()[35..], result.id)
            }
            Event::PullComplete { identity, rows, deletes, .. } => {
                format!("{} pulled {rows} and {deletes}", &identity.user()[35..])
            }
            Event::SchemaIncompatible { schema_hash, code, .. } => format!("{schema_hash}: {code}"),
            Event::SnapshotRequired { reason, .. } => format!("anew: {reason}"),
            Event::Compacted { .. } => "compacted".to_owned(),
            other => panic!("{other:?}"),
        };
        told.lock().unwrap().push(words);
    }
}

fn take(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.lock().unwrap())
}

fn list(title: &str) -> String {
    format!(
        "insert into lists (id, owner_id, title) values ('20000000-0000-4000-8000-000000000001', '{}', '{title}')",
        user(0)
    )
}

#[test]
fn an_application_is_told_of_conflicts_pulls_schemas_and_compaction() {
    let told = Told::default();
    let web = web(|builder| builder.on_event(telling(&told)));
    let mut device = web.device(0);
    web.execute(&list("base"));
    let page = web.post(0, "/pull", &device.request()).json();
    assert_eq!(take(&told), ["0 pulled 1 and 0"]);
    device.cursor = page["cursor"].as_str().unwrap().to_owned();
    web.execute("update lists set title = 'theirs'");
    let push = json!({"client": device.client, "schema_hash": web.hash(), "mutations": [
        {"id": 1, "table": "lists", "op": "update", "key": {"id": "20000000-0000-4000-8000-000000000001"},
         "values": {"title": "mine"}, "base": {"title": "base"}}]});
    assert_eq!(web.post(0, "/push", &push).json()["results"][0]["status"], "conflict");
    assert_eq!(take(&told), ["0 conflict in lists, mutation 1"]);
    // A replay is no other conflict.
    web.post(0, "/push", &push).json();
    assert_eq!(take(&told), Vec::<String>::new());
    web.execute("delete from lists");
    let frames = [("accept", oosync_runtime::protocol::MEDIA_TYPE)];
    assert_eq!(web.post_with(0, "/pull", &frames, &device.request()).status, 200);
    assert_eq!(take(&told), ["0 pulled 0 and 1"]);
    let unknown = json!({"client": device.client, "schema_hash": "other", "cursor": device.cursor});
    assert_eq!(web.post(0, "/pull", &unknown).error().code, ErrorCode::SchemaMismatch);
    assert_eq!(take(&told), ["other: schema_mismatch"]);
    let begins = json!({"client": device.client, "schema_hash": web.hash()});
    web.post(0, "/pull", &begins).json();
    assert_eq!(take(&told), ["anew: initial_sync_required"]);
    web.server.wait(web.engine.compact("30 days")).unwrap();
    assert_eq!(take(&told), ["compacted"]);
}

#[test]
fn a_pull_that_waits_in_vain_is_no_event() {
    let told = Told::default();
    let web = web(|builder| builder.on_event(telling(&told)));
    let mut device = web.device(0);
    device.cursor = web.post(0, "/pull", &device.request()).json()["cursor"].as_str().unwrap().to_owned();
    take(&told);
    web.post(0, "/pull", &device.waiting(0.2)).json();
    let frames = [("accept", oosync_runtime::protocol::MEDIA_TYPE)];
    assert_eq!(web.post_with(0, "/pull", &frames, &device.waiting(0.2)).status, 200);
    assert_eq!(take(&told), Vec::<String>::new());
}

/// A device whose cursor is older than what is kept.
fn away(web: &Web) -> Value {
    let device = web.device(0);
    web.execute(&list("meanwhile"));
    let mut postgres = web.server.database.client();
    let mut asked = |sql: &str| postgres.query_one(sql, &[]).unwrap().get::<_, String>(0);
    let now = asked("select pg_snapshot_xmax(pg_current_snapshot())::text");
    let deadline = Instant::now() + Duration::from_secs(60);
    // Transactions of other tests may be open.
    while asked(&format!("select (m.floor >= '{now}')::text from oosync.meta m")) != "true" {
        assert!(Instant::now() < deadline, "a transaction does not end");
        web.server.wait(web.engine.mark()).unwrap();
        web.server.wait(web.engine.compact("0 seconds")).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    device.request()
}

#[test]
fn a_device_that_was_away_for_too_long_loads_anew_or_is_refused_as_the_application_says() {
    let told = Told::default();
    let refusing = web(|builder| {
        let builder = builder.on_event(telling(&told));
        builder.on_stale_client(|stale| Err(format!("{} was away", &stale.identity.user()[35..])))
    });
    let request = away(&refusing);
    let before = take(&told);
    assert!(before.iter().all(|words| words == "compacted"), "{before:?}");
    for accept in ["application/json", oosync_runtime::protocol::MEDIA_TYPE] {
        let error = refusing.post_with(0, "/pull", &[("accept", accept)], &request).error();
        assert_eq!((error.code, error.message.as_str()), (ErrorCode::Forbidden, "0 was away"));
    }
    assert_eq!(take(&told), Vec::<String>::new());
    let letting = web(|builder| builder.on_stale_client(|_| Ok(())));
    let request = away(&letting);
    let answer = letting.post(0, "/pull", &request).json();
    assert_eq!(answer["snapshot_required"]["reason"], "checkpoint_before_retention", "{answer}");
}

#[test]
fn a_version_of_the_app_that_is_too_old_is_told_to_upgrade() {
    let web = web(|builder| builder.minimum_app_version(semver::Version::new(2, 0, 0)));
    let register = json!({"schema_hash": web.hash()});
    let said = |version: &str| web.post_with(0, "/register", &[("x-app-version", version)], &register);
    for old in ["1.9.9", "2.0.0-rc.1", "two", ""] {
        let error = said(old).error();
        assert_eq!(error.code, ErrorCode::UpgradeRequired, "{old}");
        assert!(error.message.contains("2.0.0 or newer"), "{}", error.message);
        let details: Value = serde_json::from_str(error.details.unwrap().get()).unwrap();
        assert_eq!(details, json!({"minimum_app_version": "2.0.0"}));
    }
    for new in ["2.0.0", "2.0.0+build", "10.0.0"] {
        assert_eq!(said(new).status, 200, "{new}");
    }
    let in_the_body = json!({"schema_hash": web.hash(), "app_version": "2.1.0"});
    let client = web.post(0, "/register", &in_the_body).json()["client"].clone();
    let body = json!({"client": client, "schema_hash": web.hash()});
    let push = json!({"client": client, "schema_hash": web.hash(), "mutations": []});
    for (place, body) in [("/pull", &body), ("/snapshot", &body), ("/push", &push)] {
        assert_eq!(web.post(0, place, body).error().code, ErrorCode::UpgradeRequired, "{place}");
        assert_eq!(web.post_with(0, place, &[("x-app-version", "2.0.1")], body).status, 200, "{place}");
    }
    assert_eq!(web.get("/schema").status, 200);
}

#[test]
fn a_client_says_the_version_of_its_app_in_every_request() {
    let web = web(|builder| builder.minimum_app_version(semver::Version::new(2, 0, 0)));
    let folder = std::env::temp_dir().join(format!("oosync-version-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let open = |version: &str| {
        let builder = Client::builder(folder.join("app.db"), web.engine.schema());
        let builder = builder.app_version(version).url(format!("http://{}/", web.address));
        builder.header("x-user", user(0)).open().unwrap()
    };
    let error = open("1.0.0").sync().unwrap_err();
    assert!(matches!(&error, SyncError::UpgradeRequired { .. }), "{error}");
    assert!(open("2.0.0").sync().unwrap().bootstrapped);
    std::fs::remove_dir_all(&folder).unwrap();
}
