//! Sets of mutations of the same kind: what is there is compared with what they began with, and they are written.

use std::collections::BTreeMap;

use super::apply::{Applier, Outcome, Settled, Shown};
use super::check::{Item, refusal};
use super::decide::{Case, Verdict};
use super::record::Fields;
use super::refuse::{Failure, owner_only, refuse};
use super::sets::{Reached, Records, Statement, each, number};
use crate::protocol::{JsonRow, MutationResult, Op, RawJson, ReasonCode, Status};
use crate::schema::{ColumnDefault, ColumnType, Table};
use crate::server::Error;
use crate::server::catalog::TableSql;
use crate::server::session::ident;
use crate::types::Timestamptz;

/// What a mutation meets on the server.
struct Met {
    /// Of each column of the set: whether it is what the mutation began with.
    unchanged: Vec<bool>,
    /// Of each column of the set: whether it is what the mutation writes.
    equal: Vec<bool>,
    updated_at: Option<Timestamptz>,
    deleted: bool,
    owned: bool,
}

/// What is written of one mutation.
struct Write {
    n: usize,
    /// Columns that get a value.
    columns: Vec<usize>,
    /// Columns that get their default.
    defaults: Vec<usize>,
    verdict: Option<Verdict>,
}

/// Outcomes of a set, by the number of the mutation.
pub(super) type Outcomes = Vec<(usize, Outcome)>;

/// The stamp of the last change, where a push may write it.
fn stamp(table: &Table) -> Option<usize> {
    let column = |place: &usize| &table.columns[*place];
    table
        .rules
        .updated
        .filter(|place| !column(place).access.protected && column(place).default != ColumnDefault::Generated)
}

