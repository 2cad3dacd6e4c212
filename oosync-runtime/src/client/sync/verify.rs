//! Whether the file has what the server has: compared by digests, and put right where it has not.

use std::collections::{BTreeMap, BTreeSet};

use super::SyncError;
use super::cycle::{Context, Syncer};
use crate::Value;
use crate::protocol::{
    Digest, JsonRow, MAX_DIGEST_BITS, RangeRows, Ranges, RawJson, Reply, Sum, TableDigest,
};
use crate::schema::ColumnDefault;

/// How many rows a range should have, about.
const ROWS: u64 = 64;

/// How many rows are asked for at once, about.
const AT_ONCE: u64 = 5_000;

/// What [`Client::verify`](crate::client::Client::verify) or [`Client::compare`](crate::client::Client::compare) found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Every synced table, in the order of the schema.
    pub tables: Vec<VerifiedTable>,
}

/// What a table had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedTable {
    /// Its name.
    pub table: String,
    /// The server's rows that were compared: all but those that changed a moment ago, which the next pull brings.
    pub rows: u64,
    /// The ranges that were compared.
    pub ranges: usize,
    /// The ranges that were not the same.
    pub differing: usize,
    /// Rows that were missing in the file or other ones than the server's; `verify` has written them.
    pub written: u64,
    /// Rows that the server does not have; `verify` has deleted them.
    pub deleted: u64,
    /// The keys that were left out, since they changed after the state that the file is at.
    pub changed: usize,
}

impl Verified {
    /// Whether everything was as it should be.
    pub fn is_right(&self) -> bool {
        self.tables.iter().all(|table| table.differing == 0)
    }
}

impl Syncer {
    /// Pushes, pulls, and then compares each table.
    ///
    /// # Errors
    ///
    /// See [`SyncError`]. What was put right until then stays so.
    pub(in crate::client) fn verify(&mut self, context: &Context<'_>) -> Result<Verified, SyncError> {
        let mut verified = Verified::default();
        self.run(context, |syncer, summary| {
            syncer.push(context, summary)?;
            syncer.pull(context, summary)?;
            verified = syncer.compare(context, true)?;
            let total = |of: fn(&VerifiedTable) -> u64| verified.tables.iter().map(of).sum::<u64>();
            summary.rows += total(|table| table.written);
            summary.deleted += total(|table| table.deleted);
            Ok(())
        })?;
        Ok(verified)
    }

    /// Compares each table, at the state that the file is at, and puts right what differs where `mend` says so.
    ///
    /// # Errors
    ///
    /// See [`SyncError`]. What was put right until then stays so.
    pub(in crate::client) fn compare(
        &mut self,
        context: &Context<'_>,
        mend: bool,
    ) -> Result<Verified, SyncError> {
        let mut verified = Verified::default();
        for (place, table) in self.schema.tables.iter().enumerate() {
            self.keep(context)?;
            let mut bits = bits_for(self.store.count(place)?);
            let mut theirs = self.digest(context, table.name, bits)?;
            // Where the server has many more rows, a range has too many.
            let wanted = bits_for(theirs.rows);
            if wanted > bits + 2 {
                bits = wanted;
                theirs = self.digest(context, table.name, bits)?;
            }
            let changed: BTreeSet<_> = theirs.changed.iter().copied().collect();
            let ours: Vec<Sum> = self.store.sums(place, bits, &changed)?.ranges().collect();
            if ours.len() != theirs.ranges.len() {
                let what = format!("{} ranges of {}", theirs.ranges.len(), table.name);
                return Err(SyncError::Malformed { what });
            }
            let pairs = (0_u32..).zip(ours.iter().zip(&theirs.ranges));
            let differing: BTreeSet<u32> =
                pairs.filter(|(_, (ours, theirs))| ours != theirs).map(|(range, _)| range).collect();
            let mut found = VerifiedTable {
                table: table.name.to_owned(),
                rows: theirs.rows,
                ranges: ours.len(),
                differing: differing.len(),
                changed: theirs.changed.len(),
                ..VerifiedTable::default()
            };
            self.look_at(context, (place, bits), (differing, theirs.rows), mend, &mut found)?;
            verified.tables.push(found);
        }
        Ok(verified)
    }

