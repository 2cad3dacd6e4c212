//! Postgres that goes away, clients that are slow or gone.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use oosync_runtime::protocol::frame::{Ending, FrameReader};
use oosync_runtime::protocol::{ErrorCode, MEDIA_TYPE};
use oosync_runtime::server::Maintenance;
use oosync_runtime::server::http::{HttpOptions, ServeOptions};
use oosync_tests::{Cluster, ClusterOptions, TestDatabase};
use serde_json::json;

use super::client;
use super::support::{self, SCHEMA, Server, user};
use super::web::{Device as WebDevice, Web};

/// A server over a database of a Postgres that may be stopped.
fn over_a_cluster_of_its_own() -> (Arc<Cluster>, Web) {
    // What is committed is there after a crash.
    let settings = vec!["synchronous_commit=on".to_owned()];
    let cluster = Arc::new(Cluster::private(&ClusterOptions { settings, ..ClusterOptions::default() }));
    cluster.role("oosync_server");
    let database = TestDatabase::empty_in(&cluster);
    database.execute(SCHEMA);
    let server = Server::over(database, include_str!("../../../Oosync.toml"), |builder| builder);
    support::people(&server);
    let engine = server.engine.clone();
    // Nobody makes marks.
    let web = Web::over(server, engine, HttpOptions::default(), ServeOptions::default());
    (cluster, web)
}

#[test]
fn while_postgres_is_away_everyone_is_told_to_come_again_and_then_served() {
    let (cluster, web) = over_a_cluster_of_its_own();
    // After a crash, a mark draws what cursors are known by.
    let _kept = {
        let _runtime = web.server.runtime.enter();
        web.engine.maintain(Maintenance::default().with_mark(Duration::from_millis(200)))
    };
    let mut device = web.device(0);
    assert_eq!(web.get("/health/ready").status, 200);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| web.post(0, "/pull", &device.waiting(50.0)));
        web.until_waiting(1);
        cluster.crash();
        web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'meanwhile')", user(0)));
        let answer = waiting.join().unwrap();
        if answer.status == 200 {
            // Postgres was back before the server missed it.
            assert_eq!(answer.json()["records"]["lists"][0]["title"], "meanwhile");
        } else {
            assert_eq!(answer.error().code, ErrorCode::Unavailable);
            let after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..60).contains(&after));
        }
    });
    // The first connections are those of before; each is found out once.
    let deadline = Instant::now() + Duration::from_secs(20);
    let answer = loop {
        let answer = web.post(0, "/pull", &device.request());
        if answer.status == 200 {
            break answer;
        }
        assert_eq!(answer.status, 503);
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(50));
    };
    device.cursor = answer.json()["cursor"].as_str().unwrap().to_owned();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| web.post(0, "/pull", &device.waiting(50.0)));
        web.until_waiting(1);
        web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'after')", user(0)));
        let answer = waiting.join().unwrap().json();
        assert_eq!(answer["records"]["lists"][0]["title"], "after", "{answer}");
    });
}

