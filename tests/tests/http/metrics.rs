//! What is counted, whether the server is well, and what is done now and then.

use std::thread;
use std::time::{Duration, Instant};

use oosync_runtime::server::Maintenance;
use oosync_runtime::server::http::HttpOptions;

use super::support::user;
use super::web::Web;

fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

fn read(web: &Web) -> String {
    let answer = web.get("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    String::from_utf8(answer.decoded()).unwrap()
}

#[test]
fn metrics_say_what_was_asked_and_sent() {
    let web = Web::todo();
    web.execute("insert into labels (name) values ('red'), ('blue')");
    let device = web.device(0);
    web.execute("delete from labels where name = 'red'; update labels set name = 'green'");
    web.post(0, "/pull", &device.request());
    web.get("/nowhere");
    web.post(0, "/pull", &serde_json::json!({}));
    let text = read(&web);
    assert_eq!(value(&text, "oosync_rows_total{kind=\"copied\"}"), Some(3.0), "{text}");
    assert_eq!(value(&text, "oosync_rows_total{kind=\"pulled\"}"), Some(1.0));
    assert_eq!(value(&text, "oosync_rows_total{kind=\"deleted\"}"), Some(1.0));
    for (labels, count) in [
        ("route=\"pull\",status=\"200\"", 1.0),
        ("route=\"pull\",status=\"400\"", 1.0),
        ("route=\"snapshot\",status=\"200\"", 1.0),
        ("route=\"none\",status=\"404\"", 1.0),
    ] {
        assert_eq!(value(&text, &format!("oosync_request_seconds_count{{{labels}}}")), Some(count), "{text}");
    }
    assert!(value(&text, "oosync_sent_bytes_total{route=\"pull\"}").unwrap() > 100.0);
    assert!(value(&text, "oosync_pool_max_connections").unwrap() >= 1.0);
    // Every line is one that Prometheus reads.
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("oosync_") && value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn metrics_say_how_the_log_is_once_it_is_looked_after() {
    let web = Web::todo();
    assert_eq!(value(&read(&web), "oosync_log_bytes"), None);
    web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'mine')", user(0)));
    let mut writer = web.server.database.client();
    let mut open = writer.transaction().unwrap();
    open.execute("select pg_current_xact_id()", &[]).unwrap();
    let options = Maintenance::default().with_mark(Duration::from_millis(50));
    let handle = {
        let _runtime = web.server.runtime.enter();
        web.engine.maintain(options)
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while value(&read(&web), "oosync_oldest_transaction_seconds").is_none_or(|seconds| seconds < 0.3) {
        assert!(Instant::now() < deadline, "{}", read(&web));
        thread::sleep(Duration::from_millis(50));
    }
    assert!(value(&read(&web), "oosync_log_bytes").unwrap() > 8_000.0);
    open.commit().unwrap();
    while value(&read(&web), "oosync_oldest_transaction_seconds").unwrap() > 0.3 {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(50));
    }
    drop(handle);
}

#[test]
fn what_nobody_needs_any_more_goes_by_itself() {
    let web = Web::todo();
    web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'mine')", user(0)));
    for _ in 0..10 {
        web.execute("update lists set position = position + 1");
    }
    let entries = || -> i64 {
        let sql = "select count(*) from oosync.change_log";
        web.server.database.client().query_one(sql, &[]).unwrap().get(0)
    };
    assert!(entries() > 10);
    let options = Maintenance::default()
        .with_mark(Duration::from_millis(50))
        .with_compact(Duration::from_millis(200))
        .with_retention(Duration::from_secs(1));
    let handle = {
        let _runtime = web.server.runtime.enter();
        web.engine.maintain(options)
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while entries() > 0 {
        assert!(Instant::now() < deadline, "{}", entries());
        thread::sleep(Duration::from_millis(50));
    }
    drop(handle);
}

#[test]
fn a_server_that_has_no_metrics_has_no_place_for_them() {
    let mut options = HttpOptions::default();
    options.metrics = false;
    assert_eq!(Web::with(options).get("/metrics").status, 404);
}

#[test]
fn health_is_of_the_server_and_of_its_database() {
    let web = Web::todo();
    for path in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(web.get(path).json()["status"], "ok");
    }
    web.engine.stop_waiting();
    let answer = web.get("/health/ready");
    assert_eq!(answer.status, 503);
    assert!(answer.error().message.contains("stopping") && answer.header("retry-after").is_some());
    assert_eq!(web.get("/health/live").status, 200);
}
