//! Devices that write, sync over a network that loses things, and start anew; in the end everybody has what the server has.
//!
//! `OOSYNC_CASES=1000` goes on for as many histories.

use std::sync::atomic::{AtomicUsize, Ordering};

use oosync_runtime::client::store::Op as Written;
use oosync_runtime::protocol::{ErrorBody, ErrorCode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::network::Fault;
use crate::server::{Server, user};
use crate::support::{Device, blob, id, key};

const SCHEMA: &str = "
    create table lists (
        id uuid primary key, user_id uuid not null, title text not null, weight numeric, position integer not null default 0
    );
    create table items (
        id uuid primary key, list_id uuid not null references lists on delete cascade,
        title text not null check (title <> 'refused'), done boolean not null default false
    );
    create index on items (list_id);
    create table marks (
        list_id uuid not null references lists on delete cascade, tag text not null, note text,
        primary key (list_id, tag)
    );";

const CONFIG: &str = "
    [tables.lists]
    deny_delete = false
    [tables.items]
    deny_delete = false
    conflict = \"server_wins\"
    [tables.marks]
    deny_delete = false
    conflict = \"client_wins\"
    ";

/// What every table is compared by: the same text on both sides.
const COMPARED: [(&str, &str, &str); 3] = [
    (
        "lists",
        "SELECT lower(hex(id)), title, weight, position FROM lists ORDER BY 1",
        "select replace(id::text, '-', ''), title, weight::text, position::text from lists order by 1",
    ),
    (
        "items",
        "SELECT lower(hex(id)), lower(hex(list_id)), title, done FROM items ORDER BY 1",
        "select replace(id::text, '-', ''), replace(list_id::text, '-', ''), title, done::int::text from items order by 1",
    ),
    (
        "marks",
        "SELECT lower(hex(list_id)), tag, note FROM marks ORDER BY 1, 2",
        "select replace(list_id::text, '-', ''), tag, note from marks order by 1, 2",
    ),
];

/// Something that happens. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Step {
    AddList {
        device: usize,
        list: usize,
    },
    AddItem {
        device: usize,
        item: usize,
        list: usize,
        refused: bool,
    },
    AddMark {
        device: usize,
        list: usize,
        tag: usize,
    },
    Title {
        device: usize,
        list: usize,
        value: usize,
    },
    Weight {
        device: usize,
        list: usize,
        value: usize,
    },
    Done {
        device: usize,
        item: usize,
        done: bool,
    },
    Note {
        device: usize,
        list: usize,
        tag: usize,
        value: usize,
    },
    DropList {
        device: usize,
        list: usize,
    },
    DropItem {
        device: usize,
        item: usize,
    },
    /// Somebody writes to Postgres.
    Server {
        list: usize,
        value: usize,
        what: usize,
    },
    Sync {
        device: usize,
    },
    Trouble {
        device: usize,
        kind: usize,
        fault: usize,
    },
    Restart {
        device: usize,
    },
    /// The server forgets a device, or everybody's cursor.
    Forget {
        everybody: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (device, list, item, tag, value) = (0..2_usize, 0..4_usize, 0..6_usize, 0..2_usize, 0..5_usize);
    let step = prop_oneof![
        4 => (device.clone(), list.clone()).prop_map(|(device, list)| Step::AddList { device, list }),
        4 => (device.clone(), item.clone(), list.clone(), prop::bool::weighted(0.15))
            .prop_map(|(device, item, list, refused)| Step::AddItem { device, item, list, refused }),
        2 => (device.clone(), list.clone(), tag.clone())
            .prop_map(|(device, list, tag)| Step::AddMark { device, list, tag }),
        4 => (device.clone(), list.clone(), value.clone())
            .prop_map(|(device, list, value)| Step::Title { device, list, value }),
        3 => (device.clone(), list.clone(), value.clone())
            .prop_map(|(device, list, value)| Step::Weight { device, list, value }),
        3 => (device.clone(), item.clone(), any::<bool>())
            .prop_map(|(device, item, done)| Step::Done { device, item, done }),
        2 => (device.clone(), list.clone(), tag, value.clone())
            .prop_map(|(device, list, tag, value)| Step::Note { device, list, tag, value }),
        1 => (device.clone(), list.clone()).prop_map(|(device, list)| Step::DropList { device, list }),
        2 => (device.clone(), item).prop_map(|(device, item)| Step::DropItem { device, item }),
        4 => (list, value, 0..5_usize).prop_map(|(list, value, what)| Step::Server { list, value, what }),
        8 => device.clone().prop_map(|device| Step::Sync { device }),
        4 => (device.clone(), 0..4_usize, 0..5_usize)
            .prop_map(|(device, kind, fault)| Step::Trouble { device, kind, fault }),
        1 => device.prop_map(|device| Step::Restart { device }),
        1 => prop::bool::weighted(0.3).prop_map(|everybody| Step::Forget { everybody }),
    ];
    prop::collection::vec(step, 10..60)
}

const LIST: usize = 100;
const ITEM: usize = 200;

impl Step {
    fn run<'s>(&self, server: &'s Server, devices: &mut [Option<Device<'s>>]) {
        let owner = blob(&user(0));
        let on = |device: usize, sql: String| {
            // A list that is not here, or one that is here already: nothing is written.
            let _ = devices[device].as_ref().unwrap().app.execute_batch(&sql);
        };
        match self {
            Self::AddList { device, list } => on(
                *device,
                format!(
                    "INSERT INTO lists (id, user_id, title) VALUES ({}, {owner}, 'new')",
                    key(LIST + list)
                ),
            ),
            Self::AddItem { device, item, list, refused } => {
                let title = if *refused { "refused" } else { "item" };
                let (item, list) = (key(ITEM + item), key(LIST + list));
                on(
                    *device,
                    format!("INSERT INTO items (id, list_id, title) VALUES ({item}, {list}, '{title}')"),
                );
            }
            Self::AddMark { device, list, tag } => on(
                *device,
                format!("INSERT INTO marks (list_id, tag) VALUES ({}, 'tag {tag}')", key(LIST + list)),
            ),
            Self::Title { device, list, value } => on(
                *device,
                format!("UPDATE lists SET title = 'title {device} {value}' WHERE id = {}", key(LIST + list)),
            ),
            Self::Weight { device, list, value } => {
                on(
                    *device,
                    format!("UPDATE lists SET weight = '{value}.50' WHERE id = {}", key(LIST + list)),
                );
            }
            Self::Done { device, item, done } => on(
                *device,
                format!("UPDATE items SET done = {} WHERE id = {}", u8::from(*done), key(ITEM + item)),
            ),
            Self::Note { device, list, tag, value } => on(
                *device,
                format!(
                    "INSERT INTO marks (list_id, tag, note) VALUES ({}, 'tag {tag}', 'note {device} {value}') \
                     ON CONFLICT (list_id, tag) DO UPDATE SET note = excluded.note",
                    key(LIST + list)
                ),
            ),
            Self::DropList { device, list } => {
                on(*device, format!("DELETE FROM lists WHERE id = {}", key(LIST + list)));
            }
            Self::DropItem { device, item } => {
                on(*device, format!("DELETE FROM items WHERE id = {}", key(ITEM + item)));
            }
            Self::Server { list, value, what } => {
                let list = id(LIST + list);
                server.database.execute(&match what {
                    0 => format!("update lists set title = 'server {value}' where id = '{list}'"),
                    1 => format!("update lists set position = {value} where id = '{list}'"),
                    2 => format!("update items set title = 'server {value}' where list_id = '{list}'"),
                    3 => format!("delete from items where list_id = '{list}'"),
                    _ => format!("delete from marks where list_id = '{list}'"),
                });
            }
            Self::Sync { device } => {
                let _ = devices[*device].as_ref().unwrap().client.sync();
            }
            Self::Trouble { device, kind, fault } => {
                let kind = ["push", "pull", "snapshot", "register"][*kind];
                let fault = match fault {
                    0 => Fault::Lost,
                    1 | 2 => Fault::ReplyLost,
                    3 => Fault::CutAfter(700),
                    _ => Fault::Says(ErrorBody::new(ErrorCode::Unavailable, "busy")),
                };
                devices[*device].as_ref().unwrap().network.next(kind, fault);
            }
            Self::Restart { device } => {
                let before = devices[*device].take().unwrap();
                devices[*device] = Some(before.restarted());
            }
            Self::Forget { everybody: true } => {
                server.database.execute("update oosync.meta set incarnation = gen_random_uuid()");
            }
            Self::Forget { everybody: false } => {
                server.database.execute(
                    "delete from oosync.mutation m where m.client = (select min(id::text)::uuid from oosync.client);
                     delete from oosync.client c where c.id = (select min(id::text)::uuid from oosync.client)",
                );
            }
        }
    }
}

fn on_server(server: &Server, sql: &str) -> Vec<String> {
    let rows = server.database.client().query(sql, &[]).unwrap();
    let text = |row: &postgres::Row, at| row.get::<_, Option<String>>(at).unwrap_or_else(|| "∅".to_owned());
    rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect::<Vec<_>>().join("|")).collect()
}

