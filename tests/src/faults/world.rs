//! What devices sync with: a Postgres of its own, a database, servers as processes, people, and a backend that writes.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use oosync_build::introspect::snapshot;
use oosync_build::plan::{Plan, Strictness};
use oosync_build::postgres::{Installation, Wrapping};
use oosync_build::project::Project;
use postgres::{Client, NoTls};

use super::issuer::{self, Issuer};
use super::machine::Machine;
use crate::fire::{Dice, user};
use crate::{Cluster, ClusterOptions, TestDatabase};

/// How many people there are. Person 2 is never in the team.
pub(super) const PEOPLE: usize = 3;

/// How many rows the largest transaction has.
pub(super) const BULK: i64 = 10_000;

pub(super) const SCHEMA: &str = include_str!("../../../examples/todo/schema.sql");
pub(super) const BOOKS: &str = include_str!("books.sql");
pub(super) const CONFIG: &str = include_str!("../../../Oosync.toml");

/// The id of a row that the backend makes; the kind is that of the row, the person whose it is.
pub(super) fn id(kind: u8, person: usize) -> String {
    format!("00000000-0000-4000-a000-0000000000{kind:x}{person}")
}

/// A Postgres that may be killed, and that keeps what it has confirmed.
pub fn cluster() -> Arc<Cluster> {
    let settings =
        ["synchronous_commit=on", "max_connections=300", "log_min_messages=fatal", "wal_level=replica"]
            .map(str::to_owned)
            .to_vec();
    let cluster = Arc::new(Cluster::private(&ClusterOptions { settings, ..ClusterOptions::default() }));
    cluster.role("oosync_server");
    cluster
}

/// A database with the example's schema, and the folder of a project for it.
#[derive(Debug)]
pub(super) struct World {
    /// The server of the database.
    pub cluster: Arc<Cluster>,
    /// The database.
    pub database: TestDatabase,
    /// Where `Oosync.toml`, the facts and the files of this run are.
    pub folder: PathBuf,
    /// The program `faults`, which is server and device too.
    pub program: PathBuf,
    /// Who gives tokens out; none where a header says whose a device is.
    pub issuer: Option<Issuer>,
}

/// The config of the servers: everything that an operator would wait a minute for takes seconds.
fn config(issuer: Option<&Issuer>) -> String {
    let auth = match issuer {
        Some(issuer) => format!(
            "algorithms = [\"EdDSA\"]\njwks_url = \"{}\"\njwks_max_age = \"1s\"\njwks_pause = \"500ms\"\n\
             issuers = [\"{}\"]\naudiences = \"*\"\nleeway = \"100ms\"",
            issuer.keys_url(),
            issuer::NAME
        ),
        None => "trust_header = \"x-user\"".to_owned(),
    };
    format!(
        "[limits]\nbody_timeout = \"2s\"\nhead_timeout = \"3s\"\nstall_timeout = \"2s\"\n\n[auth]\n{auth}\n"
    )
}

impl World {
    /// With people, their lists, and one list that person 0 shares with person 1. Tokens of an issuer say whose a device
    /// is, or a header.
    ///
    /// # Panics
    ///
    /// Where the database cannot be prepared.
    pub(super) fn new(cluster: &Arc<Cluster>, folder: &Path, program: &Path, issuer: Option<Issuer>) -> Self {
        std::fs::create_dir_all(folder).expect("the folder is writable");
        let database = TestDatabase::empty_in(cluster);
        database.execute(SCHEMA);
        database.execute(BOOKS);
        let facts = snapshot(&mut database.client(), &["public"]).expect("the schema can be read");
        facts.save(&folder.join("oosync.facts.json")).expect("the folder is writable");
        std::fs::write(folder.join("Oosync.toml"), CONFIG).expect("the folder is writable");
        let (project, plan) = project(folder);
        let installation = Installation::new(&plan, &facts, &project.config).expect("it can be installed");
        database.execute(&installation.script(Wrapping::Transaction));
        let world = Self {
            cluster: Arc::clone(cluster),
            database,
            folder: folder.to_owned(),
            program: program.to_owned(),
            issuer,
        };
        std::fs::write(world.config(), config(world.issuer.as_ref())).expect("the folder is writable");
        world.people();
        world
    }

    /// The config of its servers.
    fn config(&self) -> PathBuf {
        self.folder.join("oosyncd.toml")
    }

