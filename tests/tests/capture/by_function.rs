//! Rows that a function gives to users: whatever a statement does, whoever has a row afterwards or had it before
//! finds it in the log.

use std::collections::BTreeMap;

use oosync_tests::TestDatabase;
use postgres::Client;

use super::device::installation;

const SCHEMA: &str = "
    create table regions (id int primary key, body text);
    -- Whoever is in the list, and of an open job everybody who might do it.
    create table jobs (
      id int primary key, people text[] not null default '{}', open boolean not null default false, body json,
      at timestamptz default now()
    );
    create table parts (id int primary key, job_id int references jobs on delete cascade on update cascade, body text);
    create table bolts (id int primary key, part_id int references parts on delete cascade on update cascade, body text);
    create table parcels (id int, of text, primary key (id, of)) partition by list (of);
    create table parcels_a partition of parcels for values in ('a');
    create table parcels_b partition of parcels for values in ('b', 'c');
    create table asked (operation text, new_row jsonb, old_row jsonb);
    create function who(tbl text, operation text, new_row jsonb, old_row jsonb) returns setof text language sql as $$
      select jsonb_array_elements_text(coalesce(new_row, old_row) -> 'people')
      union all select u from unnest(array['ann', 'bob', null]) u where (coalesce(new_row, old_row) ->> 'open')::boolean
      union all select coalesce(new_row, old_row) ->> 'of'
    $$;
";

