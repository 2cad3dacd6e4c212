//! A process that opens a file, writes and syncs, until it is killed or has done what it was told.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use oosync_build::facts::Facts;
use oosync_runtime::client::{Client, Download, HttpTransport, SyncError, Transport, TransportError};
use oosync_runtime::protocol::{Pull, Push, PushReply, Register, Registered, Snapshot};
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::schema::Schema;
use oosync_tests::fire::Dice;
use serde_json::Value as Json;

use super::{FIRST_ITEM, ITEMS, LISTS, ORDER};
use crate::server::user;
use crate::support::{blob, key};
use crate::versions::{CONFIG, schema};

/// A way to the server on which the process ends at a certain step: before a request, before its answer is taken, and
/// before each part of a body.
struct Deadly {
    inner: HttpTransport,
    left: Arc<AtomicI64>,
}

fn step(left: &AtomicI64) {
    if left.fetch_sub(1, Ordering::SeqCst) == 1 {
        // No destructor runs, nothing is flushed.
        std::process::abort();
    }
}

struct DeadlyBody(Box<dyn Read + Send>, Arc<AtomicI64>);

impl Read for DeadlyBody {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        step(&self.1);
        self.0.read(buffer)
    }
}

impl Deadly {
    fn ask<T>(&self, ask: impl FnOnce() -> Result<T, TransportError>) -> Result<T, TransportError> {
        step(&self.left);
        let answer = ask()?;
        step(&self.left);
        Ok(answer)
    }

    fn download(&self, download: Download) -> Download {
        match download {
            Download::Frames(body) => Download::Frames(Box::new(DeadlyBody(body, Arc::clone(&self.left)))),
            required @ Download::SnapshotRequired(_) => required,
        }
    }
}

impl Transport for Deadly {
    fn register(&self, request: &Register) -> Result<Registered, TransportError> {
        self.ask(|| self.inner.register(request))
    }

    fn pull(&self, request: &Pull) -> Result<Download, TransportError> {
        self.ask(|| self.inner.pull(request)).map(|download| self.download(download))
    }

    fn snapshot(&self, request: &Snapshot) -> Result<Download, TransportError> {
        self.ask(|| self.inner.snapshot(request)).map(|download| self.download(download))
    }

    fn push(&self, request: &Push) -> Result<PushReply, TransportError> {
        self.ask(|| self.inner.push(request))
    }
}

/// What the parent process says.
struct Device {
    folder: PathBuf,
    run: u64,
    app: Connection,
    client: Client,
    dice: Dice,
    written: u64,
}

/// Run by the tests beside it, as a process of its own.
#[test]
#[ignore = "it is the process that the tests beside it kill"]
fn the_device_that_is_killed() {
    let order = std::env::var(ORDER).unwrap();
    let order: Json = serde_json::from_str(&order).unwrap();
    let folder = PathBuf::from(order["folder"].as_str().unwrap());
    let facts = Facts::load(&folder.join(order["facts"].as_str().unwrap())).unwrap();
    let schema = schema(&facts, CONFIG);
    let transport = Deadly {
        inner: HttpTransport::builder(order["url"].as_str().unwrap())
            .header("x-user", user(0))
            .build()
            .unwrap(),
        left: Arc::new(AtomicI64::new(order["end_at_step"].as_i64().unwrap_or(i64::MAX))),
    };
    let run = order["run"].as_u64().unwrap();
    if order["says_ready"].as_bool() == Some(true) {
        let mut out = std::io::stdout();
        out.write_all(b"\nready\n").unwrap();
        out.flush().unwrap();
    }
    if let Err(error) = device(&order, folder, run, schema, transport) {
        assert_eq!(order["may_fail"].as_bool(), Some(true), "{error}");
        println!("\nfailed: {error}");
    }
}

fn device(
    order: &Json,
    folder: PathBuf,
    run: u64,
    schema: &'static Schema,
    transport: Deadly,
) -> Result<(), Box<dyn Error>> {
    let client =
        Client::builder(folder.join("app.db"), schema).transport(transport).allow_older(true).open()?;
    let app = client.connection()?;
    let mut device = Device { folder, run, app, client, dice: Dice::new(run + 1), written: 0 };
    let writes = order["writes"].as_u64().unwrap_or_default();
    for write in 0..writes {
        device.write()?;
        if write % 4 == 3 || write + 1 == writes {
            device.sync()?;
        }
    }
    Ok(())
}

impl Device {
    fn sync(&self) -> Result<(), SyncError> {
        match self.client.sync() {
            // The server answers to many.
            Ok(_) | Err(SyncError::Offline { .. } | SyncError::Unavailable { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes something in one transaction, and says before and after what it is.
    fn write(&mut self) -> Result<(), Box<dyn Error>> {
        self.written += 1;
        let owner = blob(&user(0));
        let value = format!("{}.{}", self.run, self.written);
        let list = self.dice.roll(LISTS);
        let item = FIRST_ITEM + list + LISTS * self.dice.roll(ITEMS / LISTS);
        let put_list = format!(
            "INSERT INTO lists (id, user_id, title) VALUES ({}, {owner}, '{value}') \
             ON CONFLICT (id) DO UPDATE SET title = excluded.title",
            key(list)
        );
        let put_item = format!(
            "INSERT INTO items (id, list_id, title) VALUES ({}, {}, '{value}') \
             ON CONFLICT (id) DO UPDATE SET title = excluded.title",
            key(item),
            key(list)
        );
        let (said, sql) = match self.dice.roll(6) {
            0 | 1 => (format!("{list}={value}"), put_list),
            2..=4 => {
                (format!("{list}={value} {item}={value}"), format!("BEGIN; {put_list}; {put_item}; COMMIT"))
            }
            _ => (format!("{item}=gone"), format!("DELETE FROM items WHERE id = {}", key(item))),
        };
        self.say(&format!("try {said}\n"));
        self.app.execute_batch(&sql)?;
        self.say("done\n");
        Ok(())
    }

    fn say(&self, line: &str) {
        let path = self.folder.join(format!("journal-{}", self.run));
        let mut journal = OpenOptions::new().create(true).append(true).open(path).unwrap();
        journal.write_all(line.as_bytes()).unwrap();
    }
}