#[test]
fn the_first_request_after_a_crash_is_answered_without_waiting_for_a_mark() {
    let (cluster, web) = over_a_cluster_of_its_own();
    let device = web.device(0);
    let anew = json!({"client": device.client, "schema_hash": web.hash()});
    let json = [("accept", "application/json")];
    let frames = [("accept", MEDIA_TYPE)];
    for (place, headers, body) in [
        ("/pull", json, device.request()),
        ("/pull", frames, device.request()),
        ("/snapshot", json, anew.clone()),
        ("/snapshot", frames, anew),
    ] {
        cluster.crash();
        let sql = "select count(*) from oosync.epoch";
        let epochs: i64 = web.server.database.client().query_one(sql, &[]).unwrap().get(0);
        assert_eq!(epochs, 0, "a crash has taken it");
        let deadline = Instant::now() + Duration::from_secs(20);
        // Connections of before are found out.
        while web.post_with(0, place, &headers, &body).status != 200 {
            assert!(Instant::now() < deadline, "{place} {headers:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_copy_of_a_stopped_postgres_that_is_put_back_is_known_for_a_restore_however_much_is_written_to_it() {
    let (cluster, web) = over_a_cluster_of_its_own();
    let backup = cluster.folder().unwrap().join("backup");
    let (mut early, mut late) = (web.device(0), web.device(0));
    let start = |device: &WebDevice| {
        cluster.start_again();
        until_answered(&web, device);
    };
    let add = |title: &str| add(&web, title);
    let pull = |device: &mut WebDevice| pull(&web, device);
    add("before");
    assert_eq!(titles(&pull(&mut early)), ["before"]);
    assert_eq!(titles(&pull(&mut late)), ["before"]);
    cluster.stop();
    cluster.back_up(&backup);
    start(&early);
    add("lost");
    // As after a crash, it goes on from the last mark.
    let answer = pull(&mut late);
    assert!(
        titles(&answer).contains(&"lost".to_owned()),
        "a stop is no reason to load everything anew: {answer}"
    );

    cluster.stop();
    cluster.restore(&backup);
    start(&early);
    // The log and the ids of transactions come further than the device had seen.
    for _ in 0..20 {
        add("after");
    }
    let answer = pull(&mut late);
    assert_eq!(answer["snapshot_required"]["reason"], "database_restored", "{answer}");
    let answer = pull(&mut early);
    let after = titles(&answer).iter().filter(|title| *title == "after").count();
    assert_eq!(after, 20, "who has seen nothing of what was lost goes on: {answer}");
}

/// Connections of before are found out.
fn until_answered(web: &Web, device: &WebDevice) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while web.post(0, "/pull", &device.request()).status != 200 {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(20));
    }
}

fn add(web: &Web, title: &str) {
    web.execute(&format!("insert into lists (owner_id, title) values ('{}', '{title}')", user(0)));
}

fn pull(web: &Web, device: &mut WebDevice) -> serde_json::Value {
    let answer = web.post(0, "/pull", &device.request()).json();
    if let Some(cursor) = answer["cursor"].as_str() {
        device.cursor = cursor.to_owned();
    }
    answer
}

fn titles(answer: &serde_json::Value) -> Vec<String> {
    let lists = answer["records"]["lists"].as_array().cloned().unwrap_or_default();
    lists.iter().map(|list| list["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_copy_of_a_running_postgres_is_known_for_a_restore_also_where_others_write_to_it_before_a_server_asks() {
    let (cluster, web) = over_a_cluster_of_its_own();
    let backup = cluster.folder().unwrap().join("backup");
    let (mut early, mut late) = (web.device(0), web.device(0));
    add(&web, "before");
    assert_eq!(titles(&pull(&web, &mut early)), ["before"]);
    assert_eq!(titles(&pull(&web, &mut late)), ["before"]);
    // As a snapshot of the disk is: what it was copied from goes on as if nothing had been.
    web.execute("checkpoint");
    cluster.back_up(&backup);
    add(&web, "lost");
    assert!(titles(&pull(&web, &mut late)).contains(&"lost".to_owned()));

    cluster.stop();
    cluster.restore(&backup);
    cluster.start_again();
    // The log and the ids of transactions come further than the device had seen, and nothing of that is left to be replayed.
    for _ in 0..20 {
        add(&web, "after");
    }
    web.execute("checkpoint");
    until_answered(&web, &early);
    let answer = pull(&web, &mut late);
    assert_eq!(answer["snapshot_required"]["reason"], "database_restored", "{answer}");
    let answer = pull(&web, &mut early);
    let after = titles(&answer).iter().filter(|title| *title == "after").count();
    assert_eq!(after, 20, "who has seen nothing of what was lost goes on: {answer}");
}

#[test]
fn a_connection_that_is_lost_while_devices_wait_is_replaced_and_nothing_is_missed() {
    let web = Web::todo();
    let device = web.device(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| web.post(0, "/pull", &device.waiting(50.0)));
        web.until_waiting(1);
        thread::sleep(Duration::from_millis(500));
        // In one statement, so that the server learns of the change only behind the loss.
        web.execute(&format!(
            "begin;
             insert into lists (owner_id, title) values ('{}', 'meanwhile');
             select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and usename = 'oosync_server' and query like '%oosync.tail%';
             commit",
            user(0)
        ));
        let answer = waiting.join().unwrap().json();
        assert_eq!(answer["records"]["lists"][0]["title"], "meanwhile", "{answer}");
    });
}

/// Connections of the server that are in use.
fn used(web: &Web) -> i64 {
    let sql = "select count(*) from pg_stat_activity
        where datname = current_database() and usename = 'oosync_server' and state <> 'idle'";
    web.server.database.client().query_one(sql, &[]).unwrap().get(0)
}

fn until_unused(web: &Web) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while used(web) > 0 {
        assert!(Instant::now() < deadline, "connections are held");
        thread::sleep(Duration::from_millis(20));
    }
}

fn with_many(web: &Web) {
    web.execute(
        "insert into labels (name) select n || repeat(md5(n::text), 20) from generate_series(1, 60000) n",
    );
}

fn snapshot(web: &Web, client: &str) -> Vec<u8> {
    let body = json!({"client": client, "schema_hash": web.hash()}).to_string();
    let headers = [("x-user", &*user(0)), ("accept", MEDIA_TYPE)];
    client::request("POST", "/snapshot", &headers, body.as_bytes())
}

#[test]
fn a_slow_reader_holds_no_connection_to_postgres_and_gets_everything() {
    let web = Web::todo();
    let device = web.device(0);
    with_many(&web);
    let mut stream = client::connect(web.address);
    stream.write_all(&snapshot(&web, &device.client)).unwrap();
    let mut head = [0; 1];
    stream.read_exact(&mut head).unwrap();
    // 40 MB are on their way, of which the client has taken one byte.
    thread::sleep(Duration::from_millis(200));
    until_unused(&web);
    let mut bytes = head.to_vec();
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(300));
        stream.read_exact(&mut head).unwrap();
        bytes.extend_from_slice(&head);
    }
    bytes.extend(client::read_all(&mut stream));
    let answer = client::parse(&bytes);
    assert!(answer.whole && answer.body.len() > 30 << 20, "{}", answer.body.len());
    let mut reader = FrameReader::default();
    reader.feed(&answer.body);
    while reader.next_frame().unwrap().is_some() {}
    assert_eq!(reader.finish().unwrap(), Ending::End);
}

