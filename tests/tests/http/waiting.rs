//! Pulls that wait.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use oosync_runtime::protocol::{ErrorCode, MEDIA_TYPE};
use oosync_runtime::server::Engine;
use oosync_runtime::server::auth::{AuthError, Authenticating, Authenticator, Identity, RequestParts};
use oosync_runtime::server::http::{HttpOptions, ServeOptions};
use serde_json::{Value, json};

use super::client::{self, Answer};
use super::support::{self, Server, user};
use super::web::{Device, Web};

const TEAM: &str = "10000000-0000-4000-8000-000000000001";

/// A server to which devices say who they are in another way.
fn with_authenticator(authenticator: impl Authenticator) -> Web {
    let server = Server::todo();
    let (pool, schema) = (support::pool(&server.database), server.engine.schema());
    let engine = server.wait(Engine::builder(pool, schema, authenticator).build()).unwrap();
    Web::over(server, engine, HttpOptions::default(), ServeOptions::default())
}

/// A team of user 0 with user 1 in it.
fn with_team(web: &Web) {
    web.execute(&format!(
        "insert into teams (id, owner_id, name) values ('{TEAM}', '{}', 'team');
         insert into team_members (team_id, user_id) values ('{TEAM}', '{0}'), ('{TEAM}', '{1}')",
        user(0),
        user(1)
    ));
}

/// The answer to a pull that waits, while something is done; and how long it took.
fn meanwhile(web: &Web, device: &Device, seconds: f64, done: impl FnOnce()) -> (Answer, Duration) {
    let before = web.engine.waiting();
    let began = Instant::now();
    thread::scope(|scope| {
        let asked = scope.spawn(|| web.post(device.number, "/pull", &device.waiting(seconds)));
        web.until_waiting(before + 1);
        // Some ticks that find nothing.
        thread::sleep(Duration::from_millis(250));
        done();
        let answer = asked.join().unwrap();
        (answer, began.elapsed())
    })
}

#[test]
fn a_waiting_pull_is_answered_when_ones_own_rows_change() {
    let web = Web::todo();
    let device = web.device(0);
    let (answer, took) = meanwhile(&web, &device, 50.0, || {
        web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'mine')", user(0)));
    });
    assert_eq!(answer.json()["records"]["lists"][0]["title"], "mine");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(web.engine.waiting(), 0);
}

#[test]
fn a_waiting_pull_is_answered_when_a_shared_bucket_changes() {
    let web = Web::todo();
    with_team(&web);
    let device = web.device(1);
    let (answer, _) = meanwhile(&web, &device, 50.0, || {
        let list =
            format!("insert into lists (owner_id, team_id, title) values ('{}', '{TEAM}', 'ours')", user(0));
        web.execute(&list);
    });
    assert_eq!(answer.json()["records"]["lists"][0]["title"], "ours");
}

#[test]
fn a_waiting_pull_is_answered_when_a_bucket_is_gained_and_when_it_is_lost() {
    let web = Web::todo();
    with_team(&web);
    web.execute(&format!(
        "insert into lists (owner_id, team_id, title) values ('{}', '{TEAM}', 'ours')",
        user(0)
    ));
    let mut device = web.device(2);
    let (answer, _) = meanwhile(&web, &device, 50.0, || {
        web.execute(&format!("insert into team_members (team_id, user_id) values ('{TEAM}', '{}')", user(2)));
    });
    let answer = answer.json();
    assert_eq!(answer["buckets"]["added"], json!([format!("team:{TEAM}")]));
    assert_eq!(answer["records"]["lists"][0]["title"], "ours");
    device.cursor = answer["cursor"].as_str().unwrap().to_owned();
    let (answer, _) = meanwhile(&web, &device, 50.0, || {
        web.execute(&format!("delete from team_members where user_id = '{}'", user(2)));
    });
    let answer = answer.json();
    assert_eq!(answer["buckets"]["removed"], json!([format!("team:{TEAM}")]));
    assert_eq!(answer["deletes"]["lists"].as_array().unwrap().len(), 1);
}

