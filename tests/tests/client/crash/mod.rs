//! A device whose process is killed, at any moment and at every step: what it was told is written stays written, reaches
//! the server, and reaches it once.
//!
//! `OOSYNC_KILLS=1000` kills as often at random, and at every step and every page of the file instead of some.

mod device;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use oosync_build::facts::Facts;
use oosync_runtime::client::Client;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::schema::Schema;
use oosync_tests::fire::Dice;
use serde_json::json;
use tokio::sync::oneshot;

use crate::http::listen;
use crate::server::{Server, user};
use crate::support::{Folder, id, key, rows};
use crate::versions::{CONFIG, NEXT, upgraded};

/// Where the process that is killed finds what to do.
const ORDER: &str = "OOSYNC_KILLED_DEVICE";

/// The lists that the device writes have numbers below this.
const LISTS: usize = 8;

/// Its items have this number and the next ones.
const FIRST_ITEM: usize = 100;

/// How many items there are.
const ITEMS: usize = 32;

const SCHEMA: &str = "
    create table lists (
        id uuid primary key, user_id uuid not null, title text not null, position integer not null default 0
    );
    create table items (
        id uuid primary key, list_id uuid not null references lists on delete cascade, title text not null
    );
    create index on items (list_id);
    create schema audit;
    create table audit.written (id uuid not null, title text not null);
    create function audit.note() returns trigger language plpgsql security definer as
        $$ begin insert into audit.written values (new.id, new.title); return new; end $$;
    create trigger note after insert or update of title on lists for each row execute function audit.note();
    create trigger note after insert or update of title on items for each row execute function audit.note();";

const COMPARED: [(&str, &str); 3] = [
    (
        "SELECT lower(hex(id)), title, position, note FROM lists ORDER BY 1",
        "select replace(id::text, '-', ''), title, position::text, note from lists order by 1",
    ),
    (
        "SELECT lower(hex(id)), lower(hex(list_id)), title FROM items ORDER BY 1",
        "select replace(id::text, '-', ''), replace(list_id::text, '-', ''), title from items order by 1",
    ),
    (
        "SELECT lower(hex(id)), name FROM tags ORDER BY 1",
        "select replace(id::text, '-', ''), name from tags order by 1",
    ),
];

/// How often to kill at random; none is the short part.
fn kills() -> Option<u64> {
    std::env::var("OOSYNC_KILLS").ok().and_then(|kills| kills.parse().ok())
}

/// How a process ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Killed,
    Finished,
}

/// The versions of an app, in the order in which they came.
#[derive(Debug, Clone, Copy)]
enum Version {
    First,
    Next,
}

/// What ends a device's process.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// It does what it is told.
    Never,
    /// Somebody kills it; it says when it begins.
    WhenKilled,
    /// It ends itself at this step of talking to the server.
    AtStep(i64),
    /// The system kills whoever lets a file grow beyond so many blocks of 512 bytes, in the middle of the write.
    GrowingTo(u64),
    /// A file does not grow beyond that: the write fails, as on a disk that is full.
    FullAt(u64),
}

/// A server, and a device whose process is killed.
struct Lab {
    server: Server,
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
    next: &'static Schema,
    folder: Folder,
    runs: u64,
    /// What the device was told is written: the title of each row, none where the row is deleted.
    written: BTreeMap<usize, Option<String>>,
}

impl Lab {
    fn new() -> Self {
        let folder = Folder::new();
        let (server, first, next) = upgraded(SCHEMA, NEXT, CONFIG);
        let save = |facts: &Facts, name: &str| {
            facts.save(&folder.path().join(name)).unwrap();
        };
        save(&first, "first.json");
        save(&next, "next.json");
        let (address, stop) = listen(&server);
        Self {
            next: server.engine.schema(),
            server,
            address,
            _stop: stop,
            folder,
            runs: 0,
            written: BTreeMap::new(),
        }
    }

    /// Rows that others wrote.
    fn others(&self, from: usize, count: usize) {
        self.server.database.execute(&format!(
            "insert into lists (id, user_id, title)
               select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, '{}', 'theirs ' || n
                 from generate_series({from}, {}) n",
            user(0),
            from + count - 1,
        ));
    }

