//! What syncs by itself.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use oosync_runtime::client::{Event, StartOptions, State};
use oosync_runtime::protocol::{ErrorBody, ErrorCode};

use crate::network::Fault;
use crate::server::{Server, user};
use crate::support::{Device, blob, key, titles};

fn quick() -> StartOptions {
    let mut options = StartOptions::default();
    options.debounce = Duration::from_millis(50);
    options.look = Duration::from_millis(20);
    options.first_retry = Duration::from_millis(50);
    options.last_retry = Duration::from_millis(400);
    options.live = Some(Duration::from_secs(5));
    options
}

#[track_caller]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_is_written_reaches_the_server_and_what_is_there_comes() {
    let server = Server::todo();
    let device = Device::new(&server, 0);
    device.client.start(quick()).unwrap();
    device.add_list(1, "Garden");
    until("the list is on the server", || titles(&server) == ["Garden"]);
    until("the device waits for changes", || server.engine.waiting() > 0);
    server.database.execute("update lists set title = 'Orchard'");
    until("the change is here", || device.lists() == ["Orchard"]);
    device.client.stop();
    assert!(!device.client.status().unwrap().in_background);
    assert!(!device.client.sync_now());
    device.add_list(2, "Shed");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(titles(&server), ["Orchard"]);
    device.sync();
}

#[test]
fn a_local_change_does_not_wait_for_the_pull_that_waits() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let mut options = quick();
    options.live = Some(Duration::from_secs(50));
    device.client.start(options).unwrap();
    until("the device waits for changes", || server.engine.waiting() > 0);
    let begun = Instant::now();
    device.add_list(1, "Garden");
    until("the list is on the server", || titles(&server) == ["Garden"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_network_that_comes_back_is_noticed_within_the_bound() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.network.offline.store(true, Ordering::Relaxed);
    let events = device.client.events();
    device.client.start(quick()).unwrap();
    device.add_list(1, "Garden");
    until("it is known to be offline", || device.client.status().unwrap().state == State::Offline);
    std::thread::sleep(Duration::from_millis(1_500));
    let tried = device.network.requests.load(Ordering::Relaxed);
    assert!((3..60).contains(&tried), "{tried} attempts");
    device.network.offline.store(false, Ordering::Relaxed);
    let begun = Instant::now();
    until("the list is on the server", || titles(&server) == ["Garden"]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(events.try_iter().any(|event| matches!(event, Event::Offline { .. })));
}

#[test]
fn a_kick_does_not_wait_and_the_servers_wish_is_heeded() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let busy = ErrorBody::new(ErrorCode::TooManyRequests, "slower").retry_after(Duration::from_secs(3_000));
    device.network.next("push", Fault::Says(busy));
    device.add_list(1, "Garden");
    device.client.start(quick()).unwrap();
    until("the server has said so", || device.client.status().unwrap().failure.is_some());
    std::thread::sleep(Duration::from_millis(1_000));
    assert_eq!(device.sent().len(), 1, "nothing is sent before that time");
    device.client.network_changed();
    until("the list is on the server", || titles(&server) == ["Garden"]);
}

#[test]
fn retryable_refusals_are_sent_again() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sync();
    // Somebody holds the row.
    let mut holder = server.database.client();
    holder.batch_execute("begin; select from lists for update").unwrap();
    device.sql("UPDATE lists SET title = 'Orchard'");
    device.client.start(quick()).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    holder.batch_execute("rollback").unwrap();
    until("the title is on the server", || titles(&server) == ["Orchard"]);
}

#[test]
fn whoever_watches_a_table_is_told_of_changes_from_everywhere() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let lists = device.client.watch(&["lists"]).unwrap();
    let todos = device.client.watch(&["todos", "comments"]).unwrap();
    let soon = Duration::from_secs(20);
    device.add_list(1, "Garden");
    assert_eq!(lists.wait(soon), ["lists"]);
    device.sync();
    assert!(todos.changed().is_empty());
    std::thread::sleep(Duration::from_millis(300));
    lists.changed();
    // Another process, here another client of the file.
    let second = crate::support::client(&server, 0, &device.network, &device.folder);
    second.connection().unwrap().execute_batch("UPDATE lists SET title = 'Orchard'").unwrap();
    assert_eq!(lists.wait(soon), ["lists"]);
    device.sync();
    std::thread::sleep(Duration::from_millis(300));
    lists.changed();
    let owner = user(0);
    server.database.execute(&format!("insert into lists (owner_id, title) values ('{owner}', 'Shed')"));
    device.sync();
    assert_eq!(lists.wait(soon), ["lists"]);
    device.sql(&format!("INSERT INTO todos (id, list_id, title) VALUES ({}, {}, 'Hedge')", key(2), key(1)));
    assert_eq!(todos.wait(soon), ["todos"]);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(lists.wait(Duration::from_millis(300)), [""; 0]);
    assert!(device.client.watch(&["nothing"]).is_err());
    drop(device);
    assert_eq!(lists.wait(soon), [""; 0], "the client is gone, and nobody waits for it");
}

#[test]
fn rolled_back_writes_are_no_changes() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let lists = device.client.watch(&["lists"]).unwrap();
    let owner = blob(&user(0));
    device.sql(&format!(
        "BEGIN; INSERT INTO lists (id, owner_id, title) VALUES ({}, {owner}, 'Garden'); ROLLBACK",
        key(1)
    ));
    assert_eq!(lists.wait(Duration::from_millis(500)), [""; 0]);
}
