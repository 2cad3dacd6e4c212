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
