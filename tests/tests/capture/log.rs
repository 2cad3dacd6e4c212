//! What becomes of the log: how far it reaches back, what it keeps, and what else a cursor depends on.

use std::collections::BTreeSet;

use postgres::Client;

use super::device::{Device, database, difference, user};

/// How many keys the log has.
const KEYS: &str = "select count(*) from oosync.change_log, unnest(pks)";

fn number(client: &mut Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).unwrap().get(0)
}

/// Waits until everything that is under way in the cluster now is over: transactions of other tests hold compaction up.
pub(crate) fn settle(client: &mut Client) {
    let now = number(client, "select pg_snapshot_xmax(pg_current_snapshot())::text::int8");
    while number(client, "select pg_snapshot_xmin(pg_current_snapshot())::text::int8") < now {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Compacts in batches until there is nothing more to do; how many entries went, and in how many steps.
fn compact(client: &mut Client, retention: &str, batch: i32) -> (i64, usize) {
    let sql = format!("select gone, done from oosync.compact('{retention}', {batch})");
    let (mut gone, mut steps) = (0, 0);
    loop {
        let row = client.query_one(&sql, &[]).unwrap();
        gone += row.get::<_, i64>(0);
        steps += 1;
        if row.get(1) {
            return (gone, steps);
        }
        assert!(steps < 10_000, "compaction does not end");
    }
}

fn fill(client: &mut Client) {
    client
        .batch_execute(&format!(
            "insert into lists select n, '{}', null, 'list' from generate_series(1, 10) n;
             insert into todos select n, 1 + n % 10, 'todo' from generate_series(1, 50) n",
            user(0)
        ))
        .unwrap();
    for round in 0..8 {
        client.batch_execute(&format!("update todos set title = 'round {round}' where id % 2 = 0")).unwrap();
    }
}

#[test]
fn batches_of_any_size_leave_one_entry_for_each_key() {
    for batch in [1, 7, 60, 100_000] {
        let (database, plan) = database(2);
        let mut client = database.client();
        let mut early = Device::new(0);
        early.pull(&plan, &mut client).unwrap();
        fill(&mut client);
        let mut late = Device::new(0);
        late.pull(&plan, &mut client).unwrap();
        client
            .batch_execute("delete from todos where id > 40; update lists set title = 'x' where id = 3")
            .unwrap();
        let before = number(&mut client, KEYS);
        settle(&mut client);
        let (gone, steps) = compact(&mut client, "1 day", batch);
        let after = number(&mut client, KEYS);
        let keys = number(
            &mut client,
            "select count(distinct (tbl, bucket, pk)) from oosync.change_log, unnest(pks) pk",
        );
        assert_eq!((after, gone), (keys, before - after), "batch {batch}");
        assert!((steps > 3) == (batch < 1_000), "{steps} steps of {batch}");
        // What comes later is compacted with what is there, which is not gone through again.
        client.batch_execute("update todos set title = 'again' where id = 2").unwrap();
        settle(&mut client);
        assert_eq!(compact(&mut client, "1 day", batch).0, 1, "batch {batch}");
        assert_eq!(compact(&mut client, "1 day", batch), (0, 1), "batch {batch}");
        for device in [&mut early, &mut late] {
            let truth = device.pull(&plan, &mut client).unwrap();
            assert_eq!(difference(&device.rows, &truth), "", "batch {batch}");
            assert_eq!(device.anew, 0);
        }
    }
}

#[test]
fn a_statement_of_many_rows_puts_many_keys_into_an_entry() {
    let (database, plan) = database(2);
    let mut client = database.client();
    let mut device = Device::new(0);
    let lists =
        format!("insert into lists select n, '{}', null, 'list' from generate_series(1, 3) n", user(0));
    client.batch_execute(&lists).unwrap();
    device.pull(&plan, &mut client).unwrap();
    let entries = "select count(*) from oosync.change_log";
    let mut agrees = |client: &mut Client, statement: &str, keys: i64, more: i64| {
        let before = (number(client, KEYS), number(client, entries));
        client.batch_execute(statement).unwrap();
        assert_eq!((number(client, KEYS) - before.0, number(client, entries) - before.1), (keys, more));
        let truth = device.pull(&plan, client).unwrap();
        assert_eq!(difference(&device.rows, &truth), "", "{statement}");
    };
    agrees(&mut client, "insert into todos select n, 1, 'todo' from generate_series(1, 1000) n", 1_000, 32);
    agrees(&mut client, "update todos set title = 'new' where id <= 3", 3, 3);
    agrees(&mut client, "update todos set list_id = 2 where id <= 33", 33, 2);
    // One row takes many along.
    let away = format!("update lists set owner_id = '{}' where id = 1", user(1));
    let before = number(&mut client, entries);
    client.batch_execute(&away).unwrap();
    assert!(number(&mut client, entries) - before < 100, "{}", number(&mut client, entries) - before);
    let truth = device.pull(&plan, &mut client).unwrap();
    assert_eq!((difference(&device.rows, &truth), truth.len()), (String::new(), device.rows.len()));
    // Of an entry those keys stay that have no newer one.
    client
        .batch_execute("update todos set title = 'again' where id = 700; delete from todos where id > 990")
        .unwrap();
    settle(&mut client);
    compact(&mut client, "1 day", 10);
    assert_eq!(
        number(&mut client, KEYS),
        number(
            &mut client,
            "select count(distinct (tbl, bucket, pk)) from oosync.change_log, unnest(pks) pk"
        )
    );
    let truth = device.pull(&plan, &mut client).unwrap();
    assert_eq!(difference(&device.rows, &truth), "");
}

#[test]
fn an_open_transaction_holds_compaction_up_and_loses_nothing() {
    let (database, plan) = database(2);
    let mut client = database.client();
    fill(&mut client);
    let mut device = Device::new(0);
    device.pull(&plan, &mut client).unwrap();
    let mut slow = database.client();
    slow.batch_execute("begin; update todos set title = 'slow' where id = 1").unwrap();
    client
        .batch_execute("update todos set title = 'a' where id = 4; update todos set title = 'b' where id = 4")
        .unwrap();
    compact(&mut client, "1 day", 10);
    device.pull(&plan, &mut client).unwrap();
    slow.batch_execute("commit").unwrap();
    client.batch_execute("update todos set title = 'after' where id = 1").unwrap();
    settle(&mut client);
    compact(&mut client, "1 day", 10);
    let truth = device.pull(&plan, &mut client).unwrap();
    assert_eq!(difference(&device.rows, &truth), "");
    assert_eq!(
        number(
            &mut client,
            "select count(*) from oosync.change_log, unnest(pks) pk where tbl = 'public.todos' and pk = '{1}'"
        ),
        1
    );
}

#[test]
fn what_is_older_than_the_retention_is_forgotten_and_said_to_be() {
    let (database, plan) = database(2);
    let mut client = database.client();
    fill(&mut client);
    let mut device = Device::new(0);
    device.pull(&plan, &mut client).unwrap();
    let cursor = "select pg_current_snapshot()::text";
    let old: String = client.query_one(cursor, &[]).unwrap().get(0);
    client.batch_execute("update todos set title = 'later' where id = 1").unwrap();
    settle(&mut client);
    client.batch_execute("select oosync.mark()").unwrap();
    let known = |client: &mut Client, cursor: &str| -> bool {
        client.query_one("select oosync.is_known($1::text::pg_snapshot)", &[&cursor]).unwrap().get(0)
    };
    compact(&mut client, "1 hour", 7);
    assert!(known(&mut client, &old));
    let (gone, steps) = compact(&mut client, "0 s", 7);
    assert!(gone > 50 && steps > 3, "{gone} entries in {steps} steps");
    assert_eq!(number(&mut client, KEYS), 0);
    assert_eq!(number(&mut client, "select count(*) from oosync.newest"), 0);
    assert!(!known(&mut client, &old));
    let new: String = client.query_one(cursor, &[]).unwrap().get(0);
    assert!(known(&mut client, &new));
    let truth = device.pull(&plan, &mut client).unwrap();
    assert_eq!((difference(&device.rows, &truth), device.anew), (String::new(), 1));
}

#[test]
fn a_transaction_that_is_older_than_the_log_makes_cursors_unknown() {
    let (database, plan) = database(2);
    let mut client = database.client();
    fill(&mut client);
    let mut device = Device::new(0);
    let mut old = database.client();
    old.batch_execute("begin isolation level repeatable read; select").unwrap();
    // It cannot see this row, and its move takes it along.
    client.batch_execute("insert into todos values (1000, 5, 'unseen')").unwrap();
    settle(&mut client);
    client.batch_execute("select oosync.mark()").unwrap();
    compact(&mut client, "0 s", 1_000);
    device.pull(&plan, &mut client).unwrap();
    old.batch_execute(&format!("update lists set owner_id = '{}' where id = 5; commit", user(1))).unwrap();
    let truth = device.pull(&plan, &mut client).unwrap();
    assert_eq!((difference(&device.rows, &truth), device.anew), (String::new(), 1));
}

#[test]
fn a_table_whose_triggers_were_off_is_reconciled() {
    let (database, plan) = database(2);
    let mut client = database.client();
    fill(&mut client);
    let mut device = Device::new(0);
    device.pull(&plan, &mut client).unwrap();
    client
        .batch_execute(
            "alter table todos disable trigger user;
             update todos set title = 'missed'; insert into todos values (2000, 1, 'missed too');
             alter table todos enable trigger user",
        )
        .unwrap();
    let truth = device.pull(&plan, &mut client).unwrap();
    assert_ne!(difference(&device.rows, &truth), "", "it was missed");
    assert_eq!(number(&mut client, "select oosync.reconcile('todos')"), 51);
    let truth = device.pull(&plan, &mut client).unwrap();
    assert_eq!(difference(&device.rows, &truth), "");

    // A partition that comes with rows.
    client
        .batch_execute(&format!(
            "create table events_odd (like events_high including all);
             insert into events_odd values (77, '{}', '2025-02-03', 'high');
             alter table events_new detach partition events_high; drop table events_high;
             alter table events_new attach partition events_odd for values in ('high')",
            user(0)
        ))
        .unwrap();
    assert_eq!(number(&mut client, "select oosync.reconcile('events_odd')"), 1);
    let truth = device.pull(&plan, &mut client).unwrap();
    assert_eq!(difference(&device.rows, &truth), "");

    client.batch_execute("create table other (id int)").unwrap();
    let error = client.query_one("select oosync.reconcile('other')", &[]).unwrap_err();
    assert_eq!(error.as_db_error().unwrap().message(), "public.other is not synced");
}

#[test]
fn manifests_are_registered_once_and_an_earlier_one_becomes_present_again() {
    let (database, _) = database(0);
    let mut client = database.client();
    let present = "select version from oosync.current_manifest()";
    let first = number(&mut client, "select oosync.register_manifest('a', '[1]')");
    assert_eq!(number(&mut client, "select oosync.register_manifest('a', '[1]')"), first);
    let second = number(&mut client, "select oosync.register_manifest('b', '[2]')");
    assert!(second > first);
    assert_eq!(number(&mut client, present), second);
    assert_eq!(number(&mut client, "select oosync.register_manifest('a', '[1]')"), first);
    assert_eq!(number(&mut client, present), first);
    let versions: BTreeSet<i64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| number(&mut database.client(), "select oosync.register_manifest('c', '[3]')"))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(versions.len(), 1, "all at once are one: {versions:?}");
    assert_eq!(number(&mut client, "select count(*) from oosync.manifest"), 3);
}

#[test]
fn a_cursor_knows_this_life_of_this_database() {
    let (database, _) = database(0);
    let mut client = database.client();
    let state = |client: &mut Client| {
        let row = client
            .query_one(
                "select incarnation::text, timeline, epoch::text, floor::text::int8, xmax::text::int8 from oosync.cursor_state()",
                &[],
            )
            .unwrap();
        let (incarnation, timeline, epoch): (String, i64, String) = (row.get(0), row.get(1), row.get(2));
        assert!(row.get::<_, i64>(3) <= row.get::<_, i64>(4));
        (incarnation, timeline, epoch)
    };
    let before = state(&mut client);
    assert_eq!((state(&mut client), before.1), (before.clone(), 1));
    client
        .batch_execute("begin transaction isolation level repeatable read read only; select oosync.cursor_state(); commit")
        .unwrap();
    // As a crash does, or a promotion.
    client.batch_execute("truncate oosync.epoch").unwrap();
    let after = state(&mut client);
    assert!(after.0 == before.0 && after.2 != before.2);

    client.batch_execute("update lists set title = ''; select oosync.mark()").unwrap();
    let seen = number(&mut client, "select seen::text::int8 from oosync.meta");
    client.batch_execute("update lists set title = ''; select oosync.mark()").unwrap();
    assert!(number(&mut client, "select seen::text::int8 from oosync.meta") > seen);

    drop(client);
    let name = format!("{}_copy", database.name());
    let mut maintenance = oosync_tests::Cluster::shared().client();
    maintenance.batch_execute(&format!("create database {name} template {}", database.name())).unwrap();
    let mut elsewhere =
        Client::connect(&oosync_tests::Cluster::shared().url(&name), postgres::NoTls).unwrap();
    let there = state(&mut elsewhere);
    assert_ne!(there.0, after.0, "a copy is another database");
    assert_eq!(state(&mut elsewhere).0, there.0, "and stays it");
    drop(elsewhere);
    maintenance.batch_execute(&format!("drop database {name} with (force)")).unwrap();
}
