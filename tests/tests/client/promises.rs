//! What a device promises.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use oosync_runtime::Value;
use oosync_runtime::client::{Event, SignOut, SignOutError, State, SyncError};
use oosync_runtime::protocol::{ErrorBody, ErrorCode};

use crate::network::{Action, Fault};
use crate::server::{Server, user};
use crate::support::{Device, blob, id, key, rows, titles};

#[test]
fn what_is_written_here_is_there_and_what_is_written_there_comes_here() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.conflicts, summary.rejected), (1, 0, 0));
    assert_eq!(titles(&server), ["Garden"]);

    server.database.execute("update lists set title = 'Orchard', position = 3");
    device.sync();
    assert_eq!(device.rows("SELECT title, position FROM lists"), ["Orchard|3"]);
    server.database.execute("delete from lists");
    device.sync();
    assert_eq!(device.lists(), [""; 0]);
    assert_eq!(device.sent(), [1]);
}

#[test]
fn what_is_written_before_the_first_connection_is_sent_with_it() {
    let server = Server::todo();
    let device = Device::new(&server, 0);
    device.network.offline.store(true, Ordering::Relaxed);
    device.add_list(1, "Garden");
    device.sql(&format!("INSERT INTO todos (id, list_id, title) VALUES ({}, {}, 'Hedge')", key(2), key(1)));
    let error = device.client.sync().unwrap_err();
    assert!(matches!(error, SyncError::Offline { .. }), "{error}");
    assert_eq!(device.client.status().unwrap().state, State::Offline);
    let device = device.restarted();
    device.network.offline.store(false, Ordering::Relaxed);
    assert_eq!(device.sync().pushed, 2);
    assert_eq!(titles(&server), ["Garden"]);
    let status = device.client.status().unwrap();
    assert!(status.ready && status.pending == 0 && status.synced_at.is_some());
    assert_eq!(status.state, State::Idle);
}

#[test]
fn a_row_does_not_flicker_back_while_its_push_is_under_way() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sync();
    device.sql("UPDATE lists SET title = 'Orchard'");
    // The server has it, and the device does not know that yet: what it pulls may not undo it.
    device.network.next("push", Fault::ReplyLost);
    device.client.sync().unwrap_err();
    assert_eq!(device.lists(), ["Orchard"]);
    device.sync();
    assert_eq!(device.lists(), ["Orchard"]);
    assert_eq!(titles(&server), ["Orchard"]);
    assert_eq!(device.client.conflicts().unwrap(), []);
}

#[test]
fn what_is_made_and_deleted_before_it_is_sent_is_not_sent() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sql("DELETE FROM lists");
    device.sync();
    assert_eq!(device.sent(), [0_u64; 0]);
    // Made anew before it was ever sent, it is one insert.
    device.add_list(2, "Shed");
    device.sql("DELETE FROM lists");
    device.add_list(2, "Shed again");
    device.sync();
    assert_eq!((device.sent(), titles(&server)), (vec![1], vec!["Shed again".to_owned()]));
}

#[test]
fn a_queue_survives_a_restart_and_is_applied_once_when_the_answer_is_lost() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.add_list(2, "Shed");
    device.network.next("push", Fault::ReplyLost);
    device.client.sync().unwrap_err();
    assert_eq!(titles(&server), ["Garden", "Shed"]);
    let device = device.restarted();
    assert_eq!(device.sync().pushed, 2);
    assert_eq!(device.sent(), [1, 2, 1, 2], "word for word");
    {
        let pushes = device.network.pushes.lock().unwrap();
        assert_eq!(pushes[0].mutations, pushes[1].mutations);
    }
    assert_eq!(titles(&server), ["Garden", "Shed"]);
    assert_eq!(device.sync().pushed, 0);
    assert_eq!((device.client.rejections().unwrap().len(), device.pending()), (0, 0));
}