    /// A file that nobody has opened yet, of a device that is not known yet.
    fn new_device(&mut self) {
        for file in ["", "-wal", "-shm", "-sync"] {
            let _ = std::fs::remove_file(format!("{}{file}", self.folder.file().display()));
        }
        for run in 0..=self.runs {
            let _ = std::fs::remove_file(self.folder.path().join(format!("journal-{run}")));
        }
        self.written.clear();
        self.server.database.execute(&format!("delete from lists where id < '{}'", id(1_000)));
        self.server.database.execute("delete from audit.written");
    }

    /// Starts the device's process.
    fn start(&mut self, version: Version, writes: u64, end: Ends) -> Child {
        self.runs += 1;
        let facts = match version {
            Version::First => "first.json",
            Version::Next => "next.json",
        };
        let order = json!({
            "folder": self.folder.path(),
            "url": format!("http://{}", self.address),
            "facts": facts,
            "run": self.runs,
            "writes": writes,
            "end_at_step": if let Ends::AtStep(step) = end { Some(step) } else { None },
            "says_ready": matches!(end, Ends::WhenKilled),
            "may_fail": matches!(end, Ends::FullAt(_)),
        });
        let arguments = ["--exact", "crash::device::the_device_that_is_killed", "--ignored", "--nocapture"];
        let exe = std::env::current_exe().unwrap();
        let limited = |script: String| {
            let mut command = Command::new("sh");
            command.arg("-c").arg(script + "exec \"$0\" \"$@\"").arg(&exe);
            command
        };
        let mut command = match end {
            Ends::GrowingTo(blocks) => limited(format!("ulimit -c 0; ulimit -f {blocks}; ")),
            Ends::FullAt(blocks) => limited(format!("trap '' XFSZ; ulimit -f {blocks}; ")),
            Ends::Never | Ends::WhenKilled | Ends::AtStep(_) => Command::new(&exe),
        };
        command.args(arguments).env(ORDER, order.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Waits until the device's process has ended, and looks at what it left.
    #[track_caller]
    fn ended(&mut self, child: Child) -> End {
        self.ended_saying(child, "")
    }

    /// The same, of one that has said something already.
    #[track_caller]
    fn ended_saying(&mut self, mut child: Child, said: &str) -> End {
        let mut said = said.to_owned();
        for pipe in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn std::io::Read>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let mut text = Vec::new();
            BufReader::new(pipe).read_to_end(&mut text).unwrap();
            said += &String::from_utf8_lossy(&text);
        }
        let end = ended(child.wait().unwrap(), &said);
        self.check();
        end
    }

    /// Looks at a copy of the file, so that the next process finds it as the last one left it.
    #[track_caller]
    fn check(&mut self) {
        let copy = Folder::new();
        for file in ["", "-wal"] {
            let from = format!("{}{file}", self.folder.file().display());
            if Path::new(&from).exists() {
                std::fs::copy(from, format!("{}{file}", copy.file().display())).unwrap();
            }
        }
        let file = Connection::open(copy.file()).unwrap();
        assert_eq!(rows(&file, "PRAGMA integrity_check"), ["ok"], "run {}", self.runs);
        let silent = "SELECT count(*) FROM sqlite_schema WHERE name = '_oosync_silence'";
        if rows(&file, silent) != ["0"] {
            assert_eq!(rows(&file, "SELECT * FROM _oosync_silence"), [""; 0], "run {}", self.runs);
        }
        let journal = self.folder.path().join(format!("journal-{}", self.runs));
        let journal = std::fs::read_to_string(journal).unwrap_or_default();
        let mut lines = journal.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(said) = line.strip_prefix("try ") else { panic!("{line}") };
            let rows: Vec<(usize, Option<String>)> = said.split(' ').map(row).collect();
            let done = lines.next() == Some("done");
            assert!(done || lines.peek().is_none(), "only the last may not be done");
            let found: Vec<Option<String>> = rows.iter().map(|(number, _)| title(&file, *number)).collect();
            let here = rows.iter().zip(&found).all(|((_, title), found)| title == found);
            if done || here {
                self.written.extend(rows);
            } else {
                for ((number, _), found) in rows.iter().zip(found) {
                    let before = self.written.get(number).cloned().flatten();
                    assert_eq!(found, before, "run {}: a part of a transaction is there", self.runs);
                }
            }
        }
        for (number, title) in &self.written {
            assert_eq!(&self::title(&file, *number), title, "run {}: row {number}", self.runs);
        }
    }

