//! A device, as a process of its own that may be killed at any moment: an app that writes, and looks at what it sees.
//!
//! It is told what to do by lines on its standard input, and tells by lines on its standard output:
//!
//! | told | tells | |
//! | --- | --- | --- |
//! | `settle verify` | `SETTLED N` | the same, and then its file is compared with the server's rows |
//! | `settle` | `SETTLED N` | it writes no more, and syncs until nothing is left to do; by itself, its queue was empty after N ms |
//! | `quit` | | it ends |
//! | | `ANOMALY …` | it saw what it may never see |

use std::fs::File;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use oosync_runtime::client::{Client, HttpTransport, StartOptions, StoreError, SyncError};
use oosync_runtime::rusqlite::{Connection, ErrorCode, OptionalExtension as _};
use oosync_runtime::server::schema_of;

use super::world::{BULK, project};
use super::{issuer, versions};
use crate::fire::{Dice, user};

/// With work queued and a network, an attempt is made within the longest wait between two; after the network was gone,
/// a request that nobody answers is given up before. No machine is so slow that this much is not enough.
const LIVENESS: Duration = Duration::from_secs(60);

/// How long a request is waited for: longer than any takes on a machine that is busy with other things, and short enough
/// that one that vanished is given up within [`LIVENESS`].
const ANSWER: Duration = Duration::from_secs(20);

/// After how long without an answer a connection is given up at first: shorter than the time for which processes are
/// stopped, and doubled where the server is slow.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a device is started with.
#[derive(Debug, Clone)]
pub struct DeviceOptions {
    /// The folder of the project.
    pub project: PathBuf,
    /// Its file.
    pub file: PathBuf,
    /// Where the server is.
    pub url: String,
    /// Whose it is.
    pub person: usize,
    /// A name that no other process of the run has.
    pub name: String,
    /// What its app writes follows from this.
    pub seed: u64,
    /// Where its user's tokens are; none where a header says who that is.
    pub tokens: Option<String>,
}

impl DeviceOptions {
    /// As arguments of the program.
    pub fn arguments(&self) -> Vec<String> {
        vec![
            "device".to_owned(),
            self.project.display().to_string(),
            self.file.display().to_string(),
            self.url.clone(),
            self.person.to_string(),
            self.name.clone(),
            self.seed.to_string(),
            self.tokens.clone().unwrap_or_default(),
        ]
    }

    /// From arguments of the program.
    pub fn parse(arguments: &[String]) -> Option<Self> {
        let [project, file, url, person, name, seed, tokens] = arguments else { return None };
        Some(Self {
            project: project.into(),
            file: file.into(),
            url: url.clone(),
            person: person.parse().ok()?,
            name: name.clone(),
            seed: seed.parse().ok()?,
            tokens: Some(tokens.clone()).filter(|url| !url.is_empty()),
        })
    }

    /// Where it writes down what it has committed.
    pub fn journal(&self) -> PathBuf {
        self.file.with_extension("journal")
    }
}

/// Tells of something that may not be.
fn anomaly(what: &str) {
    println!("ANOMALY {}", what.replace('\n', " "));
}