#[test]
fn a_request_that_does_not_arrive_and_a_busy_server_keep_the_queue() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.network.next("push", Fault::Lost);
    device.client.sync().unwrap_err();
    let busy = ErrorBody::new(ErrorCode::Unavailable, "busy").retry_after(Duration::from_secs(7));
    device.network.next("push", Fault::Says(busy));
    let error = device.client.sync().unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.passes());
    assert_eq!(titles(&server), [""; 0]);
    assert_eq!(device.sync().pushed, 1);
    assert_eq!(titles(&server), ["Garden"]);
}

#[test]
fn an_app_that_is_too_old_keeps_its_queue_and_says_so() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let events = device.client.events();
    device.add_list(1, "Garden");
    device
        .network
        .next("push", Fault::Says(ErrorBody::new(ErrorCode::UpgradeRequired, "version 2 or later")));
    let error = device.client.sync().unwrap_err();
    assert!(matches!(&error, SyncError::UpgradeRequired { message } if message == "version 2 or later"));
    assert!(events.try_iter().any(|event| matches!(event, Event::UpgradeRequired { .. })));
    assert_eq!(device.client.status().unwrap().state, State::UpgradeRequired);
    assert_eq!(device.sync().pushed, 1);
}

#[test]
fn a_device_that_the_server_forgot_registers_anew_and_loses_nothing() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sync();
    device.add_list(2, "Shed");
    device.network.next("push", Fault::ReplyLost);
    device.client.sync().unwrap_err();
    server.database.execute(
        "delete from oosync.mutation; delete from oosync.client; delete from lists where title = 'Shed'",
    );
    let summary = device.sync();
    assert!(summary.bootstrapped, "the cursor was of the old name");
    assert_eq!(titles(&server), ["Garden", "Shed"]);
    assert_eq!((device.lists(), device.pending()), (vec!["Garden".to_owned(), "Shed".to_owned()], 0));
}

/// Another device of the same user, whose file is a copy of this one's.
fn cloned<'s>(device: &Device<'s>) -> Device<'s> {
    let server = device.server;
    let clone = Device::new(server, 0);
    device.app.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let (network, folder) = (Arc::clone(&clone.network), Arc::clone(&clone.folder));
    drop(clone);
    for file in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{file}", folder.file().display()));
    }
    std::fs::copy(device.folder.file(), folder.file()).unwrap();
    let client = crate::support::client(server, 0, &network, &folder);
    let app = client.connection().unwrap();
    Device { server, client, app, network, folder, number: 0 }
}

#[test]
fn a_cloned_device_becomes_another_one() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let clone = cloned(&device);
    device.add_list(1, "Garden");
    clone.add_list(2, "Shed");
    device.sync();
    clone.sync();
    device.sync();
    assert_eq!(titles(&server), ["Garden", "Shed"]);
    assert_eq!(device.lists(), ["Garden", "Shed"]);
    assert_eq!(clone.lists(), ["Garden", "Shed"]);
}

#[test]
fn what_was_refused_can_be_looked_at_after_a_restart_until_it_is_dismissed() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let events = device.client.events();
    device.add_list(1, "Garden");
    device.sync();
    device.sql(&format!(
        "INSERT INTO todos (id, list_id, title, budget) VALUES ({}, {}, 'Hedge', '-5.00')",
        key(2),
        key(1)
    ));
    device.add_list(3, "Shed");
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.rejected), (1, 1), "one bad row holds nothing up");
    assert!(events.try_iter().any(|event| matches!(event, Event::Rejected(item) if item.table == "todos")));
    assert_eq!(device.rows("SELECT title FROM todos"), [""; 0], "it is not on the server");
    let device = device.restarted();
    let [item] = device.client.rejections().unwrap().try_into().unwrap();
    assert_eq!(item.code.as_deref(), Some("check_violation"));
    assert_eq!(item.column("title").unwrap().mine, Value::Text("Hedge".into()));
    assert!(device.client.dismiss(item.id).unwrap());
    assert_eq!(device.client.rejections().unwrap(), []);
}