    /// The app is started once more, and nobody kills it.
    #[track_caller]
    fn converges(&self) {
        let client = Client::builder(self.folder.file(), self.next)
            .url(format!("http://{}", self.address))
            .header("x-user", user(0))
            .allow_older(true)
            .open()
            .unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..3 {
            client.sync().unwrap_or_else(|error| panic!("{error}"));
        }
        let app = client.connection().unwrap();
        for (number, title) in &self.written {
            assert_eq!(&self::title(&app, *number), title, "row {number}");
        }
        for (here, there) in COMPARED {
            assert_eq!(rows(&app, here), on_server(&self.server, there));
        }
        let status = client.status().unwrap();
        assert!(status.ready && status.pending == 0, "{status:?}");
        assert_eq!(client.conflicts().unwrap(), [], "there is no conflict with oneself");
        assert_eq!(client.rejections().unwrap(), []);
        let twice = "select id::text, title from audit.written group by 1, 2 having count(*) > 1";
        assert_eq!(on_server(&self.server, twice), [""; 0], "nothing is applied twice");
    }
}

fn row(said: &str) -> (usize, Option<String>) {
    let (number, title) = said.split_once('=').unwrap();
    (number.parse().unwrap(), Some(title.to_owned()).filter(|title| title != "gone"))
}

/// The title of the list or item with this number; none also where the file has no tables yet.
fn title(file: &Connection, number: usize) -> Option<String> {
    let table = if number < FIRST_ITEM { "lists" } else { "items" };
    if rows(file, &format!("SELECT 1 FROM sqlite_schema WHERE name = '{table}'")).is_empty() {
        return None;
    }
    rows(file, &format!("SELECT title FROM {table} WHERE id = {}", key(number))).pop()
}

fn on_server(server: &Server, sql: &str) -> Vec<String> {
    let rows = server.database.client().query(sql, &[]).unwrap();
    let text = |row: &postgres::Row, at| row.get::<_, Option<String>>(at).unwrap_or_else(|| "∅".to_owned());
    rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect::<Vec<_>>().join("|")).collect()
}

/// Signals: KILL, ABRT of a process that ends itself, XFSZ where a file grew too large.
#[track_caller]
fn ended(status: ExitStatus, said: &str) -> End {
    match status.signal() {
        Some(9 | 6 | 25) => End::Killed,
        Some(signal) => panic!("signal {signal}: {said}"),
        None => {
            assert!(status.success(), "{said}");
            assert!(said.contains("1 passed"), "{said}");
            End::Finished
        }
    }
}

#[test]
fn a_process_killed_at_any_moment_loses_nothing_and_sends_nothing_twice() {
    let mut lab = Lab::new();
    lab.others(1_000, 3_000);
    let rounds = kills().unwrap_or(16);
    let mut dice = Dice::new(rounds);
    let mut killed = 0;
    for round in 0..rounds {
        let version = if round % 8 == 5 { Version::First } else { Version::Next };
        let mut child = lab.start(version, 10_000, Ends::WhenKilled);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while line != "ready\n" {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "the process ended before it began");
        }
        child.stdout = Some(out.into_inner());
        match dice.roll(12) {
            0 => lab.others(10_000 + usize::try_from(round).unwrap() * 100, 100),
            1 => lab
                .server
                .database
                .execute(&format!("update lists set position = {round} where id >= '{}'", id(1_000))),
            // Everything has to be loaded anew.
            2 => lab.server.database.execute("update oosync.meta set incarnation = gen_random_uuid()"),
            _ => {}
        }
        std::thread::sleep(Duration::from_micros(u64::try_from(dice.roll(200_000)).unwrap()));
        child.kill().unwrap();
        killed += u64::from(lab.ended(child) == End::Killed);
    }
    assert_eq!(killed, rounds);
    assert!(lab.written.len() > 10, "{:?}", lab.written);
    lab.converges();
}

