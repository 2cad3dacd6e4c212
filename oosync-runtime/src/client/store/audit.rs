//! What a table has, as digests of the rows that the server has; and putting right what the server has otherwise.
//!
//! A dirty row counts as what the server has of it, not as what was written here.

use std::collections::{BTreeMap, BTreeSet};

use super::Store;
use super::image::{Image, read};
use super::layout::Layout;
use super::sql::{join, quoted};
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;
use crate::digest::{Digester, RowDigest, Sums};
use crate::protocol::KeyDigest;

/// What ranges of a table have otherwise than the server.
#[derive(Debug)]
pub(in crate::client) struct Differing<'r> {
    /// The server's rows that are missing here, or other ones.
    pub(in crate::client) written: Vec<&'r Image>,
    /// The keys of rows that the server does not have.
    pub(in crate::client) deleted: Vec<Image>,
}

impl Store {
    /// About how many rows a table has.
    pub(in crate::client) fn count(&self, table: usize) -> Result<u64, StoreError> {
        let layout = self.layout(table)?;
        let sql = format!("SELECT count(*) FROM {}", quoted(&layout.names.table));
        let count = self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
        Ok(count.doing(|| format!("counting the rows of `{}`", layout.names.table))?.cast_unsigned())
    }

    /// The sums of a table's ranges, without the rows of these keys.
    pub(in crate::client) fn sums(
        &self,
        table: usize,
        bits: u8,
        except: &BTreeSet<KeyDigest>,
    ) -> Result<Sums, StoreError> {
        let mut sums = Sums::new(bits);
        self.each_synced(self.layout(table)?, |digest, _| {
            if !except.contains(&digest.key) {
                sums.add(digest);
            }
        })?;
        Ok(sums)
    }

    /// What ranges of a table have otherwise than the server, which has these `rows` in them, but for the keys in `except`.
    pub(in crate::client) fn differing<'r>(
        &self,
        table: usize,
        bits: u8,
        ranges: &BTreeSet<u32>,
        except: &BTreeSet<KeyDigest>,
        rows: &'r [Image],
    ) -> Result<Differing<'r>, StoreError> {
        let layout = self.layout(table)?;
        let mut here: BTreeMap<KeyDigest, (u128, Image)> = BTreeMap::new();
        self.each_synced(layout, |digest, row| {
            if ranges.contains(&digest.key.range(bits)) && !except.contains(&digest.key) {
                let key = layout.key.iter().map(|position| row[*position].clone()).collect();
                here.insert(digest.key, (digest.row, key));
            }
        })?;
        let mut digester = digester(layout);
        let mut written = Vec::new();
        for row in rows {
            let digest = digester.row(row);
            if except.contains(&digest.key) {
                continue;
            }
            if here.remove(&digest.key).is_none_or(|(row, _)| row != digest.row) {
                written.push(row);
            }
        }
        Ok(Differing { written, deleted: here.into_values().map(|(_, key)| key).collect() })
    }

    /// Puts right what differs, in one transaction; the file's cursor stays.
    pub(in crate::client) fn repair(
        &mut self,
        table: usize,
        differing: &Differing<'_>,
    ) -> Result<(), StoreError> {
        // What was pushed since is among the keys that were left out: no row here includes it.
        let mut apply = self.begin_apply(0)?;
        for key in &differing.deleted {
            apply.delete(table, key)?;
        }
        for row in &differing.written {
            apply.upsert(table, row)?;
        }
        apply.finish()?;
        Ok(())
    }

    fn layout(&self, table: usize) -> Result<&Layout, StoreError> {
        self.layouts.get(table).ok_or_else(|| StoreError::UnknownTable { table: format!("number {table}") })
    }

    /// Every row that the server has, as far as is known here.
    fn each_synced(
        &self,
        layout: &Layout,
        mut each: impl FnMut(RowDigest, &[Value<'static>]),
    ) -> Result<(), StoreError> {
        let name = &layout.names.table;
        let doing = || format!("reading all of `{name}`");
        let columns = join(0..layout.places.len(), ", ", |position| quoted(layout.column(position)));
        let sql = format!("SELECT {columns} FROM {}", quoted(&layout.names.view));
        let mut statement = self.connection.prepare_cached(&sql).doing(doing)?;
        let mut rows = statement.query([]).doing(doing)?;
        let mut digester = digester(layout);
        while let Some(row) = rows.next().doing(doing)? {
            let row = read(name, row, 0, layout.places.len())?;
            each(digester.row(&row), &row);
        }
        Ok(())
    }
}

/// For rows that have the synced columns in the order of the table.
fn digester(layout: &Layout) -> Digester {
    let positions = 0..layout.places.len();
    Digester::new(positions.map(|position| (layout.column(position), layout.key.contains(&position))))
}
