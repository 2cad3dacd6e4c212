//! Every mutation is applied once, whatever becomes of its answer.

use std::time::{Duration, Instant};

use oosync_runtime::protocol::{ErrorCode, LeaseRequest, Next, Pull, ReasonCode, Reply, Status};
use oosync_runtime::server::auth::Identity;
use serde_json::json;
use uuid::Uuid;

use super::support::{Device, count, delete, id, insert, list, text, todo, update};
use crate::support::{Server, user};

#[test]
fn a_row_is_inserted_changed_and_deleted() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0), todo(1, 1)]);
    assert_eq!(text(&server, "select title from todos"), "todo 1");
    device.applies(&[update(
        "todos",
        json!({"id": id(3, 1)}),
        json!({"title": "milk", "budget": "1.50", "tags": "{a,NULL}", "details": "null", "done": true}),
        json!({"title": "todo 1", "budget": null, "tags": "{}", "details": null, "done": false}),
    )]);
    assert_eq!(
        text(&server, "select concat_ws('|', title, budget, tags, details, done) from todos"),
        "milk|1.50|{a,NULL}|null|t"
    );
    device.applies(&[delete("todos", json!({"id": id(3, 1)}))]);
    assert_eq!(text(&server, "select (deleted_at is not null)::text from todos"), "true");
}

#[test]
fn a_push_whose_reply_was_lost_is_answered_again_and_not_applied_again() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    let mutations = device.mutations(&[
        update("lists", json!({"id": id(2, 1)}), json!({"position": 5}), json!({"position": 0})),
        todo(1, 1),
        todo(2, 9),
    ]);
    let push = device.request(mutations);
    let first = device.send(&push).unwrap();
    assert_eq!(first.results[2].reason, Some(ReasonCode::NotAuthorized));
    // Meanwhile the world goes on.
    server.database.execute("update lists set position = 7; delete from todos");
    let second = device.send(&push).unwrap();
    assert_eq!(first, second);
    assert_eq!(text(&server, "select position::text from lists"), "7");
    assert_eq!(count(&server, "todos"), 0);
}

#[test]
fn replays_at_the_same_time_are_applied_once() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    server.database.execute("create table notes (n int); create function note() returns trigger security definer language plpgsql as $$ begin insert into public.notes values (1); return new; end $$; create trigger note after insert on todos for each row execute function note()");
    let mutations = device.mutations(&[todo(1, 1), todo(2, 1)]);
    let push = device.request(mutations);
    let replies: Vec<_> = std::thread::scope(|scope| {
        let sends: Vec<_> = (0..8).map(|_| scope.spawn(|| device.send(&push).unwrap())).collect();
        sends.into_iter().map(|send| send.join().unwrap()).collect()
    });
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
    assert_eq!(count(&server, "notes"), 2);
}

#[test]
fn an_id_that_comes_again_with_another_body_is_a_fork_and_nothing_is_applied() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    let mut other = list(2, 0);
    other["id"] = json!(1);
    let mutations = device.mutations(&[other, list(3, 0)]);
    let error = device.send(&device.request(mutations)).unwrap_err();
    assert_eq!(error.body().code, ErrorCode::ClientForked);
    assert_eq!(error.body().details.as_ref().unwrap().get(), r#"{"id":1}"#);
    assert_eq!(count(&server, "lists"), 1);
    assert_eq!(count(&server, "oosync.mutation"), 1);
}

#[test]
fn what_a_device_has_acknowledged_is_forgotten_and_never_applied_again() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let mutations = device.mutations(&[list(1, 0), list(2, 0)]);
    let first = device.request(mutations);
    device.send(&first).unwrap();
    let mut second = device.request(Vec::new());
    second.acknowledged = Some(1);
    device.send(&second).unwrap();
    // Nobody waits for that.
    let deadline = Instant::now() + Duration::from_secs(10);
    while count(&server, "oosync.mutation") != 1 {
        assert!(Instant::now() < deadline, "it is forgotten");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(text(&server, "select acknowledged::text from oosync.client"), "1");
    server.database.execute("delete from lists");
    assert_eq!(device.send(&first).unwrap_err().body().code, ErrorCode::ClientForked);
    assert_eq!(count(&server, "lists"), 0);
    // It does not go back.
    second.acknowledged = Some(0);
    device.send(&second).unwrap();
    assert_eq!(text(&server, "select acknowledged::text from oosync.client"), "1");
}

