//! The device's file: ordinary tables with ordinary SQL, and beside them what a sync needs to know.
//!
//! Triggers put an entry into a shadow table for each row that is written, by whatever program. An entry holds the
//! *base*, the row as it was before the first change; what is to be pushed is the difference between base and row. The
//! server's rows come in by [`Store::apply`], its answers by [`Store::answer`]; both are silent for the triggers.
//!
//! - `open`: making the file, and opening it again
//! - `verify`: whether it is still what was made; `describe`, `migrate`, `convert`: changing it for a new schema
//! - `layout`, `system`, `sql`: tables beside the synced ones
//! - `capture`: triggers and views
//! - `image`: values compared exactly
//! - `entry`: dirty rows, read and written
//! - `pending`, `scan`, `batch`: what is to be pushed, how far it was looked for, and what has been sent
//! - `settle`: what happens to a dirty row when the server speaks of it; `cascade`: to what its deletion took along
//! - `answer`, `apply`, `bootstrap`: the server's answers, its rows, and all of its rows
//! - `receipts`: which mutations are answered and included; `observe`: which tables have changed
//! - `audit`: digests of what is here, and repairs
//! - `confirmed`: writes that count only once the server has them
//! - `inbox`: what the user should know
//! - `id_lease`: blocks of numbers; `holder`: which process syncs; `identity`: whose file it is
//! - `key`: encrypted files; `meta`: names and values

mod answer;
mod apply;
mod audit;
mod batch;
mod bootstrap;
mod capture;
mod cascade;
mod confirmed;
mod convert;
mod describe;
mod entry;
mod holder;
mod id_lease;
mod identity;
mod image;
mod inbox;
mod key;
mod layout;
mod meta;
mod migrate;
mod observe;
mod open;
mod pending;
mod receipts;
mod scan;
mod settle;
mod sql;
mod system;
mod verify;

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use self::answer::{Answer, Answered, Outcome, ServerRow};
pub use self::apply::{Applied, Apply, Delta, TableDelta};
pub use self::batch::{Batch, Fits, NextBatch, SentChange};
pub use self::bootstrap::{Bootstrap, Load};
pub use self::confirmed::Rehearsed;
pub(crate) use self::id_lease::take as take_leased;
pub use self::identity::Identity;
pub use self::inbox::{InboxColumn, InboxItem, InboxKind};
pub use self::key::FileKey;
use self::layout::Layout;
pub use self::migrate::NotRestored;
pub use self::observe::{Observed, Observer};
pub use self::open::{OpenOptions, Opened};
pub use self::pending::{ChangedColumn, Op, Pending, PendingChange};
use self::scan::Scan;
use crate::client::StoreError;
use crate::client::error::Doing as _;
use crate::schema::Schema;

/// A device's file, opened to be synced.
///
/// It holds a connection of its own, on which foreign keys are not enforced: the server's rows come in any order. Apps
/// read and write on connections of theirs, see [`Store::connect`].
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    schema: &'static Schema,
    layouts: Vec<Layout>,
    path: PathBuf,
    options: OpenOptions,
    opened: Opened,
    /// Locked while this store has the right to sync.
    lock: Option<File>,
    /// Where the next batch goes on.
    scan: Option<Scan>,
}

impl Store {
    /// The schema that it was opened with.
    pub const fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What opening it did.
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Whether what the file has must not lie elsewhere in the clear.
    pub(super) const fn is_encrypted(&self) -> bool {
        self.options.key.is_some()
    }

    /// Refuses to sync where only reading was asked for.
    ///
    /// # Errors
    ///
    /// [`StoreError::State`].
    pub(super) fn check_writable(&self) -> Result<(), StoreError> {
        if self.options.read_only {
            let what = "this client only reads the file: the app that writes it syncs it, too";
            return Err(StoreError::State { what: what.to_owned() });
        }
        Ok(())
    }

    /// The place of a table in the schema, by its name in SQLite.
    ///
    /// # Errors
    ///
    /// Where the schema has no such table.
    pub fn table_place(&self, table: &str) -> Result<usize, StoreError> {
        let place = self.layouts.iter().position(|layout| layout.table.name == table);
        place.ok_or_else(|| StoreError::UnknownTable { table: table.to_owned() })
    }

    /// The tables of which the server's rows are not all here, or not with every column: those that a new version of
    /// the app added or changed, until [`Store::fetched`] says that they have been fetched.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn to_fetch(&self) -> Result<Vec<&'static str>, StoreError> {
        let names = migrate::to_fetch(&self.connection)?;
        let tables = self.layouts.iter().map(|layout| layout.table.name);
        Ok(tables.filter(|table| names.iter().any(|name| name == table)).collect())
    }

    /// All rows of a table have been fetched.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn fetched(&mut self, table: &str) -> Result<(), StoreError> {
        silently(&mut self.connection, |connection| {
            let mut names = migrate::to_fetch(connection)?;
            names.retain(|name| name != table);
            migrate::set_to_fetch(connection, &names)
        })
    }

    /// Somebody who looks which tables change, on a connection of their own.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn observer(&self) -> Result<Observer, StoreError> {
        let mut observer = Observer::new(self.connect()?, &self.layouts);
        observer.look()?;
        Ok(observer)
    }

    /// The cursor of the last delta.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn cursor(&self) -> Result<Option<Vec<u8>>, StoreError> {
        meta::get(&self.connection, "cursor")
    }
}

/// Runs something in a transaction in which triggers are silent; nothing of it stays if it fails.
fn silently<T>(
    connection: &mut Connection,
    run: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = begin_silently(connection)?;
    let result = run(&transaction)?;
    end_silence(&transaction)?;
    transaction.commit().doing(|| "committing".to_owned())?;
    Ok(result)
}

/// Begins a transaction in which triggers are silent. The silence is part of the transaction, so that a crash ends it.
fn begin_silently(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    let doing = || "beginning a transaction".to_owned();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
    transaction.execute("INSERT INTO _oosync_silence (on_) VALUES (1)", []).doing(doing)?;
    Ok(transaction)
}

fn end_silence(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM _oosync_silence", []).doing(|| "ending a transaction".to_owned())?;
    Ok(())
}