    fn people(&self) {
        let mut client = self.database.client();
        let mut run =
            |sql: String| client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        for person in 0..PEOPLE {
            let (user, list) = (user(person), id(1, person));
            run(format!("insert into users values ('{user}', 'user{person}@example.org', 'User {person}')"));
            run(format!(
                "insert into lists (id, owner_id, title) values ('{list}', '{user}', 'pair 0 <only:{person}>')"
            ));
            run(format!(
                "insert into todos (id, list_id, title) values ('{}', '{list}', 'pair 0 <only:{person}>')",
                id(2, person)
            ));
        }
        run(format!("insert into teams (id, owner_id, name) values ('{}', '{}', 'Team')", id(3, 0), user(0)));
        run(format!("insert into team_members values ('{}', '{}')", id(3, 0), user(1)));
        run(format!(
            "insert into lists (id, owner_id, team_id, title) values ('{}', '{}', '{}', 'Shared <only:01>')",
            id(4, 0),
            user(0),
            id(3, 0)
        ));
        run(format!(
            "insert into todos (id, list_id, title) select ('00000000-0000-4000-b000-' || lpad(n::text, 12, '0'))::uuid, '{}',
             case when n < 3 then 'pair 0 <only:01>' else 'todo ' || n || ' <only:01>' end from generate_series(1, 12) n",
            id(4, 0)
        ));
        run("insert into labels (name) values ('red'), ('blue')".to_owned());
    }