#[test]
fn devices_and_server_agree_in_the_end() {
    let server = Server::with(SCHEMA, CONFIG);
    let cases = std::env::var("OOSYNC_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24);
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let (pushed, conflicts) = (AtomicUsize::new(0), AtomicUsize::new(0));
    TestRunner::new(config)
        .run(&steps(), |steps| {
            server.database.execute("delete from lists");
            let mut devices = [Some(Device::new(&server, 0)), Some(Device::new(&server, 0))];
            for step in &steps {
                step.run(&server, &mut devices);
            }
            for device in devices.iter().flatten() {
                device.network.calm();
            }
            // Refused rows may leave others without their parent, which are refused by the next push.
            for _ in 0..4 {
                for device in devices.iter().flatten() {
                    let result = device.client.sync();
                    prop_assert!(result.is_ok(), "{:?}", result);
                }
            }
            for device in devices.iter().flatten() {
                for (table, here, there) in COMPARED {
                    prop_assert_eq!(device.rows(here), on_server(&server, there), "{}", table);
                }
                let pending = device.client.pending(10).unwrap();
                prop_assert_eq!(pending.changes.iter().map(|change| change.op).collect::<Vec<Written>>(), []);
                prop_assert_eq!(device.client.status().unwrap().pending, 0);
                pushed.fetch_add(device.sent().len(), Ordering::Relaxed);
                conflicts.fetch_add(device.client.conflicts().unwrap().len(), Ordering::Relaxed);
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(pushed.into_inner() > 50 && conflicts.into_inner() > 0, "something happened");
}
