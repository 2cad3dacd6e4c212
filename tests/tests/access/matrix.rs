//! Every class of table, every operation, everybody: what is allowed is written here by hand.

use oosync_tests::TestDatabase;
use postgres::Client;

use super::installed::{CONFIG, Outcome, PEOPLE, SCHEMA, ask, connect, installed};

/// What is done with row 1 of a table, and a letter for who is allowed to.
struct Case {
    /// What it is about, and the table.
    table: &'static str,
    /// Reads row 1.
    select: &'static str,
    /// A new row that belongs to whom row 1 belongs to.
    insert: &'static str,
    /// Changes a plain column of row 1.
    update: &'static str,
    /// Gives row 1 to somebody else: another owner, or another parent, or another bucket.
    give: &'static str,
    /// Deletes row 1.
    delete: &'static str,
    /// Who may: of owner, other, member, one who was a member, nobody; in the order select, insert, update, give,
    /// delete.
    allowed: [&'static str; 5],
}

/// The plain statements on a table whose other columns of an insert are these.
macro_rules! case {
    ($table:literal, $columns:literal, $values:literal, $give:literal, $allowed:expr) => {
        Case {
            table: $table,
            select: concat!("select * from (select id from ", $table, " where id = 1) t"),
            insert: concat!("insert into ", $table, " (id, ", $columns, ") values (9, ", $values, ")"),
            update: concat!("update ", $table, " set body = 'new' where id = 1"),
            give: concat!("update ", $table, " set ", $give, " where id = 1"),
            delete: concat!("delete from ", $table, " where id = 1"),
            allowed: $allowed,
        }
    };
}

const CASES: &[Case] = &[
    //                                            owner    other    member   was      nobody
    case!("diaries", "owner_id", "'$0'", "owner_id = '$1'", ["siu.d", ".....", ".....", ".....", "....."]),
    case!("notes", "owner_id", "'$0'", "owner_id = '$1'", ["siu.d", ".....", ".....", ".....", "....."]),
    case!("drafts", "owner_id", "'$0'", "owner_id = '$1'", ["siu.d", ".....", ".....", ".....", "....."]),
    case!("letters", "owner_id", "'$0'", "owner_id = '$1'", ["siu..", ".....", ".....", ".....", "....."]),
    // Members write, also into lists that are not their own. The owner of a list shares it with whom the owner likes.
    case!(
        "lists",
        "owner_id, team_id",
        "'$0', 1",
        "team_id = 2",
        ["siugd", ".....", "siu.d", ".....", "....."]
    ),
    case!("todos", "list_id", "1", "list_id = 2", ["siu.d", ".....", "siu.d", ".....", "....."]),
    case!("comments", "todo_id", "1", "todo_id = 2", ["siu.d", ".....", "siu.d", ".....", "....."]),
    case!("pages", "note_id", "1", "note_id = 2", ["siu.d", ".....", ".....", ".....", "....."]),
    case!(
        "boards",
        "owner_id, team_id",
        "'$0', 1",
        "owner_id = '$1'",
        ["siu.d", ".....", "s....", ".....", "....."]
    ),
    case!("cards", "board_id", "1", "board_id = 2", ["siu.d", ".....", "s....", ".....", "....."]),
    case!(
        "posts",
        "owner_id, team_id",
        "'$0', 1",
        "team_id = 2",
        ["s....", ".....", "s....", ".....", "....."]
    ),
    case!("rooms", "team_id", "1", "team_id = 2", ["siu.d", ".....", "siu.d", ".....", "....."]),
    case!("shelves", "tenant, place", "1, 'a'", "tenant = 2", [".....", ".....", "siu.d", ".....", "....."]),
    case!("bars", "club_id", "1", "club_id = 2", [".....", ".....", "siu.d", ".....", "....."]),
    case!("jobs", "people", "'{$0,$2}'", "people = '{$1}'", ["siu.d", ".....", "siu.d", ".....", "....."]),
    case!("parts", "job_id", "1", "job_id = 2", ["siu.d", ".....", "siu.d", ".....", "....."]),
    case!("countries", "body", "''", "id = 3", ["s....", "s....", "s....", "s....", "s...."]),
    // The owner of a team is in no way its member by that; who is one is not for anybody to say.
    Case {
        table: "team_members",
        select: "select from team_members where team_id = 1 and user_id = '$0'",
        insert: "insert into team_members values (2, '$0')",
        update: "update team_members set team_id = team_id where user_id = '$0'",
        give: "update team_members set user_id = '$1' where user_id = '$0'",
        delete: "delete from team_members where user_id = '$0'",
        allowed: ["s....", ".....", ".....", ".....", "....."],
    },
    Case {
        table: "users",
        select: "select from users where id = '$0'",
        insert: "insert into users values ('$0', 'again') on conflict do nothing",
        update: "update users set name = 'new' where id = '$0'",
        give: "update users set id = '$1' where id = '$0'",
        delete: "delete from users where id = '$0' and false",
        allowed: ["s.u..", ".....", ".....", ".....", "....."],
    },
];

fn with_people(sql: &str) -> String {
    PEOPLE.iter().enumerate().fold(sql.to_owned(), |sql, (at, user)| sql.replace(&format!("${at}"), user))
}

fn allowed(client: &mut Client, case: &Case, user: &str) -> String {
    let statements =
        [(case.select, 's'), (case.insert, 'i'), (case.update, 'u'), (case.give, 'g'), (case.delete, 'd')];
    let letters = statements.map(|(sql, letter)| match ask(client, user, &with_people(sql)) {
        Outcome::Rows(1) => letter,
        Outcome::Rows(0) | Outcome::Denied => '.',
        other => panic!("{} as {user}: `{sql}`: {other:?}", case.table),
    });
    letters.iter().collect()
}

fn check(database: &TestDatabase, role: &str) {
    let mut client = connect(database, role);
    let mut wrong = Vec::new();
    for case in CASES {
        for (user, expected) in PEOPLE.iter().zip(case.allowed) {
            let found = allowed(&mut client, case, user);
            if found != expected {
                wrong.push(format!("{} as {user:?}: {found}, not {expected}", case.table));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everybody_may_what_is_written_here_and_nothing_else() {
    check(&installed(SCHEMA, CONFIG), "oosync_server");
}

#[test]
fn a_role_that_claims_stand_for_may_the_same() {
    check(&super::privileges::mapped(), "access_people");
}

#[test]
fn an_upsert_reaches_nobody_elses_row() {
    let database = installed(SCHEMA, CONFIG);
    let mut client = connect(&database, "oosync_server");
    let mut upsert = |user: usize, sql: &str| ask(&mut client, PEOPLE[user], &with_people(sql));
    let diary = "insert into diaries (id, owner_id, body) values (1, '$U', 'x') on conflict (id) do update set body = excluded.body";
    assert_eq!(upsert(0, &diary.replace("$U", "$0")), Outcome::Rows(1));
    assert_eq!(upsert(1, &diary.replace("$U", "$1")), Outcome::Denied);
    assert_eq!(upsert(1, &diary.replace("$U", "$0")), Outcome::Denied);
    let todo = "insert into todos (id, list_id, body) values (1, $L, 'x') on conflict (id) do update set body = excluded.body returning id";
    assert_eq!(upsert(2, &todo.replace("$L", "1")), Outcome::Rows(1));
    assert_eq!(upsert(1, &todo.replace("$L", "2")), Outcome::Denied);
}

#[test]
fn policies_of_other_people_that_read_synced_tables_do_not_go_in_circles() {
    let database = installed(SCHEMA, CONFIG);
    database.execute(
        "create policy by_list on team_members as restrictive to oosync_server
           using (exists (select from lists where lists.team_id = team_members.team_id));
         create policy by_member on lists as restrictive to oosync_server
           using (team_id is not null)",
    );
    let mut client = connect(&database, "oosync_server");
    assert_eq!(ask(&mut client, PEOPLE[0], "select from team_members"), Outcome::Rows(1));
    assert_eq!(ask(&mut client, PEOPLE[2], "select from lists"), Outcome::Rows(1));
}

/// The rows that each sees, of those that are in each table.
const SEEN: &[(&str, [&str; 5])] = &[
    ("diaries", ["1", "2", "", "", ""]),
    ("notes", ["1 3", "2 3", "3", "3", "3"]),
    ("drafts", ["1", "2", "", "", ""]),
    ("letters", ["1", "", "", "", ""]),
    ("lists", ["1", "2", "1", "", ""]),
    ("todos", ["1", "2", "1", "", ""]),
    ("comments", ["1", "2", "1", "", ""]),
    ("pages", ["1 3", "2 3", "3", "3", "3"]),
    ("boards", ["1", "2", "1", "", ""]),
    ("cards", ["1", "2", "1", "", ""]),
    ("posts", ["1", "", "1", "", ""]),
    ("rooms", ["1", "2", "1", "", ""]),
    ("shelves", ["", "2 3", "1", "", ""]),
    ("bars", ["", "2", "1", "", ""]),
    ("jobs", ["1", "2", "1", "", ""]),
    ("parts", ["1", "2", "1", "", ""]),
    ("countries", ["1 2", "1 2", "1 2", "1 2", "1 2"]),
    ("teams", ["1", "2", "1", "", ""]),
];

#[test]
fn everybody_sees_the_rows_that_are_written_here() {
    let database = installed(SCHEMA, CONFIG);
    let mut client = connect(&database, "oosync_server");
    for (table, expected) in SEEN {
        for (user, expected) in PEOPLE.iter().zip(expected) {
            let mut transaction = client.transaction().unwrap();
            transaction.execute("select set_config('oosync.user_id', $1, true)", &[user]).unwrap();
            let sql = format!("select coalesce(string_agg(id::text, ' ' order by id), '') from {table}");
            let found: String = transaction.query_one(&sql, &[]).unwrap().get(0);
            assert_eq!(&found, expected, "{table} as {user:?}");
        }
    }
}

#[test]
fn what_is_everyones_is_written_by_nobody() {
    let database = installed(SCHEMA, CONFIG);
    let mut client = connect(&database, "oosync_server");
    for user in PEOPLE {
        for sql in [
            "update notes set body = '' where id = 3",
            "insert into notes (id, owner_id) values (9, null)",
            "delete from notes where id = 3",
            "update notes set owner_id = null where id = 1",
            "insert into pages (id, note_id) values (9, 3)",
            "update pages set body = '' where id = 3",
            "insert into todos (id, list_id) values (9, null)",
            "update todos set list_id = null where id = 1 and false",
            "insert into rooms (id, team_id) values (9, null)",
        ] {
            let found = ask(&mut client, user, sql);
            assert!(matches!(found, Outcome::Denied | Outcome::Rows(0)), "{user:?} `{sql}`: {found:?}");
        }
    }
}

#[test]
fn policies_show_just_the_rows_that_are_in_the_users_buckets() {
    let database = installed(SCHEMA, CONFIG);
    database.execute(
        "create function pg_temp.somebody() returns uuid language sql volatile as
           $$ select case when random() < 0.8 then ('00000000-0000-4000-8000-00000000000' || floor(random() * 4)::int)::uuid end $$;
         create function pg_temp.one(most int) returns int language sql volatile as
           $$ select case when random() < 0.9 then 1 + floor(random() * most)::int end $$;
         insert into teams select n, coalesce(pg_temp.somebody(), '00000000-0000-4000-8000-000000000001') from generate_series(3, 12) n;
         insert into team_members select t.id, u.id from teams t, users u where random() < 0.3 on conflict do nothing;
         insert into place_members select 1 + n % 4, chr(97 + n % 3), u.id from generate_series(1, 12) n, users u
           where random() < 0.3 on conflict do nothing;
         insert into club_members select n, u.id from generate_series(1, 12) n, users u where random() < 0.3 on conflict do nothing;
         insert into notes select n, pg_temp.somebody() from generate_series(4, 90) n;
         insert into drafts select n, pg_temp.somebody() from generate_series(10, 90) n;
         insert into lists select n, coalesce(pg_temp.somebody(), '00000000-0000-4000-8000-000000000001'), pg_temp.one(12) from generate_series(3, 90) n;
         insert into todos select n, pg_temp.one(90) from generate_series(4, 300) n;
         insert into comments select n, pg_temp.one(300) from generate_series(4, 600) n;
         insert into pages select n, pg_temp.one(90) from generate_series(10, 300) n;
         insert into boards select n, coalesce(pg_temp.somebody(), '00000000-0000-4000-8000-000000000001'), pg_temp.one(12) from generate_series(3, 90) n;
         insert into cards select n, pg_temp.one(90) from generate_series(3, 300) n;
         insert into rooms select n, pg_temp.one(12) from generate_series(4, 90) n;
         insert into shelves select n, pg_temp.one(4), chr(96 + pg_temp.one(3)) from generate_series(5, 90) n;
         insert into bars select n, pg_temp.one(12) from generate_series(3, 90) n;
         insert into jobs select n, array_remove(array[pg_temp.somebody(), pg_temp.somebody()], null) from generate_series(3, 90) n;
         insert into parts select n, pg_temp.one(90) from generate_series(3, 300) n",
    );
    let mut client = connect(&database, "oosync_server");
    let mut seen = 0;
    for table in SEEN.iter().map(|(table, _)| *table).chain(["users", "team_members"]) {
        let key = if table == "team_members" { "team_id" } else { "id" };
        for user in PEOPLE {
            let mut transaction = client.transaction().unwrap();
            transaction.execute("select set_config('oosync.user_id', $1, true)", &[&user]).unwrap();
            let mut keys = |sql: String| -> Vec<String> {
                transaction.query(&sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
            };
            let shown = keys(format!("select {key}::text from {table} order by 1"));
            let in_buckets = keys(format!(
                "select distinct t.{key}::text
                   from oosync.\"public.{table} in\"(array(select oosync.buckets())) v
                   join {table} t on t.{key}::text = v.pk[1] order by 1"
            ));
            assert_eq!(shown, in_buckets, "{table} as {user:?}");
            seen += shown.len();
        }
    }
    assert!(seen > 2_000, "{seen} rows are enough to tell");
}
