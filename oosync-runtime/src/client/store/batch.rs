//! What has been sent and not answered: written down before it is sent, and sent again word for word.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::entry::{Entry, Rows, ServerImage};
use super::image;
use super::observe::count_written;
use super::pending::{ChangedColumn, Found, Op, Pending, PendingChange, collect, steps};
use super::scan::Scan;
use super::sql::NOW;
use super::{Store, meta, silently};
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// A change with the id that it is sent under.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SentChange {
    /// Larger than every earlier one of this client.
    pub id: u64,
    /// What has changed.
    pub change: PendingChange,
}

/// A batch as it was first sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// The id of its first mutation.
    pub id: u64,
    /// What is sent, to the byte.
    pub body: Vec<u8>,
    /// The schema that the body was made with.
    pub schema_hash: String,
    /// The ids of its mutations that are not answered.
    pub unanswered: Vec<u64>,
}

/// Whether a change goes into a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fits {
    /// It does.
    Yes,
    /// The batch is full: it goes into the next one, with all that follow.
    NotNow,
    /// It cannot be sent as it is, for this reason; the others are not held up by it.
    Never(String),
}

/// What [`Store::next_batch_of`] finds.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct NextBatch {
    /// What to send, if there is anything.
    pub batch: Option<Batch>,
    /// Changes that cannot be sent as they are, and why. They stay.
    pub passed: Vec<(PendingChange, String)>,
    /// Rows that cannot be read, and so are not pushed: table, and why.
    pub unreadable: Vec<(String, String)>,
}

impl Store {
    /// The batch to send: the one that is not answered yet, else a new one of `limit` changes at most, else none.
    ///
    /// `encode` makes the body of a new batch. It is written to the file with the ids before it is given out.
    ///
    /// # Errors
    ///
    /// What SQLite says, and what `encode` says; then nothing is written.
    pub fn next_batch(
        &mut self,
        limit: usize,
        encode: impl FnOnce(&[SentChange]) -> Result<Vec<u8>, String>,
    ) -> Result<Option<Batch>, StoreError> {
        self.next_batch_of(limit, |_| Fits::Yes, encode).map(|next| next.batch)
    }

    /// As [`Store::next_batch`], but `fits` is asked of each change whether it goes into a new batch.
    ///
    /// # Errors
    ///
    /// As [`Store::next_batch`].
    pub fn next_batch_of(
        &mut self,
        limit: usize,
        mut fits: impl FnMut(&SentChange) -> Fits,
        encode: impl FnOnce(&[SentChange]) -> Result<Vec<u8>, String>,
    ) -> Result<NextBatch, StoreError> {
        let layouts = &self.layouts;
        let hash = self.schema.hash;
        let (scan, changes) = (self.scan.take(), self.connection.total_changes());
        let (next, scan) = silently(&mut self.connection, |connection| {
            if let Some(batch) = unanswered(connection)? {
                return Ok((NextBatch { batch: Some(batch), ..NextBatch::default() }, None));
            }
            let mut scan = match Scan::unless_written(scan, connection, changes)? {
                Some(scan) => scan,
                None => Scan::anew(connection)?,
            };
            let first = next_id(connection)?;
            let mut next = first;
            let mut pending = Pending::default();
            let mut changes: Vec<SentChange> = Vec::new();
            for (phase, layout) in steps(layouts).skip(scan.step) {
                let rows = Rows { connection, layout };
                let passed = &mut scan.passed;
                let mut found = |entry: &Entry, change: &PendingChange| {
                    let sent = SentChange { id: next, change: change.clone() };
                    match fits(&sent) {
                        Fits::Yes => {}
                        Fits::Never(why) => {
                            passed.push((change.clone(), why));
                            return Ok(Found::Passed);
                        }
                        Fits::NotNow => return Ok(Found::Full),
                    }
                    next += 1;
                    changes.push(sent);
                    rows.mark_sent(entry, next - 1)?;
                    Ok(Found::Taken)
                };
                if !collect(rows, phase, limit, &mut pending, &mut scan.after, &mut found)? {
                    break;
                }
                scan.step += 1;
                scan.after = i64::MIN;
            }
            scan.unreadable.append(&mut pending.unreadable);
            let (passed, unreadable) = (scan.passed.clone(), scan.unreadable.clone());
            if changes.is_empty() {
                return Ok((NextBatch { batch: None, passed, unreadable }, None));
            }
            let batch = write_down(connection, hash, layouts, &changes, encode)?;
            Ok((NextBatch { batch: Some(batch), passed, unreadable }, Some(scan)))
        })?;
        self.scan = scan.map(|scan| scan.up_to_now(&self.connection));
        Ok(next)
    }

