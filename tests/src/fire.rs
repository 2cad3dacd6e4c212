//! Writers that do everything to a schema at once: every kind of statement, isolation levels, savepoints, prepared
//! transactions, sessions that are ended.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, NoTls};

use crate::TestDatabase;

/// The schema that they write to.
pub const SCHEMA: &str = include_str!("../tests/capture/schema.sql");

/// The config that goes with it.
pub const CONFIG: &str = include_str!("../tests/capture/Oosync.toml");

/// How many users there are: rows have owners among them.
pub const USERS: usize = 4;

/// The user with this number.
pub fn user(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Numbers that look random (xorshift64*).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Less than `below`.
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(mixed).unwrap_or(0) % below
    }
}

/// One statement of a random kind; keys are few, so that writers meet.
fn statement(dice: &mut Dice) -> String {
    let user = |dice: &mut Dice| user(dice.roll(USERS));
    let (list, todo) = (dice.roll(12), dice.roll(60));
    let team = dice.roll(4);
    match dice.roll(100) {
        0..12 => format!("insert into todos values ({todo}, {list}, 'new') on conflict do nothing"),
        12..24 => {
            let at = dice.roll(4);
            format!(
                "insert into comments select {todo}, '2024-01-0{}', 'new' where exists (select from todos where id = {todo}) on conflict do nothing",
                at + 1
            )
        }
        24..28 => {
            let id = dice.roll(100);
            format!(
                "insert into reactions select {id}, todo_id, at, '+1' from comments where todo_id = {todo} limit 1 on conflict do nothing"
            )
        }
        28..30 => format!("update reactions set emoji = '-1' where todo_id = {todo}"),
        30..32 => format!("update comments set body = body || '.' where todo_id = {todo}"),
        32..40 => format!("update todos set title = title || '.' where id = {todo}"),
        40..47 => format!("update lists set owner_id = '{}' where id = {list}", user(dice)),
        47..53 => format!("update todos set list_id = {list} where id = {todo}"),
        53..57 => {
            format!("update lists set team_id = (select id from teams where id = {team}) where id = {list}")
        }
        57..63 => format!(
            "insert into lists select {list}, '{}', (select id from teams where id = {team}), 'new' on conflict (id) do update set owner_id = excluded.owner_id",
            user(dice)
        ),
        63..66 => format!("delete from comments where todo_id = {todo}"),
        66..69 => format!("delete from todos where id = {todo}"),
        69..71 => format!("delete from lists where id = {list}"),
        71..75 => format!(
            "insert into team_members select {team}, '{}' where exists (select from teams where id = {team}) on conflict do nothing",
            user(dice)
        ),
        75..78 => format!("delete from team_members where team_id = {team} and user_id = '{}'", user(dice)),
        78..80 => format!(
            "insert into teams values ({team}, '{}', 'new') on conflict (id) do update set owner_id = excluded.owner_id",
            user(dice)
        ),
        80 => format!("delete from teams where id = {team}"),
        81..84 => {
            let owner = if dice.roll(3) == 0 { "null".to_owned() } else { format!("'{}'", user(dice)) };
            let note = dice.roll(8);
            format!(
                "insert into notes values ('\\x0{note}', {owner}, 'new') on conflict (id) do update set user_id = excluded.user_id"
            )
        }
        84..87 => {
            let (tag, note) = (dice.roll(16), dice.roll(8));
            format!(
                "insert into tags select {tag}, (select id from notes where id = '\\x0{note}'), 'new' on conflict (id) do update set note_id = excluded.note_id"
            )
        }
        87 => format!("delete from notes where id = '\\x0{}'", dice.roll(8)),
        88..91 => {
            let (id, year) = (dice.roll(20), 2023 + dice.roll(2));
            format!(
                "insert into events values ({id}, '{}', '{year}-05-05', 'low') on conflict do nothing",
                user(dice)
            )
        }
        91..94 => {
            format!("update events set day = day + 365 where id = {} and day < '2026-01-01'", dice.roll(20))
        }
        94 => "delete from events where day > '2025-12-31'".to_owned(),
        95..97 => format!(
            "update todos set id = id + 1000 where id = {todo} and not exists (select from todos where id = {todo} + 1000)"
        ),
        97 => "delete from todos where id > 1000".to_owned(),
        98 => format!("update lists set title = title || '.' where id = {list}"),
        _ => match dice.roll(6) {
            0 => "truncate comments cascade".to_owned(),
            1 => "truncate events_old".to_owned(),
            2 => "truncate tags".to_owned(),
            // These rewrite the table.
            3 => "alter table todos alter title type text using title || ''".to_owned(),
            4 => "alter table lists alter title type text using title || ''".to_owned(),
            _ => "update lists set title = 'all'".to_owned(),
        },
    }
}