    fn digest(
        &mut self,
        context: &Context<'_>,
        table: &'static str,
        bits: u8,
    ) -> Result<TableDigest, SyncError> {
        let Some(at) = self.pull_request(None)? else { return Err(moved_on()) };
        let request = Digest {
            client: at.client,
            schema_hash: at.schema_hash,
            cursor: at.cursor.unwrap_or_default(),
            tables: BTreeMap::from([(table.to_owned(), bits)]),
        };
        let Reply::Given(mut digests) = context.transport.digest(&request)? else { return Err(moved_on()) };
        let missing = || SyncError::Malformed { what: format!("no digest of {table}") };
        digests.tables.remove(table).ok_or_else(missing)
    }

    /// Fetches the rows of ranges, some at a time, and counts what is not the same; writes it where `mend` says so.
    fn look_at(
        &mut self,
        context: &Context<'_>,
        (place, bits): (usize, u8),
        (mut left, rows): (BTreeSet<u32>, u64),
        mend: bool,
        found: &mut VerifiedTable,
    ) -> Result<(), SyncError> {
        let table = self.schema.tables[place];
        let in_a_range = (rows >> bits).max(1);
        let at_once = usize::try_from(AT_ONCE / in_a_range).unwrap_or(usize::MAX).max(1);
        while !left.is_empty() {
            self.keep(context)?;
            let Some(at) = self.pull_request(None)? else { return Err(moved_on()) };
            let request = Ranges {
                client: at.client,
                schema_hash: at.schema_hash,
                cursor: at.cursor.unwrap_or_default(),
                table: table.name.to_owned(),
                bits,
                ranges: left.iter().copied().take(at_once).collect(),
            };
            let reply = context.transport.ranges(&request)?;
            let Reply::Given(RangeRows { ranges, records, changed }) = reply else { return Err(moved_on()) };
            let answered: BTreeSet<u32> = ranges.into_iter().collect();
            if answered.is_empty() || !answered.iter().all(|range| request.ranges.contains(range)) {
                let what = format!("other ranges of {} than were asked for", table.name);
                return Err(SyncError::Malformed { what });
            }
            let rows = records.iter().map(|row| self.row(place, row)).collect::<Result<Vec<_>, _>>()?;
            let changed = changed.into_iter().collect();
            let differing = self.store.differing(place, bits, &answered, &changed, &rows)?;
            found.written += differing.written.len() as u64;
            found.deleted += differing.deleted.len() as u64;
            if mend {
                self.store.repair(place, &differing)?;
            }
            left.retain(|range| !answered.contains(range));
        }
        Ok(())
    }

    /// A row as the store takes it.
    fn row(&self, place: usize, json: &RawJson) -> Result<Vec<Value<'static>>, SyncError> {
        let table = self.schema.tables[place];
        let row: JsonRow = serde_json::from_str(json.get())
            .map_err(|error| SyncError::Malformed { what: format!("a row of {}: {error}", table.name) })?;
        let mut values = vec![Value::Null; table.columns.len()];
        for (place, value) in row.values(table)? {
            values[place] = value.into_owned();
        }
        let synced =
            table.columns.iter().zip(values).filter(|(column, _)| column.default != ColumnDefault::Local);
        Ok(synced.map(|(_, value)| value).collect())
    }
}

/// So many that ranges have about [`ROWS`] rows.
fn bits_for(rows: u64) -> u8 {
    let ranges = (rows / ROWS).max(1);
    u8::try_from(ranges.ilog2()).unwrap_or(MAX_DIGEST_BITS).min(MAX_DIGEST_BITS)
}

/// The pull just before has brought the file to a state that the server knows.
fn moved_on() -> SyncError {
    SyncError::Unavailable {
        message: "the server does not know the state of this file any more: sync, and verify again"
            .to_owned(),
        retry_after: None,
    }
}