impl Applier<'_> {
    fn of(&self, place: usize) -> &TableSql {
        &self.shared.catalog.tables[place]
    }

    /// Records of some items, with the values that they were sent with.
    fn records(&self, of: &TableSql, members: &[usize], fields: Fields<'_>) -> Records {
        let record = |n: &usize| {
            let item = &self.items[*n];
            (*n, of.object(*n, item, fields, |place| of.sent(&item.mutation.values, place)))
        };
        members.iter().map(record).collect()
    }

    async fn refused(&self, n: usize, trouble: &super::sets::Trouble) -> Result<(usize, Outcome), Error> {
        let item = &self.items[n];
        Ok((n, Outcome::Failed(refuse(self.transaction, self.of(item.place), item, trouble).await?)))
    }

    /// A query for what mutations meet. Rows are locked, where the user may lock them.
    fn met_sql(&self, of: &TableSql, fields: Fields<'_>, written: &[usize]) -> String {
        let flags = |prefix: &str, places: &[usize]| {
            let flags: Vec<_> = places.iter().map(|place| of.same(prefix, *place)).collect();
            format!("array[{}]::bool[]", flags.join(", "))
        };
        let column = |place: usize| format!("t.{}", ident(of.table.columns[place].name));
        let updated = of.table.rules.updated;
        let updated =
            updated.map_or("null".to_owned(), |place| format!("({})::timestamptz::text", column(place)));
        let deleted =
            of.table.rules.deleted.map_or("false".to_owned(), |place| match of.table.columns[place].ty {
                ColumnType::Bool => format!("{} is true", column(place)),
                _ => format!("{} is not null", column(place)),
            });
        format!(
            "select r.n, {}, {}, {updated}, {deleted}, {} from {} join {} t on {}{}",
            flags("b", fields.bases),
            flags("v", fields.values),
            self.owned(of, written),
            of.record(fields),
            of.name,
            of.of_record(),
            if of.rights.update { " for no key update of t" } else { "" },
        )
    }

    /// Whether the user owns the row `t`, where that decides who writes these columns.
    fn owned(&self, of: &TableSql, written: &[usize]) -> String {
        if !written.iter().any(|place| of.table.columns[*place].access.owner_only) {
            return "true".to_owned();
        }
        let owned = of.owned(&self.shared.catalog, "t", 0, self.identity.user());
        owned.unwrap_or_else(|| "false".to_owned())
    }

    /// What mutations meet; none where there is no row that the user may change. Those that Postgres does not even
    /// compare are failures.
    async fn met(
        &self,
        of: &TableSql,
        members: &[usize],
        fields: Fields<'_>,
        written: &[usize],
        outcomes: &mut Outcomes,
    ) -> Result<Vec<(usize, Option<Met>)>, Error> {
        let sql = self.met_sql(of, fields, written);
        let records = self.records(of, members, fields);
        let mut met = Vec::new();
        for (n, reached) in each(self.transaction, &Statement::query(&sql), &records).await? {
            match reached {
                Ok(Reached::Row(row)) => {
                    let updated_at: Option<String> = row.try_get(3)?;
                    let updated_at = updated_at.map(|text| text.parse()).transpose();
                    let one = Met {
                        unchanged: row.try_get(1)?,
                        equal: row.try_get(2)?,
                        updated_at: updated_at.map_err(|_| Error::internal("a stamp could not be read"))?,
                        deleted: row.try_get(4)?,
                        owned: row.try_get::<_, Option<bool>>(5)?.unwrap_or_default(),
                    };
                    met.push((n, Some(one)));
                }
                Ok(_) => met.push((n, None)),
                Err(trouble) => outcomes.push(self.refused(n, &trouble).await?),
            }
        }
        Ok(met)
    }

    /// The rows that mutations meet, as far as the user may see these columns.
    async fn theirs(
        &self,
        of: &TableSql,
        members: &[usize],
        columns: &[usize],
    ) -> Result<BTreeMap<usize, JsonRow>, Error> {
        if members.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<String> =
            columns.iter().map(|place| of.table.columns[*place].name.to_owned()).collect();
        let sql = format!(
            "select r.n, row_to_json(o)::text from {} join {} t on {} cross join lateral (select {}) o",
            of.record(Fields::default()),
            of.name,
            of.of_record(),
            of.columns_for_json(&self.shared.catalog, &names, self.identity.user()),
        );
        let records = self.records(of, members, Fields::default());
        let mut rows = BTreeMap::new();
        for (n, reached) in each(self.transaction, &Statement::query(&sql), &records).await? {
            if let Ok(Reached::Row(row)) = reached {
                let row = serde_json::from_str(row.try_get(1)?);
                rows.insert(n, row.map_err(|error| Error::internal(error.to_string()))?);
            }
        }
        Ok(rows)
    }

    /// Mutations that reached no row: whether there is one that the user sees.
    async fn unreached(&self, of: &TableSql, members: &[usize]) -> Result<Outcomes, Error> {
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let fields = Fields::default();
        let sql = format!("select r.n from {} join {} t on {}", of.record(fields), of.name, of.of_record());
        let records = self.records(of, members, fields);
        let mut outcomes = Vec::new();
        for (n, reached) in each(self.transaction, &Statement::query(&sql), &records).await? {
            let id = self.items[n].mutation.id;
            let mut failure = match reached {
                Ok(Reached::Row(_)) => {
                    let message = "the user may not write this row";
                    let failure = Failure::for_now(refusal(id, ReasonCode::NotAuthorized, message));
                    Failure { shown: Some(self.items[n].key.clone()), ..failure }
                }
                _ => {
                    let message = "the row is not there, or not the user's to see";
                    Failure::for_now(refusal(id, ReasonCode::RowMissing, message))
                }
            };
            failure.result.columns = Vec::new();
            outcomes.push((n, Outcome::Failed(failure)));
        }
        Ok(outcomes)
    }

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
        let met = self.met(self.of(place), members, fields, columns, &mut outcomes).await?;
        let clashing = |this: &Self, n: usize, met: &Met| -> Vec<usize> {
            let own = &this.state.own[this.row_of[n]];
            let clashes = |at: &usize| !met.unchanged[*at] && !met.equal[*at] && !own.wrote(columns[*at]);
            (0..columns.len()).filter(clashes).map(|at| columns[at]).collect()
        };
        let (mut missing, mut writes) = (Vec::new(), Vec::new());
        let mut cases = Vec::new();
        for (n, met) in met {
            let Some(met) = met else {
                missing.push(n);
                continue;
            };
            if !met.owned {
                outcomes.push((n, Outcome::Failed(self.not_owned(n))));
                continue;
            }
            self.state.own[self.row_of[n]].first_stamp(met.updated_at);
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

    fn not_owned(&self, n: usize) -> Failure {
        let item = &self.items[n];
        let message = "only the owner of a row writes this column";
        let result = refusal(item.mutation.id, ReasonCode::ColumnNotAuthorized, message);
        Failure::new(MutationResult { columns: owner_only(self.of(item.place), item), ..result })
    }

    /// Settles conflicts: what is written after all, and what is refused.
    async fn settle(
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
    fn settled(&self, n: usize, verdict: Option<Verdict>, reason: ReasonCode) -> Outcome {
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
    async fn write(
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
                    Err(trouble) => outcomes.push(self.refused(n, &trouble).await?),
                }
            }
            outcomes.extend(self.unreached(self.of(place), &missing).await?);
        }
        Ok(())
    }

    /// `"updated_at" = …`: the server writes its own time.
    fn stamped(&self, of: &TableSql) -> Option<String> {
        let place = stamp(of.table)?;
        let column = &of.table.columns[place];
        Some(format!("{} = pg_catalog.clock_timestamp()::{}", ident(column.name), of.declared[place]))
    }

    async fn insert(
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
        let met = self.met(self.of(place), members, fields, columns, outcomes).await?;
        let table = self.of(place).table;
        let (mut absent, mut writes, mut cases) = (Vec::new(), Vec::new(), Vec::new());
        let fixed = |place: &usize| table.columns[*place].access.protected;
        for (n, met) in met {
            let Some(met) = met else {
                absent.push(n);
                continue;
            };
            if !met.owned {
                outcomes.push((n, Outcome::Failed(self.not_owned(n))));
                continue;
            }
            let own = &mut self.state.own[self.row_of[n]];
            own.first_stamp(met.updated_at);
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

    async fn delete(
        &mut self,
        place: usize,
        columns: &[usize],
        members: &[usize],
        backwards: bool,
    ) -> Result<Outcomes, Error> {
        let mut outcomes = Outcomes::new();
        let fields = Fields { values: &[], bases: columns };
        let met = self.met(self.of(place), members, fields, &[], &mut outcomes).await?;
        let (mut missing, mut cases) = (Vec::new(), Vec::new());
        let mut going: BTreeMap<usize, Option<Verdict>> = BTreeMap::new();
        let soft = self.of(place).table.rules.deleted.is_some();
        for (n, met) in met {
            let Some(met) = met else {
                missing.push(n);
                continue;
            };
            let own = &mut self.state.own[self.row_of[n]];
            own.first_stamp(met.updated_at);
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

    /// The text of each key, as the log has it. What is none is refused.
    pub(super) async fn keys(&self, place: usize, members: &[usize]) -> Result<KeyTexts, Error> {
        let of = self.of(place);
        let fields = Fields::default();
        let sql =
            format!("select r.n, {} from {}", of.key_text_of(|at, _| format!("r.k{at}")), of.record(fields));
        let (mut keys, mut outcomes) = (Vec::new(), Outcomes::new());
        let records = self.records(of, members, fields);
        for (n, reached) in each(self.transaction, &Statement::query(&sql), &records).await? {
            match reached {
                Ok(Reached::Row(row)) => keys.push((number(&row)?, row.try_get(1)?)),
                Ok(_) => return Err(Error::internal("a key was not read")),
                Err(trouble) => outcomes.push(self.refused(n, &trouble).await?),
            }
        }
        Ok((keys, outcomes))
    }
}

/// Keys by the number of the mutation, and the mutations that have none.
pub(super) type KeyTexts = (Vec<(usize, String)>, Outcomes);
