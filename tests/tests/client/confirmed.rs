//! Writes that count only once the server has them.

use std::sync::atomic::Ordering;

use oosync_runtime::client::ConfirmError;
use oosync_runtime::rusqlite::{self, Connection};

use crate::network::Fault;
use crate::server::{Server, user};
use crate::support::{Device, blob, key, titles};

fn add(connection: &Connection, number: usize, title: &str) -> rusqlite::Result<usize> {
    let owner = blob(&user(0));
    connection.execute(
        &format!("INSERT INTO lists (id, owner_id, title) VALUES ({}, {owner}, ?1)", key(number)),
        [title],
    )
}

#[test]
fn it_is_here_once_the_server_has_it() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Queued before");
    let confirmed = device
        .client
        .confirm(|tx| {
            add(tx, 2, "Two")?;
            add(tx, 3, "Three")?;
            tx.query_row("SELECT count(*) FROM lists", [], |row| row.get::<_, i64>(0))
        })
        .unwrap();
    assert_eq!((confirmed.value, confirmed.arrived), (3, true));
    assert_eq!(titles(&server), ["Queued before", "Three", "Two"]);
    assert_eq!(device.lists(), ["Queued before", "Three", "Two"]);
    assert_eq!(device.pending(), 0);
    let pushes = device.network.pushes.lock().unwrap();
    let groups: Vec<_> = pushes[1].mutations.iter().map(|mutation| mutation.group).collect();
    assert_eq!(groups, [Some(2), Some(2)]);
}

#[test]
fn what_is_refused_is_nowhere_and_none_of_it() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    let error = device
        .client
        .confirm(|tx| {
            add(tx, 2, "Two")?;
            tx.execute(
                &format!(
                    "INSERT INTO todos (id, list_id, title, budget) VALUES ({}, {}, 'Hedge', '-1.00')",
                    key(3),
                    key(1)
                ),
                [],
            )
        })
        .unwrap_err();
    let ConfirmError::Rejected(items) = &error else { panic!("{error}") };
    assert_eq!(items.len(), 2);
    assert!(error.to_string().contains("budget"), "{error}");
    assert_eq!((device.lists(), titles(&server)), (vec!["Garden".to_owned()], vec!["Garden".to_owned()]));
    assert_eq!(device.client.rejections().unwrap(), [], "whoever asked has been told");
    assert_eq!(device.sync().pushed, 0);
}

#[test]
fn what_the_closure_refuses_and_what_cannot_be_sent_is_nowhere() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let error = device
        .client
        .confirm(|tx| {
            add(tx, 1, "One")?;
            Err::<(), _>(rusqlite::Error::QueryReturnedNoRows)
        })
        .unwrap_err();
    assert!(matches!(error, ConfirmError::App(_)), "{error}");
    device.network.offline.store(true, Ordering::Relaxed);
    // Nothing is queued, and so it is the confirmed write itself that meets the network.
    let error = device.client.confirm(|tx| add(tx, 1, "One")).unwrap_err();
    assert!(matches!(error, ConfirmError::Unknown(_)), "{error}");
    assert_eq!(device.lists(), [""; 0]);
}

#[test]
fn where_the_answer_is_lost_it_is_sent_again_until_there_is_one() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.network.next("push", Fault::ReplyLost);
    let error = device.client.confirm(|tx| add(tx, 1, "One")).unwrap_err();
    assert!(matches!(error, ConfirmError::Unknown(_)), "{error}");
    assert_eq!((device.lists(), titles(&server)), (Vec::new(), vec!["One".to_owned()]));
    let device = device.restarted();
    assert_eq!(device.sync().pushed, 1);
    assert_eq!((device.lists(), titles(&server)), (vec!["One".to_owned()], vec!["One".to_owned()]));
    assert_eq!(device.sent(), [1, 1]);
}

#[test]
fn leased_numbers_of_what_is_confirmed_are_not_given_again() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sql(&format!("INSERT INTO todos (id, list_id, title) VALUES ({}, {}, 'Hedge')", key(2), key(1)));
    let comment = format!(
        "INSERT INTO comments (id, todo_id, author_id, body) SELECT id, {}, {}, 'x' FROM _oosync_comments__next",
        key(2),
        blob(&user(0))
    );
    device.client.confirm(|tx| tx.execute(&comment, [])).unwrap();
    device.sql(&comment);
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.rejected), (1, 0));
    assert_eq!(device.rows("SELECT count(DISTINCT id) FROM comments"), ["2"]);
}
