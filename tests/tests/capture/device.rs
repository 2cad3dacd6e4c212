//! A device that is kept in step by the log alone, and what it must hold: what plain SQL says.

use std::collections::{BTreeMap, BTreeSet};

use oosync_build::config::{Config, Tags};
use oosync_build::introspect::snapshot;
use oosync_build::plan::{Draft, Plan, Strictness};
use oosync_build::postgres::Installation;
use oosync_tests::TestDatabase;
use postgres::{Client, IsolationLevel, Transaction};

pub(crate) use oosync_tests::fire::{CONFIG, SCHEMA, user};

/// A database with the schema, the users and the installation.
pub(crate) fn database(users: usize) -> (TestDatabase, Plan) {
    let database = TestDatabase::with_schema(SCHEMA);
    let plan = install(&database, users);
    (database, plan)
}

/// The installation and the users, in a database with the schema.
pub(crate) fn install(database: &TestDatabase, users: usize) -> Plan {
    let (plan, installation) = installation(database, CONFIG);
    database.execute(&installation.install_sql());
    for number in 0..users {
        database.execute(&format!("insert into users values ('{}', 'user {number}')", user(number)));
    }
    plan
}

pub(crate) fn installation(database: &TestDatabase, config: &str) -> (Plan, Installation) {
    let facts = snapshot(&mut database.client(), &["public"]).unwrap();
    let config = Config::parse("Oosync.toml", config).unwrap();
    let (tags, _) = Tags::read(&facts);
    let plan = Draft::new(&facts, &config, &tags).validate(Strictness::Strict).unwrap().plan;
    let installation = Installation::new(&plan, &facts, &config).unwrap();
    (plan, installation)
}

/// What everybody has, as a person would write it: table, key and row, for the user `$1`.
const TRUTH: &[(&str, &str)] = &[
    ("public.users", "select array[t.id::text], to_jsonb(t)::text from users t where t.id = $1::text::uuid"),
    (
        "public.teams",
        "select array[t.id::text], to_jsonb(t)::text from teams t where t.owner_id = $1::text::uuid
           or t.id in (select team_id from team_members where user_id = $1::text::uuid)",
    ),
    (
        "public.team_members",
        "select array[t.team_id::text, t.user_id::text], to_jsonb(t)::text from team_members t
           where t.user_id = $1::text::uuid",
    ),
    (
        "public.lists",
        "select array[t.id::text], to_jsonb(t)::text from lists t where t.owner_id = $1::text::uuid
           or t.team_id in (select team_id from team_members where user_id = $1::text::uuid)",
    ),
    (
        "public.todos",
        "select array[t.id::text], to_jsonb(t)::text from todos t where exists (
           select from lists l where l.id = t.list_id and (l.owner_id = $1::text::uuid
             or l.team_id in (select team_id from team_members where user_id = $1::text::uuid)))",
    ),
    (
        "public.comments",
        "select array[t.todo_id::text, t.at::text], to_jsonb(t)::text from comments t where exists (
           select from todos d join lists l on l.id = d.list_id
             where d.id = t.todo_id and (l.owner_id = $1::text::uuid
             or l.team_id in (select team_id from team_members where user_id = $1::text::uuid)))",
    ),
    (
        "public.reactions",
        "select array[t.id::text], to_jsonb(t)::text from reactions t where exists (
           select from comments c join todos d on d.id = c.todo_id join lists l on l.id = d.list_id
             where c.todo_id = t.todo_id and c.at = t.at and (l.owner_id = $1::text::uuid
             or l.team_id in (select team_id from team_members where user_id = $1::text::uuid)))",
    ),
    (
        "public.notes",
        "select array[t.id::text], to_jsonb(t)::text from notes t
           where t.user_id is null or t.user_id = $1::text::uuid",
    ),
    (
        "public.tags",
        "select array[t.id::text], to_jsonb(t)::text from tags t where exists (
           select from notes n where n.id = t.note_id and (n.user_id is null or n.user_id = $1::text::uuid))",
    ),
    (
        "public.countries",
        "select array[t.code], to_jsonb(t)::text from countries t where $1::text is not null",
    ),
    (
        "public.events",
        "select array[t.id::text, t.day::text, t.what::text], to_jsonb(t)::text from events t where t.user_id = $1::text::uuid",
    ),
];

/// Tables, with rows by key.
pub(crate) type Rows = BTreeMap<(String, Vec<String>), String>;

/// Where the last pull has taken a device.
#[derive(Clone)]
struct Cursor {
    snapshot: String,
    buckets: BTreeSet<String>,
    /// The epoch of the database, and how far its log was on disk.
    epoch: String,
    lsn: String,
}

/// Reads what the user with this id should hold.
pub(crate) type Truth<'t> = dyn FnMut(&mut Transaction<'_>, &str) -> Result<Rows, postgres::Error> + 't;

/// What a device holds, and since when.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) user: String,
    pub(crate) rows: Rows,
    cursor: Option<Cursor>,
    /// How many keys the log named in all.
    pub(crate) answered: usize,
    /// How often the log no longer reached back to the cursor, and everything was copied.
    pub(crate) anew: usize,
}