/// Runs a device until it is told to quit.
///
/// # Panics
///
/// Where its file cannot be opened.
pub fn run(options: &DeviceOptions) -> ExitCode {
    let (_, plan) = project(&options.project);
    let schema = schema_of(&plan);
    let transport = HttpTransport::builder(&options.url);
    let transport = match options.tokens.clone() {
        Some(url) => transport.token(move |again| issuer::token(&url, again)),
        None => transport.header("x-user", user(options.person)),
    };
    let transport = transport
        .connect_timeout(Duration::from_secs(1))
        .patience(PATIENCE)
        .answer_timeout(ANSWER)
        .build()
        .expect("the URL is one");
    let client = Client::builder(&options.file, schema)
        .transport(transport)
        .device(&options.name)
        .busy_timeout(Duration::from_secs(30))
        .open();
    let client = match client {
        Ok(client) => client,
        // It is started again, and opens once the disk works.
        Err(SyncError::Store(StoreError::Sqlite { source, .. })) if is_of_the_disk(Some(&source)) => {
            return ExitCode::FAILURE;
        }
        Err(error) => {
            anomaly(&format!("the file does not open: {error}"));
            panic!("{error}");
        }
    };
    let connection = client.connection().expect("the file is open");
    watch(client.connection().expect("the file is open"), options);
    client.start(quick()).expect("a thread can be started");
    let told = commands();
    let mut app = App {
        connection,
        options,
        is_new: versions::is_new(schema),
        dice: Dice::new(options.seed),
        number: 0,
        journal: journal(options),
    };
    loop {
        let pause = Duration::from_millis(5 + app.dice.roll(60) as u64);
        match told.recv_timeout(pause) {
            Ok(line) if line.starts_with("settle") => {
                // Nothing is written from now on.
                let mut line = Some(line).filter(|line| line.starts_with("settle"));
                while let Some(how) = line {
                    println!("SETTLED {}", settle(&client, how == "settle verify").as_millis());
                    line = told.recv().ok().filter(|line| line.starts_with("settle"));
                }
                return ExitCode::SUCCESS;
            }
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return ExitCode::SUCCESS,
            Err(RecvTimeoutError::Timeout) => app.write(),
        }
    }
}

/// Everything that a person would wait minutes for takes seconds here.
fn quick() -> StartOptions {
    let mut options = StartOptions::default();
    options.interval = Duration::from_secs(3);
    options.debounce = Duration::from_millis(50);
    options.look = Duration::from_millis(30);
    options.longest = Duration::from_millis(300);
    options.first_retry = Duration::from_millis(50);
    options.last_retry = Duration::from_secs(1);
    options.live = Some(Duration::from_secs(3));
    options
}

fn commands() -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn journal(options: &DeviceOptions) -> File {
    File::options().append(true).create(true).open(options.journal()).expect("the folder is writable")
}

