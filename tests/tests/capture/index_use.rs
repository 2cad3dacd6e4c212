//! What a reader asks costs what it finds: never a scan of a table or of the log, whatever else is open.

use std::collections::BTreeMap;

use postgres::{Client, IsolationLevel, Transaction};

use oosync_tests::TestDatabase;

use super::device::{database, installation, user};

/// How often tables were scanned as a whole until now, and how many rows were found by an index: of the log, of
/// `oosync.unseen`, and of the tables of a chain. The numbers of a session, so that differences count.
fn counted(transaction: &mut Transaction<'_>) -> BTreeMap<String, (i64, i64)> {
    let sql = "select relname::text, seq_scan, coalesce(idx_tup_fetch, 0) from pg_stat_xact_all_tables
               where relname in ('change_log', 'unseen', 'lists', 'todos', 'comments', 'reactions')";
    transaction.query(sql, &[]).unwrap().iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
}

/// What a query gives, and which rows were read for it; no table is scanned.
fn read_for(client: &mut Client, sql: &str) -> (i64, BTreeMap<String, i64>) {
    let mut pull = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .unwrap();
    let before = counted(&mut pull);
    let number = pull.query_one(sql, &[]).unwrap().get(0);
    let mut read = BTreeMap::new();
    for (table, (scans, found)) in counted(&mut pull) {
        let (scanned, before) = before.get(&table).copied().unwrap_or_default();
        assert_eq!(scans, scanned, "{table} was scanned for {sql}");
        read.insert(table, found - before);
    }
    assert!(!pull.query_one("select oosync.rewritten()", &[]).unwrap().get::<_, bool>(0));
    (number, read)
}

fn snapshot(client: &mut Client) -> String {
    client.query_one("select pg_current_snapshot()::text", &[]).unwrap().get(0)
}

/// How many keys have changed for a user and everyone, and how many entries were read for it. A session that asks
/// again has its plans already.
fn delta(client: &mut Client, since: &str) -> (i64, i64) {
    let sql = format!("select count(*) from oosync.changes('{since}', array['*', 'user:{}'])", user(0));
    let mut found = (0, 0);
    for _ in 0..8 {
        let (known, _) = read_for(client, &format!("select oosync.is_known('{since}')::int::int8"));
        assert_eq!(known, 1);
        let (keys, read) = read_for(client, &sql);
        found = (keys, read["change_log"]);
    }
    found
}

#[test]
fn a_delta_reads_the_entries_that_it_is_made_of() {
    let (database, _) = database(1);
    let mut client = database.client();
    // Most of the log is everyone's: by statistics alone, reading all of it would be the cheapest.
    client
        .batch_execute(&format!(
            "insert into oosync.change_log (xid, tbl, bucket, pks)
               select (3 + n % 500)::text::xid8, 'public.countries', case when n % 4 = 0 then 'user:{}' else '*' end, array[array[n::text]::text]
               from generate_series(1, 100000) n;
             analyze oosync.change_log; update oosync.meta set floor = '3'",
            user(0)
        ))
        .unwrap();
    let since = snapshot(&mut client);
    assert_eq!(delta(&mut client, &since), (0, 0));

    let entry = |keys: usize| {
        format!(
            "insert into oosync.change_log (tbl, bucket, pks)
               select 'public.lists', 'user:{}', array[array[n::text]::text] from generate_series(1, {keys}) n",
            user(0)
        )
    };
    // Open since long ago, in a session and prepared, with much that nobody sees yet.
    let mut open = database.client();
    open.batch_execute(&format!("begin; {}", entry(3_000))).unwrap();
    let mut prepared = database.client();
    let name = format!("waits in {}", database.name());
    prepared.batch_execute(&format!("begin; {}; prepare transaction '{name}'", entry(2_000))).unwrap();
    for _ in 0..50 {
        client
            .batch_execute(
                "insert into oosync.change_log (tbl, bucket, pks) values ('x', 'user:other', '{}')",
            )
            .unwrap();
    }
    let since = snapshot(&mut client);
    assert_eq!(delta(&mut client, &since), (0, 0));
    client.batch_execute(&entry(7)).unwrap();
    assert_eq!(delta(&mut client, &since), (7, 7));
    open.batch_execute("commit").unwrap();
    assert_eq!(delta(&mut client, &since), (3_000, 3_007));
    prepared.batch_execute(&format!("rollback prepared '{name}'")).unwrap();
    assert_eq!(delta(&mut client, &since), (3_000, 3_007));
    let since = snapshot(&mut client);
    assert_eq!(delta(&mut client, &since), (0, 0));
}

