//! Making the file, and opening it again.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::capture::{triggers, views};
use super::layout::{Layout, Names};
use super::system::{FORMAT, SYSTEM_DDL, shadow_ddl};
use super::{Store, meta};
use crate::client::StoreError;
use crate::client::error::Doing as _;
use crate::schema::Schema;
use crate::sqlite::register;

/// How a file is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OpenOptions {
    /// How long to wait for another connection that writes; 5 seconds if nothing is said.
    pub busy_timeout: Duration,
    /// Whether to change tables back that a newer version of the app has changed; not if nothing is said.
    pub allow_older: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), allow_older: false }
    }
}

/// What opening a file did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// The file was new.
    pub created: bool,
}

impl Store {
    /// Opens a file for a schema, or makes it.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn open(path: impl AsRef<Path>, schema: &'static Schema) -> Result<Self, StoreError> {
        Self::open_with(path, schema, &OpenOptions::default())
    }

    /// Opens a file for a schema, or makes it.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn open_with(
        path: impl AsRef<Path>,
        schema: &'static Schema,
        options: &OpenOptions,
    ) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let mut connection = connect(path, options.busy_timeout)?;
        connection.execute_batch("PRAGMA foreign_keys = OFF").doing(|| "opening the file".to_owned())?;
        let layouts: Vec<Layout> = Names::of(schema)
            .into_iter()
            .zip(schema.tables)
            .map(|(names, table)| Layout::new(table, names))
            .collect();
        // Each table has a handful of statements, and SQLite takes long to prepare those of wide tables.
        connection.set_prepared_statement_cache_capacity(64 + 16 * layouts.len());
        let opened = prepare(&mut connection, schema, &layouts, options)?;
        Ok(Self {
            connection,
            schema,
            layouts,
            path: path.to_owned(),
            busy_timeout: options.busy_timeout,
            opened,
        })
    }

    /// A connection for the app: foreign keys are enforced, `numeric` is known to SQL, and another connection that
    /// writes is waited for.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn connect(&self) -> Result<Connection, StoreError> {
        let connection = connect(&self.path, self.busy_timeout)?;
        connection.execute_batch("PRAGMA foreign_keys = ON").doing(|| "opening the file".to_owned())?;
        Ok(connection)
    }
}

fn connect(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let doing = || format!("opening {}", path.display());
    let connection = Connection::open(path).doing(doing)?;
    connection.busy_timeout(busy_timeout).doing(doing)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").doing(doing)?;
    register(&connection).doing(doing)?;
    Ok(connection)
}

/// Makes the tables where the file is new.
fn prepare(
    connection: &mut Connection,
    schema: &'static Schema,
    layouts: &[Layout],
    _options: &OpenOptions,
) -> Result<Opened, StoreError> {
    let doing = || "making the tables".to_owned();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
    let ours = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_oosync_meta'";
    let exists = transaction.query_row(ours, [], |_| Ok(())).optional().doing(doing)?.is_some();
    if exists {
        let found = meta::get::<i64>(&transaction, "format")?
            .ok_or_else(|| StoreError::Damaged { what: "it has no format".to_owned() })?;
        if found > FORMAT {
            return Err(StoreError::NewerFormat { found, known: FORMAT });
        }
        return Ok(Opened::default());
    }
    transaction.execute_batch(SYSTEM_DDL).doing(doing)?;
    transaction.execute_batch(&schema.ddl()).doing(doing)?;
    for layout in layouts {
        transaction.execute_batch(&shadow_ddl(layout)).doing(doing)?;
        for object in views(layout).into_iter().chain(triggers(layout)) {
            transaction.execute_batch(&object.sql).doing(doing)?;
        }
    }
    meta::set(&transaction, "format", FORMAT)?;
    transaction.commit().doing(doing)?;
    Ok(Opened { created: true })
}
