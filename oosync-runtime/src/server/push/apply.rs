//! Mutations in an order in which they go in, as sets.
//!
//! What happens to one row happens in the order of the push. Apart from that, inserts and updates come first, parents
//! before children, and then deletes, children before parents. What fails for a row that is not there yet, or for a
//! value that another row still has, is tried again after the rest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tokio_postgres::Transaction;
use tokio_postgres::types::Type;

use super::check::{Item, refusal};
use super::decide::Judge;
use super::record::Fields;
use super::refuse::Failure;
use super::units::Unit;
use crate::protocol::{MutationResult, Op, ReasonCode};
use crate::server::Error;
use crate::server::auth::Identity;
use crate::server::engine::Shared;
use crate::types::Timestamptz;

/// How often what failed is tried again while others still go in. Shifting values along a unique key takes two, one in
/// each direction.
const ROUNDS: usize = 8;

/// What became of a mutation in a set.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Settled(Settled),
    Failed(Failure),
}

/// The answer to a mutation.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) result: MutationResult,
    pub(super) shown: Shown,
}

/// Which row an answer carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// None.
    No,
    /// That of this key.
    Key(String),
    /// The mutation's own, if it is not what was sent.
    IfOther,
}

/// What this push did to a row: nobody else's doing, which would be a conflict.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    pub(super) columns: BTreeSet<usize>,
    pub(super) inserted: bool,
    pub(super) deleted: bool,
    /// The stamp that the row had before.
    stamp: Option<Option<Timestamptz>>,
}

impl Own {
    /// Whether this push wrote the column.
    pub(super) fn wrote(&self, place: usize) -> bool {
        self.inserted || self.columns.contains(&place)
    }

    /// Whether this push wrote anything of the row.
    pub(super) fn touched(&self) -> bool {
        self.inserted || self.deleted || !self.columns.is_empty()
    }

    /// Remembers the stamp that the row has, the first time.
    pub(super) fn first_stamp(&mut self, stamp: Option<Timestamptz>) {
        self.stamp.get_or_insert(stamp);
    }

    pub(super) fn stamp(&self) -> Option<Timestamptz> {
        self.stamp.flatten()
    }
}

/// What is known of rows, by their number: goes back where a group does.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) own: Vec<Own>,
    /// Rows whose insert or delete was not applied, and the mutation.
    pub(super) failed: BTreeMap<usize, u64>,
}

/// Applies the mutations of a push, with the rights of the user.
pub(super) struct Applier<'a> {
    pub(super) shared: &'a Shared,
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) identity: &'a Identity,
    pub(super) judge: Judge<'a>,
    pub(super) items: Vec<Item<'a>>,
    /// The number of each item's row.
    pub(super) row_of: Vec<usize>,
    pub(super) state: State,
    /// By the place of the item.
    pub(super) results: Vec<Option<Settled>>,
}

/// What the mutations of a set have in common: the place of the table, what they do, and the columns.
type Kind = (usize, Op, Vec<usize>);

/// What is left of a unit after a round.
struct Left {
    unit: Unit,
    /// Why it did not go in; none where it was not its turn yet.
    failures: BTreeMap<usize, Failure>,
}