#[test]
fn a_unique_value_that_is_taken_is_refused_and_the_row_that_has_it_is_not_mistaken_for_ours() {
    let server = Server::with(
        "create table notes (id uuid primary key, user_id uuid not null, slug text not null unique, body text)",
        "",
    );
    server.database.execute(&format!("insert into notes values ('{}', '{}', 'a', 'theirs')", id(1), user(0)));
    let device = Device::synced(&server, 0);
    let owner = blob(&user(0));
    device.sql(&format!("INSERT INTO notes VALUES ({}, {owner}, 'a', 'mine')", key(2)));
    assert_eq!(device.sync().rejected, 1);
    assert_eq!(device.rows("SELECT slug, body FROM notes"), ["a|theirs"]);
    let [item] = device.client.rejections().unwrap().try_into().unwrap();
    assert_eq!(item.code.as_deref(), Some("unique_violation"));
    assert!(item.detail.as_deref().unwrap().contains("theirs"), "the row in the way: {:?}", item.detail);
    assert_eq!(item.column("body").unwrap().mine, Value::Text("mine".into()));
}

#[test]
fn an_edit_made_while_a_push_is_on_its_way_is_sent_by_the_next() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    let edit = Action::sql(device.client.connection().unwrap(), "UPDATE lists SET title = 'Orchard'");
    device.network.next("push", Fault::After(edit));
    device.sync();
    assert_eq!(device.lists(), ["Orchard"]);
    device.sync();
    assert_eq!(titles(&server), ["Orchard"]);
    assert_eq!(device.pending(), 0);
}

#[test]
fn a_device_that_is_written_to_faster_than_it_sends_hears_of_others_all_the_same() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    server.database.execute(&format!(
        "insert into lists (id, owner_id, title) values ('{}', '{}', 'Theirs')",
        id(500),
        user(0)
    ));
    device.add_list(1, "Mine 1");
    // The app writes whenever something is on its way.
    let file = device.folder.file();
    for number in 2..40 {
        let (file, list, owner) = (file.clone(), key(number), blob(&user(0)));
        let writes = Action(Arc::new(move || {
            let app = oosync_runtime::rusqlite::Connection::open(&file).unwrap();
            app.execute_batch(&format!(
                "INSERT INTO lists (id, owner_id, title) VALUES ({list}, {owner}, 'Mine {number}')"
            ))
            .unwrap();
        }));
        device.network.next("push", Fault::After(writes));
    }
    device.sync();
    assert!(device.lists().contains(&"Theirs".to_owned()), "{:?}", device.lists());
    assert_eq!(device.sent(), [1], "what was written meanwhile is for the next cycle");
    assert_eq!(device.pending(), 1);
}

#[test]
fn a_pull_over_dirty_rows_takes_clean_columns_and_leaves_dirty_ones() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sync();
    device.sql("UPDATE lists SET title = 'Orchard'");
    server.database.execute("update lists set position = 7");
    device.network.next("push", Fault::Says(ErrorBody::new(ErrorCode::BadRequest, "not today")));
    device.client.sync().unwrap_err();
    assert_eq!(device.rows("SELECT title, position FROM lists"), ["Orchard|7"], "the pull came all the same");
    device.sync();
    let row = server.database.client().query_one("select title, position from lists", &[]).unwrap();
    assert_eq!((row.get::<_, String>(0), row.get::<_, i32>(1)), ("Orchard".to_owned(), 7));
}

#[test]
fn two_devices_that_change_the_same_column_hear_of_it_and_agree() {
    let server = Server::todo();
    let (one, two) = (Device::synced(&server, 0), Device::synced(&server, 0));
    one.add_list(1, "Garden");
    one.sync();
    two.sync();
    one.sql("UPDATE lists SET title = 'Orchard'");
    two.sql("UPDATE lists SET title = 'Meadow', position = 4");
    one.sync();
    let summary = two.sync();
    assert_eq!(summary.conflicts, 1);
    assert_eq!(two.client.conflicts().unwrap().len(), 1);
    one.sync();
    assert_eq!(one.rows("SELECT title, position FROM lists"), two.rows("SELECT title, position FROM lists"));
    assert_eq!(one.rows("SELECT position FROM lists"), ["4"], "nobody else changed that");
}