const CONFIG: &str = "
    [sync]
    exclude = [\"asked\", \"regions\"]
    [tables.jobs]
    bucket = \"crew\"
    [tables.parcels]
    bucket = \"crew\"
    [buckets.crew]
    function = \"public.who\"
    write = \"members\"
    fan_out_limit = 3
";

const STATEMENTS: &[&str] = &[
    "insert into jobs (id, people) values (1, '{ann}'), (2, '{bob,cas}'), (3, '{}')",
    "insert into parts select n, 1 + n % 3, 'x' from generate_series(1, 9) n",
    "insert into bolts select n, n, 'x' from generate_series(1, 9) n",
    "update jobs set body = '{}' where id = 1",
    "update jobs set people = '{bob,bob}' where id = 1",
    "update jobs set open = true where id = 3",
    "update jobs set open = not open",
    "update jobs set people = people || '{dan}'",
    "update jobs set id = id + 10 where id = 2",
    "update parts set job_id = 3 where job_id = 1",
    "update bolts set part_id = 1",
    "update parts set id = id + 100 where id < 3",
    "begin isolation level repeatable read; update jobs set people = '{eve}' where id = 3; commit",
    "begin isolation level serializable; delete from jobs where id = 12; commit",
    "insert into jobs values (20, '{ann}') on conflict (id) do update set people = '{bob}'",
    "insert into jobs values (20, '{ann}') on conflict (id) do update set people = '{bob}'",
    "insert into parcels select n, (array['a', 'b', 'c'])[1 + n % 3] from generate_series(1, 9) n",
    "update parcels set of = 'b' where of = 'a' and id < 5",
    "delete from parcels_b where of = 'b'",
    "truncate parcels_b",
    "truncate parcels",
    "delete from jobs where id = 3",
    "truncate jobs cascade",
];

/// What is where: table, key and bucket, with the row.
fn state(client: &mut Client) -> BTreeMap<(String, Vec<String>, String), String> {
    let mut state = BTreeMap::new();
    let tables =
        [("jobs", "id"), ("parts", "id"), ("bolts", "id"), ("parcels", "id, of")].map(|(table, key)| {
            let texts = key.split(", ").map(|column| format!("t.{column}::text")).collect::<Vec<_>>().join(", ");
            let sql = format!(
                "select v.pk, v.bucket, to_jsonb(t)::text
                   from oosync.\"public.{table} in\"(array(select '*' union select 'user:' || u from unnest('{{ann,bob,cas,dan,eve,a,b,c}}'::text[]) u)) v
                   join {table} t on array[{texts}] = v.pk"
            );
            (format!("public.{table}"), sql)
        });
    for (table, sql) in tables {
        for row in client.query(&sql, &[]).unwrap() {
            state.insert((table.clone(), row.get(0), row.get(1)), row.get(2));
        }
    }
    state
}

#[test]
fn whoever_has_a_row_or_had_it_finds_it_in_the_log() {
    let database = TestDatabase::with_schema(SCHEMA);
    let (_, installation) = installation(&database, &CONFIG.replace("= 3", "= 9"));
    database.execute(&installation.install_sql());
    let mut client = database.client();
    let mut before = state(&mut client);
    for statement in STATEMENTS {
        client.batch_execute("truncate oosync.change_log").unwrap();
        // Another session: the time zone of whoever writes is not that of whoever reads.
        database.execute(&format!("set timezone = 'Asia/Tokyo'; {statement}"));
        let after = state(&mut client);
        let log =
            client.query("select tbl, unnest(pks)::text[], bucket from oosync.change_log", &[]).unwrap();
        let log: Vec<(String, Vec<String>, String)> =
            log.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        let mut changed = 0;
        for key in before.keys().chain(after.keys()) {
            if before.get(key) != after.get(key) {
                assert!(log.contains(key), "after `{statement}`: {key:?} is not in {log:?}");
                changed += 1;
            }
        }
        assert!(
            changed > 0 || statement.starts_with("insert into jobs values (20"),
            "`{statement}` changes something"
        );
        before = after;
    }
}

#[test]
fn more_users_than_the_limit_are_an_error_that_names_the_row() {
    let database = TestDatabase::with_schema(SCHEMA);
    let (_, installation) = installation(&database, CONFIG);
    database.execute(&installation.install_sql());
    database.execute("insert into jobs (id, people) values (1, '{a,b,c,a,b}'), (2, '{}')");
    let mut client = database.client();
    for sql in [
        "insert into jobs (id, people) values (7, '{a,b,c,d}')",
        "update jobs set people = '{a,b,c,d}', id = 7 where id = 2",
    ] {
        let error = client.batch_execute(sql).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(
            error.message(),
            "oosync: more than 3 users have the row {7} of public.jobs, by the bucket crew",
            "{sql}"
        );
        assert!(error.hint().unwrap().contains("fan_out_limit"));
    }
    // What is too many already can be undone.
    database.execute("create or replace function who(tbl text, operation text, new_row jsonb, old_row jsonb) returns setof text language sql as
        $$ select jsonb_array_elements_text(coalesce($3, $4) -> 'people') union select unnest(array['x', 'y', 'z']) $$");
    assert!(client.batch_execute("update jobs set body = '{}' where id = 1").is_err());
    client
        .batch_execute("update jobs set people = '{}' where id = 1; delete from jobs where id = 1")
        .unwrap();
    assert_eq!(
        client
            .query_one("select count(*) from jobs where people = '{a,b,c,d}'", &[])
            .unwrap()
            .get::<_, i64>(0),
        0
    );
}

#[test]
fn a_function_is_asked_about_what_was_and_what_is() {
    let database = TestDatabase::with_schema(SCHEMA);
    database.execute(
        "create or replace function who(tbl text, operation text, new_row jsonb, old_row jsonb) returns setof text
         language plpgsql as $$ begin
           insert into public.asked values (operation, new_row -> 'people', old_row -> 'people');
           return query select jsonb_array_elements_text(coalesce(new_row, old_row) -> 'people');
         end $$",
    );
    let (_, installation) = installation(&database, CONFIG);
    database.execute(&installation.install_sql());
    let mut client = database.client();
    let mut asked = |sql: &str| -> String {
        client.batch_execute("truncate asked").unwrap();
        client.batch_execute(sql).unwrap();
        let rows = "select string_agg(distinct concat_ws(' ', operation, 'new ' || new_row::text, 'old ' || old_row::text), '; ') from asked";
        client.query_one(rows, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
    };
    assert_eq!(asked("insert into jobs (id, people) values (1, '{a}')"), r#"INSERT new ["a"]"#);
    assert_eq!(asked("update jobs set people = '{b}'"), r#"DELETE old ["a"]; UPDATE new ["b"]"#);
    assert_eq!(asked("insert into parts values (1, 1)"), r#"SELECT new ["b"]"#);
    assert_eq!(asked("delete from parts"), r#"SELECT new ["b"]"#);
    assert_eq!(asked("delete from jobs"), r#"DELETE old ["b"]"#);
}
