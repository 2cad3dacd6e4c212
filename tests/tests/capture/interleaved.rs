//! Interleavings that chance finds too seldom, step by step.

use std::time::{Duration, Instant};

use oosync_tests::TestDatabase;
use postgres::Client;

use super::device::{Device, database, difference, user};

/// A transaction that waits for a lock in a thread of its own; it commits when the lock is got.
pub(crate) fn begin_waiting(
    database: &TestDatabase,
    name: &str,
    sql: &str,
    hold: Duration,
) -> std::thread::JoinHandle<()> {
    let mut client = database.client();
    client.batch_execute(&format!("set application_name = '{name}'; set deadlock_timeout = '10s'")).unwrap();
    let sql = sql.to_owned();
    std::thread::spawn(move || {
        client.batch_execute(&format!("begin; {sql}")).unwrap();
        std::thread::sleep(hold);
        client.batch_execute("commit").unwrap();
    })
}

pub(crate) fn wait_until_blocked(client: &mut Client, name: &str) {
    let waiting = "select exists (select from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock')";
    let began = Instant::now();
    while !client.query_one(waiting, &[&name]).unwrap().get::<_, bool>(0) {
        assert!(began.elapsed() < Duration::from_secs(20), "{name} waits for a lock");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A reaction comes to a comment whose todo moves to another list, whose owner changes: all at once.
#[test]
fn a_row_in_the_middle_that_moved_meanwhile_is_followed() {
    let (database, plan) = database(3);
    let mut client = database.client();
    client
        .batch_execute(&format!(
            "insert into lists values (1, '{0}', null, 'from'), (2, '{1}', null, 'to'); insert into todos values (1, 1, 'moves'); insert into comments values (1, '2024-01-01', 'of the todo')",
            user(0),
            user(1)
        ))
        .unwrap();
    let mut devices: Vec<Device> = (0..3).map(Device::new).collect();
    for device in &mut devices {
        device.pull(&plan, &mut client).unwrap();
    }

    let mut mover = database.client();
    mover.batch_execute("begin; update todos set list_id = 2 where id = 1").unwrap();
    let owner_change = format!("update lists set owner_id = '{}' where id = 2", user(2));
    let giver = begin_waiting(&database, "giver", &owner_change, Duration::from_millis(500));
    wait_until_blocked(&mut client, "giver");
    let insert = "insert into reactions values (1, 1, '2024-01-01', 'late')";
    let writer = begin_waiting(&database, "writer", insert, Duration::ZERO);
    wait_until_blocked(&mut client, "writer");
    mover.batch_execute("commit").unwrap();
    for device in &mut devices {
        device.pull(&plan, &mut client).unwrap();
    }
    giver.join().unwrap();
    writer.join().unwrap();

    for (number, device) in devices.iter_mut().enumerate() {
        let truth = device.pull(&plan, &mut client).unwrap();
        assert_eq!(difference(&device.rows, &truth), "", "user {number}");
    }
    assert!(
        devices[2].rows.keys().any(|(table, _)| table == "public.comments"),
        "the new owner has the comment"
    );
}

/// What a transaction cannot see when it moves a list goes with the list all the same, also if it is gone by then.
#[test]
fn children_that_came_after_the_snapshot_of_a_move_go_with_it() {
    for isolation in ["repeatable read", "serializable"] {
        let (database, plan) = database(2);
        let mut client = database.client();
        let insert = format!("insert into lists values (1, '{}', null, 'moves')", user(0));
        client.batch_execute(&insert).unwrap();
        let mut mover = database.client();
        mover.batch_execute(&format!("begin isolation level {isolation}; select from lists")).unwrap();
        client.batch_execute("insert into todos values (1, 1, 'unseen'), (2, 1, 'unseen')").unwrap();
        let mut devices: Vec<Device> = (0..2).map(Device::new).collect();
        for device in &mut devices {
            device.pull(&plan, &mut client).unwrap();
        }
        mover
            .batch_execute(&format!("update lists set owner_id = '{}' where id = 1; commit", user(1)))
            .unwrap();
        // The old owner hears of the first todo by the move alone: this is said to the new one.
        client.batch_execute("delete from todos where id = 1").unwrap();
        for (number, device) in devices.iter_mut().enumerate() {
            let truth = device.pull(&plan, &mut client).unwrap();
            assert_eq!(difference(&device.rows, &truth), "", "user {number}, {isolation}");
        }
    }
}

/// One move that could not see a row, after another that could not see the first.
#[test]
fn moves_under_older_snapshots_add_up() {
    let (database, plan) = database(3);
    let mut client = database.client();
    client
        .batch_execute(&format!(
            "insert into lists values (1, '{0}', null, 'from'), (2, '{1}', null, 'to'); insert into todos values (1, 1, 'moves')",
            user(0),
            user(1)
        ))
        .unwrap();
    let (mut first, mut second) = (database.client(), database.client());
    for mover in [&mut first, &mut second] {
        mover.batch_execute("begin isolation level repeatable read; select from lists").unwrap();
    }
    client.batch_execute("insert into comments values (1, '2024-01-01', 'seen by neither')").unwrap();
    let mut devices: Vec<Device> = (0..3).map(Device::new).collect();
    for device in &mut devices {
        device.pull(&plan, &mut client).unwrap();
    }
    first.batch_execute("update todos set list_id = 2; commit").unwrap();
    devices[1].pull(&plan, &mut client).unwrap();
    second.batch_execute(&format!("update lists set owner_id = '{}' where id = 2; commit", user(2))).unwrap();
    for (number, device) in devices.iter_mut().enumerate() {
        let truth = device.pull(&plan, &mut client).unwrap();
        assert_eq!(difference(&device.rows, &truth), "", "user {number}");
    }
    assert!(devices[2].rows.keys().any(|(table, _)| table == "public.comments"), "the last owner has it");
}

/// A key share lock passes over an owner change that is hidden behind another update: an old snapshot must not say
/// whose the parent is.
#[test]
fn an_old_snapshot_does_not_decide_whose_a_parent_is() {
    for isolation in ["repeatable read", "serializable"] {
        let (database, plan) = database(2);
        let mut client = database.client();
        client
            .batch_execute(&format!("insert into notes values ('\\x01', '{}', 'changes hands')", user(0)))
            .unwrap();
        let mut late = database.client();
        late.batch_execute(&format!("begin isolation level {isolation}; select from notes")).unwrap();
        client.batch_execute("update notes set body = 'something else changed first'").unwrap();
        // Somebody holds the row while its owner is about to change: the row remembers several transactions then.
        let mut holder = database.client();
        holder.batch_execute("begin; insert into tags values (1, '\\x01', 'holds')").unwrap();
        let owner_change = format!("update notes set user_id = '{}'", user(1));
        let giver = begin_waiting(&database, "giver", &owner_change, Duration::ZERO);
        wait_until_blocked(&mut client, "giver");
        holder.batch_execute("commit").unwrap();
        giver.join().unwrap();
        let mut devices: Vec<Device> = (0..2).map(Device::new).collect();
        for device in &mut devices {
            device.pull(&plan, &mut client).unwrap();
        }

        let inserted = late.batch_execute("insert into tags values (2, '\\x01', 'late'); commit");
        if let Err(error) = inserted {
            assert_eq!(error.code().unwrap().code(), "40001", "{error}");
        }
        for (number, device) in devices.iter_mut().enumerate() {
            let truth = device.pull(&plan, &mut client).unwrap();
            assert_eq!(difference(&device.rows, &truth), "", "user {number}, {isolation}");
        }
    }
}

/// A statement that waits for one parent must not go on with what it saw of another before it waited: two reactions
/// come at once, one below a list that is locked, one below a todo that moves meanwhile to a list that changes hands.
#[test]
fn what_moved_while_a_statement_waited_is_looked_at_again() {
    let mut met = 0;
    // Which of both ancestors is locked first is up to the plan, so that each is the one that is waited for once.
    for (waited_for, moved) in [(1, 2), (2, 1)] {
        let (database, plan) = database(3);
        let mut client = database.client();
        client
            .batch_execute(&format!(
                "insert into lists values (1, '{0}', null, 'x'), (2, '{0}', null, 'x'), (3, '{1}', null, 'to');
                 insert into todos values (1, 1, 'x'), (2, 2, 'x');
                 insert into comments values (1, '2024-01-01', 'x'), (2, '2024-01-01', 'x')",
                user(0),
                user(1)
            ))
            .unwrap();
        let mut devices: Vec<Device> = (0..3).map(Device::new).collect();
        for device in &mut devices {
            device.pull(&plan, &mut client).unwrap();
        }
        let mut holder = database.client();
        holder
            .batch_execute(&format!("begin; select from lists where id = {waited_for} for update"))
            .unwrap();
        let insert =
            "insert into reactions values (1, 1, '2024-01-01', 'late'), (2, 2, '2024-01-01', 'late')";
        let writer = begin_waiting(&database, "writer", insert, Duration::ZERO);
        wait_until_blocked(&mut client, "writer");

        // Another update first, and somebody who holds the row before it moves: a key share lock on the version from
        // before both does not see the move.
        client.batch_execute(&format!("update todos set title = 'y' where id = {moved}")).unwrap();
        let mut sharer = database.client();
        sharer.batch_execute(&format!("begin; select from todos where id = {moved} for key share")).unwrap();
        let moves = format!("update todos set list_id = 3 where id = {moved}");
        let mover = begin_waiting(&database, "mover", &moves, Duration::ZERO);
        wait_until_blocked(&mut client, "mover");
        sharer.batch_execute("commit").unwrap();
        let began = Instant::now();
        while !mover.is_finished() && began.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
        met += usize::from(mover.is_finished());

        let mut giver = database.client();
        if mover.is_finished() {
            giver
                .batch_execute(&format!("begin; update lists set owner_id = '{}' where id = 3", user(2)))
                .unwrap();
        }
        holder.batch_execute("rollback").unwrap();
        let began = Instant::now();
        while !writer.is_finished() && began.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
        giver.batch_execute("commit").unwrap();
        writer.join().unwrap();
        mover.join().unwrap();
        for (number, device) in devices.iter_mut().enumerate() {
            let truth = device.pull(&plan, &mut client).unwrap();
            assert_eq!(difference(&device.rows, &truth), "", "user {number}");
        }
    }
    assert!(met > 0, "no todo moved while the writer waited");
}