#[test]
fn a_download_that_was_killed_goes_on_where_it_was() {
    let server = Server::todo();
    server.database.execute(&format!(
        "insert into lists (id, owner_id, title) select gen_random_uuid(), '{}', 'List ' || n from generate_series(1, 45000) n",
        user(0)
    ));
    let device = Device::new(&server, 0);
    let events = device.client.events();
    device.network.next("snapshot", Fault::CutAfter(3_000_000));
    let error = device.client.sync().unwrap_err();
    assert!(matches!(error, SyncError::Offline { .. }), "{error}");
    let there: usize = device.rows("SELECT count(*) FROM lists")[0].parse().unwrap();
    assert!(there > 0 && there < 45_000, "{there}: what came before the last mark is kept");
    assert!(!device.client.status().unwrap().ready);
    device.add_list(1, "Made meanwhile");
    let device = device.restarted();
    let before = events.try_iter().filter(|event| matches!(event, Event::Progress { .. })).count();
    assert!(before > 0);
    let summary = device.sync();
    assert!(summary.rows < 45_000, "{}: not everything came twice", summary.rows);
    assert_eq!(device.rows("SELECT count(*) FROM lists"), ["45001"]);
    assert!(device.client.status().unwrap().ready);
    assert_eq!(
        device.rows("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = 'lists_owner_id'"),
        ["1"]
    );
}

#[test]
fn everything_is_loaded_anew_beside_what_is_there() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    for number in 1..=5 {
        device.add_list(number, &format!("List {number}"));
    }
    device.sync();
    device.sql(&format!("UPDATE lists SET title = 'Mine' WHERE id = {}", key(1)));
    device.sql(&format!("DELETE FROM lists WHERE id = {}", key(2)));
    server.database.execute(&format!("delete from lists where id = '{}'", id(3)));
    server.database.execute(&format!("update lists set title = 'Theirs' where id = '{}'", id(4)));
    // The database is another one, as after a restore: the cursor is of no use. The push of the dirty rows is refused for
    // now, so that they are still dirty when everything is loaded.
    server.database.execute("update oosync.meta set incarnation = gen_random_uuid()");
    device.network.next("push", Fault::Says(ErrorBody::new(ErrorCode::Unavailable, "later")));
    device.client.sync().unwrap_err();
    assert_eq!(
        device.lists(),
        ["List 3", "List 4", "List 5", "Mine"],
        "what is there stays until all is there"
    );
    let summary = device.sync();
    assert!(summary.bootstrapped);
    assert_eq!(device.lists(), ["List 5", "Mine", "Theirs"]);
    assert_eq!(titles(&server), ["List 5", "Mine", "Theirs"]);
    assert_eq!(device.pending(), 0);
}

#[test]
fn a_body_that_is_cut_off_anywhere_leaves_nothing() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    server.database.execute(&format!(
        "insert into lists (id, owner_id, title) values ('{}', '{}', 'One'), ('{}', '{}', 'Two')",
        id(1),
        user(0),
        id(2),
        user(0)
    ));
    let mut cut = 0;
    loop {
        device.network.next("pull", Fault::CutAfter(cut));
        match device.client.sync() {
            Ok(_) => break,
            Err(error) => {
                assert!(matches!(error, SyncError::Offline { .. }), "after {cut} bytes: {error}");
                assert_eq!(device.lists(), [""; 0], "after {cut} bytes");
            }
        }
        cut += 1;
    }
    assert!(cut > 1_000, "{cut}");
    assert_eq!(device.lists(), ["One", "Two"]);
}

#[test]
fn a_value_that_its_column_cannot_have_holds_nothing_else_up() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.add_list(2, "Shed");
    device.sql(&format!("UPDATE lists SET created_at = 'yesterday' WHERE id = {}", key(1)));
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.stuck.len()), (1, 1));
    assert_eq!(summary.stuck[0].0, "lists");
    assert_eq!(titles(&server), ["Shed"]);
    let export = device.client.export_pending().unwrap();
    assert!(export.contains("yesterday") && export.contains("Garden"), "{export}");
    device.sql("UPDATE lists SET created_at = '2024-01-01 00:00:00.000000+00:00'");
    device.sync();
    assert_eq!(titles(&server), ["Garden", "Shed"]);
}

