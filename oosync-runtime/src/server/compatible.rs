//! Devices of an older app: which tables and columns they are served.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::auth::Identity;
use super::catalog::{ManifestTable, parse};
use super::engine::Shared;
use super::event::Event;
use super::{Error, session};
use crate::protocol::{ErrorCode, SchemaVersion, TableHeader};

/// What devices of one schema are sent: the tables of the present one that it has, with the columns it has.
#[derive(Debug)]
pub(super) struct Shape {
    /// Places in the catalog, each with the columns.
    pub(super) tables: Vec<(usize, TableHeader)>,
    /// Columns that a request may not write, because of its role.
    pub(super) locked: BTreeSet<(usize, &'static str)>,
}

/// What is known of schemas that devices named, for each role that may see more than others.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Shapes>);

/// By the schema's hash and the role.
type Shapes = BTreeMap<(String, Option<String>), Arc<Shape>>;

impl Shared {
    /// What the server serves now.
    pub(super) fn version(&self) -> SchemaVersion {
        SchemaVersion { version: self.catalog.version, hash: self.schema.hash.to_owned() }
    }

    /// What a device of this schema is sent, and may write.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::SchemaMismatch`] where it was never registered, or is newer than what this server serves;
    /// [`ErrorCode::UpgradeRequired`] where something of it is no longer there or another thing.
    pub(super) async fn shape(&self, hash: &str, identity: &Identity) -> Result<Arc<Shape>, Error> {
        let lock = || self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        let role = self.permissions.role_of(identity);
        let asked = (hash.to_owned(), role.map(str::to_owned));
        if let Some(shape) = lock().get(&asked) {
            return Ok(Arc::clone(shape));
        }
        let mut tables: Vec<(usize, TableHeader)> = if hash == self.schema.hash {
            let all = self.schema.tables.iter().map(|table| TableHeader::of(table, |_| true));
            all.enumerate().collect()
        } else {
            self.older(hash).await.inspect_err(|error| {
                let code = &error.body().code;
                if matches!(code, ErrorCode::SchemaMismatch | ErrorCode::UpgradeRequired) {
                    self.observers.tell(Event::SchemaIncompatible { identity, schema_hash: hash, code });
                }
            })?
        };
        let mut locked = BTreeSet::new();
        for (place, header) in &mut tables {
            for column in self.schema.tables[*place].columns {
                if !self.permissions.writes(role, column) {
                    locked.insert((*place, column.name));
                }
                if !self.permissions.reads(role, column) {
                    header.columns.retain(|name| name != column.name);
                    header.text.retain(|name| name != column.name);
                }
            }
        }
        let shape = Arc::new(Shape { tables, locked });
        // Only what is registered comes this far: a few.
        lock().insert(asked, Arc::clone(&shape));
        Ok(shape)
    }

    async fn older(&self, hash: &str) -> Result<Vec<(usize, TableHeader)>, Error> {
        let connection = session::connection(&self.pool).await?;
        let sql = "select m.hash, m.tables::text, m.version from oosync.manifest m where m.hash in ($1, $2)";
        let rows = connection.query(sql, &[&hash, &self.schema.hash]).await?;
        let (mut then, mut now, mut newest) = (None, None, 0_i64);
        for row in rows {
            let tables = parse(row.try_get(1)?).map_err(|error| Error::internal(error.to_string()))?;
            let side = if row.try_get::<_, &str>(0)? == hash {
                newest = row.try_get(2)?;
                &mut then
            } else {
                &mut now
            };
            *side = Some(tables);
        }
        // The database is ahead of this server, which is about to be replaced.
        let is_newer = u64::try_from(newest).is_ok_and(|version| version > self.catalog.version);
        let (Some(then), Some(now)) = (then, now) else {
            let message = "the server does not know the schema of this device";
            return Err(Error::new(ErrorCode::SchemaMismatch, message).with_details(&self.version()));
        };
        let present: BTreeMap<&str, &ManifestTable> =
            now.iter().map(|table| (table.local_name.as_str(), table)).collect();
        let mut tables = Vec::new();
        for table in &then {
            let found = present.get(table.local_name.as_str()).filter(|found| serves(found, table));
            let place = self.schema.tables.iter().position(|known| known.name == table.local_name);
            let (Some(_), Some(place)) = (found, place) else {
                if is_newer {
                    let message =
                        format!("this server is older than the app: {} is another here", table.local_name);
                    return Err(Error::new(ErrorCode::SchemaMismatch, message).with_details(&self.version()));
                }
                let message = format!("this version of the app is too old: {} has changed", table.local_name);
                return Err(Error::new(ErrorCode::UpgradeRequired, message).with_details(&self.version()));
            };
            let has = |name: &str| table.columns.iter().any(|column| column.name == name);
            tables.push((place, TableHeader::of(self.schema.tables[place], |column| has(column.name))));
        }
        // Parents first, as they are now.
        tables.sort_by_key(|(place, _)| *place);
        Ok(tables)
    }
}

/// Whether a table serves devices that know it as it was then: the key is the same, and every column is there, of the
/// same type and not null where it was not null.
fn serves(now: &ManifestTable, then: &ManifestTable) -> bool {
    let fits = |old: &super::catalog::ManifestColumn| {
        let found = now.columns.iter().find(|column| column.name == old.name);
        found.is_some_and(|column| column.ty == old.ty && (old.nullable || !column.nullable))
    };
    now.primary_key == then.primary_key && then.columns.iter().all(fits)
}
