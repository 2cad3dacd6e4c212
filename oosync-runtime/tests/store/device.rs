//! A device with a file of its own, and short words for what is done to it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use oosync_runtime::Value;
use oosync_runtime::client::store::{
    Answer, Delta, InboxItem, Op, Outcome, PendingChange, SentChange, ServerRow, Store, TableDelta,
};
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::schema::Schema;

/// A folder that is gone afterwards.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("oosync-store-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self) -> PathBuf {
        self.0.join("app.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct Device {
    pub store: Store,
    pub app: Connection,
    pub folder: Folder,
}

impl Device {
    pub fn new(schema: &'static Schema) -> Self {
        let folder = Folder::new();
        let store = Store::open(folder.file(), schema).unwrap();
        let app = store.connect().unwrap();
        Self { store, app, folder }
    }

    /// Closes the file and opens it again.
    pub fn reopened(self, schema: &'static Schema) -> Self {
        let Self { store, app, folder } = self;
        drop((store, app));
        let store = Store::open(folder.file(), schema).unwrap();
        let app = store.connect().unwrap();
        Self { store, app, folder }
    }

    pub fn sql(&self, sql: &str) {
        self.app.execute_batch(sql).unwrap();
    }

    /// Every row of a query, values separated by bars, as the `sqlite3` program shows them.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.app, sql)
    }

    /// What is to be pushed, in words: `update notes a: title x>y`.
    pub fn pending(&mut self) -> Vec<String> {
        let pending = self.store.pending(usize::MAX).unwrap();
        assert_eq!(pending.unreadable, []);
        pending.changes.iter().map(words).collect()
    }

    /// Sends what is to be pushed, and gives the ids with what is sent.
    pub fn send(&mut self) -> Vec<SentChange> {
        let mut sent = Vec::new();
        self.store
            .next_batch(usize::MAX, |changes| {
                sent = changes.to_vec();
                Ok(changes.iter().map(|sent| words(&sent.change) + "\n").collect::<String>().into_bytes())
            })
            .unwrap();
        sent
    }

    pub fn answer(&mut self, id: u64, outcome: Outcome) {
        self.store.answer(&[Answer { id, outcome }]).unwrap();
    }

    /// Sends one change, which the server takes: operation, table and key.
    pub fn push_one(&mut self) -> String {
        let mut sent = Vec::new();
        let batch = self.store.next_batch(1, |changes| {
            sent = changes.to_vec();
            Ok(Vec::new())
        });
        let Some(batch) = batch.unwrap() else { return String::new() };
        self.answer(batch.id, Outcome::Applied);
        words(&sent[0].change).split(':').next().unwrap().trim().to_owned()
    }

    /// Sends everything, and the server takes everything; the last id.
    pub fn push_all(&mut self) -> u64 {
        let sent = self.send();
        let answers: Vec<Answer> =
            sent.iter().map(|sent| Answer { id: sent.id, outcome: Outcome::Applied }).collect();
        self.store.answer(&answers).unwrap();
        sent.last().map_or(0, |sent| sent.id)
    }

    /// Rows of one table from the server.
    pub fn pull(
        &mut self,
        table: &str,
        rows: &[&[Value<'static>]],
        deleted: &[&[Value<'static>]],
        through: u64,
    ) {
        let table = TableDelta {
            table: table.to_owned(),
            rows: rows.iter().map(|row| row.to_vec()).collect(),
            deleted: deleted.iter().map(|key| key.to_vec()).collect(),
        };
        let delta = Delta { tables: vec![table], cursor: b"cursor".to_vec(), through };
        self.store.apply(&delta).unwrap();
    }

    pub fn inbox(&self) -> Vec<InboxItem> {
        self.store.inbox().unwrap()
    }
}

pub fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let count = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values: Result<Vec<Value<'static>>, _> = (0..count).map(|place| row.get(place)).collect();
        Ok(values?.iter().map(show).collect::<Vec<_>>().join("|"))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

pub fn show(value: &Value<'_>) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(text) => text.to_string(),
        Value::Blob(bytes) => format!("{bytes:?}"),
    }
}

/// A change in words.
pub fn words(change: &PendingChange) -> String {
    let key: Vec<String> = change.key.iter().map(show).collect();
    let columns: Vec<String> = change
        .changed
        .iter()
        .filter(|column| change.op == Op::Update || !matches!(column.current, Value::Null))
        .map(|column| match change.op {
            Op::Insert => format!("{} {}", column.name, show(&column.current)),
            _ => format!("{} {}>{}", column.name, show(&column.base), show(&column.current)),
        })
        .collect();
    let columns = if columns.is_empty() { String::new() } else { format!(": {}", columns.join(", ")) };
    format!("{} {} {}{columns}", change.op.as_str(), change.table, key.join("/"))
}

pub fn text(text: &str) -> Value<'static> {
    Value::Text(text.to_owned().into())
}

/// A row of `notes` as the server has it.
pub fn note(id: &str, title: &str) -> Vec<Value<'static>> {
    vec![text(id), Value::Null, text(title), Value::Null, Value::Null, Value::Null]
}

/// Columns as the server has them.
pub fn theirs(columns: &[(&str, &str)]) -> ServerRow {
    ServerRow::Columns(columns.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect())
}

/// A row of `lists` as the server has it.
pub fn list(id: &str, name: &str) -> Vec<Value<'static>> {
    vec![text(id), text(name)]
}