#[test]
fn more_than_a_request_may_hold_is_sent_in_several() {
    let server = Server::todo_built(|builder| {
        builder.limits(oosync_runtime::protocol::Limits {
            max_mutations: 7,
            max_body: 40_000,
            ..Default::default()
        })
    });
    let device = Device::synced(&server, 0);
    for number in 1..=20 {
        device.add_list(number, &format!("List {number}"));
    }
    device.sql(&format!("UPDATE lists SET title = '{}' WHERE id <= {}", "x".repeat(9_000), key(4)));
    let summary = device.sync();
    assert_eq!((summary.pushed, device.pending()), (20, 0));
    let pushes = device.network.pushes.lock().unwrap();
    assert!(pushes.len() >= 4, "{}", pushes.len());
    for push in pushes.iter() {
        assert!(push.mutations.len() <= 7);
        assert!(serde_json::to_vec(push).unwrap().len() <= 40_000);
    }
}

#[test]
fn numbers_are_leased_before_they_are_needed() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sql(&format!("INSERT INTO todos (id, list_id, title) VALUES ({}, {}, 'Hedge')", key(2), key(1)));
    let author = blob(&user(0));
    for _ in 0..150 {
        device.sql(&format!(
            "INSERT INTO comments (id, todo_id, author_id, body) SELECT id, {}, {author}, 'x' FROM _oosync_comments__next",
            key(2)
        ));
    }
    device.sync();
    let count = server.database.client().query_one("select count(*) from comments", &[]).unwrap();
    assert_eq!(count.get::<_, i64>(0), 150);
    let left = device.rows("SELECT sum(last - next + 1) FROM _oosync_lease WHERE next <= last");
    assert!(left[0].parse::<u64>().unwrap() >= 200, "{left:?}");
}

/// Comments with the next numbers of a device.
fn comment(device: &Device<'_>, count: usize) {
    let author = blob(&user(0));
    for number in 0..count {
        device.sql(&format!(
            "INSERT INTO comments (id, todo_id, author_id, body) \
             SELECT id, {}, {author}, 'comment {number}' FROM _oosync_comments__next WHERE id IS NOT NULL",
            key(2)
        ));
    }
}

fn comments(server: &Server) -> i64 {
    server.database.client().query_one("select count(*) from comments", &[]).unwrap().get(0)
}

#[test]
fn a_cloned_device_does_not_give_away_the_numbers_of_the_other() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sql(&format!("INSERT INTO todos (id, list_id, title) VALUES ({}, {}, 'Hedge')", key(2), key(1)));
    device.sync();
    let clone = cloned(&device);
    // Its next push tells that it is another one.
    device.add_list(3, "Shed");
    device.sync();
    clone.add_list(4, "Pond");
    clone.sync();
    comment(&device, 20);
    comment(&clone, 20);
    device.sync();
    clone.sync();
    assert_eq!(comments(&server), 40);
}

#[test]
fn numbers_that_were_leased_before_the_database_was_restored_are_given_back() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sql(&format!("INSERT INTO todos (id, list_id, title) VALUES ({}, {}, 'Hedge')", key(2), key(1)));
    device.sync();
    // As a restore does: the sequence falls back, and what devices know is of another life.
    server.database.execute(
        "select setval(pg_get_serial_sequence('comments', 'id'), 1, false);
         truncate oosync.epoch, oosync.epochs",
    );
    let other = Device::synced(&server, 0);
    device.sync();
    device.sync();
    comment(&device, 20);
    comment(&other, 20);
    device.sync();
    other.sync();
    assert_eq!(comments(&server), 40);
}