    /// Every batch that is not answered, in the order of sending.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn waiting(&self) -> Result<Vec<Batch>, StoreError> {
        let mut batches = Vec::new();
        while let Some(batch) = unanswered_after(&self.connection, batches.last())? {
            batches.push(batch);
        }
        Ok(batches)
    }

    /// Forgets that anything was sent, so that it is sent again under new ids: for a client that registers anew.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn unsend(&mut self) -> Result<(), StoreError> {
        let layouts = &self.layouts;
        silently(&mut self.connection, |connection| {
            let doing = || "forgetting what was sent".to_owned();
            for layout in layouts {
                let rows = Rows { connection, layout };
                let places = rows.places()?;
                if !places.is_empty() {
                    count_written(connection, layout.table.name)?;
                }
                for seq in places {
                    let Some(mut entry) = rows.entry_at(seq)? else { continue };
                    (entry.sent, entry.awaiting) = (None, None);
                    if let ServerImage::Other { row, through: Some(_) } = &entry.server {
                        // It includes what will now be sent again; merging it shows what is left to do.
                        let row = row.clone();
                        entry.server = ServerImage::AsBase;
                        rows.merge(entry, row)?;
                    } else {
                        let current = rows.current(&entry.key)?;
                        rows.settle(entry, current.as_deref())?;
                    }
                }
            }
            connection
                .execute_batch(
                    "DELETE FROM _oosync_sent_column; DELETE FROM _oosync_sent; DELETE FROM _oosync_batch",
                )
                .doing(doing)
        })
    }
}

/// The id of the next mutation.
pub(super) fn next_id(connection: &Connection) -> Result<u64, StoreError> {
    Ok(meta::get::<i64>(connection, "next_mutation")?.map_or(1, i64::cast_unsigned))
}

/// Writes a batch of changes to the file, which are numbered from [`next_id`].
pub(super) fn write_down(
    connection: &Connection,
    hash: &str,
    layouts: &[super::layout::Layout],
    changes: &[SentChange],
    encode: impl FnOnce(&[SentChange]) -> Result<Vec<u8>, String>,
) -> Result<Batch, StoreError> {
    let first = next_id(connection)?;
    let next = changes.last().map_or(first, |last| last.id + 1);
    let body = encode(changes).map_err(|what| StoreError::Encode { what })?;
    write(connection, first, hash, &body, layouts, changes)?;
    meta::set(connection, "next_mutation", next.cast_signed())?;
    Ok(Batch { id: first, body, schema_hash: hash.to_owned(), unanswered: (first..next).collect() })
}

fn unanswered(connection: &Connection) -> Result<Option<Batch>, StoreError> {
    unanswered_after(connection, None)
}

fn unanswered_after(connection: &Connection, before: Option<&Batch>) -> Result<Option<Batch>, StoreError> {
    let doing = || "reading what was sent".to_owned();
    let sql = "SELECT id, body, schema_hash FROM _oosync_batch WHERE id > ?1 ORDER BY id LIMIT 1";
    let after = before.map_or(0, |before| before.id.cast_signed());
    let batch = connection
        .query_row(sql, [after], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, String>(2)?))
        })
        .optional()
        .doing(doing)?;
    let Some((id, body, schema_hash)) = batch else { return Ok(None) };
    let mut statement =
        connection.prepare_cached("SELECT id FROM _oosync_sent WHERE batch = ?1 ORDER BY id").doing(doing)?;
    let ids = statement.query_map([id], |row| row.get::<_, i64>(0)).doing(doing)?;
    let unanswered = ids.map(|id| id.map(i64::cast_unsigned)).collect::<Result<_, _>>().doing(doing)?;
    Ok(Some(Batch { id: id.cast_unsigned(), body, schema_hash, unanswered }))
}

