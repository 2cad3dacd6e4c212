//! Several devices that push at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use oosync_runtime::protocol::{ReasonCode, Status};
use serde_json::{Value, json};

use super::support::{Device, id, list, text, todo, update};
use crate::support::{Server, people};

/// Numbers that are not random, and different enough.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

fn server_that_rejects() -> Server {
    let config = include_str!("../../../../Oosync.toml")
        .replace("[tables.lists]\n", "[tables.lists]\nconflict = \"reject\"\n");
    let server = Server::with(crate::support::SCHEMA, &config);
    people(&server);
    server
}

#[test]
fn no_update_of_eight_devices_is_lost() {
    const ROWS: usize = 4;
    let server = server_that_rejects();
    let mut first = Device::new(&server, 0);
    let lists: Vec<Value> = (0..ROWS).map(|number| list(number, 0)).collect();
    first.applies(&lists);
    // Of each row, which value came after which.
    let steps: Mutex<Vec<BTreeMap<String, String>>> = Mutex::new(vec![BTreeMap::new(); ROWS]);
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let (server, steps) = (&server, &steps);
            scope.spawn(move || {
                let mut device = Device::new(server, 0);
                let mut client = server.database.client();
                let mut numbers = Numbers(seed);
                for round in 0..15 {
                    let rows = client.query("select id::text, title from lists", &[]).unwrap();
                    let mut rows: Vec<(String, String)> =
                        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
                    // Some of them, in any order.
                    let mut chosen = Vec::new();
                    for _ in 0..=numbers.below(ROWS - 1) {
                        chosen.push(rows.swap_remove(numbers.below(rows.len())));
                    }
                    let new = format!("{seed}/{round}");
                    let mutations: Vec<Value> = chosen
                        .iter()
                        .map(|(id, old)| {
                            update("lists", json!({"id": id}), json!({"title": new}), json!({"title": old}))
                        })
                        .collect();
                    for (result, (id, old)) in device.push(&mutations).iter().zip(chosen) {
                        match (&result.status, &result.reason) {
                            (Status::Applied, None) => {
                                let row: usize = id[id.len() - 3..].parse().unwrap();
                                let other = steps.lock().unwrap()[row].insert(old, new.clone());
                                assert_eq!(other, None, "two updates began with the same value");
                            }
                            (Status::RejectedTerminal, Some(ReasonCode::ConflictRejected))
                            | (Status::RejectedRetryable, _) => {}
                            other => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
    });
    for (row, steps) in steps.into_inner().unwrap().iter().enumerate() {
        let mut title = format!("list {row}");
        for _ in steps {
            title = steps[&title].clone();
        }
        assert!(!steps.is_empty());
        assert_eq!(text(&server, &format!("select title from lists where id = '{}'", id(2, row))), title);
    }
}

#[test]
fn a_push_that_met_another_in_a_deadlock_is_applied_once() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0), list(2, 0), todo(1, 1)]);
    // Somebody takes the locks the other way round: first the todo, then its list.
    let database = server.database.name();
    server
        .database
        .execute(&format!("alter role oosync_server in database {database} set deadlock_timeout = '100ms'"));
    let fresh = crate::support::engine_of(&server);
    let mut holder = server.database.client();
    holder.batch_execute("set deadlock_timeout = '1min'").unwrap();
    let mut held = holder.transaction().unwrap();
    held.execute("update todos set done = true", &[]).unwrap();
    let mutations = device.mutations(&[
        update("lists", json!({"id": id(2, 1)}), json!({"title": "a"}), json!({"title": "list 1"})),
        update("todos", json!({"id": id(3, 1)}), json!({"title": "b"}), json!({"title": "todo 1"})),
    ]);
    let push = device.request(mutations);
    let identity = device.identity.clone();
    let reply = std::thread::scope(|scope| {
        let sending = scope.spawn(|| server.wait(fresh.push(&identity, &push)).unwrap());
        // Until the push holds the list and waits for the todo.
        let mut watcher = server.database.client();
        while watcher.query("select from pg_locks where not granted", &[]).unwrap().is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        held.execute("update lists set position = 9 where id = $1::text::uuid", &[&id(2, 1)]).unwrap();
        held.commit().unwrap();
        sending.join().unwrap()
    });
    assert!(reply.results.iter().all(|result| result.status == Status::Applied), "{reply:?}");
    // It was one: Postgres counts them, once the connection ends or has been idle for a while.
    drop(fresh);
    let deadlocks = format!("select deadlocks::text from pg_stat_database where datname = '{database}'");
    let mut patience = 100;
    while text(&server, &deadlocks) == "0" {
        patience -= 1;
        assert!(patience > 0, "there was no deadlock");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(
        text(
            &server,
            "select concat_ws('|', l.title, l.position, t.title, t.done) from todos t join lists l on l.id = t.list_id"
        ),
        "a|9|b|t"
    );
}

#[test]
fn devices_that_insert_the_same_key_at_once_agree() {
    let server = server_that_rejects();
    let winners = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for number in 0..8_usize {
            let (server, winners) = (&server, &winners);
            scope.spawn(move || {
                let mut device = Device::new(server, 0);
                let mut made = list(1, 0);
                // Two of each.
                made["values"]["title"] = json!((number / 2).to_string());
                let result = device.one(made);
                match (result.status, result.reason) {
                    (Status::Applied, None) => drop(winners.lock().unwrap().insert(number / 2)),
                    (Status::RejectedTerminal, Some(ReasonCode::ConflictRejected)) => {}
                    other => panic!("{other:?}"),
                }
            });
        }
    });
    let winners: Vec<String> = winners.into_inner().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(winners, [text(&server, "select title from lists")]);
}
