//! What waits to be sent, and what the user should know; and leaving.

use thiserror::Error;

use super::{Client, Shared};
use crate::Value;
use crate::client::store::{InboxItem, InboxKind, Pending};
use crate::client::{StoreError, SyncError};

/// What happens to changes that were not sent when the user signs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignOut {
    /// They are kept, and the user stays signed in.
    RefusePending,
    /// They are thrown away.
    DropPending,
}

/// Why the user is still signed in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignOutError {
    /// There are changes that the server does not have.
    #[error(
        "{count} changes have not reached the server: sync first, or sign out with `SignOut::DropPending`"
    )]
    Pending {
        /// How many.
        count: usize,
    },
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process syncs the file.
    #[error(transparent)]
    Sync(SyncError),
}

impl Client {
    /// What is to be sent, `limit` changes at most, without what is on its way.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn pending(&self, limit: usize) -> Result<Pending, StoreError> {
        self.shared().ask(|store| store.pending(limit))
    }

    /// Everything that the server may not have, in JSON: mutations as they would be sent, those on their way, and what
    /// cannot be sent with the values that SQLite has.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn export_pending(&self) -> Result<String, StoreError> {
        self.shared().export_pending()
    }

    /// Undoes what was changed of a row and not sent; `false` if nothing was.
    ///
    /// # Errors
    ///
    /// Where a change of the row is on its way, a table or key that the schema does not have, and what SQLite says.
    pub fn discard(&self, table: &str, key: &[Value<'_>]) -> Result<bool, StoreError> {
        self.shared().ask(|store| store.discard(table, key))
    }

    /// What met changes of somebody else's, lost rows among them, until it is dismissed; the oldest first.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn conflicts(&self) -> Result<Vec<InboxItem>, StoreError> {
        self.inbox(|kind| kind != InboxKind::Rejected)
    }

    /// What the server refused, until it is dismissed; the oldest first.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn rejections(&self) -> Result<Vec<InboxItem>, StoreError> {
        self.inbox(|kind| kind == InboxKind::Rejected)
    }

    fn inbox(&self, keep: impl Fn(InboxKind) -> bool) -> Result<Vec<InboxItem>, StoreError> {
        let mut items = self.shared().ask(|store| store.inbox())?;
        items.retain(|item| keep(item.kind));
        Ok(items)
    }

    /// The user knows of it: it is taken out of [`Client::conflicts`] or [`Client::rejections`]; `false` if it is not
    /// there.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn dismiss(&self, item: i64) -> Result<bool, StoreError> {
        self.shared().ask(|store| store.dismiss(item))
    }

    /// Empties the file: rows, queue, inbox. It is that of nobody then, and of whoever syncs it next. What syncs by
    /// itself is stopped.
    ///
    /// # Errors
    ///
    /// Where there are changes that have not reached the server and nobody said that they may be lost, and where another
    /// process syncs the file. Then nothing has happened to it.
    pub fn sign_out(&self, how: SignOut) -> Result<(), SignOutError> {
        self.stop();
        self.shared().sign_out(how)
    }
}

impl Shared {
    fn sign_out(&self, how: SignOut) -> Result<(), SignOutError> {
        self.with_syncer(|syncer, context| {
            syncer.keep(context).map_err(SignOutError::Sync)?;
            if how == SignOut::RefusePending {
                let pending = syncer.store.pending(usize::MAX)?;
                let waiting: usize = syncer.store.waiting()?.iter().map(|batch| batch.unanswered.len()).sum();
                let count = pending.changes.len() + pending.unreadable.len() + waiting;
                if count > 0 {
                    return Err(SignOutError::Pending { count });
                }
            }
            syncer.store.wipe()?;
            syncer.forget();
            Ok(())
        })
    }
}
