//! What mutations meet on the server: the rows of their keys, compared with what they began with.

use std::collections::BTreeMap;

use super::apply::{Applier, Outcome};
use super::check::refusal;
use super::record::Fields;
use super::refuse::{Failure, refuse};
use super::sets::{Reached, Records, Statement, Trouble, each, number};
use crate::protocol::{JsonRow, ReasonCode};
use crate::schema::ColumnType;
use crate::server::Error;
use crate::server::catalog::TableSql;
use crate::server::session::ident;
use crate::types::Timestamptz;

/// What a mutation meets on the server.
pub(super) struct Met {
    /// Of each column of the set: whether it is what the mutation began with.
    pub(super) unchanged: Vec<bool>,
    /// Of each column of the set: whether it is what the mutation writes.
    pub(super) equal: Vec<bool>,
    pub(super) updated_at: Option<Timestamptz>,
    pub(super) deleted: bool,
    pub(super) owned: bool,
}

/// Outcomes of a set, by the number of the mutation.
pub(super) type Outcomes = Vec<(usize, Outcome)>;

/// Keys by the number of the mutation, and the mutations that have none.
pub(super) type KeyTexts = (Vec<(usize, String)>, Outcomes);

impl Applier<'_> {
    pub(super) fn of(&self, place: usize) -> &TableSql {
        &self.shared.catalog.tables[place]
    }

    /// Records of some items, with the values that they were sent with.
    pub(super) fn records(&self, of: &TableSql, members: &[usize], fields: Fields<'_>) -> Records {
        let record = |n: &usize| {
            let item = &self.items[*n];
            (*n, of.object(*n, item, fields, |place| of.sent(&item.mutation.values, place)))
        };
        members.iter().map(record).collect()
    }

    pub(super) async fn refused(&self, n: usize, trouble: &Trouble) -> Result<(usize, Outcome), Error> {
        let item = &self.items[n];
        Ok((n, Outcome::Failed(refuse(self.transaction, self.of(item.place), item, trouble).await?)))
    }

    /// The text of each key, as the log has it. What is none is refused. Postgres is asked for those that cannot be told
    /// here.
    pub(super) async fn keys(&self, place: usize, members: &[usize]) -> Result<KeyTexts, Error> {
        let of = self.of(place);
        let fields = Fields::default();
        let sql =
            format!("select r.n, {} from {}", of.key_text_of(|at, _| format!("r.k{at}")), of.record(fields));
        let (mut keys, mut outcomes) = (Vec::new(), Outcomes::new());
        let mut asked = Vec::new();
        for n in members {
            match of.key_text_of_json(&self.items[*n].mutation.key) {
                Some(key) => keys.push((*n, key)),
                None => asked.push(*n),
            }
        }
        let records = self.records(of, &asked, fields);
        for (n, reached) in each(self.transaction, &Statement::query(&sql), &records).await? {
            match reached {
                Ok(Reached::Row(row)) => keys.push((number(&row)?, row.try_get(1)?)),
                Ok(_) => return Err(Error::internal("a key was not read")),
                Err(trouble) => outcomes.push(self.refused(n, &trouble).await?),
            }
        }
        Ok((keys, outcomes))
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
    pub(super) fn owned(&self, of: &TableSql, written: &[usize]) -> String {
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

    /// The same, as those that meet a row that is the user's to write, and those that meet none. All others are refused.
    pub(super) async fn find(
        &mut self,
        place: usize,
        members: &[usize],
        fields: Fields<'_>,
        written: &[usize],
        outcomes: &mut Outcomes,
    ) -> Result<(Vec<(usize, Met)>, Vec<usize>), Error> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for (n, met) in self.met(self.of(place), members, fields, written, outcomes).await? {
            match met {
                None => missing.push(n),
                Some(met) if !met.owned => outcomes.push((n, Outcome::Failed(self.not_owned(n)))),
                Some(met) => {
                    self.state.own[self.row_of[n]].first_stamp(met.updated_at);
                    found.push((n, met));
                }
            }
        }
        Ok((found, missing))
    }

    /// The rows that mutations meet, as far as the user may see these columns.
    pub(super) async fn theirs(
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
            "select r.n, row_to_json(o.*)::text from {} join {} t on {} cross join lateral (select {}) o",
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
    pub(super) async fn unreached(&self, of: &TableSql, members: &[usize]) -> Result<Outcomes, Error> {
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
}