#[test]
fn a_waiting_pull_is_not_answered_when_rows_of_others_change() {
    let web = Web::todo();
    with_team(&web);
    let device = web.device(2);
    let (answer, took) = meanwhile(&web, &device, 1.5, || {
        web.execute(&format!(
            "insert into lists (owner_id, title) values ('{}', 'theirs');
             insert into lists (owner_id, team_id, title) values ('{0}', '{TEAM}', 'theirs too')",
            user(0)
        ));
    });
    assert!(took >= Duration::from_millis(1_500), "{took:?}");
    let answer = answer.json();
    assert_eq!((answer.get("records"), &answer["has_more"]), (None, &json!(false)));
    // The new cursor is one.
    let mut device = device;
    device.cursor = answer["cursor"].as_str().unwrap().to_owned();
    assert_eq!(web.post(2, "/pull", &device.request()).json().get("records"), None);
}

#[test]
fn a_change_that_commits_late_is_told_when_it_commits() {
    let web = Web::todo();
    let mut writer = web.server.database.client();
    // Before the tail begins, so that its id is below the first snapshot.
    let mut transaction = writer.transaction().unwrap();
    transaction
        .batch_execute(&format!("insert into lists (owner_id, title) values ('{}', 'late')", user(0)))
        .unwrap();
    let device = web.device(0);
    let (answer, _) = meanwhile(&web, &device, 50.0, || {
        // Others come and go meanwhile.
        web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'of another')", user(1)));
        thread::sleep(Duration::from_millis(300));
        assert_eq!(web.engine.waiting(), 1);
        transaction.commit().unwrap();
    });
    assert_eq!(answer.json()["records"]["lists"][0]["title"], "late");
}

#[test]
fn what_changed_before_is_answered_without_waiting() {
    let web = Web::todo();
    let device = web.device(0);
    web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'mine')", user(0)));
    let began = Instant::now();
    let answer = web.post(0, "/pull", &device.waiting(50.0));
    assert_eq!(answer.json()["records"]["lists"][0]["title"], "mine");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn frames_wait_too() {
    let web = Web::todo();
    let device = web.device(0);
    let accept = [("accept", MEDIA_TYPE)];
    let answer = web.post_with(0, "/pull", &accept, &device.waiting(0.5));
    assert_eq!((answer.header("content-type"), answer.whole), (Some(MEDIA_TYPE), true));
    let empty = answer.body.len();
    thread::scope(|scope| {
        let asked = scope.spawn(|| web.post_with(0, "/pull", &accept, &device.waiting(50.0)));
        web.until_waiting(1);
        web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'mine')", user(0)));
        assert!(asked.join().unwrap().body.len() > empty + 50);
    });
}

#[test]
fn no_change_is_missed_by_one_who_asks_again_at_once() {
    let web = Web::todo();
    web.execute(&format!("insert into lists (id, owner_id, title) values ('{TEAM}', '{}', '0')", user(0)));
    let mut device = web.device(0);
    let database = &web.server.database;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = database.client();
            for number in 1..=150 {
                writer.execute("update lists set position = $1", &[&number]).unwrap();
                thread::sleep(Duration::from_millis(number as u64 * 7 % 40));
            }
        });
        let mut last = 0;
        while last < 150 {
            let answer = web.post(0, "/pull", &device.waiting(20.0)).json();
            let position = &answer["records"]["lists"][0]["position"];
            assert!(position.as_i64().unwrap() > last, "{answer}");
            last = position.as_i64().unwrap();
            device.cursor = answer["cursor"].as_str().unwrap().to_owned();
        }
    });
}

