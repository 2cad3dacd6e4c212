//! Rows that are new, or were said to be.

use super::apply::{Applier, Outcome};
use super::check::refusal;
use super::meet::Outcomes;
use super::record::Fields;
use super::refuse::Failure;
use super::sets::{Statement, each};
use super::write::{Write, stamp};
use crate::protocol::ReasonCode;
use crate::schema::ColumnDefault;
use crate::server::Error;
use crate::server::session::ident;

impl Applier<'_> {
    pub(super) async fn insert(
        &mut self,
        place: usize,
        columns: &[usize],
        members: &[usize],
        backwards: bool,
    ) -> Result<Outcomes, Error> {
        let mut outcomes = Outcomes::new();
        let there = self.there(place, columns, members, backwards, &mut outcomes).await?;
        if there.is_empty() {
            return Ok(outcomes);
        }
        let of = self.of(place);
        let fields = Fields { values: columns, bases: &[] };
        let mut names: Vec<String> =
            of.table.primary_key.iter().map(|place| ident(of.table.columns[*place].name)).collect();
        let mut values: Vec<String> = (0..names.len()).map(|at| format!("r.k{at}")).collect();
        for column in columns {
            names.push(ident(of.table.columns[*column].name));
            values.push(of.given("v", *column));
        }
        if let Some(stamp) = stamp(of.table) {
            names.push(ident(of.table.columns[stamp].name));
            // The same as a default that says when the row was made.
            values.push(format!("pg_catalog.now()::{}", of.declared[stamp]));
        }
        let sql = format!(
            "insert into {} ({}) overriding system value select {} from {} order by r.n",
            of.name,
            names.join(", "),
            values.join(", "),
            of.record(fields)
        );
        let owned = self.owned(of, columns);
        let verify = (owned != "true").then(|| {
            let (record, name, on) = (of.record(fields), &of.name, of.of_record());
            format!("select from {record} left join {name} t on {on} where ({owned}) is not true")
        });
        let statement = Statement { sql: &sql, counted: true, verify: verify.as_deref(), backwards };
        let done = each(self.transaction, &statement, &self.records(of, &there, fields)).await?;
        let mut raced = Vec::new();
        for (n, reached) in done {
            match reached {
                Ok(_) => {
                    outcomes.push((n, self.settled(n, None, ReasonCode::RowExists)));
                    let own = &mut self.state.own[self.row_of[n]];
                    own.inserted = true;
                    own.deleted = false;
                }
                Err(trouble) => {
                    let (n, outcome) = self.refused(n, &trouble).await?;
                    match &outcome {
                        Outcome::Failed(failure) if failure.result.reason == Some(ReasonCode::RowExists) => {
                            raced.push((n, outcome));
                        }
                        _ => outcomes.push((n, outcome)),
                    }
                }
            }
        }
        // Somebody else inserted the key since: it can be seen now, if it is the user's to see.
        let again: Vec<usize> = raced.iter().map(|(n, _)| *n).collect();
        if !again.is_empty() {
            let still = self.there(place, columns, &again, backwards, &mut outcomes).await?;
            outcomes.extend(raced.into_iter().filter(|(n, _)| still.contains(n)));
        }
        Ok(outcomes)
    }

    /// Looks for rows that are there already, settles what these inserts come to, and gives those whose row is not.
    async fn there(
        &mut self,
        place: usize,
        columns: &[usize],
        members: &[usize],
        backwards: bool,
        outcomes: &mut Outcomes,
    ) -> Result<Vec<usize>, Error> {
        let fields = Fields { values: columns, bases: &[] };
        let (found, absent) = self.find(place, members, fields, columns, outcomes).await?;
        let table = self.of(place).table;
        let (mut writes, mut cases) = (Vec::new(), Vec::new());
        let fixed = |place: &usize| table.columns[*place].access.protected;
        for (n, met) in found {
            let own = &mut self.state.own[self.row_of[n]];
            if own.deleted {
                // This push took it away: what comes is new, and what it leaves out has its default.
                let left = |place: &usize| {
                    let column = &table.columns[*place];
                    !columns.contains(place)
                        && !column.access.protected
                        && Some(*place) != table.rules.updated
                        && !matches!(column.default, ColumnDefault::Local | ColumnDefault::Generated)
                };
                let defaults = (0..table.columns.len()).filter(left).collect();
                let columns = columns.iter().filter(|place| !fixed(place)).copied().collect();
                writes.push(Write { n, columns, defaults, verdict: None });
                continue;
            }
            let mut clashes: Vec<usize> =
                (0..columns.len()).filter(|at| !met.equal[*at]).map(|at| columns[at]).collect();
            if let Some(deleted) = table.rules.deleted.filter(|place| met.deleted && !columns.contains(place))
            {
                // It was deleted by its mark, and comes back.
                clashes.push(deleted);
            }
            if clashes.is_empty() {
                // It is what this device sent, whoever wrote it.
                own.columns.extend(columns);
                outcomes.push((n, self.settled(n, None, ReasonCode::RowExists)));
            } else if self.of(place).rights.update {
                cases.push((n, clashes));
            } else {
                let item = &self.items[n];
                let message = "there is a row with this key already";
                let failure = Failure::new(refusal(item.mutation.id, ReasonCode::RowExists, message));
                outcomes.push((n, Outcome::Failed(Failure { shown: Some(item.key.clone()), ..failure })));
            }
        }
        let mut seen: Vec<usize> = columns.to_vec();
        seen.extend(table.rules.deleted.filter(|place| !columns.contains(place)));
        self.settle(place, &seen, cases, &mut writes, outcomes).await?;
        for write in &mut writes {
            write.columns.retain(|place| !fixed(place));
            // A mark that the insert says nothing of is taken away by its default, where it is set.
            if let Some(at) = write.columns.iter().position(|place| !columns.contains(place)) {
                let mark = write.columns.remove(at);
                let conflicts = write.verdict.as_ref().map(|verdict| verdict.conflicts.as_slice());
                let set = conflicts.unwrap_or_default().iter().any(|c| c.column == table.columns[mark].name);
                write.defaults.extend(set.then_some(mark));
            }
        }
        self.write(place, writes, backwards, outcomes).await?;
        Ok(absent)
    }
}