#[test]
fn a_client_that_is_gone_in_the_middle_leaves_nothing_running() {
    let web = Web::todo();
    let device = web.device(0);
    with_many(&web);
    for _ in 0..5 {
        let mut stream = client::connect(web.address);
        stream.write_all(&snapshot(&web, &device.client)).unwrap();
        stream.read_exact(&mut [0; 1000]).unwrap();
    }
    until_unused(&web);
    // And in the middle of its own request.
    let bytes =
        client::request("POST", "/register", &[("x-user", &user(0)), ("content-length", "1000")], b"");
    client::connect(web.address).write_all(&[&bytes[..], b"{\"schema"].concat()).unwrap();
    assert_eq!(web.get("/health/ready").status, 200);
}

#[test]
fn a_client_that_takes_nothing_is_left() {
    let server = Server::todo();
    let engine = server.engine.clone();
    let mut options = ServeOptions::default();
    options.stall_timeout = Duration::from_millis(500);
    let web = Web::over(server, engine, HttpOptions::default(), options);
    let device = web.device(0);
    with_many(&web);
    let mut stream = client::connect(web.address);
    stream.write_all(&snapshot(&web, &device.client)).unwrap();
    thread::sleep(Duration::from_millis(3_000));
    let answer = client::parse(&client::read_all(&mut stream));
    assert!(!answer.whole, "{}", answer.body.len());
}

#[test]
fn a_request_that_does_not_come_to_its_end_ends() {
    let server = Server::todo();
    let engine = server.engine.clone();
    let mut options = ServeOptions::default();
    options.head_timeout = Duration::from_millis(400);
    let mut http = HttpOptions::default();
    http.body_timeout = Duration::from_millis(400);
    let web = Web::over(server, engine, http, options);
    let began = Instant::now();
    let mut head = client::connect(web.address);
    head.write_all(b"GET /health/live HT").unwrap();
    client::read_all(&mut head);
    let bytes = client::request("POST", "/register", &[("x-user", &user(0)), ("content-length", "10")], b"");
    let mut body = client::connect(web.address);
    body.write_all(&bytes).unwrap();
    let answer = client::parse(&client::read_all(&mut body));
    assert!(answer.error().message.contains("did not come"));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_server_that_stops_lets_answers_that_are_on_their_way_arrive() {
    let mut web = Web::todo();
    let device = web.device(0);
    with_many(&web);
    let mut stream = client::connect(web.address);
    stream.write_all(&snapshot(&web, &device.client)).unwrap();
    let mut first = [0; 1000];
    stream.read_exact(&mut first).unwrap();
    web.begin_to_stop();
    let address = web.address;
    let deadline = Instant::now() + Duration::from_secs(5);
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(10));
    }
    let answer = client::parse(&[first.to_vec(), client::read_all(&mut stream)].concat());
    assert!(answer.whole);
    web.stop();
}

#[test]
fn a_push_whose_client_hangs_up_goes_in_all_the_same() {
    let web = Web::todo();
    let device = web.device(0);
    // It waits for the row of its client, as behind another push of the same device.
    let mut holder = web.server.database.client();
    holder.batch_execute("begin; select from oosync.client for update").unwrap();
    let mut push = json!({"client": device.client, "schema_hash": device.hash});
    push["mutations"] = json!([{
        "id": 1, "table": "lists", "op": "insert",
        "key": {"id": "00000000-0000-4000-9000-000000000001"},
        "values": {"owner_id": user(0), "title": "sent once"},
    }]);
    let bytes = client::request("POST", "/push", &[("x-user", &user(0))], push.to_string().as_bytes());
    let mut stream = client::connect(web.address);
    stream.write_all(&bytes).unwrap();
    let count = |sql: &str| web.server.database.client().query_one(sql, &[]).unwrap().get::<_, i64>(0);
    let deadline = Instant::now() + Duration::from_secs(30);
    while count(
        "select count(*) from pg_stat_activity where usename = 'oosync_server' and wait_event_type = 'Lock'
                 and datname = current_database()",
    ) == 0
    {
        assert!(Instant::now() < deadline, "the push waits");
        thread::sleep(Duration::from_millis(20));
    }
    drop(stream);
    // The server learns of it.
    thread::sleep(Duration::from_millis(500));
    holder.batch_execute("rollback").unwrap();
    // A device whose network ends every few seconds would otherwise never get a long push through.
    while count("select count(*) from lists where title = 'sent once'") == 0 {
        assert!(Instant::now() < deadline, "the push went in");
        thread::sleep(Duration::from_millis(20));
    }
    let again = web.post(0, "/push", &push).json();
    assert_eq!(again["results"][0]["status"], "applied", "{again}");
}
