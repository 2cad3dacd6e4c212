//! The key of a file that is encrypted.
//!
//! SQLite itself does not encrypt; SQLCipher does, and is what an app links by `rusqlite` with the feature
//! `bundled-sqlcipher` among its own dependencies. There is no feature of oosync for it: it would become part of every
//! build with all features.

use std::fmt;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _};

use crate::client::StoreError;
use crate::client::error::Doing as _;

/// Where the key of a file comes from: asked once for each connection, and not kept.
#[derive(Clone)]
pub struct FileKey(Arc<Source>);

type Source = dyn Fn() -> Result<String, String> + Send + Sync;

impl FileKey {
    /// From a function: a pass phrase, or `x'…'` with 64 hexadecimal digits for a key that needs no derivation. What it
    /// says where there is none becomes part of the error.
    pub fn new(source: impl Fn() -> Result<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// Opens an encrypted file, or makes a new one encrypted. Nothing has been read or written before.
    pub(super) fn open(&self, connection: &Connection) -> Result<(), StoreError> {
        let doing = || "unlocking the file".to_owned();
        let version: Option<String> =
            connection.query_row("PRAGMA cipher_version", [], |row| row.get(0)).optional().doing(doing)?;
        if version.is_none() {
            // `PRAGMA key` would do nothing, and the file would be readable to everyone.
            let what = "a key was given, and the SQLite of this program does not encrypt: let the app depend on \
                        `rusqlite` with the feature `bundled-sqlcipher`";
            return Err(StoreError::Key { what: what.to_owned() });
        }
        let key = (self.0)().map_err(|what| StoreError::Key { what })?;
        connection.pragma_update(None, "key", key).doing(doing)?;
        match connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)) {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                let what = "the key is not that of this file, or the file is not encrypted".to_owned();
                Err(StoreError::Key { what })
            }
            Err(error) => Err(error).doing(doing),
        }
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey")
    }
}
