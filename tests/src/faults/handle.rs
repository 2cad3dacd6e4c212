//! A device as the harness has it: its process, its network, its file, and the copies of that.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oosync_runtime::rusqlite::Connection;

use super::device::DeviceOptions;
use super::machine::Machine;
use super::proxy::Proxy;
use super::world::World;

/// A copy of a device's file, and how much of its journal was written by then.
#[derive(Debug)]
struct Backup {
    file: PathBuf,
    journal: u64,
}

/// A device.
#[derive(Debug)]
pub(super) struct Device {
    /// Its name, which is in everything it writes.
    pub name: String,
    /// Whose it is.
    pub person: usize,
    /// Its file.
    pub file: PathBuf,
    /// The way to the servers.
    pub proxy: Proxy,
    /// Its file was copied.
    pub is_copied: bool,
    /// The folder of the project that its app was built from.
    pub project: PathBuf,
    /// The machine it is on, if that is not this one.
    pub machine: Option<Machine>,
    /// A bit of its file was turned over: an audit finds that.
    pub is_flipped: bool,
    /// Where its user's tokens are.
    tokens: Option<String>,
    program: PathBuf,
    seed: u64,
    processes: u64,
    child: Arc<Mutex<Option<Child>>>,
    stdin: Option<ChildStdin>,
    lines: Option<Receiver<String>>,
    /// What its processes have told of.
    anomalies: Arc<Mutex<Vec<String>>>,
    backup: Option<Backup>,
    /// Parts of the journal that no file has any more.
    forgotten: Vec<(u64, u64)>,
}

impl Device {
    /// A device that has not been started.
    pub(super) fn new(world: &World, number: usize, person: usize, seed: u64) -> Self {
        let child: Arc<Mutex<Option<Child>>> = Arc::default();
        let killed = Arc::clone(&child);
        let name = format!("d{number}");
        Self {
            file: world.folder.join(format!("{name}.db")),
            tokens: world.issuer.as_ref().map(|issuer| issuer.token_url(&name, person)),
            name,
            person,
            proxy: Proxy::new(move || {
                // Waited for, too: until it is gone, it would still be taken for alive.
                if let Some(child) = killed.lock().expect("nothing panics here").as_mut() {
                    let _ = child.kill();
                    let _ = child.wait();
                }
            }),
            is_copied: false,
            project: world.folder.clone(),
            machine: None,
            is_flipped: false,
            program: world.program.clone(),
            seed,
            processes: 0,
            child,
            stdin: None,
            lines: None,
            anomalies: Arc::default(),
            backup: None,
            forgotten: Vec::new(),
        }
    }

    fn options(&self) -> DeviceOptions {
        DeviceOptions {
            project: self.project.clone(),
            file: self.file.clone(),
            url: self.proxy.url(),
            person: self.person,
            name: format!("{}-{}", self.name, self.processes),
            seed: self.seed.wrapping_add(self.processes.wrapping_mul(1_000_003)),
            tokens: self.tokens.clone(),
        }
    }

    /// Whether its file says whose it is.
    pub(super) fn is_registered(&self) -> bool {
        let ask = || {
            let connection = Connection::open(&self.file)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            connection
                .query_row("SELECT count(*) FROM _oosync_meta WHERE name = 'user'", [], |row| row.get(0))
        };
        ask().is_ok_and(|count: i64| count > 0)
    }

