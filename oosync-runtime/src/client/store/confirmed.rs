//! Writes that count only once the server has them: they are tried out here, sent, and come back as the server's rows.

use std::collections::HashMap;

use rusqlite::{Connection, TransactionBehavior, params};

use super::batch::{next_id, write_down};
use super::entry::Rows;
use super::layout::Layout;
use super::pending::{Op, PendingChange, ToPush, to_push};
use super::sql::quoted;
use super::{Batch, SentChange, Store, silently};
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;
use crate::schema::ColumnDefault;

/// What [`Store::rehearse`] found. Nothing of it is in the file.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rehearsed<T> {
    /// What was returned.
    pub value: T,
    /// What was written, in an order in which it can be applied.
    pub changes: Vec<PendingChange>,
}

/// The entries of a table: how often each row was changed, by its place in the shadow.
type Revisions = HashMap<i64, i64>;

impl Store {
    /// Runs something in a transaction on a connection as [`Store::connect`] gives it, sees what it writes to synced
    /// tables, and rolls it back. The change of a row that was dirty before is all that is to be pushed of it.
    ///
    /// # Errors
    ///
    /// What `run` says, and what SQLite says.
    pub fn rehearse<T, E: From<StoreError>>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<Rehearsed<T>, E> {
        let doing = || "trying out what is to be confirmed".to_owned();
        let mut connection = self.connect()?;
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
        let revisions = |layout: &Layout| -> Result<Revisions, StoreError> {
            let sql = format!("SELECT seq, rev FROM {}", quoted(&layout.names.shadow));
            let mut statement = transaction.prepare(&sql).doing(doing)?;
            let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).doing(doing)?;
            found.collect::<Result<_, _>>().doing(doing)
        };
        let before: Vec<Revisions> = self.layouts.iter().map(revisions).collect::<Result<_, _>>()?;
        let value = run(&transaction)?;
        let (mut changes, mut deletes) = (Vec::new(), Vec::new());
        for (layout, before) in self.layouts.iter().zip(&before) {
            let rows = Rows { connection: &transaction, layout };
            let mut touched: Vec<i64> = revisions(layout)?
                .into_iter()
                .filter(|(seq, rev)| before.get(seq) != Some(rev))
                .map(|(seq, _)| seq)
                .collect();
            touched.sort_unstable();
            let mut of_table = Vec::new();
            for seq in touched {
                let Some(mut entry) = rows.entry_at(seq)? else { continue };
                let current = rows.current(&entry.key)?;
                match to_push(rows, &mut entry, current.as_ref())? {
                    ToPush::Change(change) if change.op == Op::Delete => of_table.push(change),
                    ToPush::Change(change) => changes.push(change),
                    ToPush::Held | ToPush::Nothing => {}
                }
            }
            deletes.push(of_table);
        }
        changes.extend(deletes.into_iter().rev().flatten());
        transaction.rollback().doing(doing)?;
        Ok(Rehearsed { value, changes })
    }

    /// Writes down a batch of changes that the file does not have. It is sent after the batch that is on its way; the
    /// rows come with the pull that follows its answer. Leased numbers that the changes use are used.
    ///
    /// # Errors
    ///
    /// What SQLite says, and what `encode` says; then nothing is written.
    pub fn write_batch(
        &mut self,
        changes: Vec<PendingChange>,
        encode: impl FnOnce(&[SentChange]) -> Result<Vec<u8>, String>,
    ) -> Result<Batch, StoreError> {
        let (layouts, hash) = (&self.layouts, self.schema.hash);
        silently(&mut self.connection, |connection| {
            let first = next_id(connection)?;
            let changes: Vec<SentChange> =
                (first..).zip(changes).map(|(id, change)| SentChange { id, change }).collect();
            for sent in changes.iter().filter(|sent| sent.change.op == Op::Insert) {
                use_numbers(connection, layouts, &sent.change)?;
            }
            write_down(connection, hash, layouts, &changes, encode)
        })
    }
}

/// Takes the numbers of an insert out of the lease.
fn use_numbers(
    connection: &Connection,
    layouts: &[Layout],
    change: &PendingChange,
) -> Result<(), StoreError> {
    let Some(layout) = layouts.iter().find(|layout| layout.table.name == change.table) else { return Ok(()) };
    let key = layout.key.iter().map(|position| layout.column(*position)).zip(&change.key);
    let rest = change.changed.iter().map(|column| (column.name, &column.current));
    for (name, value) in key.chain(rest) {
        let leased = layout.position(name).map(|at| layout.default(at)) == Some(ColumnDefault::Leased);
        let Value::Integer(number) = value else { continue };
        if leased {
            let sql = "UPDATE _oosync_lease SET next = ?3 + 1 WHERE tbl = ?1 AND col = ?2 AND ?3 BETWEEN next AND last";
            connection
                .execute(sql, params![change.table, name, number])
                .doing(|| "using leased numbers".to_owned())?;
        }
    }
    Ok(())
}
