//! Columns are written to rows that are there, after conflicts are settled.

use std::collections::BTreeMap;

use super::apply::{Applier, Outcome, Settled, Shown};
use super::check::{Item, refusal};
use super::decide::{Case, Verdict};
use super::meet::{Met, Outcomes};
use super::record::Fields;
use super::refuse::{Failure, owner_only};
use super::sets::{Reached, Records, Statement, each};
use crate::protocol::{MutationResult, Op, RawJson, ReasonCode, Status};
use crate::schema::{ColumnDefault, Table};
use crate::server::Error;
use crate::server::catalog::TableSql;
use crate::server::session::ident;

/// What is written of one mutation.
pub(super) struct Write {
    pub(super) n: usize,
    /// Columns that get a value.
    pub(super) columns: Vec<usize>,
    /// Columns that get their default.
    pub(super) defaults: Vec<usize>,
    pub(super) verdict: Option<Verdict>,
}

/// The stamp of the last change, where a push may write it.
pub(super) fn stamp(table: &Table) -> Option<usize> {
    let column = |place: &usize| &table.columns[*place];
    table
        .rules
        .updated
        .filter(|place| !column(place).access.protected && column(place).default != ColumnDefault::Generated)
}

impl Applier<'_> {
    /// Mutations of one table, one kind and the same columns, each of another row.
    pub(super) async fn set(
        &mut self,
        place: usize,
        op: Op,
        columns: &[usize],
        members: &[usize],
        backwards: bool,
    ) -> Result<Outcomes, Error> {
        match op {
            Op::Insert => self.insert(place, columns, members, backwards).await,
            Op::Update => self.update(place, columns, members, backwards).await,
            Op::Delete => self.delete(place, columns, members, backwards).await,
        }
    }

    async fn update(
        &mut self,
        place: usize,
        columns: &[usize],
        members: &[usize],
        backwards: bool,
    ) -> Result<Outcomes, Error> {
        let mut outcomes = Outcomes::new();
        let fields = Fields { values: columns, bases: columns };
        let (found, missing) = self.find(place, members, fields, columns, &mut outcomes).await?;
        let clashing = |this: &Self, n: usize, met: &Met| -> Vec<usize> {
            let own = &this.state.own[this.row_of[n]];
            let clashes = |at: &usize| !met.unchanged[*at] && !met.equal[*at] && !own.wrote(columns[*at]);
            (0..columns.len()).filter(clashes).map(|at| columns[at]).collect()
        };
        let (mut writes, mut cases) = (Vec::new(), Vec::new());
        for (n, met) in found {
            let clashes = clashing(self, n, &met);
            if clashes.is_empty() {
                writes.push(Write { n, columns: columns.to_vec(), defaults: Vec::new(), verdict: None });
            } else {
                cases.push((n, clashes));
            }
        }
        outcomes.extend(self.unreached(self.of(place), &missing).await?);
        self.settle(place, columns, cases, &mut writes, &mut outcomes).await?;
        self.write(place, writes, backwards, &mut outcomes).await?;
        Ok(outcomes)
    }

    pub(super) fn not_owned(&self, n: usize) -> Failure {
        let item = &self.items[n];
        let message = "only the owner of a row writes this column";
        let result = refusal(item.mutation.id, ReasonCode::ColumnNotAuthorized, message);
        Failure::new(MutationResult { columns: owner_only(self.of(item.place), item), ..result })
    }

    /// Settles conflicts: what is written after all, and what is refused.
    pub(super) async fn settle(
        &mut self,
        place: usize,
        columns: &[usize],
        cases: Vec<(usize, Vec<usize>)>,
        writes: &mut Vec<Write>,
        outcomes: &mut Outcomes,
    ) -> Result<(), Error> {
        let members: Vec<usize> = cases.iter().map(|(n, _)| *n).collect();
        let of = self.of(place);
        let mut theirs = self.theirs(of, &members, columns).await?;
        for (n, clashes) in cases {
            let item = &self.items[n];
            let case = Case {
                item,
                table: of.table,
                columns: clashes,
                theirs: theirs.remove(&n).unwrap_or_default(),
                updated_at: self.state.own[self.row_of[n]].stamp(),
            };
            let verdict = self.judge.settle(&case);
            if let Some(said) = &verdict.rejected {
                outcomes.push((n, Outcome::Failed(self.rejected(n, said.clone(), &verdict))));
                continue;
            }
            let written = columns.iter().filter(|place| !verdict.kept.contains(place)).copied().collect();
            writes.push(Write { n, columns: written, defaults: Vec::new(), verdict: Some(verdict) });
        }
        Ok(())
    }

    fn rejected(&self, n: usize, said: Option<String>, verdict: &Verdict) -> Failure {
        let item = &self.items[n];
        let columns: Vec<String> = verdict.conflicts.iter().map(|conflict| conflict.column.clone()).collect();
        let message = said.unwrap_or_else(|| format!("somebody else changed {} too", columns.join(", ")));
        let result = refusal(item.mutation.id, ReasonCode::ConflictRejected, message);
        let result = MutationResult { columns, conflicts: verdict.conflicts.clone(), ..result };
        Failure { shown: Some(item.key.clone()), ..Failure::new(result) }
    }

    /// The answer to a mutation that went in, with or without conflicts.
    pub(super) fn settled(&self, n: usize, verdict: Option<Verdict>, reason: ReasonCode) -> Outcome {
        let item = &self.items[n];
        let id = item.mutation.id;
        let Some(verdict) = verdict.filter(|verdict| !verdict.conflicts.is_empty()) else {
            let shown = if item.mutation.op == Op::Delete { Shown::No } else { Shown::IfOther };
            return Outcome::Settled(Settled { result: MutationResult::applied(id), shown });
        };
        let columns: Vec<String> = verdict.conflicts.iter().map(|conflict| conflict.column.clone()).collect();
        let message = match reason {
            ReasonCode::ChangedAndDeleted => format!("somebody else changed {}", columns.join(", ")),
            ReasonCode::RowExists => "there is a row with this key already".to_owned(),
            _ => format!("somebody else changed {} too", columns.join(", ")),
        };
        let result = MutationResult::rejected(id, Status::Conflict, reason, message);
        let result = MutationResult { columns, conflicts: verdict.conflicts, ..result };
        Outcome::Settled(Settled { result, shown: Shown::Key(item.key.clone()) })
    }

    /// Writes columns of rows that are there.
    pub(super) async fn write(
        &mut self,
        place: usize,
        writes: Vec<Write>,
        backwards: bool,
        outcomes: &mut Outcomes,
    ) -> Result<(), Error> {
        type Columns = (Vec<usize>, Vec<usize>);
        let mut sets: BTreeMap<Columns, Vec<Write>> = BTreeMap::new();
        for write in writes {
            sets.entry((write.columns.clone(), write.defaults.clone())).or_default().push(write);
        }
        for ((columns, defaults), writes) in sets {
            let reason = |item: &Item<'_>| match item.mutation.op {
                Op::Insert => ReasonCode::RowExists,
                _ => ReasonCode::ColumnsChanged,
            };
            let nothing = columns.is_empty() && defaults.is_empty();
            // All of it lost; or it says that the row was touched.
            if nothing && (writes[0].verdict.is_some() || stamp(self.of(place).table).is_none()) {
                for write in writes {
                    let reason = reason(&self.items[write.n]);
                    outcomes.push((write.n, self.settled(write.n, write.verdict, reason)));
                }
                continue;
            }
            let of = self.of(place);
            let fields = Fields { values: &columns, bases: &[] };
            let name = |place: usize| ident(of.table.columns[place].name);
            let mut sets: Vec<String> =
                columns.iter().map(|place| format!("{} = {}", name(*place), of.given("v", *place))).collect();
            sets.extend(defaults.iter().map(|place| format!("{} = default", name(*place))));
            sets.extend(self.stamped(of));
            let sql = format!(
                "update {} t set {} from {} where {} returning r.n",
                of.name,
                sets.join(", "),
                of.record(fields),
                of.of_record()
            );
            let mut records = Records::new();
            for write in &writes {
                let item = &self.items[write.n];
                let resolved = write.verdict.as_ref().map(|verdict| verdict.resolved.as_slice());
                let value = |place: usize| -> Option<&RawJson> {
                    let found = resolved.unwrap_or_default().iter().find(|(column, _)| *column == place);
                    found.map_or_else(|| of.sent(&item.mutation.values, place), |(_, value)| Some(value))
                };
                records.push((write.n, of.object(write.n, item, fields, value)));
            }
            let statement = Statement { backwards, ..Statement::query(&sql) };
            let done = each(self.transaction, &statement, &records).await?;
            let mut verdicts: BTreeMap<usize, Option<Verdict>> =
                writes.into_iter().map(|write| (write.n, write.verdict)).collect();
            let mut missing = Vec::new();
            for (n, reached) in done {
                match reached {
                    Ok(Reached::Row(_)) => {
                        let verdict = verdicts.remove(&n).flatten();
                        let reason = reason(&self.items[n]);
                        outcomes.push((n, self.settled(n, verdict, reason)));
                        let own = &mut self.state.own[self.row_of[n]];
                        own.columns.extend(columns.iter().chain(&defaults));
                        own.deleted = false;
                    }
                    Ok(_) => missing.push(n),
                    Err(trouble) => {
                        let (n, mut outcome) = self.refused(n, &trouble).await?;
                        if let Outcome::Failed(failure) = &mut outcome {
                            failure.clashed = verdicts.get(&n).is_some_and(Option::is_some);
                        }
                        outcomes.push((n, outcome));
                    }
                }
            }
            outcomes.extend(self.unreached(self.of(place), &missing).await?);
        }
        Ok(())
    }

    /// `"updated_at" = …`: the server writes its own time.
    pub(super) fn stamped(&self, of: &TableSql) -> Option<String> {
        let place = stamp(of.table)?;
        let column = &of.table.columns[place];
        Some(format!("{} = pg_catalog.clock_timestamp()::{}", ident(column.name), of.declared[place]))
    }
}