    /// Starts its process, with the file as it is.
    ///
    /// # Panics
    ///
    /// Where the program does not run.
    pub(super) fn start(&mut self) {
        self.kill();
        self.processes += 1;
        let options = self.options();
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(self.file.with_extension("log"))
            .expect("the folder is writable");
        let mut child = Command::new(&self.program)
            .args(options.arguments())
            .envs(self.machine.as_ref().map(Machine::environment).into_iter().flatten())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("this program runs");
        self.stdin = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().expect("it was asked for"));
        let (sender, receiver) = channel();
        let (anomalies, name) = (Arc::clone(&self.anomalies), options.name);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if let Some(what) = line.strip_prefix("ANOMALY ") {
                    anomalies.lock().expect("nothing panics here").push(format!("{name}: {what}"));
                } else if sender.send(line).is_err() {
                    break;
                }
            }
        });
        self.lines = Some(receiver);
        *self.child.lock().expect("nothing panics here") = Some(child);
    }

    /// Whether its process is there.
    pub(super) fn is_alive(&self) -> bool {
        let mut child = self.child.lock().expect("nothing panics here");
        child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_none()))
    }

    /// Kills its process.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.lock().expect("nothing panics here").take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops its process, or lets it go on.
    pub(super) fn pause(&self, paused: bool) {
        if let Some(child) = self.child.lock().expect("nothing panics here").as_ref() {
            signal(child.id(), if paused { "STOP" } else { "CONT" });
        }
    }

    fn tell(&mut self, line: &str) {
        if let Some(stdin) = &mut self.stdin {
            let _ = writeln!(stdin, "{line}");
        }
    }

    /// It writes no more, and syncs until nothing is left to do; see [`Device::settled`].
    pub(super) fn settle(&mut self) {
        self.tell(if self.is_flipped { "settle verify" } else { "settle" });
    }

    /// Waits until it has settled. In how many milliseconds it sent its queue by itself.
    pub(super) fn settled(&mut self) -> u64 {
        // It tells itself where it does not settle, and gives up then.
        let wait = Duration::from_secs(200);
        let result = self.lines.as_ref().map(|lines| lines.recv_timeout(wait));
        let time = |line: &str| line.strip_prefix("SETTLED ")?.parse().ok();
        match result {
            Some(Ok(line)) if time(&line).is_some() => return time(&line).unwrap_or_default(),
            Some(Err(RecvTimeoutError::Timeout)) => self.note("it hangs"),
            other => {
                let log = std::fs::read_to_string(self.file.with_extension("log")).unwrap_or_default();
                let end: Vec<&str> = log.lines().rev().take(3).collect();
                self.note(&format!("its process ended by itself: {other:?} {end:?}"));
            }
        }
        0
    }

    fn note(&self, what: &str) {
        self.anomalies.lock().expect("nothing panics here").push(format!("{}: {what}", self.name));
    }

    /// It ends.
    pub(super) fn quit(&mut self) {
        self.tell("quit");
        self.stdin = None;
        if let Some(mut child) = self.child.lock().expect("nothing panics here").take() {
            let _ = child.wait();
        }
    }

    /// What its processes have told of.
    pub(super) fn anomalies(&self) -> Vec<String> {
        self.anomalies.lock().expect("nothing panics here").clone()
    }

    /// Copies its file, as a backup does while the app is not running, and goes on.
    pub(super) fn back_up(&mut self) {
        self.kill();
        let file = self.file.with_extension("backup");
        copy(&self.file, &file);
        self.backup = Some(Backup { file, journal: self.journal_length() });
        self.start();
    }

    /// Goes on with the copy, if there is one.
    pub(super) fn restore(&mut self) -> bool {
        let Some(backup) = self.backup.take() else { return false };
        self.kill();
        copy(&backup.file, &self.file);
        self.forgotten.push((backup.journal, self.journal_length()));
        self.is_copied = true;
        self.start();
        true
    }

    /// Turns a bit over in a text of its file, in a row that nobody has changed here since the server gave it; `false`
    /// where there is no such row. The process is restarted.
    pub(super) fn flip(&mut self) -> bool {
        // Looked for before, too: who is killed all the time never gets a row.
        if unchanged(&self.file).is_none() {
            return false;
        }
        self.kill();
        let flipped = flip(&self.file);
        self.is_flipped = self.is_flipped || flipped;
        self.start();
        flipped
    }

    /// Another device of the same person begins with a copy of this one's file.
    pub(super) fn cloned(&mut self, world: &World, number: usize) -> Self {
        self.kill();
        let mut clone = Self::new(world, number, self.person, self.seed.wrapping_add(77));
        clone.project.clone_from(&self.project);
        clone.is_flipped = self.is_flipped;
        copy(&self.file, &clone.file);
        (self.is_copied, clone.is_copied) = (true, true);
        self.start();
        clone
    }

    fn journal_length(&self) -> u64 {
        std::fs::metadata(self.options().journal()).map_or(0, |data| data.len())
    }

    /// What it has committed, and what its file may know of.
    pub(super) fn journal(&self) -> String {
        let all = std::fs::read(self.options().journal()).unwrap_or_default();
        let is_known = |place: &u64| !self.forgotten.iter().any(|(from, to)| (*from..*to).contains(place));
        let kept: Vec<u8> =
            (0_u64..).zip(&all).filter(|(place, _)| is_known(place)).map(|(_, byte)| *byte).collect();
        String::from_utf8_lossy(&kept).into_owned()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal to a process that we have started.
pub(super) fn signal(process: u32, name: &str) {
    let _ =
        Command::new("kill").args([&format!("-{name}"), &process.to_string()]).stderr(Stdio::null()).status();
}

/// A text in a row that nobody has changed here since the server gave it.
fn unchanged(file: &Path) -> Option<(Connection, String)> {
    let connection = Connection::open(file).ok()?;
    connection.busy_timeout(Duration::from_secs(5)).ok()?;
    let sql = "SELECT title FROM todos AS t WHERE title LIKE 'w:%'
               AND NOT EXISTS (SELECT 1 FROM _oosync_todos AS s WHERE s.key_id = t.id) ORDER BY random() LIMIT 1";
    let title = connection.query_row(sql, [], |row| row.get(0)).ok()?;
    Some((connection, title))
}

fn flip(file: &Path) -> bool {
    let Some((connection, title)) = unchanged(file) else { return false };
    // Everything is in the file itself then.
    if connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).is_err() {
        return false;
    }
    drop(connection);
    let Ok(mut bytes) = std::fs::read(file) else { return false };
    let (needle, mut flipped) = (title.as_bytes(), false);
    for at in 0..bytes.len().saturating_sub(needle.len()) {
        if bytes[at..].starts_with(needle) {
            bytes[at] ^= 1;
            flipped = true;
        }
    }
    flipped && std::fs::write(file, bytes).is_ok()
}

/// A file of SQLite whose processes are gone: what it needs to be whole, and nothing of what was there.
fn copy(from: &Path, to: &Path) {
    let with = |path: &Path, suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(with(to, suffix));
    }
    for suffix in ["", "-wal"] {
        if with(from, suffix).exists() {
            std::fs::copy(with(from, suffix), with(to, suffix)).expect("the folder is writable");
        }
    }
}
