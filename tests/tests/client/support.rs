//! Devices with files of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use oosync_runtime::client::Client;
use oosync_runtime::rusqlite::Connection;

use crate::network::{InProcess, Network};
use crate::server::{Server, user};

/// A folder that is gone afterwards.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("oosync-client-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("app.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A device of a user.
pub(crate) struct Device<'s> {
    pub(crate) server: &'s Server,
    pub(crate) client: Client,
    pub(crate) app: Connection,
    pub(crate) network: Arc<Network>,
    pub(crate) folder: Arc<Folder>,
    pub(crate) number: usize,
}

pub(crate) fn client(server: &Server, number: usize, network: &Arc<Network>, folder: &Folder) -> Client {
    Client::builder(folder.file(), server.engine.schema())
        .transport(InProcess::new(server, number, network))
        .open()
        .unwrap_or_else(|error| panic!("{error}"))
}

impl<'s> Device<'s> {
    pub(crate) fn new(server: &'s Server, number: usize) -> Self {
        let (network, folder) = (Arc::default(), Arc::new(Folder::new()));
        let client = client(server, number, &network, &folder);
        let app = client.connection().unwrap();
        Self { server, client, app, network, folder, number }
    }

    /// One that has everything.
    pub(crate) fn synced(server: &'s Server, number: usize) -> Self {
        let device = Self::new(server, number);
        device.sync();
        device
    }

    /// The process ends and begins again.
    pub(crate) fn restarted(self) -> Self {
        let Self { server, client: before, app, network, folder, number } = self;
        drop((before, app));
        let client = client(server, number, &network, &folder);
        let app = client.connection().unwrap();
        Self { server, client, app, network, folder, number }
    }

    pub(crate) fn sync(&self) -> oosync_runtime::client::Summary {
        self.client.sync().unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn sql(&self, sql: &str) {
        self.app.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// Makes a list of the user's, with an id that ends in this number.
    pub(crate) fn add_list(&self, list: usize, title: &str) {
        let (id, owner) = (key(list), blob(&user(self.number)));
        self.sql(&format!("INSERT INTO lists (id, owner_id, title) VALUES ({id}, {owner}, '{title}')"));
    }

    /// The titles of lists by number, as they are here.
    pub(crate) fn lists(&self) -> Vec<String> {
        self.rows("SELECT title FROM lists WHERE deleted_at IS NULL ORDER BY title")
    }

    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.app, sql)
    }

    /// How many mutations were sent so far, over all requests.
    pub(crate) fn sent(&self) -> Vec<u64> {
        let pushes = self.network.pushes.lock().unwrap();
        pushes.iter().flat_map(|push| push.mutations.iter().map(|mutation| mutation.id)).collect()
    }

    pub(crate) fn pending(&self) -> usize {
        self.client.pending(1_000).unwrap().changes.len()
    }
}

/// Every row of a query, values separated by bars.
pub(crate) fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let values = (0..columns).map(|place| match row.get_ref(place).unwrap() {
            oosync_runtime::rusqlite::types::ValueRef::Null => "∅".to_owned(),
            oosync_runtime::rusqlite::types::ValueRef::Integer(value) => value.to_string(),
            oosync_runtime::rusqlite::types::ValueRef::Real(value) => format!("{value:?}"),
            oosync_runtime::rusqlite::types::ValueRef::Text(value) => {
                String::from_utf8_lossy(value).into_owned()
            }
            oosync_runtime::rusqlite::types::ValueRef::Blob(value) => {
                value.iter().map(|byte| format!("{byte:02x}")).collect()
            }
        });
        all.push(values.collect::<Vec<_>>().join("|"));
    }
    all
}

/// The id of a row of the tests, as Postgres has it.
pub(crate) fn id(number: usize) -> String {
    format!("00000000-0000-4000-9000-{number:012}")
}

/// The same in SQL of SQLite.
pub(crate) fn key(number: usize) -> String {
    blob(&id(number))
}

pub(crate) fn blob(uuid: &str) -> String {
    format!("x'{}'", uuid.replace('-', ""))
}

/// The titles of lists on the server.
pub(crate) fn titles(server: &Server) -> Vec<String> {
    let rows = server
        .database
        .client()
        .query("select title from lists where deleted_at is null order by title", &[])
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
