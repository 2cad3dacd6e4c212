//! A pull says which of a device's mutations are part of it, and tells of the rows that they reached.

use oosync_runtime::protocol::{Changes, Next, Pull, Reply, Snapshot};
use serde_json::json;

use super::support::{Device, id, list, todo, update};
use crate::support::Server;

fn start(device: &Device<'_>) -> String {
    let mut request = Snapshot {
        client: device.client,
        schema_hash: device.server.engine.schema().hash.to_owned(),
        resume: None,
        tables: None,
        cursor: None,
        limit: None,
        order: None,
    };
    loop {
        let reply = device.server.wait(device.server.engine.snapshot(&device.identity, &request)).unwrap();
        let Reply::Given(page) = reply else { panic!("a snapshot is given") };
        match page.next {
            Next::Resume(token) => request.resume = Some(token),
            Next::Cursor(cursor) => return cursor,
        }
    }
}

fn pull(device: &Device<'_>, cursor: String) -> (Changes, String) {
    let request = Pull {
        client: device.client,
        schema_hash: device.server.engine.schema().hash.to_owned(),
        cursor: Some(cursor),
        resume: None,
        limit: None,
        wait: None,
        acknowledged: None,
    };
    let reply = device.server.wait(device.server.engine.pull(&device.identity, &request)).unwrap();
    let Reply::Given(changes) = reply else { panic!("the cursor is known") };
    let Next::Cursor(cursor) = changes.next.clone() else { panic!("one page is enough") };
    (changes, cursor)
}

#[test]
fn a_mutation_that_changed_nothing_is_answered_with_its_row_once() {
    let server = Server::todo();
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0), todo(1, 1)]);
    let cursor = start(&device);
    let (nothing, cursor) = pull(&device, cursor);
    assert!(nothing.records.is_empty() && nothing.included.contains(2) && !nothing.included.contains(3));

    // Somebody else has written the same meanwhile, and a pull that is not answered yet told of it.
    server.database.execute(&format!("update todos set done = true where id = '{}'", id(3, 1)));
    let (_, cursor) = pull(&device, cursor);
    device.applies(&[update(
        "todos",
        json!({"id": id(3, 1)}),
        json!({"done": true}),
        json!({"done": false}),
    )]);
    let (changes, cursor) = pull(&device, cursor);
    assert!(changes.included.contains(3));
    assert_eq!(changes.records["todos"].len(), 1, "{changes:?}");
    assert!(changes.records["todos"][0].get().contains("true"));
    let (nothing, _) = pull(&device, cursor);
    assert!(nothing.records.is_empty() && nothing.included.contains(3));
}
