//! Each kind of statement, alone: after it, every device is what plain SQL says.

use super::device::{Device, database, difference, user};

/// Statements in `$0`, `$1`, `$2` for users; each is its own transaction.
const STATEMENTS: &[&str] = &[
    "insert into countries values ('is', 'Iceland'), ('fo', 'Faroe')",
    "insert into teams values (1, '$0', 'one'), (2, '$1', 'two')",
    "insert into lists select n, '$0', null, 'list ' || n from generate_series(1, 5) n",
    "insert into lists values (10, '$1', 1, 'shared')",
    "insert into todos select n, 1 + n % 5, 'todo ' || n from generate_series(1, 20) n",
    "insert into todos values (100, 10, 'in the shared list')",
    "insert into comments select n, '2024-03-04 05:06:07.89+00', 'first' from generate_series(1, 20) n",
    "insert into comments values (100, 'infinity', 'last')",
    "insert into reactions select n, n, '2024-03-04 05:06:07.89+00', '+1' from generate_series(1, 20) n",
    "update reactions set todo_id = 2 where id = 1",
    // Members come and go.
    "insert into team_members values (1, '$2')",
    "insert into team_members values (2, '$0')",
    "update team_members set team_id = 2 where team_id = 1",
    "update lists set team_id = 2 where id = 10",
    "update team_members set user_id = '$1' where user_id = '$0'",
    "delete from team_members where user_id = '$2'",
    // Owners, and parents at every depth.
    "update lists set owner_id = '$1' where id in (1, 2)",
    "update lists set owner_id = '$1', id = 20 where id = 3",
    "update todos set list_id = 10 where id in (1, 2)",
    "update todos set id = id + 1000 where id in (1, 2, 3)",
    "update comments set todo_id = 1001, at = '2020-01-01' where todo_id = 4",
    "update comments set body = body || '!'",
    "update reactions set emoji = '-1'",
    "update reactions set todo_id = 8 where id = 5",
    "update todos set title = upper(title)",
    "update lists set title = title where false",
    // One key that goes and comes.
    "begin; delete from comments where todo_id = 5; insert into comments values (5, '2024-03-04 05:06:07.89+00', 'again'); commit",
    "begin; savepoint a; delete from lists; rollback to a; update lists set title = 'kept' where id = 4; commit",
    "begin; delete from lists; rollback",
    "insert into countries values ('is', 'Island') on conflict (code) do update set name = excluded.name",
    "insert into countries values ('is', 'x') on conflict do nothing",
    // Null owners and orphans.
    "insert into notes values ('\\x00ff', null, 'everyone''s'), ('\\x', '$0', 'mine')",
    "insert into tags values (1, '\\x00ff', 'a'), (2, '\\x', 'b'), (3, null, 'c')",
    "update notes set user_id = '$1' where id = '\\x00ff'",
    "update notes set user_id = null where id = '\\x'",
    "update tags set note_id = '\\x' where id = 3",
    "update tags set note_id = null where id = 1",
    "delete from notes where id = '\\x'",
    "delete from users where id = '$1'",
    "insert into users values ('$1', 'again')",
    // Partitions: by the root, across them, directly, by the middle.
    "insert into events select n, '$0', '2023-12-30'::date + n, 'low' from generate_series(1, 6) n",
    "insert into events_high values (50, '$1', '2025-01-01', 'high')",
    "update events set day = day + 400 where id = 1",
    "update events set what = 'high', user_id = '$1' where id = 6",
    "update events_low set user_id = '$2' where id = 3",
    "update events_new set what = 'high' where id = 4",
    "delete from events_old",
    "truncate events_high",
    "truncate events",
    "set session_replication_role = replica; update todos set title = 'as replica'; delete from comments where todo_id = 8",
    "set datestyle = 'SQL, DMY'; set timezone = 'Asia/Tokyo'; insert into events values (60, '$0', '2024-03-04', 'low'); \
     insert into comments values (9, '2024-03-04 01:02:03+00', 'elsewhere')",
    "set datestyle = 'German'; set bytea_output = 'escape'; insert into notes values ('\\xdeadbeef', '$0', 'x'); \
     update events set what = 'high' where id = 60; delete from comments where body = 'elsewhere'; update notes set body = 'y'",
    "begin isolation level serializable; update lists set owner_id = '$2' where id = 4; commit",
    "begin isolation level repeatable read; update todos set list_id = 5 where list_id = 4; commit",
    "delete from todos where id > 1000",
    "delete from lists where id = 5",
    "truncate comments cascade",
    "truncate lists cascade",
    "truncate countries",
    "delete from teams",
    "truncate users cascade",
];

#[test]
fn every_device_follows_every_statement() {
    let (database, plan) = database(3);
    let mut client = database.client();
    let mut devices: Vec<Device> = (0..3).map(Device::new).collect();
    for device in &mut devices {
        device.pull(&plan, &mut client).unwrap();
    }
    for statement in STATEMENTS {
        let mut sql = (*statement).to_owned();
        for number in 0..3 {
            sql = sql.replace(&format!("${number}"), &user(number));
        }
        // A session of its own: settings do not outlive the statement.
        database.execute(&sql);
        for (number, device) in devices.iter_mut().enumerate() {
            let truth = device.pull(&plan, &mut client).unwrap();
            let wrong = difference(&device.rows, &truth);
            assert!(wrong.is_empty(), "user {number} after `{statement}`:\n{wrong}");
        }
    }
    assert!(devices.iter().all(|device| device.answered > 50), "the log was read");
}