impl Device {
    pub(crate) fn new(number: usize) -> Self {
        Self::of(user(number))
    }

    /// The device of this user.
    pub(crate) fn of(user: String) -> Self {
        Self { user, rows: Rows::new(), cursor: None, answered: 0, anew: 0 }
    }

    /// Takes the device from the state it has to that of one new snapshot, and says what it should hold then.
    pub(crate) fn pull(&mut self, plan: &Plan, client: &mut Client) -> Result<Rows, postgres::Error> {
        self.pull_beside(plan, client, &mut truth)
    }

    /// As [`pull`](Self::pull), where `truth` reads in the pull's own snapshot what the user should hold.
    pub(crate) fn pull_beside(
        &mut self,
        plan: &Plan,
        client: &mut Client,
        truth: &mut Truth<'_>,
    ) -> Result<Rows, postgres::Error> {
        loop {
            client.batch_execute("select oosync.current_epoch()")?;
            let mut transaction = client
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()?;
            if let Some((next, truth)) = self.pulled(plan, &mut transaction, truth)? {
                transaction.commit()?;
                *self = next;
                return Ok(truth);
            }
        }
    }

    /// What the device is after a pull, and what it should hold; none where the pull is to begin anew.
    fn pulled(
        &self,
        plan: &Plan,
        transaction: &mut Transaction<'_>,
        truth: &mut Truth<'_>,
    ) -> Result<Option<(Self, Rows)>, postgres::Error> {
        let mut next = self.clone();
        transaction.batch_execute(&format!(
            "set local oosync.user_id = '{}'; set local timezone = 'UTC'; set local datestyle = 'ISO'",
            self.user
        ))?;
        let state = "select pg_current_snapshot()::text, epoch::text, lsn::text from oosync.cursor_state()";
        let state = transaction.query_one(state, &[])?;
        let buckets: Vec<String> =
            transaction.query("select oosync.buckets()", &[])?.iter().map(|row| row.get(0)).collect();
        let now = Cursor {
            snapshot: state.get(0),
            epoch: state.get(1),
            lsn: state.get(2),
            buckets: buckets.into_iter().collect(),
        };
        let truth = truth(transaction, &self.user)?;
        let known =
            "select r::text from oosync.resume($1::text::pg_snapshot, $2::text::uuid, $3::text::pg_lsn) r
            where oosync.is_known(r)";
        let since = match &self.cursor {
            None => None,
            Some(cursor) => {
                let found = transaction.query_opt(known, &[&cursor.snapshot, &cursor.epoch, &cursor.lsn])?;
                next.anew += usize::from(found.is_none());
                found.map(|row| (row.get::<_, String>(0), &cursor.buckets))
            }
        };
        match since {
            Some((since, before)) => next.apply(plan, transaction, &since, before, &now.buckets, &truth)?,
            None => next.rows = truth.clone(),
        }
        next.cursor = Some(now);
        let rewritten: bool = transaction.query_one("select oosync.rewritten()", &[])?.get(0);
        Ok((!rewritten).then_some((next, truth)))
    }

    fn apply(
        &mut self,
        plan: &Plan,
        transaction: &mut Transaction<'_>,
        since: &str,
        before: &BTreeSet<String>,
        now: &BTreeSet<String>,
        truth: &Rows,
    ) -> Result<(), postgres::Error> {
        let all: Vec<&String> = before.union(now).collect();
        let mut keys: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
        let changes = "select tbl, pk from oosync.changes($1::text::pg_snapshot, $2)";
        for row in transaction.query(changes, &[&since, &all])? {
            keys.insert((row.get(0), row.get(1)));
        }
        // A bucket that was gained or lost is answered as a whole.
        let turned: Vec<&String> = before.symmetric_difference(now).collect();
        if !turned.is_empty() {
            for table in &plan.tables {
                let sql =
                    format!("select pk from oosync.\"{}.{} in\"($1)", table.name.schema, table.name.name);
                for row in transaction.query(&sql, &[&turned])? {
                    keys.insert((table.name.to_string(), row.get(0)));
                }
            }
        }
        self.answered += keys.len();
        for key in keys {
            match truth.get(&key) {
                Some(row) => self.rows.insert(key, row.clone()),
                None => self.rows.remove(&key),
            };
        }
        Ok(())
    }
}

fn truth(transaction: &mut Transaction<'_>, user: &str) -> Result<Rows, postgres::Error> {
    let mut rows = Rows::new();
    for (table, sql) in TRUTH {
        for row in transaction.query(*sql, &[&user])? {
            rows.insert(((*table).to_owned(), row.get(0)), row.get(1));
        }
    }
    Ok(rows)
}

/// What differs between what a device has and what it should have, for people.
pub(crate) fn difference(device: &Rows, truth: &Rows) -> String {
    let mut lines = Vec::new();
    for (key, row) in truth {
        match device.get(key) {
            None => lines.push(format!("missing {key:?}: {row}")),
            Some(old) if old != row => lines.push(format!("stale {key:?}: {old}, not {row}")),
            Some(_) => {}
        }
    }
    for key in device.keys().filter(|key| !truth.contains_key(*key)) {
        lines.push(format!("ghost {key:?}"));
    }
    lines.join("\n")
}