fn write(
    connection: &Connection,
    batch: u64,
    hash: &str,
    body: &[u8],
    layouts: &[super::layout::Layout],
    changes: &[SentChange],
) -> Result<(), StoreError> {
    let doing = || "writing down what is sent".to_owned();
    let sql =
        format!("INSERT INTO _oosync_batch (id, made_at, schema_hash, body) VALUES (?1, {NOW}, ?2, ?3)");
    connection.execute(&sql, params![batch.cast_signed(), hash, body]).doing(doing)?;
    let sql =
        "INSERT INTO _oosync_sent (id, batch, tbl, op, rev, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut sent = connection.prepare_cached(sql).doing(doing)?;
    let sql = "INSERT INTO _oosync_sent_column (mutation, place, name, is_key, base, value) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut column = connection.prepare_cached(sql).doing(doing)?;
    for SentChange { id, change } in changes {
        let id = id.cast_signed();
        let values =
            params![id, batch.cast_signed(), change.table, change.op.as_str(), change.rev, change.changed_at];
        sent.execute(values).doing(doing)?;
        let layout = layouts.iter().find(|layout| layout.table.name == change.table);
        let names = layout.into_iter().flat_map(|layout| layout.key.iter().map(|key| layout.column(*key)));
        let mut place = 0;
        for (name, value) in names.zip(&change.key) {
            column.execute(params![id, place, name, true, value, value]).doing(doing)?;
            place += 1;
        }
        for ChangedColumn { name, base, current } in &change.changed {
            column.execute(params![id, place, name, false, base, current]).doing(doing)?;
            place += 1;
        }
    }
    Ok(())
}

/// A mutation that was sent, as it was written down.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) table: String,
    pub(super) op: Op,
    pub(super) columns: Vec<SentColumn>,
}

/// A column of a [`Sent`].
#[derive(Debug)]
pub(super) struct SentColumn {
    pub(super) name: String,
    pub(super) is_key: bool,
    pub(super) base: Value<'static>,
    pub(super) value: Value<'static>,
}

/// Takes a mutation out of what is waiting for an answer.
pub(super) fn take(connection: &Connection, id: u64) -> Result<Sent, StoreError> {
    let doing = || "reading what was sent".to_owned();
    let key = id.cast_signed();
    let sql = "SELECT tbl, op, batch FROM _oosync_sent WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql).doing(doing)?;
    let found = statement
        .query_row([key], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })
        .optional()
        .doing(doing)?;
    let Some((table, op, batch)) = found else { return Err(StoreError::NotSent { id }) };
    let op =
        Op::parse(&op).ok_or_else(|| StoreError::Damaged { what: format!("mutation {id} is a `{op}`") })?;
    let sql = "SELECT name, is_key, base, value FROM _oosync_sent_column WHERE mutation = ?1 ORDER BY place";
    let mut statement = connection.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query([key]).doing(doing)?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next().doing(doing)? {
        let value = |place| image::read_one(&table, row, place);
        columns.push(SentColumn {
            name: row.get(0).doing(doing)?,
            is_key: row.get(1).doing(doing)?,
            base: value(2)?,
            value: value(3)?,
        });
    }
    let run = |sql: &str, value: i64| {
        connection.prepare_cached(sql).doing(doing)?.execute([value]).doing(doing)?;
        Ok::<_, StoreError>(())
    };
    run("DELETE FROM _oosync_sent_column WHERE mutation = ?1", key)?;
    run("DELETE FROM _oosync_sent WHERE id = ?1", key)?;
    run(
        "DELETE FROM _oosync_batch WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM _oosync_sent WHERE batch = ?1)",
        batch,
    )?;
    Ok(Sent { table, op, columns })
}