/// Serialization, deadlock, lock timeout; constraints that a concurrent writer made fail; a backend that was ended; and
/// two rows of one key: under an older snapshot, one that others deleted meanwhile and one's own of the same key; a
/// table that is to be rewritten after the transaction has written to it.
pub fn is_expected(error: &postgres::Error) -> bool {
    let expected = ["40001", "40P01", "55P03", "23503", "23505", "57P01", "57P02", "57P03", "21000", "55006"];
    // Without a code, it is the connection that failed.
    error.code().is_none_or(|code| expected.contains(&code.code()))
}

/// A connection, as soon as the server takes one.
pub fn connected(database: &TestDatabase) -> Client {
    let began = Instant::now();
    loop {
        match Client::connect(&database.url(), NoTls) {
            Ok(client) => return client,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(40), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One transaction; what fails is rolled back, as an application would.
fn transaction(client: &mut Client, dice: &mut Dice, number: usize) -> Result<(), postgres::Error> {
    let isolation = match dice.roll(10) {
        0 => "repeatable read",
        1 => "serializable",
        _ => "read committed",
    };
    client.batch_execute(&format!("begin isolation level {isolation}"))?;
    for _ in 0..=dice.roll(4) {
        let savepoint = dice.roll(8) == 0;
        if savepoint {
            client.batch_execute("savepoint s")?;
        }
        let sql = statement(dice);
        if let Err(error) = client.batch_execute(&sql) {
            assert!(is_expected(&error), "{sql}: {error}: {:?}", error.as_db_error());
            return Err(error);
        }
        if savepoint {
            let end = if dice.roll(2) == 0 { "rollback to s" } else { "release s" };
            client.batch_execute(end)?;
        }
        if dice.roll(30) == 0 {
            // Others commit meanwhile.
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    match dice.roll(12) {
        0 => client.batch_execute("rollback"),
        1 => {
            client.batch_execute(&format!("prepare transaction 'writer {number}'"))?;
            std::thread::sleep(Duration::from_millis(5));
            let end = if dice.roll(3) == 0 { "rollback" } else { "commit" };
            client.batch_execute(&format!("{end} prepared 'writer {number}'"))
        }
        _ => client.batch_execute("commit"),
    }
}

/// Transactions one after the other, until `stop` is set; each one waits for `turn`.
pub fn write(
    database: &TestDatabase,
    number: usize,
    seed: u64,
    stop: &AtomicBool,
    committed: &AtomicUsize,
    turn: &std::sync::RwLock<()>,
) {
    let mut dice = Dice::new(seed);
    let connect = |dice: &mut Dice| {
        let mut client = connected(database);
        let styles = ["ISO, DMY", "SQL, MDY", "German", "Postgres, YMD"];
        let zones = ["UTC", "Asia/Tokyo", "America/St_Johns"];
        let settings = format!(
            "set datestyle = '{}'; set timezone = '{}'; set bytea_output = '{}'; set deadlock_timeout = '20ms'; set lock_timeout = '5s'",
            styles[dice.roll(4)],
            zones[dice.roll(3)],
            if dice.roll(2) == 0 { "hex" } else { "escape" },
        );
        // It may have been ended since.
        let _ = client.batch_execute(&settings);
        client
    };
    // What was prepared outlives the connection, and a crash; the session that has just been ended may still be at it.
    let connect_anew = |dice: &mut Dice| loop {
        let mut client = connect(dice);
        match client.batch_execute(&format!("rollback prepared 'writer {number}'")) {
            Err(error) if error.code() != Some(&SqlState::UNDEFINED_OBJECT) => {
                std::thread::sleep(Duration::from_millis(5));
            }
            _ => break client,
        }
    };
    let mut client = connect(&mut dice);
    while !stop.load(Ordering::Relaxed) {
        let done = {
            let _turn = turn.read().unwrap();
            transaction(&mut client, &mut dice, number)
        };
        match done {
            Ok(()) => {
                committed.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) if error.is_closed() || client.is_closed() => {
                client = connect_anew(&mut dice);
            }
            Err(error) => {
                assert!(is_expected(&error), "{error}: {:?}", error.as_db_error());
                if client.batch_execute("rollback").is_err() {
                    client = connect_anew(&mut dice);
                }
            }
        }
        if dice.roll(400) == 0 {
            let end = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid() and query not like '%oosync%'
                  and state = 'active' limit 1";
            let _ = client.batch_execute(end);
        }
    }
}
