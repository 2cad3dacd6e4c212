//! Rows that go, by their mark or for good.

use std::collections::BTreeMap;

use super::apply::{Applier, Outcome};
use super::decide::Verdict;
use super::meet::Outcomes;
use super::record::Fields;
use super::sets::{Reached, Statement, each};
use crate::protocol::ReasonCode;
use crate::schema::ColumnType;
use crate::server::Error;
use crate::server::session::ident;

impl Applier<'_> {
    pub(super) async fn delete(
        &mut self,
        place: usize,
        columns: &[usize],
        members: &[usize],
        backwards: bool,
    ) -> Result<Outcomes, Error> {
        let mut outcomes = Outcomes::new();
        let fields = Fields { values: &[], bases: columns };
        let (found, missing) = self.find(place, members, fields, &[], &mut outcomes).await?;
        let mut cases = Vec::new();
        let mut going: BTreeMap<usize, Option<Verdict>> = BTreeMap::new();
        let soft = self.of(place).table.rules.deleted.is_some();
        for (n, met) in found {
            let own = &self.state.own[self.row_of[n]];
            if soft && met.deleted {
                // Somebody else deleted it too.
                outcomes.push((n, self.settled(n, None, ReasonCode::ChangedAndDeleted)));
                continue;
            }
            let clashes = |at: &usize| !met.unchanged[*at] && !own.wrote(columns[*at]);
            let clashes: Vec<usize> = (0..columns.len()).filter(clashes).map(|at| columns[at]).collect();
            match clashes.is_empty() {
                true => drop(going.insert(n, None)),
                false => cases.push((n, clashes)),
            }
        }
        if !soft && !missing.is_empty() {
            // Who may delete a row may not always change it.
            let seen = self.unreached(self.of(place), &missing).await?;
            for (n, outcome) in seen {
                match &outcome {
                    Outcome::Failed(failure) if failure.result.reason == Some(ReasonCode::NotAuthorized) => {
                        going.insert(n, None);
                    }
                    _ => outcomes.push((n, outcome)),
                }
            }
        } else {
            outcomes.extend(self.unreached(self.of(place), &missing).await?);
        }
        let mut writes = Vec::new();
        self.settle(place, columns, cases, &mut writes, &mut outcomes).await?;
        for write in writes {
            let stays = write.verdict.as_ref().is_some_and(|verdict| !verdict.kept.is_empty());
            match stays {
                true => {
                    let outcome = self.settled(write.n, write.verdict, ReasonCode::ChangedAndDeleted);
                    outcomes.push((write.n, outcome));
                }
                false => drop(going.insert(write.n, write.verdict)),
            }
        }
        self.take(place, columns, going, backwards, &mut outcomes).await?;
        Ok(outcomes)
    }

    /// Takes rows away, by their mark or for good.
    async fn take(
        &mut self,
        place: usize,
        columns: &[usize],
        mut going: BTreeMap<usize, Option<Verdict>>,
        backwards: bool,
        outcomes: &mut Outcomes,
    ) -> Result<(), Error> {
        if going.is_empty() {
            return Ok(());
        }
        // What could not be locked is compared in the statement that deletes it.
        let (settled, unsettled): (Vec<usize>, Vec<usize>) = going
            .keys()
            .copied()
            .partition(|n| going[n].is_some() || self.state.own[self.row_of[*n]].touched());
        let of = self.of(place);
        let compared: Vec<String> = columns.iter().map(|place| of.same("b", *place)).collect();
        let mut missing = Vec::new();
        for (members, compared) in [(settled, None), (unsettled, Some(compared))] {
            if members.is_empty() {
                continue;
            }
            let of = self.of(place);
            let bases = if compared.is_some() { columns } else { &[] };
            let fields = Fields { values: &[], bases };
            let mut conditions = vec![of.of_record()];
            conditions.extend(compared.into_iter().flatten());
            let conditions = conditions.join(" and ");
            let sql = match of.table.rules.deleted {
                Some(mark) => {
                    let mut sets = vec![format!(
                        "{} = {}",
                        ident(of.table.columns[mark].name),
                        match of.table.columns[mark].ty {
                            ColumnType::Bool => "true".to_owned(),
                            _ => format!("pg_catalog.clock_timestamp()::{}", of.declared[mark]),
                        }
                    )];
                    sets.extend(self.stamped(of));
                    let (name, sets, record) = (&of.name, sets.join(", "), of.record(fields));
                    format!("update {name} t set {sets} from {record} where {conditions} returning r.n")
                }
                None => {
                    let (name, record) = (&of.name, of.record(fields));
                    format!("delete from {name} t using {record} where {conditions} returning r.n")
                }
            };
            let statement = Statement { backwards, ..Statement::query(&sql) };
            for (n, reached) in
                each(self.transaction, &statement, &self.records(of, &members, fields)).await?
            {
                match reached {
                    Ok(Reached::Row(_)) => {
                        let verdict = going.remove(&n).flatten();
                        outcomes.push((n, self.settled(n, verdict, ReasonCode::ChangedAndDeleted)));
                        let own = &mut self.state.own[self.row_of[n]];
                        own.deleted = true;
                    }
                    Ok(_) => missing.push(n),
                    Err(trouble) => outcomes.push(self.refused(n, &trouble).await?),
                }
            }
        }
        outcomes.extend(self.unreached(self.of(place), &missing).await?);
        Ok(())
    }
}