    /// Starts a server of the database, for the project in a folder.
    ///
    /// # Panics
    ///
    /// Where it does not begin to listen.
    pub(super) fn server(&self, project: &Path, machine: Option<&Machine>) -> Server {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mut child = Command::new(&self.program)
                .args(["server-of-a-run", "--listen", "127.0.0.1:0", "--log-format", "json"])
                .arg("--config")
                .arg(self.config())
                .arg("--project")
                .arg(project)
                .envs(machine.map(Machine::environment).into_iter().flatten())
                .env("OOSYNC_DATABASE_URL", self.database.url_as("oosync_server"))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("this program runs");
            let log = BufReader::new(child.stderr.take().expect("it was asked for"));
            if let Some(address) = listening(log, &self.folder.join("server.log")) {
                return Server { child, address };
            }
            let _ = child.wait();
            assert!(Instant::now() < deadline, "no server starts, see {}", self.folder.display());
        }
    }

    /// Does something as the backend, once more where the connection was lost.
    ///
    /// # Panics
    ///
    /// Where Postgres refuses it for good.
    pub(super) fn surely(&self, sql: &str) {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            match crate::fire::connected(&self.database).batch_execute(sql) {
                Ok(()) => return,
                Err(error) => {
                    assert!(
                        crate::fire::is_expected(&error) && Instant::now() < deadline,
                        "{sql}: {error:?}"
                    );
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Person 1 is in the team, or not; the list is the team's, or not.
    pub(super) fn share(&self, member: bool, list: bool) {
        let (team, one) = (id(3, 0), user(1));
        let membership = if member {
            format!("insert into team_members values ('{team}', '{one}') on conflict do nothing")
        } else {
            format!("delete from team_members where user_id = '{one}'")
        };
        let team = if list { format!("'{team}'") } else { "null".to_owned() };
        self.surely(&format!(
            "begin; {membership}; update lists set team_id = {team} where id = '{}'; commit",
            id(4, 0)
        ));
    }

    /// The list is not shared any more, and from now on things stand in it that person 1 may never have.
    pub(super) fn unshare_for_good(&self) {
        self.share(false, false);
        self.surely(&format!(
            "begin; update lists set title = 'Mine again <only:0>' where id = '{list}';
             insert into todos (list_id, title) select '{list}', 'secret ' || n || ' <only:0>' from generate_series(1, 5) n; commit",
            list = id(4, 0)
        ));
    }

    /// Many rows in one transaction, or all of them gone in one.
    pub(super) fn bulk(&self, person: usize, there: bool) {
        let list = id(1, person);
        self.surely(&if there {
            // They may be there, in a database that was restored.
            format!("begin; delete from todos where list_id = '{list}' and title like 'bulk %'; insert into todos (list_id, title) select '{list}', 'bulk <only:{person}>' from generate_series(1, {BULK}); commit")
        } else {
            format!("delete from todos where list_id = '{list}' and title like 'bulk %'")
        });
    }

    /// Some rows that two people may have move into one of these lists: shared, of the one, of the other.
    pub(super) fn reparent(&self, dice: &mut Dice) {
        let list = [id(4, 0), id(1, 0), id(1, 1)][dice.roll(3)].clone();
        self.surely(&format!(
            "update todos set list_id = '{list}' where id in (select id from todos where title like '%<only:01>'
               and title not like 'pair %' and title not like 'bulk %' order by random() limit 3)"
        ));
    }

    /// The texts of devices that the server has been given.
    ///
    /// # Panics
    ///
    /// Where Postgres does not answer.
    pub(super) fn texts(&self) -> HashSet<String> {
        let rows = ask(&self.database).query("select value from books.written where value like 'w:%'", &[]);
        rows.expect("Postgres answers").iter().map(|row| row.get(0)).collect()
    }

    /// Copies the data of Postgres while it runs; or stops it first, cleanly or as a power cut does, and starts it again.
    pub(super) fn back_up(&self, to: &Path, stopped: Option<bool>) {
        let Some(cleanly) = stopped else {
            drop(crate::fire::connected(&self.database));
            return self.cluster.back_up_running(to);
        };
        self.end_postgres(cleanly);
        self.cluster.back_up(to);
        self.cluster.start_again();
    }

    /// Puts the copy in the place of the data. The texts of devices that the server was given after the copy was made.
    ///
    /// # Panics
    ///
    /// Where Postgres does not do it.
    pub(super) fn restore(&self, from: &Path, cleanly: bool) -> HashSet<String> {
        // What is counted is what the server had: no device is answered any more.
        self.surely("alter role oosync_server nologin");
        let theirs = "from pg_stat_activity where usename = 'oosync_server'";
        loop {
            self.surely(&format!("select pg_terminate_backend(pid) {theirs}"));
            let left: i64 = crate::fire::connected(&self.database)
                .query_one(&format!("select count(*) {theirs}"), &[])
                .expect("Postgres answers")
                .get(0);
            if left == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let before = self.texts();
        self.end_postgres(cleanly);
        self.cluster.restore(from);
        self.cluster.start_again();
        self.roll_back_prepared();
        let after = self.texts();
        before.difference(&after).cloned().collect()
    }

    fn end_postgres(&self, cleanly: bool) {
        if cleanly {
            self.cluster.stop();
        } else {
            self.cluster.kill();
        }
    }

    /// Ends what nobody will end: those who prepared it are gone.
    pub(super) fn roll_back_prepared(&self) {
        let mut client = crate::fire::connected(&self.database);
        let sql = "select gid from pg_prepared_xacts where database = current_database()";
        for row in client.query(sql, &[]).expect("Postgres answers") {
            let gid: String = row.get(0);
            client.batch_execute(&format!("rollback prepared '{gid}'")).expect("it is ours");
        }
    }

    /// One transaction of the backend.
    ///
    /// # Errors
    ///
    /// What Postgres says: this is written while everything fails.
    pub(super) fn write(client: &mut Client, dice: &mut Dice, number: usize) -> Result<(), postgres::Error> {
        let person = dice.roll(PEOPLE);
        let sql = match dice.roll(10) {
            // Two rows in two tables, always in one transaction, and two in one list.
            0..5 => format!(
                "update lists set title = 'pair {number} <only:{person}>' where id = '{}';
                 update todos set title = 'pair {number} <only:{person}>' where id = '{}'",
                id(1, person),
                id(2, person)
            ),
            5..7 => format!(
                "update todos set title = 'pair {number} <only:01>' where list_id = '{}' and title like 'pair %'",
                id(4, 0)
            ),
            7 => "update todos set done = not done where id in (select id from todos where title not like 'pair %'
                  and title not like 'bulk %' order by random() limit 3)"
                .to_owned(),
            8 => "update todos set due_on = '2030-01-01'::date + (random() * 100)::int where id in
                  (select id from todos where title not like 'pair %' and title not like 'bulk %' order by random() limit 2)"
                .to_owned(),
            _ => "delete from comments where id in (select id from comments order by random() limit 1)".to_owned(),
        };
        client.batch_execute(&format!("begin; set local lock_timeout = '2s'; {sql}; commit"))
    }
}

/// A project in a folder, and its plan.
///
/// # Panics
///
/// Where there is none.
pub(super) fn project(folder: &Path) -> (Project, Plan) {
    let project = Project::with_config(&folder.join("Oosync.toml")).unwrap_or_else(|error| panic!("{error}"));
    let plan = project.plan(Strictness::Strict).unwrap_or_else(|error| panic!("{error}")).plan;
    (project, plan)
}

/// A connection that is nobody's in particular, for questions to the server.
pub(super) fn ask(database: &TestDatabase) -> Client {
    Client::connect(&database.url(), NoTls).expect("the server is up again")
}

/// A server as a process; killed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// It is stopped, and goes on, as by a debugger or a machine that sleeps.
    pub(super) fn pause(&self, paused: bool) {
        super::handle::signal(self.child.id(), if paused { "STOP" } else { "CONT" });
    }

    /// Its process.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// It is told to end, and finishes what it does; it is killed where that takes too long.
    pub(super) fn end(mut self) {
        self.pause(false);
        super::handle::signal(self.child.id(), "TERM");
        std::thread::spawn(move || {
            for _ in 0..500 {
                if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a server says where it listens; what it says from then on goes into a file.
fn listening(log: BufReader<std::process::ChildStderr>, file: &Path) -> Option<SocketAddr> {
    let mut lines = log.lines();
    let mut kept = std::fs::File::options().append(true).create(true).open(file).ok()?;
    let mut note = move |line: &str| {
        use std::io::Write as _;
        let _ = writeln!(kept, "{line}");
    };
    let address = loop {
        let line = lines.next()?.ok()?;
        note(&line);
        let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if event["message"] == "listening" {
            break event["url"].as_str()?.rsplit_once('/')?.1.parse().ok()?;
        }
    };
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            note(&line);
        }
    });
    Some(address)
}