impl Applier<'_> {
    /// Locks the rows that are there, table by table in key order, so that two pushes seldom wait for each other both.
    pub(super) async fn lock(&self) -> Result<(), Error> {
        let mut tables: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (n, item) in self.items.iter().enumerate().filter(|(n, _)| self.results[*n].is_none()) {
            tables.entry(item.place).or_default().push(n);
        }
        for (place, members) in tables {
            let of = &self.shared.catalog.tables[place];
            if !of.rights.update {
                continue;
            }
            let fields = Fields::default();
            let sql = format!(
                "select from {} join {} t on {} order by {} for no key update of t",
                of.record(fields),
                of.name,
                of.of_record(),
                of.key_list()
            );
            let records: Vec<String> =
                members.iter().map(|n| of.object(*n, &self.items[*n], fields, |_| None)).collect();
            let json = format!("[{}]", records.join(","));
            self.transaction.query_typed(&sql, &[(&json, Type::TEXT)]).await?;
        }
        Ok(())
    }

    /// Applies units in their order, until each of their mutations has an answer.
    pub(super) async fn apply(&mut self, units: Vec<Unit>) -> Result<(), Error> {
        let mut left: Vec<Unit> = units;
        let mut round = 0;
        while !left.is_empty() {
            let (still, progressed) = self.round(left, round % 2 == 1).await?;
            round += 1;
            let stuck = !progressed || round >= ROUNDS;
            left = Vec::new();
            if stuck {
                let alone = still.iter().filter(|one| !one.unit.atomic);
                let failures = alone.flat_map(|one| one.failures.clone()).collect();
                if self.step_aside(&failures).await? {
                    round = 0;
                }
            }
            for one in still {
                let answered = one.unit.members.iter().all(|n| self.results[*n].is_some());
                if answered {
                    continue;
                }
                if stuck && round > 0 && !one.failures.is_empty() {
                    self.give_up(&one.unit, one.failures);
                } else {
                    left.push(one.unit);
                }
            }
        }
        Ok(())
    }

    /// Tries each unit once. What is left, and whether anything went in.
    async fn round(&mut self, units: Vec<Unit>, backwards: bool) -> Result<(Vec<Left>, bool), Error> {
        let mut left: Vec<Left> = Vec::new();
        let mut waiting: BTreeSet<usize> = BTreeSet::new();
        let mut progressed = false;
        let mut units = VecDeque::from(units);
        while let Some(unit) = units.pop_front() {
            if unit.atomic {
                let waits = unit.members.iter().any(|n| waiting.contains(&self.row_of[*n]));
                let failures = if waits { BTreeMap::new() } else { self.group(&unit, backwards).await? };
                let settled = unit.members.iter().all(|n| self.results[*n].is_some());
                progressed |= settled;
                if !settled {
                    waiting.extend(unit.members.iter().map(|n| self.row_of[*n]));
                    left.push(Left { unit, failures });
                }
                continue;
            }
            // All that follows and stands alone is one set of sets.
            let mut members = unit.members;
            while units.front().is_some_and(|next| !next.atomic) {
                members.extend(units.pop_front().into_iter().flat_map(|next| next.members));
            }
            let (now, later): (Vec<usize>, Vec<usize>) =
                members.iter().partition(|n| !waiting.contains(&self.row_of[**n]));
            let mut failures = BTreeMap::new();
            for (n, outcome) in self.schedule(&now, backwards).await? {
                match outcome {
                    Outcome::Settled(settled) => {
                        self.results[n] = Some(settled);
                        progressed = true;
                    }
                    Outcome::Failed(failure) if failure.again => drop(failures.insert(n, failure)),
                    Outcome::Failed(failure) => self.fail(n, failure),
                }
            }
            for n in now.into_iter().chain(later) {
                if self.results[n].is_none() {
                    waiting.insert(self.row_of[n]);
                    let unit = Unit { members: vec![n], atomic: false };
                    left.push(Left { unit, failures: failures.remove_entry(&n).into_iter().collect() });
                }
            }
        }
        // In the order of the push again.
        left.sort_by_key(|left| left.unit.members[0]);
        Ok((left, progressed))
    }

    /// All of a group, or none of it: why it failed for now.
    async fn group(&mut self, unit: &Unit, backwards: bool) -> Result<BTreeMap<usize, Failure>, Error> {
        self.transaction.batch_execute("savepoint oosync_group").await?;
        let before = self.state.clone();
        let mut settled: BTreeMap<usize, Settled> = BTreeMap::new();
        let mut failures: BTreeMap<usize, Failure> = BTreeMap::new();
        for round in 0..ROUNDS {
            let todo: Vec<usize> =
                unit.members.iter().filter(|n| !settled.contains_key(*n)).copied().collect();
            let known = settled.len();
            failures.clear();
            for (n, outcome) in self.schedule(&todo, backwards ^ (round % 2 == 1)).await? {
                match outcome {
                    Outcome::Settled(answer) => drop(settled.insert(n, answer)),
                    Outcome::Failed(failure) => drop(failures.insert(n, failure)),
                }
            }
            let lost = failures.values().any(|failure| !failure.again);
            if lost || settled.len() == unit.members.len() {
                break;
            }
            if settled.len() == known {
                // Those of a group that exchange values do so within it.
                if !self.step_aside(&failures).await? {
                    break;
                }
                for n in &unit.members {
                    if let Some(answer) = self.results[*n].take() {
                        settled.insert(*n, answer);
                    }
                }
                failures.retain(|n, _| !settled.contains_key(n));
                if settled.len() == unit.members.len() {
                    break;
                }
            }
        }
        if settled.len() == unit.members.len() {
            self.transaction.batch_execute("release savepoint oosync_group").await?;
            for (n, settled) in settled {
                self.results[n] = Some(settled);
            }
            return Ok(BTreeMap::new());
        }
        let undo = "rollback to savepoint oosync_group; release savepoint oosync_group";
        self.transaction.batch_execute(undo).await?;
        self.state = before;
        if failures.values().any(|failure| !failure.again) {
            failures.retain(|_, failure| !failure.again);
            self.give_up(unit, failures);
            return Ok(BTreeMap::new());
        }
        Ok(failures)
    }

    /// A unit that will not go in.
    fn give_up(&mut self, unit: &Unit, mut failures: BTreeMap<usize, Failure>) {
        let own = |failure: &&Failure| failure.result.reason != Some(ReasonCode::DependencyFailed);
        let first = failures.values().find(own).or_else(|| failures.values().next());
        let Some(first) = first.map(|failure| failure.result.id) else { return };
        for n in &unit.members {
            let failure = failures.remove(n).unwrap_or_else(|| {
                let message = format!("mutation {first} of the same group was not applied");
                let result = refusal(self.items[*n].mutation.id, ReasonCode::GroupFailed, message);
                Failure::new(MutationResult { failed_for: Some(first), ..result })
            });
            self.fail(*n, failure);
        }
    }

    /// The mutation is rejected.
    pub(super) fn fail(&mut self, n: usize, failure: Failure) {
        let item = &self.items[n];
        if item.mutation.op != Op::Update {
            self.state.failed.entry(self.row_of[n]).or_insert(item.mutation.id);
        }
        let shown = failure.shown.map_or(Shown::No, Shown::Key);
        self.results[n] = Some(Settled { result: failure.result, shown });
    }

    /// Sets of mutations, as long as there are some whose row has nothing before them.
    ///
    /// Those that are not answered stand behind one of the same row that may be tried again.
    pub(super) async fn schedule(
        &mut self,
        members: &[usize],
        backwards: bool,
    ) -> Result<Vec<(usize, Outcome)>, Error> {
        let mut queues: BTreeMap<usize, VecDeque<usize>> = BTreeMap::new();
        for n in members {
            queues.entry(self.row_of[*n]).or_default().push_back(*n);
        }
        let mut outcomes = Vec::new();
        while !queues.is_empty() {
            self.dependents(&mut queues, &mut outcomes);
            let ready: Vec<usize> = queues.values().filter_map(|queue| queue.front().copied()).collect();
            for ((place, op, columns), members) in self.sets(&ready) {
                let mut done = self.set(place, op, &columns, &members, backwards).await?;
                done.sort_by_key(|(n, _)| *n);
                for (n, outcome) in done {
                    let row = self.row_of[n];
                    match &outcome {
                        // It may go in later, and what stands behind it not before.
                        Outcome::Failed(failure) if failure.again => drop(queues.remove(&row)),
                        other => {
                            if matches!(other, Outcome::Failed(_)) && op != Op::Update {
                                self.state.failed.insert(row, self.items[n].mutation.id);
                            }
                            if let Some(queue) = queues.get_mut(&row) {
                                queue.pop_front();
                            }
                        }
                    }
                    outcomes.push((n, outcome));
                }
            }
            queues.retain(|_, queue| !queue.is_empty());
        }
        Ok(outcomes)
    }

    /// Answers what stands behind an insert or a delete that was not applied.
    fn dependents(
        &self,
        queues: &mut BTreeMap<usize, VecDeque<usize>>,
        outcomes: &mut Vec<(usize, Outcome)>,
    ) {
        queues.retain(|row, queue| {
            let Some(failed) = self.state.failed.get(row) else { return true };
            for n in queue.drain(..) {
                let message = format!("mutation {failed} of the same row was not applied");
                let result = refusal(self.items[n].mutation.id, ReasonCode::DependencyFailed, message);
                outcomes.push((n, Outcome::Failed(Failure::new(result))));
            }
            false
        });
    }

    /// What of the ready ones comes now, as sets in their order: deletes only where there is nothing else.
    fn sets(&self, ready: &[usize]) -> Vec<(Kind, Vec<usize>)> {
        let deletes = ready.iter().all(|n| self.items[*n].mutation.op == Op::Delete);
        let mut sets: BTreeMap<(usize, bool, Vec<usize>), Vec<usize>> = BTreeMap::new();
        for n in ready {
            let item = &self.items[*n];
            let op = item.mutation.op;
            if (op == Op::Delete) == deletes {
                let key = (item.place, op == Op::Update, item.columns.clone());
                sets.entry(key).or_default().push(*n);
            }
        }
        let mut sets: Vec<_> = sets
            .into_iter()
            .map(|((place, update, columns), mut members)| {
                members.sort_unstable();
                let op = match (deletes, update) {
                    (true, _) => Op::Delete,
                    (false, true) => Op::Update,
                    (false, false) => Op::Insert,
                };
                ((place, op, columns), members)
            })
            .collect();
        if deletes {
            sets.reverse();
        }
        sets
    }
}
