//! Each transaction may run in another session, in which others have left what they like: nothing depends on it.

use std::collections::BTreeSet;

use oosync_tests::TestDatabase;
use postgres::{Client, IsolationLevel, Transaction};

use super::device::{Device, database, difference, user};

/// What others may leave in a session.
const LEFT_BEHIND: &[&str] = &[
    "set search_path = evil, pg_catalog; set standard_conforming_strings = off",
    "set datestyle = 'German'; set timezone = 'Asia/Kathmandu'; set intervalstyle = 'sql_standard'",
    "set extra_float_digits = -5; set bytea_output = 'escape'; set row_security = off; set quote_all_identifiers = on",
    "set enable_indexscan = off; set enable_nestloop = off; set enable_bitmapscan = off; set plan_cache_mode = force_custom_plan",
    "set session_replication_role = replica; set search_path = ''",
    "set oosync.user_id = '00000000-0000-4000-8000-000000000003'; set role oosync_server",
    "create temp table change_log (x int); create temp table lists (id int, owner_id int); set transform_null_equals = on",
    "set default_transaction_isolation = 'serializable'; set xmloption = document; set array_nulls = off; set search_path = pg_temp, evil",
];

/// Operators and functions that are found before those of Postgres by whoever does not say where to look.
const EVIL: &str = "
    create schema evil;
    grant usage on schema evil to public;
    create function evil.never(text, text) returns boolean language sql immutable as 'select false';
    create operator evil.= (leftarg = text, rightarg = text, function = evil.never);
    create function evil.starts_with(text, text) returns boolean language sql immutable as 'select false';
    create function evil.pg_snapshot_xmin(pg_snapshot) returns xid8 language sql immutable as $$ select '0'::xid8 $$;
    create function evil.pg_current_snapshot() returns pg_snapshot language sql immutable as $$ select '3:3:'::pg_snapshot $$;
    create table evil.lists (id bigint, owner_id uuid);
";

fn sessions(database: &TestDatabase) -> Vec<Client> {
    let session = |left: &&str| {
        let mut client = database.client();
        client.batch_execute(left).unwrap();
        client
    };
    LEFT_BEHIND.iter().map(session).collect()
}

fn texts(transaction: &mut Transaction<'_>, sql: &str) -> BTreeSet<String> {
    transaction.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

/// All that a pull asks, as a server does that knows nothing of its session.
fn asked(transaction: &mut Transaction<'_>, since: &str) -> Vec<BTreeSet<String>> {
    let set = format!("select pg_catalog.set_config('oosync.user_id', '{}', true)", user(1));
    transaction.batch_execute(&set).unwrap();
    let buckets = texts(transaction, "select oosync.buckets()");
    let list = buckets.iter().map(|bucket| format!("'{bucket}'")).collect::<Vec<_>>().join(", ");
    let mut answers = vec![buckets];
    answers.push(texts(transaction, &format!("select oosync.is_known('{since}')::pg_catalog.text")));
    answers.push(texts(
        transaction,
        &format!("select pg_catalog.format('%s %s %s', tbl, pk, gained) from oosync.changes('{since}', array[{list}])"),
    ));
    for table in ["lists", "todos", "comments", "reactions", "notes", "tags", "events", "countries"] {
        let function = format!("oosync.\"public.{table} in\"(array[{list}])");
        answers.push(texts(
            transaction,
            &format!("select pg_catalog.format('%s %s', pk, bucket) from {function}"),
        ));
    }
    answers.push(texts(transaction, "select oosync.rewritten()::pg_catalog.text"));
    answers
}

/// One transaction each: every kind of ownership, and keys whose texts depend on settings.
fn writes(number: usize) -> Vec<String> {
    let (mine, other) = (user(1), user(2));
    let id = 100 + number;
    vec![
        format!("insert into public.lists (id, owner_id, title) values ({id}, '{mine}', 'x')"),
        format!("insert into public.todos (id, list_id, title) values ({id}, {id}, 'x')"),
        format!(
            "insert into public.comments (todo_id, at, body) values ({id}, timestamptz '2024-03-04 05:06:07.5+00', 'x')"
        ),
        format!(
            "insert into public.reactions (id, todo_id, at, emoji) values ({id}, {id}, timestamptz '2024-03-04 05:06:07.5+00', 'x')"
        ),
        format!(
            "insert into public.notes (id, user_id, body) values (pg_catalog.decode('{id}0', 'hex'), '{mine}', 'x')"
        ),
        format!(
            "insert into public.events (id, user_id, day, what) values ({id}, '{mine}', date '2024-03-04', 'low')"
        ),
        format!("update public.comments set body = 'y' where todo_id operator(pg_catalog.=) {id}"),
        format!("update public.lists set owner_id = '{other}' where id operator(pg_catalog.=) {id}"),
        format!("update public.lists set owner_id = '{mine}' where id operator(pg_catalog.=) {id}"),
        format!("delete from public.reactions where id operator(pg_catalog.=) {id}"),
        format!("update public.events set day = day + 1 where id operator(pg_catalog.=) {id}"),
    ]
}

#[test]
fn every_transaction_runs_in_another_session() {
    let (database, plan) = database(4);
    let mut plain = database.client();
    plain
        .batch_execute(&format!(
            "{EVIL} insert into teams values (1, '{0}', 'team'); insert into team_members values (1, '{0}');
             insert into lists values (1, '{0}', 1, 'of the team'); insert into todos values (1, 1, 'x')",
            user(1)
        ))
        .unwrap();
    let mut pool = sessions(&database);
    let mut devices: Vec<Device> = (0..4).map(Device::new).collect();
    for device in &mut devices {
        device.pull(&plan, &mut plain).unwrap();
    }
    let mut next = 0;
    let mut since: String = plain.query_one("select pg_current_snapshot()::text", &[]).unwrap().get(0);
    for number in 0..LEFT_BEHIND.len() {
        for sql in writes(number) {
            let mut at = next % LEFT_BEHIND.len();
            // Giving a row away, changing its key and deleting it are not what this schema lets users do.
            let privileged = ["set owner_id", "set day", "delete"].iter().any(|what| sql.contains(what));
            if privileged && LEFT_BEHIND[at].contains("set role") {
                at = (at + 1) % LEFT_BEHIND.len();
            }
            next += 1;
            // As a server writes: the user is said anew in each transaction.
            let set = format!("select pg_catalog.set_config('oosync.user_id', '{}', true)", user(1));
            let written = pool[at].batch_execute(&format!("begin; {set}; {sql}; commit"));
            written.unwrap_or_else(|error| panic!("{sql} after {}: {error:?}", LEFT_BEHIND[at]));
        }
        // One snapshot, seen by a plain session and by one of the pool.
        let mut read = plain
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .unwrap();
        let snapshot: String = read.query_one("select pg_export_snapshot()", &[]).unwrap().get(0);
        let wanted = asked(&mut read, &since);
        assert!(wanted[2].len() > 5, "something has changed");
        for (left, session) in LEFT_BEHIND.iter().zip(&mut pool) {
            let mut pull = session
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .unwrap();
            pull.batch_execute(&format!("set transaction snapshot '{snapshot}'")).unwrap();
            assert_eq!(asked(&mut pull, &since), wanted, "after {left}");
        }
        read.commit().unwrap();
        since = plain.query_one("select pg_current_snapshot()::text", &[]).unwrap().get(0);
        for (number, device) in devices.iter_mut().enumerate() {
            let truth = device.pull(&plan, &mut plain).unwrap();
            assert_eq!(difference(&device.rows, &truth), "", "user {number}");
        }
    }
}