#[test]
fn a_client_that_hangs_up_frees_its_place_at_once() {
    let web = Web::todo();
    let device = web.device(0);
    let body = device.waiting(50.0).to_string();
    let bytes = client::request("POST", "/pull", &[("x-user", &user(0))], body.as_bytes());
    let mut streams: Vec<_> = (0..5)
        .map(|_| {
            let mut stream = client::connect(web.address);
            stream.write_all(&bytes).unwrap();
            stream
        })
        .collect();
    web.until_waiting(5);
    streams.truncate(2);
    let began = Instant::now();
    web.until_waiting(2);
    drop(streams);
    web.until_waiting(0);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_wait_ends_by_the_time_the_token_expires() {
    struct Expiring;
    impl Authenticator for Expiring {
        fn authenticate<'a>(&'a self, _: RequestParts<'a>) -> Authenticating<'a> {
            Box::pin(async {
                let expires = SystemTime::now() + Duration::from_millis(1_200);
                Ok::<_, AuthError>(Identity::new(user(0))?.with_expiry(expires))
            })
        }
    }
    let web = with_authenticator(Expiring);
    let device = web.device(0);
    let began = Instant::now();
    let answer = web.post(0, "/pull", &device.waiting(50.0));
    assert_eq!(answer.json()["has_more"], false);
    assert!((1_100..3_000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[test]
fn a_server_that_stops_answers_those_who_wait() {
    let mut web = Web::todo();
    let device = web.device(0);
    let address = web.address;
    let body = device.waiting(50.0).to_string();
    let bytes = client::request("POST", "/pull", &[("x-user", &user(0))], body.as_bytes());
    let asked = thread::spawn(move || client::parse(&client::exchange(address, &bytes)));
    web.until_waiting(1);
    let began = Instant::now();
    web.stop();
    let answer = asked.join().unwrap();
    assert_eq!((answer.status, &answer.json()["has_more"]), (200, &json!(false)));
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(std::net::TcpStream::connect(address).is_err());
}

/// While the tail is asking, since somebody else waits.
fn with_tail(web: &Web, run: impl FnOnce()) {
    let other = web.device(1);
    thread::scope(|scope| {
        let asked = scope.spawn(|| web.post(1, "/pull", &other.waiting(50.0)));
        web.until_waiting(1);
        run();
        web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'the end')", user(1)));
        assert_eq!(asked.join().unwrap().status, 200);
    });
}

/// The questions that the server has asked in the last moments, but for the tail's.
fn asked(web: &Web) -> Vec<String> {
    let sql =
        "select query from pg_stat_activity where datname = current_database() and usename = 'oosync_server'
        and state_change > clock_timestamp() - interval '0.3 seconds' and query not like '%oosync.tail%'";
    web.server.database.client().query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_device_that_has_everything_waits_without_a_look_at_its_rows() {
    let web = Web::todo();
    web.execute(&format!("insert into lists (id, owner_id, title) values ('{TEAM}', '{}', '0')", user(0)));
    with_tail(&web, || {
        let mut device = web.device(0);
        for round in 1..4 {
            // Until the tail has seen all that the device has.
            thread::sleep(Duration::from_millis(500));
            device.cursor = thread::scope(|scope| {
                let answer = scope.spawn(|| web.post(0, "/pull", &device.waiting(50.0)).json());
                web.until_waiting(2);
                thread::sleep(Duration::from_millis(100));
                let asked = asked(&web);
                assert!(asked.len() == 1 && asked[0].contains("oosync.mutation"), "{asked:?}");
                web.execute(&format!("update lists set title = '{round}' where id = '{TEAM}'"));
                let answer = answer.join().unwrap();
                assert_eq!(answer["records"]["lists"][0]["title"], round.to_string());
                answer["cursor"].as_str().unwrap().to_owned()
            });
        }
    });
}

#[test]
fn what_was_told_before_a_device_came_is_answered_at_once() {
    let web = Web::todo();
    let mut device = web.device(0);
    with_tail(&web, || {
        for round in 0..3 {
            web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'mine')", user(0)));
            // Of another bucket, and later.
            web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'not mine')", user(2)));
            thread::sleep(Duration::from_millis(300));
            let began = Instant::now();
            let answer = web.post(0, "/pull", &device.waiting(50.0)).json();
            assert_eq!(answer["records"]["lists"].as_array().unwrap().len(), 1, "{round}: {answer}");
            assert!(began.elapsed() < Duration::from_secs(5));
            device.cursor = answer["cursor"].as_str().unwrap().to_owned();
        }
    });
}

#[test]
fn a_device_hears_at_once_of_its_mutations_that_changed_nothing() {
    let web = Web::todo();
    web.execute(&format!("insert into lists (id, owner_id, title) values ('{TEAM}', '{}', 'same')", user(0)));
    let device = web.device(0);
    with_tail(&web, || {
        let push = json!({"client": device.client, "schema_hash": device.hash, "mutations": [
            {"id": 1, "table": "lists", "op": "update", "key": {"id": TEAM}, "values": {"title": "same"},
             "base": {"title": "same"}}
        ]});
        assert_eq!(web.post(0, "/push", &push).json()["results"][0]["status"], "applied");
        thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        let answer = web.post(0, "/pull", &device.waiting(50.0)).json();
        assert_eq!(answer["records"]["lists"][0]["title"], "same", "{answer}");
        assert!(began.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn another_request_than_the_cursors_is_looked_at_at_once() {
    struct Leveled;
    impl Authenticator for Leveled {
        fn authenticate<'a>(&'a self, parts: RequestParts<'a>) -> Authenticating<'a> {
            Box::pin(async move {
                let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
                let level = header("x-level").unwrap_or("1");
                Ok::<_, AuthError>(
                    Identity::new(header("x-user").unwrap())?.with_setting("app.level", level)?,
                )
            })
        }
    }
    let web = with_authenticator(Leveled);
    web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'mine')", user(0)));
    let device = web.device(0);
    with_tail(&web, || {
        thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        let answer = web.post_with(0, "/pull", &[("x-level", "2")], &device.waiting(50.0)).json();
        // Policies may see another level: all of it is told.
        assert_eq!(answer["records"]["lists"][0]["title"], "mine", "{answer}");
        let unknown =
            json!({"client": TEAM, "schema_hash": device.hash, "cursor": device.cursor, "wait": 50.0});
        assert_eq!(web.post(0, "/pull", &unknown).status, 400);
        assert!(began.elapsed() < Duration::from_secs(5));
    });
}

/// Connections of the server that were used within the last second.
fn busy(web: &Web) -> i64 {
    let sql = "select count(*) from pg_stat_activity where datname = current_database()
        and usename = 'oosync_server' and state_change > clock_timestamp() - interval '1 second'";
    web.server.database.client().query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn a_thousand_devices_wait_for_the_price_of_one() {
    // In a process of its own, whose memory nobody else uses.
    if std::env::var_os("OOSYNC_ALONE").is_none() {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "waiting::a_thousand_devices_wait_for_the_price_of_one", "--nocapture"]);
        let output = command.env("OOSYNC_ALONE", "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let web = Web::todo();
    let device = web.device(0);
    let body = device.waiting(50.0).to_string();
    let bytes = client::request("POST", "/pull", &[("x-user", &user(0))], body.as_bytes());
    let before = resident();
    let mut streams: Vec<_> = (0..1_000)
        .map(|_| {
            let mut stream = client::connect(web.address);
            stream.write_all(&bytes).unwrap();
            stream
        })
        .collect();
    web.until_waiting(1_000);
    // Once each has looked for itself: the tail's own connection, and no other.
    let deadline = Instant::now() + Duration::from_secs(60);
    while busy(&web) > 1 {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(100));
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 100 << 20, "{} MiB", grown >> 20);
    for _ in 0..5 {
        thread::sleep(Duration::from_millis(200));
        assert_eq!(busy(&web), 1);
    }
    // All of them are answered.
    web.execute(&format!("insert into lists (owner_id, title) values ('{}', 'mine')", user(0)));
    for stream in &mut streams {
        let answer = client::parse(&client::read_all(stream));
        assert_eq!(answer.json()["records"]["lists"][0]["title"], "mine");
    }
    assert_eq!(web.engine.waiting(), 0);
}

/// Memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn a_wait_is_cut_to_what_the_server_allows() {
    let limits =
        oosync_runtime::protocol::Limits { max_wait: Duration::from_millis(300), ..Default::default() };
    let server = Server::todo_built(|builder| builder.limits(limits));
    let engine = server.engine.clone();
    let web = Web::over(server, engine, HttpOptions::default(), ServeOptions::default());
    let device = web.device(0);
    let answer: Value = web.post(0, "/pull", &device.waiting(1e6)).json();
    assert_eq!(answer["has_more"], false);
    assert_eq!(web.post(0, "/pull", &device.waiting(f64::MAX)).error().code, ErrorCode::BadRequest);
}