#[test]
fn what_a_restored_database_has_answered_and_lost_does_not_stay_on_the_device() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    // Answered, and not pulled: the cursor is of before, and the copy that is put back knows it.
    device.network.next("pull", Fault::Lost);
    device.client.sync().unwrap_err();
    server.database.execute(
        "alter table lists disable trigger all; delete from lists; alter table lists enable trigger all;
         delete from oosync.mutation; truncate oosync.change_log",
    );
    device.add_list(2, "Shed");
    device.sync();
    device.sync();
    assert_eq!(titles(&server), ["Shed"]);
    assert_eq!(device.lists(), ["Shed"]);
}

#[test]
fn what_was_not_sent_can_be_discarded() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sync();
    device.sql("UPDATE lists SET title = 'Orchard'");
    let uuid = id(1).replace('-', "");
    let bytes: Vec<u8> =
        (0..16).map(|at| u8::from_str_radix(&uuid[2 * at..2 * at + 2], 16).unwrap()).collect();
    assert!(device.client.discard("lists", &[Value::Blob(bytes.into())]).unwrap());
    assert_eq!(device.lists(), ["Garden"]);
    device.sync();
    assert_eq!(device.sent(), [1]);
}

#[test]
fn a_user_signs_out_only_when_nothing_would_be_lost_or_they_say_so() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    let error = device.client.sign_out(SignOut::RefusePending).unwrap_err();
    assert!(matches!(error, SignOutError::Pending { count: 1 }), "{error}");
    // What was sent and not answered may not have arrived.
    device.network.next("push", Fault::ReplyLost);
    device.client.sync().unwrap_err();
    let error = device.client.sign_out(SignOut::RefusePending).unwrap_err();
    assert!(matches!(error, SignOutError::Pending { count: 1 }), "{error}");
    device.sync();
    device.client.sign_out(SignOut::RefusePending).unwrap();
    assert_eq!(device.lists(), [""; 0]);
    // Somebody else.
    let Device { client, app, folder, network, .. } = device;
    drop((client, app));
    let client = crate::support::client(&server, 1, &network, &folder);
    client.sync().unwrap();
    assert_eq!(rows(&client.connection().unwrap(), "SELECT title FROM lists"), [""; 0]);
}

#[test]
fn a_file_is_not_filled_with_the_rows_of_another_user() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let Device { client, app, folder, network, .. } = device;
    drop((client, app));
    let client = crate::support::client(&server, 1, &network, &folder);
    for _ in 0..3 {
        let error = client.sync().unwrap_err();
        assert!(
            matches!(&error, SyncError::Refused { code: ErrorCode::Forbidden, message } if message.contains(&user(0))),
            "{error}"
        );
    }
    // However often it is tried, the server knows of one device.
    let known = server.database.client().query_one("select count(*) from oosync.client", &[]).unwrap();
    assert_eq!(known.get::<_, i64>(0), 1);
}

#[test]
fn two_processes_share_a_file_and_one_of_them_syncs() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.client.start(oosync_runtime::client::StartOptions::default()).unwrap();
    let second = crate::support::client(&server, 0, &device.network, &device.folder);
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while device.client.status().unwrap().holder.is_none() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
    let error = second.sync().unwrap_err();
    assert!(matches!(error, SyncError::HeldElsewhere { .. }), "{error}");
    let app = second.connection().unwrap();
    let owner = blob(&user(0));
    app.execute_batch(&format!(
        "INSERT INTO lists (id, owner_id, title) VALUES ({}, {owner}, 'Garden')",
        key(1)
    ))
    .unwrap();
    while titles(&server).is_empty() {
        assert!(std::time::Instant::now() < deadline, "the first one sends what the second wrote");
        std::thread::sleep(Duration::from_millis(20));
    }
    device.client.stop();
    second.sync().unwrap();
}

#[test]
fn a_row_that_went_between_its_push_and_the_first_download_does_not_stay() {
    let server = Server::todo();
    let device = Device::new(&server, 0);
    device.add_list(1, "Garden");
    device.network.next("snapshot", Fault::Lost);
    device.client.sync().unwrap_err();
    assert_eq!(titles(&server), ["Garden"]);
    server.database.execute("delete from lists");
    device.sync();
    assert_eq!(device.lists(), [""; 0]);
}