/// By itself first, within the bound; then until a whole cycle finds nothing to do. How long the former took.
fn settle(client: &Client, verify: bool) -> Duration {
    let began = Instant::now();
    let background = client.status().is_ok_and(|status| status.in_background);
    while background && client.status().is_ok_and(|status| status.pending > 0 || !status.ready) {
        if began.elapsed() > LIVENESS {
            anomaly(&format!("liveness: after {LIVENESS:?} of fine weather: {:?}", client.status()));
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let alone = began.elapsed();
    client.stop();
    let mut last = String::new();
    // An audit is no different from a cycle: it is tried until it succeeds.
    while verify && began.elapsed() < 2 * LIVENESS {
        match client.verify() {
            Ok(_) => break,
            Err(error) => last = error.to_string(),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    while began.elapsed() < 2 * LIVENESS {
        match client.sync() {
            Ok(done) if !done.stuck.is_empty() => {
                anomaly(&format!("stuck: {:?}", done.stuck));
                return alone;
            }
            Ok(done)
                if done.pushed + done.rejected + done.conflicts + done.retried + done.rows + done.deleted
                    == 0 =>
            {
                match client.status() {
                    Ok(status) if status.pending == 0 && status.ready => return alone,
                    status => last = format!("{status:?}"),
                }
            }
            Ok(done) => last = format!("{done:?}"),
            Err(error) => last = error.to_string(),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    anomaly(&format!("it does not settle: {last}"));
    alone
}

/// The app: writes something now and then, and writes down what it has committed.
struct App<'o> {
    connection: Connection,
    options: &'o DeviceOptions,
    /// It is one of the new version.
    is_new: bool,
    dice: Dice,
    number: usize,
    journal: File,
}

/// What a commit has written: table, key in hexadecimal, the text; none where the row was deleted.
type Written = (&'static str, String, Option<String>);

impl App<'_> {
    fn write(&mut self) {
        let mut written = Vec::new();
        match self.transaction(&mut written) {
            Ok(()) => {
                let mut lines = String::new();
                for (table, key, text) in written {
                    lines.push_str(&match text {
                        Some(text) => format!("W\t{table}\t{key}\t{text}\n"),
                        None => format!("D\t{table}\t{key}\t\n"),
                    });
                }
                // One write: all of it or, where this process is killed, nothing.
                self.journal.write_all(lines.as_bytes()).expect("the folder is writable");
            }
            Err(error) => {
                let _ = self.connection.execute_batch("ROLLBACK");
                // A row that was found may have been taken away before it was written to.
                let is_expected = error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
                if !is_expected && !is_of_the_disk(Some(&error)) {
                    anomaly(&format!("the app cannot write: {error}"));
                }
            }
        }
    }

    fn transaction(&mut self, written: &mut Vec<Written>) -> oosync_runtime::rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..=self.dice.roll(3) {
            self.statement(written)?;
        }
        self.connection.execute_batch("COMMIT")
    }

    /// A text that nobody has written before, for those who may see it.
    fn text(&mut self, audience: &str) -> String {
        self.number += 1;
        format!("w:{}.{} {audience}", self.options.name, self.number)
    }

    /// One row of a query: a key, and who may see it.
    fn find(&self, sql: &str) -> oosync_runtime::rusqlite::Result<Option<(String, String)>> {
        let row = self.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
        Ok(row.optional()?.map(|(key, title)| {
            let at = title.find("<only:").unwrap_or(title.len());
            (key, title[at..].to_owned())
        }))
    }

    fn statement(&mut self, written: &mut Vec<Written>) -> oosync_runtime::rusqlite::Result<()> {
        const TODO: &str = "SELECT hex(id), title FROM todos WHERE title NOT LIKE 'pair %' AND title NOT LIKE 'bulk %' \
                            AND deleted_at IS NULL ORDER BY random() LIMIT 1";
        const LIST: &str = "SELECT hex(id), title FROM lists WHERE title NOT LIKE 'pair %' AND deleted_at IS NULL ORDER BY random() LIMIT 1";
        let person = self.options.person;
        let me = format!("x'{}'", user(person).replace('-', ""));
        let what = self.dice.roll(if self.is_new { 25 } else { 20 });
        match what {
            0..2 => {
                let text = self.text(&format!("<only:{person}>"));
                let sql =
                    format!("INSERT INTO lists (owner_id, title) VALUES ({me}, '{text}') RETURNING hex(id)");
                let key = self.connection.query_row(&sql, [], |row| row.get(0))?;
                written.push(("lists", key, Some(text)));
            }
            2..8 => {
                let Some((list, audience)) = self.find(LIST)? else { return Ok(()) };
                // The server refuses some of them.
                let budget = if self.dice.roll(10) == 0 { "'-1.00'" } else { "'12.50'" };
                let text = self.text(&audience);
                let sql = format!(
                    "INSERT INTO todos (list_id, title, budget, tags) VALUES (x'{list}', '{text}', {budget}, '[\"a b\",\"c\"]') RETURNING hex(id)"
                );
                let key = self.connection.query_row(&sql, [], |row| row.get(0))?;
                written.push(("todos", key, Some(text)));
            }
            8..13 => {
                let Some((todo, audience)) = self.find(TODO)? else { return Ok(()) };
                let text = self.text(&audience);
                // Now and then with a value that is refused, and takes the title with it.
                let budget = if self.dice.roll(15) == 0 { ", budget = '-2.00'" } else { "" };
                self.connection.execute(
                    &format!("UPDATE todos SET title = '{text}'{budget} WHERE id = x'{todo}'"),
                    [],
                )?;
                written.push(("todos", todo, Some(text)));
            }
            13..15 => {
                let Some((todo, _)) = self.find(TODO)? else { return Ok(()) };
                let sql = format!("UPDATE todos SET done = NOT done, priority = 'high' WHERE id = x'{todo}'");
                self.connection.execute(&sql, [])?;
            }
            15 => {
                let Some((list, audience)) = self.find(LIST)? else { return Ok(()) };
                let text = self.text(&audience);
                let sql = format!(
                    "UPDATE lists SET title = '{text}', position = position + 1 WHERE id = x'{list}'"
                );
                self.connection.execute(&sql, [])?;
                written.push(("lists", list, Some(text)));
            }
            16..18 => {
                let Some((todo, audience)) = self.find(TODO)? else { return Ok(()) };
                let text = self.text(&audience);
                // Without a number of the server's there is no comment.
                let sql = format!(
                    "INSERT INTO comments (id, todo_id, author_id, body) SELECT id, x'{todo}', {me}, '{text}' \
                     FROM _oosync_comments__next WHERE id IS NOT NULL RETURNING id"
                );
                let key: Option<i64> = self.connection.query_row(&sql, [], |row| row.get(0)).optional()?;
                written.extend(key.map(|key| ("comments", key.to_string(), Some(text))));
            }
            18 => {
                let Some((todo, _)) = self.find(TODO)? else { return Ok(()) };
                // What hangs on it goes with it: what was not sent of that never is.
                if self.is_new {
                    let reminders = format!("SELECT hex(id) FROM reminders WHERE todo_id = x'{todo}'");
                    let mut statement = self.connection.prepare(&reminders)?;
                    for reminder in statement.query_map([], |row| row.get(0))? {
                        written.push(("reminders", reminder?, None));
                    }
                }
                let comments = format!("SELECT id FROM comments WHERE todo_id = x'{todo}'");
                let mut statement = self.connection.prepare(&comments)?;
                for comment in statement.query_map([], |row| row.get::<_, i64>(0))? {
                    written.push(("comments", comment?.to_string(), None));
                }
                self.connection.execute(&format!("DELETE FROM todos WHERE id = x'{todo}'"), [])?;
                written.push(("todos", todo, None));
            }
            20..23 => {
                let Some((todo, audience)) = self.find(TODO)? else { return Ok(()) };
                let text = self.text(&audience);
                let sql = format!(
                    "INSERT INTO reminders (todo_id, body) VALUES (x'{todo}', '{text}') RETURNING hex(id)"
                );
                let key = self.connection.query_row(&sql, [], |row| row.get(0))?;
                written.push(("reminders", key, Some(text)));
            }
            23 => {
                let Some((list, audience)) = self.find(LIST)? else { return Ok(()) };
                let sql = format!("UPDATE lists SET note = 'noted {audience}' WHERE id = x'{list}'");
                self.connection.execute(&sql, [])?;
            }
            24 => {
                let Some((todo, _)) = self.find(TODO)? else { return Ok(()) };
                let sql = format!("UPDATE todos SET estimate = estimate + 1 WHERE id = x'{todo}'");
                self.connection.execute(&sql, [])?;
            }
            _ => {
                let sql = "UPDATE comments SET body = body WHERE id = (SELECT min(id) FROM comments)";
                self.connection.execute(sql, [])?;
            }
        }
        Ok(())
    }
}

/// Whether an error is the disk's, on a machine whose disk may be full or fail.
fn is_of_the_disk(error: Option<&oosync_runtime::rusqlite::Error>) -> bool {
    let codes = [ErrorCode::DiskFull, ErrorCode::SystemIoFailure, ErrorCode::CannotOpen];
    std::env::var_os(super::machine::VARIABLE).is_some()
        && error
            .and_then(oosync_runtime::rusqlite::Error::sqlite_error_code)
            .is_some_and(|code| codes.contains(&code))
}

/// Looks at what the app can see, and at every byte of the file, for as long as the process lives.
fn watch(connection: Connection, options: &DeviceOptions) {
    let options = options.clone();
    std::thread::spawn(move || {
        let mut looks = 0_u64;
        loop {
            match whole(&connection, options.person) {
                Ok(None) => {}
                Ok(Some(what)) => anomaly(&format!("half of a transaction is seen: {what}")),
                Err(error) if is_of_the_disk(Some(&error)) => {}
                Err(error) => anomaly(&format!("the app cannot read: {error}")),
            }
            if looks.is_multiple_of(8)
                && let Some(what) = forbidden(&options.file, options.person)
            {
                anomaly(&format!("a row of others is in the file: {what}"));
            }
            looks += 1;
            std::thread::sleep(Duration::from_millis(25));
        }
    });
}

/// What of a transaction is there without the rest of it. Before everything has been loaded once, that is no error.
fn whole(connection: &Connection, person: usize) -> oosync_runtime::rusqlite::Result<Option<String>> {
    let ready = "SELECT count(*) FROM _oosync_meta WHERE name = 'ready' AND value IS NOT NULL";
    let ready: bool = connection.query_row(ready, [], |row| row.get(0))?;
    if !ready {
        return Ok(None);
    }
    // One statement sees one state.
    let sql = format!(
        "SELECT (SELECT count(DISTINCT title) || ' ' || count(*) FROM
                 (SELECT title FROM lists WHERE title LIKE 'pair %' UNION ALL
                  SELECT title FROM todos WHERE title LIKE 'pair %<only:{person}>')),
                (SELECT count(DISTINCT title) || ' ' || count(*) FROM todos WHERE title LIKE 'pair %<only:01>'),
                (SELECT count(*) FROM todos WHERE title LIKE 'bulk %')"
    );
    let (own, shared, bulk): (String, String, i64) =
        connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let fine = own == "1 2" && (shared == "1 2" || shared == "0 0") && (bulk == 0 || bulk == BULK);
    Ok((!fine).then(|| format!("own pair {own}, shared pair {shared}, {bulk} of {BULK} rows")))
}

/// What the bytes of a file hold that this person may never have: every text says who may see it.
pub fn forbidden(file: &Path, person: usize) -> Option<String> {
    let person = b'0' + u8::try_from(person).unwrap_or(0);
    for suffix in ["", "-wal"] {
        let Ok(bytes) = std::fs::read(format!("{}{suffix}", file.display())) else { continue };
        for part in bytes.split(|byte| *byte == b'<').skip(1) {
            let Some(rest) = part.strip_prefix(b"only:") else { continue };
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if rest.get(digits) == Some(&b'>') && !rest[..digits].contains(&person) {
                return Some(format!(
                    "<{} in the file{suffix}",
                    String::from_utf8_lossy(&part[..5 + digits])
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_for_others_is_found_in_a_file() {
        let file = std::env::temp_dir().join(format!("oosync-forbidden-{}", std::process::id()));
        std::fs::write(&file, "<<only:1> x <only:01> y <only:").unwrap();
        assert_eq!(forbidden(&file, 1), None);
        assert!(forbidden(&file, 0).unwrap().contains("<only:1 "));
        assert!(forbidden(&file, 2).is_some());
        std::fs::write(&file, "<only:0 and then others").unwrap();
        assert_eq!(forbidden(&file, 2), None, "a text that was overwritten in part says nothing");
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn half_of_a_transaction_is_noticed_once_everything_was_loaded() {
        let connection = Connection::open_in_memory().unwrap();
        let seen = |sql: &str| {
            connection.execute_batch(sql).unwrap();
            whole(&connection, 0).unwrap()
        };
        let torn = "CREATE TABLE _oosync_meta (name, value); CREATE TABLE lists (title); CREATE TABLE todos (title);
                    INSERT INTO lists VALUES ('pair 7 <only:0>'); INSERT INTO todos VALUES ('pair 6 <only:0>')";
        assert_eq!(seen(torn), None, "not everything is there yet");
        assert!(seen("INSERT INTO _oosync_meta VALUES ('ready', 1)").unwrap().contains("own pair 2 2"));
        assert_eq!(seen("UPDATE todos SET title = 'pair 7 <only:0>'"), None);
        assert!(seen("INSERT INTO todos VALUES ('pair 1 <only:01>')").unwrap().contains("shared pair 1 1"));
        assert_eq!(seen("INSERT INTO todos VALUES ('pair 1 <only:01>')"), None);
        let bulk = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9999)
                    INSERT INTO todos SELECT 'bulk <only:0>' FROM n";
        assert!(seen(bulk).unwrap().contains("9999 of 10000"));
        assert_eq!(seen("INSERT INTO todos VALUES ('bulk <only:0>')"), None);
        assert!(seen("DELETE FROM lists").is_some(), "rows that are always there are gone");
    }

    #[test]
    fn arguments_come_back() {
        let options = DeviceOptions {
            project: "p".into(),
            file: "f.db".into(),
            url: "u".into(),
            person: 2,
            name: "n".into(),
            seed: 7,
            tokens: None,
        };
        let parsed = DeviceOptions::parse(&options.arguments()[1..]).unwrap();
        assert_eq!(parsed.arguments(), options.arguments());
        let tokens = DeviceOptions { tokens: Some("t".to_owned()), ..options };
        let parsed = DeviceOptions::parse(&tokens.arguments()[1..]).unwrap();
        assert_eq!(parsed.tokens.as_deref(), Some("t"));
    }
}
