//! Rows that exchange the values of a unique key, each waiting for the other.
//!
//! Devices do not check unique keys: a user who swaps two names changes two rows, and no order of the two is right for
//! Postgres. So all of them step aside first, to null or to a value that nobody has, and then each takes its own.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::{Applier, Outcome, Settled};
use super::record::Fields;
use super::refuse::Failure;
use super::sets::{Reached, Statement, each};
use crate::protocol::{Op, ReasonCode};
use crate::schema::{ColumnType, Table};
use crate::server::Error;
use crate::server::session::ident;

/// How often those that still fail are left out, and the rest tried again.
const ROUNDS: usize = 4;

/// Where a column stands aside: an expression over the number `r.n` of its mutation, in its own range.
fn away(table: &Table, place: usize) -> Option<&'static str> {
    let column = &table.columns[place];
    Some(match column.ty {
        _ if column.nullable => "null",
        ColumnType::Text => "pg_catalog.chr(1) || r.n::text",
        ColumnType::Int2 => "(r.n - 32768)",
        ColumnType::Int4 => "(r.n - 2147483648)",
        ColumnType::Int8 => "(r.n - 9223372036854775807)",
        ColumnType::Uuid | ColumnType::UuidText => "pg_catalog.md5(pg_catalog.random()::text)",
        _ => return None,
    })
}

impl Applier<'_> {
    /// Tries updates that failed for unique keys together, where the others are in each other's way. What went in is
    /// answered; the rest is as it was.
    pub(super) async fn step_aside(&mut self, failed: &BTreeMap<usize, Failure>) -> Result<bool, Error> {
        let mut moving: BTreeMap<usize, usize> =
            failed.iter().filter_map(|(n, failure)| Some((*n, self.moves(*n, failure)?))).collect();
        for _ in 0..ROUNDS {
            // One alone is in nobody's way but that of a row that stays.
            if moving.len() < 2 {
                return Ok(false);
            }
            self.transaction.batch_execute("savepoint oosync_aside").await?;
            let before = self.state.clone();
            let (settled, stuck) = self.exchange(&moving).await?;
            if stuck.is_empty() {
                self.transaction.batch_execute("release savepoint oosync_aside").await?;
                for (n, settled) in settled {
                    self.results[n] = Some(settled);
                }
                return Ok(true);
            }
            let undo = "rollback to savepoint oosync_aside; release savepoint oosync_aside";
            self.transaction.batch_execute(undo).await?;
            self.state = before;
            moving.retain(|n, _| !stuck.contains(n));
        }
        Ok(false)
    }

    /// The column by which an update stands in the way of another, if it can step aside.
    fn moves(&self, n: usize, failure: &Failure) -> Option<usize> {
        let item = &self.items[n];
        let table = self.shared.catalog.tables[item.place].table;
        let unique = failure.result.reason == Some(ReasonCode::UniqueViolation);
        if !unique || failure.clashed || item.mutation.op != Op::Update {
            return None;
        }
        let columns = failure.result.columns.iter().filter_map(|name| table.column(name));
        columns.filter(|place| item.columns.contains(place)).find(|place| away(table, *place).is_some())
    }

    /// Moves rows aside and writes them. What went in, and what failed even so.
    async fn exchange(
        &mut self,
        moving: &BTreeMap<usize, usize>,
    ) -> Result<(Vec<(usize, Settled)>, BTreeSet<usize>), Error> {
        let mut sets: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (n, column) in moving {
            sets.entry((self.items[*n].place, *column)).or_default().push(*n);
        }
        let mut stuck = BTreeSet::new();
        for ((place, column), members) in sets {
            let of = &self.shared.catalog.tables[place];
            let Some(away) = away(of.table, column) else { continue };
            let fields = Fields::default();
            let sql = format!(
                "update {} t set {} = ({away})::{} from {} where {} returning r.n",
                of.name,
                ident(of.table.columns[column].name),
                of.declared[column],
                of.record(fields),
                of.of_record()
            );
            let records: Vec<(usize, String)> =
                members.iter().map(|n| (*n, of.object(*n, &self.items[*n], fields, |_| None))).collect();
            for (n, reached) in each(self.transaction, &Statement::query(&sql), &records).await? {
                if matches!(reached, Ok(Reached::Row(_))) {
                    // It was compared before it failed.
                    let columns = self.items[n].columns.clone();
                    self.state.own[self.row_of[n]].columns.extend(columns);
                } else {
                    stuck.insert(n);
                }
            }
        }
        if !stuck.is_empty() {
            return Ok((Vec::new(), stuck));
        }
        let members: Vec<usize> = moving.keys().copied().collect();
        let mut settled = Vec::new();
        for (n, outcome) in self.schedule(&members, false).await? {
            match outcome {
                Outcome::Settled(answer) => settled.push((n, answer)),
                Outcome::Failed(_) => drop(stuck.insert(n)),
            }
        }
        let answered: BTreeSet<usize> = settled.iter().map(|(n, _)| *n).collect();
        stuck.extend(members.into_iter().filter(|n| !answered.contains(n)));
        Ok((settled, stuck))
    }
}
