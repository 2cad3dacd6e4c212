//! Everything in the order in which it lies, and in parts between which rows move.

use oosync_runtime::protocol::frame::FrameReader;
use oosync_runtime::protocol::{ErrorCode, Order, Snapshot};

use super::device::{Device, Form};
use super::support::{Server, user};

const SCHEMA: &str = "
create table users (id uuid primary key, name text not null);
create table animals (id integer primary key, name text not null);
create table articles (id uuid primary key, title text not null, body text);
create table documents (id uuid primary key, user_id uuid not null references users, title text not null, body text);
create index on documents (user_id);
create table events (id bigint not null, user_id uuid not null, day date not null, primary key (id, day)) partition by range (day);
create table events_old partition of events for values from (minvalue) to ('2024-01-01');
create table events_new partition of events for values from ('2024-01-01') to (maxvalue);
";

const CONFIG: &str = "[tables.users]
owner_column = \"id\"

[tables.animals]
unowned = \"everyone\"

[tables.articles]
unowned = \"everyone\"
";

/// Everybody reads all articles, and each of a hundred users has some documents: more of each than is read as one part.
fn filled() -> Server {
    let server = Server::with(SCHEMA, CONFIG);
    server.database.execute(&format!(
        "insert into users select ('00000000-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid, n from generate_series(0, 99) n;
         insert into animals values (1, 'cat');
         insert into articles select md5(n::text)::uuid, 'title ' || n, repeat('x', 1900) from generate_series(1, 12000) n;
         insert into documents select a.id, u.id, a.title, a.body from articles a
           join users u on u.name = (substr(a.title, 7)::int % 100)::text;
         insert into events select n, '{0}', '2023-12-01'::date + n from generate_series(1, 100) n;
         analyze",
        user(0),
    ));
    server
}

fn device(server: &Server, number: usize) -> Device<'_> {
    let mut device = Device::new(server, number, Form::Frames);
    device.order = Some(Order::Any);
    device
}

/// Postgres 13 cannot read a table by ranges of blocks: there, rows come in the order of keys.
fn lies_in_key_order(server: &Server) -> bool {
    let version = "select current_setting('server_version_num')::int4 < 140000";
    if !server.database.client().query_one(version, &[]).unwrap().get::<_, bool>(0) {
        return false;
    }
    let mut device = device(server, 0);
    device.snapshot();
    device.is_exact();
    assert!(came(&device, "articles").is_sorted());
    true
}

#[test]
fn rows_in_any_order_are_the_rows_of_the_user() {
    let server = filled();
    for number in [0, 1] {
        let mut device = device(&server, number);
        device.snapshot();
        device.is_exact();
    }
}

#[test]
fn rows_that_move_between_the_parts_are_there_after_the_pull() {
    let server = filled();
    if lies_in_key_order(&server) {
        return;
    }
    let mut device = device(&server, 0);
    let mut request = device.asked();
    request.resume = Some(device.begin_snapshot(&request));
    let begun = device.rows.len();
    assert!(begun > 100 && begun < 12_000, "{begun}");
    // To the end of the table, and from there to what became free at its beginning.
    for sql in [
        "update articles set title = title || '!' where title like '%7'",
        "delete from articles where title like '%3'",
        "vacuum articles",
        "update articles set title = title || '?' where title like '%7!' or title like '%5'",
    ] {
        server.database.execute(sql);
    }
    server.database.execute(
        "insert into articles select md5('new' || n)::uuid, 'new', null from generate_series(1, 500) n",
    );
    device.end_snapshot(&request).unwrap();
    device.pull();
    device.is_exact();
}

/// An older snapshot finds nothing in a table that was rewritten since.
#[test]
fn a_body_cannot_be_gone_on_from_behind_a_table_that_was_rewritten() {
    for order in [Order::Any, Order::Key] {
        let server = filled();
        server.database.execute("insert into articles select md5('more' || n)::uuid, 'more', null from generate_series(1, 20000) n");
        let mut device = device(&server, 0);
        device.order = Some(order);
        let mut writer = server.database.client();
        writer.batch_execute("begin; alter table animals alter name type text using name || '!'").unwrap();
        let mut frames = Vec::new();
        std::thread::scope(|scope| {
            let body = scope.spawn(|| device.body(&device.asked()));
            let blocked = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())";
            while !server.database.client().query_one(blocked, &[]).unwrap().get::<_, bool>(0) {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            writer.batch_execute("commit").unwrap();
            let mut reader = FrameReader::default();
            reader.feed(&body.join().unwrap());
            while let Some(frame) = reader.next_frame().unwrap() {
                frames.push(format!("{frame:?}"));
            }
        });
        assert!(frames.last().unwrap().starts_with("Error"), "{:?}", frames.last());
        assert!(!frames.iter().any(|frame| frame.starts_with("Progress")), "nothing of it counts");
        device.snapshot();
        device.is_exact();
    }
}

#[test]
fn what_cannot_be_gone_on_with_begins_anew() {
    let server = filled();
    if lies_in_key_order(&server) {
        return;
    }
    let mut device = device(&server, 0);
    let request = device.asked();
    let resume = Some(device.begin_snapshot(&request));
    let sorted = Snapshot { resume: resume.clone(), order: None, ..request.clone() };
    let error = device.end_snapshot(&sorted).unwrap_err();
    assert_eq!(error.body().code, ErrorCode::InvalidToken, "it was in no order: {error}");
    // Rows lie elsewhere then, and nothing is logged.
    server.database.execute("vacuum full articles");
    let error = device.end_snapshot(&Snapshot { resume, ..request }).unwrap_err();
    assert_eq!(error.body().code, ErrorCode::InvalidToken, "{error}");
}

#[test]
fn whoever_has_a_small_part_of_a_large_table_gets_it_by_an_index() {
    let server = filled();
    if lies_in_key_order(&server) {
        return;
    }
    let mut device = device(&server, 1);
    device.snapshot();
    device.is_exact();
    assert_eq!(came(&device, "documents").len(), 120);
    assert!(came(&device, "documents").is_sorted(), "in the order of keys");
    assert!(!came(&device, "articles").is_sorted(), "as they lie");
}

/// The keys of a table as they came, as numbers.
fn came(device: &Device<'_>, table: &str) -> Vec<Vec<u8>> {
    let came = device.came.iter().filter(|(of, _)| of == table);
    let bytes = |key: &str| key.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    came.map(|(_, key)| bytes(key)).collect()
}
