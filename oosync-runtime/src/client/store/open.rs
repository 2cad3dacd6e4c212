//! Making the file, and opening it again.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};

use super::describe::Description;
use super::layout::Layout;
use super::migrate::{NotRestored, migrate};
use super::system::{FORMAT, SYSTEM_DDL, shadow_ddl};
use super::verify::{Objects, app_triggers, check_tables, install, objects, record, recorded, repair, wrong};
use super::{FileKey, Store, meta};
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
    /// Where the file's key comes from; without, it is not encrypted.
    pub key: Option<FileKey>,
    /// Whether only to read what another process syncs: nothing is made, changed or mended then.
    pub read_only: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), allow_older: false, key: None, read_only: false }
    }
}

/// What opening a file did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// The file was new.
    pub created: bool,
    /// The tables were changed to those of a new version of the app.
    pub migrated: bool,
    /// Changes that were waiting to be pushed and for which the new version has no place; the inbox has their values.
    pub not_kept: usize,
    /// Indexes and triggers of the app's own that could not be made again on the changed tables.
    pub not_restored: Vec<NotRestored>,
    /// Triggers, views and indexes of the store's that had been removed or altered, and were made again. Writes from the
    /// time without a trigger are not known to the store.
    pub repaired: Vec<String>,
    /// The app's own triggers on synced tables. They also fire for the server's rows, and what they write then is not
    /// captured.
    pub app_triggers: Vec<String>,
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
        let mut connection = connect(path, options)?;
        // Changing tables renames the old ones; what other tables, views and triggers say of them shall stay.
        let settings =
            "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; PRAGMA cache_size = -16384";
        connection.execute_batch(settings).doing(|| "opening the file".to_owned())?;
        // In memory, an index of a million rows would be sorted there as a whole. What an encrypted file has must not be
        // written elsewhere in the clear.
        if options.key.is_none() {
            connection
                .execute_batch("PRAGMA temp_store = DEFAULT")
                .doing(|| "opening the file".to_owned())?;
        }
        if !options.read_only {
            synchronous(&connection, Synchronous::Full)?;
        }
        let layouts = Layout::of(schema);
        // Each table has a handful of statements, and SQLite takes long to prepare those of wide tables.
        connection.set_prepared_statement_cache_capacity(64 + 16 * layouts.len());
        let opened = prepare(&mut connection, schema, &layouts, options)?;
        let (path, options) = (path.to_owned(), options.clone());
        Ok(Self { connection, schema, layouts, path, options, opened, lock: None, scan: None })
    }

    /// Writes what nobody is told of, and may be lost in a power failure: the disk is not waited for.
    ///
    /// # Errors
    ///
    /// Those of `write`, and what SQLite says.
    pub fn lightly<T, E: From<StoreError>>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        synchronous(&self.connection, Synchronous::Normal)?;
        let written = write(self);
        synchronous(&self.connection, Synchronous::Full)?;
        written
    }

    /// A connection for the app: foreign keys are enforced, `numeric` is known to SQL, and another connection that
    /// writes is waited for.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn connect(&self) -> Result<Connection, StoreError> {
        let connection = connect(&self.path, &self.options)?;
        // With SQLite's 2 MB of cache, many rows with random keys are written to the disk again and again.
        let settings = "PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384";
        connection.execute_batch(settings).doing(|| "opening the file".to_owned())?;
        Ok(connection)
    }
}

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Synchronous {
    /// It is there after a crash of the process; a power failure takes the last ones.
    Normal = 1,
    /// It is there after a power failure.
    Full = 2,
}

fn synchronous(connection: &Connection, how: Synchronous) -> Result<(), StoreError> {
    let pragma = connection.pragma_update(None, "synchronous", how as i64);
    pragma.doing(|| "setting up the connection".to_owned())
}