#[test]
fn what_a_pull_acknowledges_is_forgotten_too() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    let mutations = device.mutations(&[list(1, 0), list(2, 0), list(3, 0)]);
    let push = device.request(mutations);
    device.send(&push).unwrap();
    let mut snapshot: oosync_runtime::protocol::Snapshot = serde_json::from_value(serde_json::json!(
        {"client": device.client, "schema_hash": server.engine.schema().hash}
    ))
    .unwrap();
    snapshot.limit = oosync_runtime::protocol::PageLimit::new(1_000);
    let page = server.wait(server.engine.snapshot(&device.identity, &snapshot)).unwrap();
    let Reply::Given(page) = page else { panic!("there is a snapshot") };
    let Next::Cursor(cursor) = page.next else { panic!("it is one page") };
    let pull = |acknowledged| Pull {
        client: device.client,
        schema_hash: server.engine.schema().hash.to_owned(),
        cursor: Some(cursor.clone()),
        resume: None,
        limit: None,
        wait: None,
        acknowledged: Some(acknowledged),
    };
    let stored =
        || text(&server, "select coalesce(string_agg(id::text, ',' order by id), '') from oosync.mutation");
    let reply = server.wait(server.engine.pull(&device.identity, &pull(1))).unwrap();
    let Reply::Given(changes) = reply else { panic!("the cursor is known") };
    assert!(changes.included.contains(3) && !changes.included.contains(4));
    assert_eq!(stored(), "2,3");
    let reply = server.wait(server.engine.pull_frames(&device.identity, &pull(2))).unwrap();
    let Reply::Given(body) = reply else { panic!("the cursor is known") };
    assert!(!server.wait(body.collect()).unwrap().is_empty());
    assert_eq!(stored(), "3");
    // It does not go back, and what is forgotten is never applied again.
    server.wait(server.engine.pull(&device.identity, &pull(1))).unwrap();
    assert_eq!(text(&server, "select acknowledged::text from oosync.client"), "2");
    assert_eq!(device.send(&push).unwrap_err().body().code, ErrorCode::ClientForked);
    // Of somebody else's device, nobody can say anything.
    let other = Identity::new(user(1)).unwrap();
    server.wait(server.engine.pull(&other, &pull(3))).unwrap_err();
    assert_eq!(stored(), "3");
}

#[test]
fn a_pull_does_not_wait_for_a_push_of_its_device_to_acknowledge() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    let pull = Pull {
        client: device.client,
        schema_hash: server.engine.schema().hash.to_owned(),
        cursor: None,
        resume: None,
        limit: None,
        wait: None,
        acknowledged: Some(1),
    };
    let mut pushing = server.database.client();
    let mut transaction = pushing.transaction().unwrap();
    transaction.execute("select from oosync.client for update", &[]).unwrap();
    server.wait(server.engine.pull(&device.identity, &pull)).unwrap();
    assert_eq!(count(&server, "oosync.mutation"), 1);
    transaction.rollback().unwrap();
    server.wait(server.engine.pull(&device.identity, &pull)).unwrap();
    assert_eq!(count(&server, "oosync.mutation"), 0);
}

#[test]
fn a_client_of_somebody_else_is_unknown() {
    let server = Server::todo();
    let device = Device::new(&server, 0);
    let other = Identity::new(user(1)).unwrap();
    let push = device.request(Vec::new());
    let error = server.wait(server.engine.push(&other, &push)).unwrap_err();
    assert_eq!(error.body().code, ErrorCode::UnknownClient);
    let unknown = oosync_runtime::protocol::Push { client: Uuid::nil(), ..push };
    assert_eq!(device.send(&unknown).unwrap_err().body().code, ErrorCode::UnknownClient);
}

#[test]
fn a_push_that_is_malformed_or_too_long_is_refused_whole() {
    let server = Server::todo_built(|builder| {
        builder.limits(oosync_runtime::protocol::Limits { max_mutations: 2, ..Default::default() })
    });
    let mut device = Device::new(&server, 0);
    let mutations = device.mutations(&[list(1, 0), list(2, 0), list(3, 0)]);
    let error = device.send(&device.request(mutations)).unwrap_err();
    assert_eq!(error.body().code, ErrorCode::TooLarge);
    let mut mutations = device.mutations(&[list(1, 0), list(2, 0)]);
    mutations.reverse();
    let error = device.send(&device.request(mutations)).unwrap_err();
    assert_eq!(error.body().code, ErrorCode::BadRequest);
    assert_eq!(count(&server, "lists"), 0);
    let mut push = device.request(Vec::new());
    push.schema_hash = "0".repeat(64);
    assert_eq!(device.send(&push).unwrap_err().body().code, ErrorCode::SchemaMismatch);
}

#[test]
fn numbers_are_leased_with_a_push() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0), todo(1, 1)]);
    let mut push = device.request(Vec::new());
    push.lease.push(LeaseRequest {
        table: "comments".to_owned(),
        column: "id".to_owned(),
        count: 5.try_into().unwrap(),
    });
    let leased = device.send(&push).unwrap().lease;
    assert_eq!(leased[0].ranges[0].count(), 5);
    let number = leased[0].ranges[0].first();
    device.applies(&[insert(
        "comments",
        json!({"id": number}),
        json!({"todo_id": id(3, 1), "author_id": user(0), "body": "x"}),
    )]);
}

#[test]
fn what_may_be_tried_again_is_not_remembered() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0)]);
    // Somebody holds the row for longer than the server waits.
    let database = server.database.name();
    server
        .database
        .execute(&format!("alter role oosync_server in database {database} set lock_timeout = '200ms'"));
    let fresh = crate::support::engine_of(&server);
    let mut holder = server.database.client();
    let mut held = holder.transaction().unwrap();
    held.execute("update lists set position = 3", &[]).unwrap();
    let mutations = device.mutations(&[update(
        "lists",
        json!({"id": id(2, 1)}),
        json!({"title": "new"}),
        json!({"title": "list 1"}),
    )]);
    let push = device.request(mutations);
    let reply = server.wait(fresh.push(&device.identity, &push)).unwrap();
    assert_eq!(reply.results[0].status, Status::RejectedRetryable);
    assert_eq!(reply.results[0].reason, Some(ReasonCode::LockTimeout));
    assert!(reply.results[0].retry_after.is_some());
    assert_eq!(count(&server, "oosync.mutation"), 1);
    held.commit().unwrap();
    let reply = server.wait(fresh.push(&device.identity, &push)).unwrap();
    assert_eq!(reply.results[0].status, Status::Applied);
}