#[test]
fn what_is_in_a_bucket_is_found_by_index() {
    let (database, _) = database(1);
    let mut client = database.client();
    let people = "('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid";
    client
        .batch_execute(&format!(
            "set session_replication_role = replica;
             insert into users select {people}, 'x' from generate_series(1, 250) n;
             insert into teams select n, '{}', 'x' from generate_series(1, 250) n;
             insert into lists select n, {owner}, 1 + n % 250, 'x' from generate_series(1, 5000) n;
             insert into todos select n, 1 + n % 5000, 'x' from generate_series(1, 15000) n;
             insert into comments select 1 + n % 15000, '2024-01-01', 'x' from generate_series(1, 15000) n;
             insert into reactions select n, 1 + n % 15000, '2024-01-01', 'x' from generate_series(1, 15000) n;
             create index on lists (owner_id); create index on lists (team_id); create index on teams (owner_id);
             analyze",
            user(0),
            owner = people.replace("n::", "(1 + n % 250)::"),
        ))
        .unwrap();
    // A transaction that is open since before.
    let mut open = database.client();
    open.batch_execute("begin isolation level repeatable read; select pg_current_xact_id()").unwrap();
    client.batch_execute("update todos set title = 'y' where id % 50 = 0").unwrap();

    for (table, rows) in [("lists", 20), ("todos", 60), ("comments", 60), ("reactions", 60)] {
        for bucket in ["team:7".to_owned(), format!("user:{}", user(7))] {
            let sql = format!("select count(*) from oosync.\"public.{table} in\"(array['{bucket}'])");
            let (found, read) = read_for(&mut client, &sql);
            assert_eq!(found, rows, "{table} in {bucket}");
            let most = read.iter().max_by_key(|(_, rows)| **rows).unwrap();
            assert!(*most.1 <= 2 * rows, "{table} in {bucket}: {read:?}");
        }
    }
}

#[test]
fn a_link_between_two_collations_is_found_by_index_up_and_down() {
    let database = TestDatabase::with_schema(
        "create table lists (id text collate \"C\" primary key, user_id text not null);
         create table todos (id int primary key, list_id text collate \"POSIX\" not null references lists on delete cascade);
         create index on todos (list_id);
         create table comments (id int primary key, todo_id int not null references todos on delete cascade);
         create index on comments (todo_id); create index on lists (user_id);",
    );
    let (_, installation) = installation(&database, "");
    database.execute(&installation.install_sql());
    let mut client = database.client();
    client
        .batch_execute(
            "insert into lists select n, 'user ' || n % 250 from generate_series(1, 5000) n;
             insert into todos select n, 1 + n % 5000 from generate_series(1, 15000) n;
             insert into comments select n, 1 + n % 15000 from generate_series(1, 15000) n;
             analyze",
        )
        .unwrap();
    for (table, rows) in [("lists", 20), ("todos", 60), ("comments", 60)] {
        let sql = format!("select count(*) from oosync.\"public.{table} in\"(array['user:user 7'])");
        let (found, read) = read_for(&mut client, &sql);
        assert_eq!(found, rows, "{table}");
        assert!(read.values().all(|read| *read <= 2 * rows), "{table}: {read:?}");
    }
    // A new owner reaches all that is below, as one who writes does who sees what is above.
    let since = snapshot(&mut client);
    client.batch_execute("update lists set user_id = 'somebody' where id = '7'").unwrap();
    let changed = format!("select count(*) from oosync.changes('{since}', array['user:somebody'])");
    let (found, _) = read_for(&mut client, &changed);
    assert_eq!(found, 1 + 3 + 3);
}