#[test]
fn a_process_that_ends_at_any_step_of_a_sync_loses_nothing_and_sends_nothing_twice() {
    let mut lab = Lab::new();
    lab.others(1_000, 300);
    // Registration, push, snapshot, pull; once everything is there, edits; at times everything anew.
    let mut killed = 0;
    for step in 1.. {
        if step % 5 == 0 {
            lab.server.database.execute("update oosync.meta set incarnation = gen_random_uuid()");
        }
        lab.others(10_000 + step * 10, 10);
        let child = lab.start(Version::Next, 6, Ends::AtStep(i64::try_from(step).unwrap()));
        if lab.ended(child) == End::Finished {
            break;
        }
        killed += 1;
    }
    assert!(killed >= 8, "{killed}");
    lab.converges();
}

#[test]
fn a_first_download_that_ends_at_any_step_is_gone_on_with() {
    let mut lab = Lab::new();
    lab.others(1_000, 300);
    let stride = if kills().is_some() { 1 } else { 2 };
    let mut killed = 0;
    for step in (1..).step_by(stride) {
        lab.new_device();
        let child = lab.start(Version::Next, 2, Ends::AtStep(step));
        let end = lab.ended(child);
        lab.converges();
        if end == End::Finished {
            break;
        }
        killed += 1;
    }
    assert!(killed >= 4, "{killed}");
}

#[test]
fn a_process_killed_in_the_middle_of_a_write_to_its_file_leaves_a_file_that_goes_on() {
    let mut lab = Lab::new();
    lab.others(1_000, 600);
    // Blocks are of 512 bytes, pages of 4,096 with 24 of their own in the log: no limit is the end of a page.
    let stride = if kills().is_some() { 1 } else { 23 };
    let mut killed = 0;
    // A new file: tables, writes, the first download.
    for blocks in (1..).step_by(stride * 8) {
        lab.new_device();
        let child = lab.start(Version::Next, 2, Ends::GrowingTo(blocks));
        let end = lab.ended(child);
        killed += u64::from(end == End::Killed);
        lab.converges();
        if end == End::Finished {
            break;
        }
    }
    assert!(killed >= 3, "{killed}");
    // A file that has all, of the other version of the app: tables are changed, rows are fetched, edits are sent.
    let mut changed = 0;
    for blocks in (65..).step_by(stride * 8) {
        let before = if changed % 2 == 0 { Version::First } else { Version::Next };
        let after = if changed % 2 == 0 { Version::Next } else { Version::First };
        let child = lab.start(before, 2, Ends::Never);
        assert_eq!(lab.ended(child), End::Finished);
        // What is in the log goes into the file, so that the log grows from its beginning.
        drop(Connection::open(lab.folder.file()).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
        let child = lab.start(after, 6, Ends::GrowingTo(blocks));
        let end = lab.ended(child);
        if end == End::Finished {
            break;
        }
        changed += 1;
    }
    assert!(changed >= 3, "{changed}");
    lab.converges();
}

#[test]
fn a_disk_that_is_full_at_any_page_fails_clearly_and_loses_nothing() {
    let mut lab = Lab::new();
    lab.others(1_000, 600);
    let stride = if kills().is_some() { 1 } else { 37 };
    let mut failed = 0;
    for blocks in (1..).step_by(stride * 8) {
        if blocks % 16 == 1 {
            lab.new_device();
        }
        let mut child = lab.start(Version::Next, 6, Ends::FullAt(blocks));
        let mut said = String::new();
        child.stdout.as_mut().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(lab.ended_saying(child, &said), End::Finished);
        lab.converges();
        // What did not fit is told by what was done, and what SQLite says of it.
        let Some(told) = said.lines().find(|line| line.starts_with("failed: ")) else { break };
        let clear =
            ["disk I/O error", "database or disk is full", "unable to open database file", "temporary file"];
        assert!(clear.iter().any(|words| told.contains(words)), "{told}");
        failed += 1;
    }
    assert!(failed >= 3, "{failed}");
}
