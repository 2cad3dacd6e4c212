//! What a pull asks of a log with many entries, in milliseconds inside of Postgres.

use oosync_tests::TestDatabase;
use postgres::{Client, IsolationLevel};

use oosync_benches::figures::Figures;
use oosync_benches::server::{Server, run, uuid_of, value};
use oosync_benches::setting;

/// How many transactions the log is of.
const TRANSACTIONS: usize = 1_000_000;
/// Whoever pulls is a member of so many teams.
const TEAMS: usize = 8;

/// Measures each step as the server's own clock has it: a loop in a function would have its plans made for it.
const TIMED: &str = "
create function timed(sql text) returns float8 language plpgsql as $$
declare began timestamptz := clock_timestamp(); found bigint;
begin
  execute sql into found;
  return extract(epoch from clock_timestamp() - began) * 1000;
end $$;
create procedure burn(transactions bigint) language plpgsql as $$
begin
  for n in 1 .. transactions loop
    perform pg_current_xact_id();
    commit;
  end loop;
end $$;
";

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let entries = setting("OOSYNC_BENCH_LOG", 10_000_000);
    let database = server.with_capture();
    fill(&database, entries);
    let mut client = database.client();
    let of = format!("{entries} entries");

    let idle = |figures: &mut Figures, what: &str| {
        let cursor = cursor(&mut database.client());
        let first = idle(&mut database.client(), &cursor, 1);
        let mut session = database.client();
        idle(&mut session, &cursor, 20);
        let steps = idle(&mut session, &cursor, 200);
        for (at, step) in STEPS.iter().enumerate() {
            let values: Vec<f64> = steps.iter().map(|steps| steps[at]).collect();
            figures.alone(&format!("{what}, {step}"), "ms", &values, "");
        }
        let sums =
            |steps: &[[f64; STEPS.len()]]| steps.iter().map(|steps| steps.iter().sum()).collect::<Vec<f64>>();
        figures.alone(&format!("{what}, all of it"), "ms", &sums(&steps), "under 1 ms");
        figures.alone(&format!("{what}, the first of a session"), "ms", &sums(&first), "");
    };
    idle(figures, &format!("idle pull, {of}"));

    let mut slow = database.client();
    run(&mut slow, "begin; select pg_current_xact_id()");
    run(&mut client, "call burn(200000)");
    idle(figures, "idle pull, a transaction open since 200,000 others");
    run(&mut slow, "rollback");

    run(
        &mut slow,
        &format!(
            "begin; insert into oosync.change_log (tbl, bucket, pks)
           select 'public.documents', 'user:' || {}, array[array[n::text]::text] from generate_series(1, 10000) n;
         prepare transaction 'waits'",
            uuid_of("1"),
        ),
    );
    run(&mut client, "call burn(200000)");
    idle(figures, "idle pull, 10,000 keys of one's own prepared since 200,000 others");
    run(&mut slow, "rollback prepared 'waits'");

    for keys in [1, 100, 10_000] {
        let mut values = Vec::new();
        for _ in 0..20 {
            let since = cursor(&mut client);
            run(&mut client, &format!(
                "insert into oosync.change_log (tbl, bucket, pks)
                   select 'public.projects', 'team:' || n % {TEAMS}, array[array[{}::text]::text] from generate_series(1, {keys}) n",
                uuid_of("n"),
            ));
            values.push(changes(&mut client, &since));
        }
        figures.alone(&format!("{keys} changed keys, {of}"), "ms", &values, "in proportion");
    }
}

/// A log of skewed buckets: a twentieth is everyone's, a third that of a thousand teams, the rest of ten thousand users.
fn fill(database: &TestDatabase, entries: usize) {
    let mut client = database.client();
    run(&mut client, TIMED);
    run(
        &mut client,
        &format!(
            "insert into team_members select n, {} from generate_series(0, {TEAMS} - 1) n",
            uuid_of("1")
        ),
    );
    run(
        &mut client,
        &format!(
            "insert into team_members select n % 1000, {} from generate_series(100, 20000) n",
            uuid_of("n")
        ),
    );
    let first: i64 = value(&mut client, "select pg_snapshot_xmax(pg_current_snapshot())::text::int8");
    run(&mut client, "set synchronous_commit = off");
    run(&mut client, &format!("call burn({TRANSACTIONS})"));
    run(
        &mut client,
        "drop index oosync.change_log_bucket_xid; alter table oosync.change_log drop constraint change_log_pkey",
    );
    run(&mut client, &format!(
        "insert into oosync.change_log (xid, tbl, bucket, pks)
           select ({first} + n * {TRANSACTIONS} / {entries})::text::xid8,
               case n % 3 when 0 then 'public.projects' when 1 then 'public.documents' else 'public.reactions' end,
               case when n % 20 = 0 then '*'
                 when n % 20 < 8 then 'team:' || (hashint8(n) & 1023)
                 else 'user:' || {} end,
               array[array[{}::text]::text]
             from generate_series(0::int8, {entries} - 1) n",
        uuid_of("hashint8(n) & 8191"),
        uuid_of("n"),
    ));
    run(&mut client, "create index change_log_bucket_xid on oosync.change_log (bucket, xid)");
    run(&mut client, "alter table oosync.change_log add primary key (xid, seq)");
    run(&mut client, "update oosync.meta set floor = '3'");
    run(&mut client, "vacuum analyze");
    run(&mut client, "checkpoint");
}

fn cursor(client: &mut Client) -> String {
    value(client, "select pg_current_snapshot()::text")
}

const STEPS: [&str; 4] = ["buckets", "is_known", "changes", "rewritten"];

/// What each step of a pull took in which nothing has changed, so many times.
fn idle(client: &mut Client, since: &str, times: usize) -> Vec<[f64; STEPS.len()]> {
    (0..times)
        .map(|_| {
            let mut pull = client
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .expect("a transaction begins");
            pull.batch_execute(&format!(
                "select set_config('oosync.user_id', ({})::text, true)",
                uuid_of("1")
            ))
            .expect("a setting is set");
            let buckets: Vec<String> = pull
                .query_one("select array_agg(b) from oosync.buckets() b", &[])
                .expect("a user has buckets")
                .get(0);
            assert_eq!(buckets.len(), TEAMS + 2);
            let buckets = format!("{buckets:?}").replace(['[', ']'], "").replace('"', "'");
            let steps = [
                "select count(*) from oosync.buckets()".to_owned(),
                format!("select oosync.is_known('{since}')::int"),
                format!("select count(*) from oosync.changes('{since}', array[{buckets}])"),
                "select oosync.rewritten()::int".to_owned(),
            ];
            let took = steps
                .map(|sql| pull.query_one("select timed($1)", &[&sql]).expect("a step can be timed").get(0));
            pull.commit().expect("a transaction ends");
            took
        })
        .collect()
}

/// What finding the changed keys took.
fn changes(client: &mut Client, since: &str) -> f64 {
    let buckets = format!(
        "array['*', 'user:' || {}] || array(select 'team:' || n from generate_series(0, {TEAMS} - 1) n)",
        uuid_of("1")
    );
    let sql = format!("select count(*) from oosync.changes('{since}', {buckets})");
    client.query_one("select timed($1)", &[&sql]).expect("a step can be timed").get(0)
}