fn connect(path: &Path, options: &OpenOptions) -> Result<Connection, StoreError> {
    let doing = || format!("opening {}", path.display());
    let mut flags = OpenFlags::default();
    if options.read_only {
        flags.remove(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE);
        flags.insert(OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    let connection = Connection::open_with_flags(path, flags).doing(doing)?;
    connection.busy_timeout(options.busy_timeout).doing(doing)?;
    if let Some(key) = &options.key {
        key.open(&connection)?;
    }
    if !options.read_only {
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").doing(doing)?;
    }
    // Statements with triggers keep what they may have to take back; in a file, that takes as long as the statement.
    connection.execute_batch("PRAGMA temp_store = MEMORY").doing(doing)?;
    register(&connection).doing(doing)?;
    Ok(connection)
}

/// Makes, changes or mends the tables, in one transaction; a file that is as it should be is only read.
fn prepare(
    connection: &mut Connection,
    schema: &'static Schema,
    layouts: &[Layout],
    options: &OpenOptions,
) -> Result<Opened, StoreError> {
    let doing = || "preparing the tables".to_owned();
    let described = Description::of(layouts);
    let names: Vec<String> = layouts.iter().map(|layout| layout.names.table.clone()).collect();
    {
        let transaction = connection.transaction().doing(doing)?;
        if is_store(&transaction)? && description(&transaction)? == described {
            check_tables(&transaction, &names)?;
            if wrong(&transaction, layouts)?.is_empty() {
                let app_triggers = app_triggers(&transaction, layouts)?;
                return Ok(Opened { app_triggers, ..Opened::default() });
            }
        }
    }
    if options.read_only {
        let what = "whoever only reads the file cannot make, change or mend its tables: open it in the app that syncs it";
        return Err(StoreError::State { what: what.to_owned() });
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
    let mut opened = Opened::default();
    if !is_store(&transaction)? {
        create(&transaction, schema, layouts)?;
        opened.created = true;
    } else {
        let old = description(&transaction)?;
        if old == described {
            check_tables(&transaction, &names)?;
            let wrong = wrong(&transaction, layouts)?;
            repair(&transaction, &wrong)?;
            opened.repaired = wrong.into_iter().map(|object| object.name).collect();
        } else {
            refuse_older(&transaction, schema, options)?;
            let names: Vec<String> = old.tables.iter().map(|table| table.names.table.clone()).collect();
            check_tables(&transaction, &names)?;
            let apps = apps(&transaction)?;
            let migrated = migrate(&transaction, &old, layouts, &apps)?;
            install(&transaction, layouts)?;
            record(&transaction, &apps)?;
            opened.migrated = true;
            opened.not_kept = migrated.not_kept;
            opened.not_restored = migrated.not_restored;
        }
    }
    describe(&transaction, schema, &described)?;
    opened.app_triggers = app_triggers(&transaction, layouts)?;
    transaction.commit().doing(doing)?;
    Ok(opened)
}

/// Whether the file has been made by a program like this one; refuses those of a newer one.
fn is_store(connection: &Connection) -> Result<bool, StoreError> {
    let ours = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_oosync_meta'";
    let found =
        connection.query_row(ours, [], |_| Ok(())).optional().doing(|| "reading the file".to_owned())?;
    if found.is_none() {
        return Ok(false);
    }
    let found = meta::get::<i64>(connection, "format")?
        .ok_or_else(|| StoreError::Damaged { what: "it has no format".to_owned() })?;
    if found > FORMAT {
        return Err(StoreError::NewerFormat { found, known: FORMAT });
    }
    Ok(true)
}

fn description(connection: &Connection) -> Result<Description, StoreError> {
    let text: String = meta::get(connection, "description")?
        .ok_or_else(|| StoreError::Damaged { what: "it does not say which tables it has".to_owned() })?;
    serde_json::from_str(&text).map_err(|error| StoreError::Damaged { what: error.to_string() })
}

/// The hashes of the schemas that the file has had, the present one last.
fn history(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let text: String = meta::get(connection, "schema_history")?.unwrap_or_else(|| "[]".to_owned());
    serde_json::from_str(&text).map_err(|error| StoreError::Damaged { what: error.to_string() })
}

/// A schema that the file has had before is that of an older version of the app.
fn refuse_older(connection: &Connection, schema: &Schema, options: &OpenOptions) -> Result<(), StoreError> {
    let history = history(connection)?;
    let Some((last, before)) = history.split_last() else { return Ok(()) };
    if !options.allow_older && last != schema.hash && before.iter().any(|hash| hash == schema.hash) {
        return Err(StoreError::NewerSchema { found: last.clone(), ours: schema.hash.to_owned() });
    }
    Ok(())
}

fn describe(connection: &Connection, schema: &Schema, described: &Description) -> Result<(), StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged { what: error.to_string() };
    meta::set(connection, "format", FORMAT)?;
    meta::set(connection, "description", serde_json::to_string(described).map_err(damaged)?)?;
    let mut history = history(connection)?;
    // What came after it is undone, and new when it comes again.
    if let Some(place) = history.iter().position(|hash| hash == schema.hash) {
        history.truncate(place);
    }
    history.push(schema.hash.to_owned());
    meta::set(connection, "schema_history", serde_json::to_string(&history).map_err(damaged)?)
}

fn create(connection: &Connection, schema: &Schema, layouts: &[Layout]) -> Result<(), StoreError> {
    let doing = || "making the tables".to_owned();
    let apps = objects(connection)?;
    refuse_occupied(&apps, layouts)?;
    connection.execute_batch(SYSTEM_DDL).doing(doing)?;
    connection.execute_batch(&schema.ddl()).doing(doing)?;
    for layout in layouts {
        connection.execute_batch(&shadow_ddl(layout)).doing(doing)?;
    }
    install(connection, layouts)?;
    record(connection, &apps)
}

/// Refuses to make a table or view where the app has something of that name.
pub(super) fn refuse_occupied<'l>(
    apps: &Objects,
    layouts: impl IntoIterator<Item = &'l Layout>,
) -> Result<(), StoreError> {
    for layout in layouts {
        for name in [&layout.names.table, &layout.names.view] {
            let taken =
                |(kind, found): &(String, String)| kind != "trigger" && found.eq_ignore_ascii_case(name);
            if apps.keys().any(taken) {
                return Err(StoreError::Occupied { name: name.clone() });
            }
        }
    }
    Ok(())
}

/// What is in the file and not the store's.
fn apps(connection: &Connection) -> Result<Objects, StoreError> {
    let recorded = recorded(connection)?;
    let mut objects = objects(connection)?;
    objects.retain(|key, _| !recorded.contains_key(key));
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    static SCHEMA: Schema = Schema { tables: &[], hash: "5f" };

    #[test]
    fn what_the_sync_commits_waits_for_the_disk_but_for_whose_turn_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("device.db"), &SCHEMA).unwrap();
        let how = |store: &Store| -> i64 {
            store.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
        };
        assert_eq!(how(&store), Synchronous::Full as i64);
        let during = store.lightly(|store| Ok::<_, StoreError>(how(store)));
        assert_eq!(during.unwrap(), Synchronous::Normal as i64);
        assert!(store.hold("me", Duration::from_secs(1)).unwrap());
        store.remember("anything", "here").unwrap();
        store.release("me").unwrap();
        assert!(
            store
                .lightly(|_| Err::<(), StoreError>(StoreError::State { what: "failed".to_owned() }))
                .is_err()
        );
        assert_eq!(how(&store), Synchronous::Full as i64);
        // Apps' own writes are sent once the sync has committed what it makes of them.
        let app = store.connect().unwrap();
        let of_app: i64 = app.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(of_app, Synchronous::Normal as i64);
    }
}
