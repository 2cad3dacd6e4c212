//! A push that goes in at once: new rows, and changes of rows that are as the device has seen them.
//!
//! That is what a device sends that was away, or that loads something, and nearly all else. Mutations of a table that do
//! the same to the same columns are one statement, which writes rows and gives them back as they are then: nothing is
//! looked up before, and nothing read afterwards; columns that [keep](TableSql::keeps) what is sent are not even given
//! back. It is taken as long as nothing is met; what anything fails for is
//! found out by the way of all other pushes, from the start.
//!
//! Values go as one array of texts for each column, and are cast: Postgres reads them faster than JSON, by the same
//! input functions, and the statement brings them to the lengths of its columns, or refuses them, as any would.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use super::answers::is_other;
use super::apply::{Applier, Settled, Shown};
use super::check::Item;
use super::sets::number;
use super::write::stamp;
use crate::codec;
use crate::protocol::{JsonRow, Mutation, MutationResult, Op, RawJson};
use crate::schema::ColumnType;
use crate::server::catalog::TableSql;
use crate::server::error::passes;
use crate::server::session::ident;
use crate::server::{Error, row_value};
use crate::types::json_text;

/// Rows of one table that set the same columns.
struct Set<'a> {
    op: Op,
    place: usize,
    columns: Vec<usize>,
    /// Of an insert in the order of the push, of an update in that of keys: two pushes seldom wait for each other both.
    members: Vec<usize>,
    /// The texts of each column of the key, of `columns`, and of an update of their bases; null where there is none.
    texts: Vec<Vec<Option<Cow<'a, str>>>>,
    /// The places of the columns that are given back.
    places: Vec<usize>,
    /// The places of those that are not, since they keep what is sent.
    kept: Vec<usize>,
}

impl Set<'_> {
    /// The rows `r`: the columns of `texts` in their types as `v0` and on, and from 1 the number as `n`.
    ///
    /// They are made before anything is joined with them: Postgres looks a row up in an index under a policy only by what
    /// cannot leak, and reading a text can.
    fn rows(&self, of: &TableSql) -> String {
        let list =
            |each: &dyn Fn(usize) -> String| (0..self.texts.len()).map(each).collect::<Vec<_>>().join(", ");
        let places: Vec<usize> = of
            .table
            .primary_key
            .iter()
            .chain(self.columns.iter().cycle())
            .copied()
            .take(self.texts.len())
            .collect();
        format!(
            "(select {}, u.n from unnest({}) with ordinality u ({}, n) offset 0) r",
            list(&|at| format!("(u.v{at})::{} as v{at}", of.types[places[at]])),
            // Without a schema's name: `unnest` of several arrays is syntax.
            list(&|at| format!("${}", at + 1)),
            list(&|at| format!("v{at}")),
        )
    }
}

impl<'a> Applier<'a> {
    /// Whether none of them is a delete, which is another thing for each table.
    pub(super) fn may_go_at_once(&self) -> bool {
        self.items.iter().all(|item| item.mutation.op != Op::Delete)
    }

    /// Writes all rows, if nothing is met. Otherwise the transaction may have failed, and is to be taken back.
    pub(super) async fn at_once(&mut self) -> Result<bool, Error> {
        let Some(sets) = self.sets_at_once() else { return Ok(false) };
        let transaction = self.transaction;
        let tables: BTreeSet<&str> =
            sets.iter().map(|set| self.shared.catalog.tables[set.place].name.as_str()).collect();
        let written = async {
            for set in &sets {
                match self.write_at_once(set).await {
                    Ok(true) => {}
                    Ok(false) => return Ok(false),
                    Err(error) => match error.postgres() {
                        Some(postgres) if !passes(postgres) => return Ok(false),
                        _ => return Err(error),
                    },
                }
            }
            Ok(true)
        };
        // Sent behind the first statement, without waiting for it.
        let (written, others) = join(written, others_write(transaction, tables.into_iter().collect())).await;
        if !written? {
            return Ok(false);
        }
        if others? {
            for settled in self.results.iter_mut().flatten() {
                settled.shown = Shown::IfOther;
            }
        }
        Ok(true)
    }

    /// The rows as sets, new ones before others and parents before children; none where something is known to be met, or
    /// not all can be sent as texts.
    fn sets_at_once(&mut self) -> Option<Vec<Set<'a>>> {
        let mut rows: BTreeSet<(usize, &str)> = BTreeSet::new();
        let mut sets: BTreeMap<(bool, usize, &[usize]), Vec<usize>> = BTreeMap::new();
        for item in &mut self.items {
            item.key = self.shared.catalog.tables[item.place].key_text_of_json(&item.mutation.key)?;
        }
        for (n, item) in self.items.iter().enumerate() {
            let of = self.of(item.place);
            let update = item.mutation.op == Op::Update;
            if !rows.insert((item.place, &item.key))
                || self.owned(of, &item.columns) != "true"
                || (update && item.columns.is_empty())
            {
                return None;
            }
            sets.entry((update, item.place, &item.columns)).or_default().push(n);
        }
        let sets = sets.into_iter().map(|((update, place, columns), mut members)| {
            let of = self.of(place);
            let (table, key) = (of.table, of.table.primary_key.iter());
            if update {
                members.sort_by_key(|n| &self.items[*n].key);
            }
            let texts = |places: &mut dyn Iterator<Item = &usize>, sent: fn(&'a Mutation) -> &'a JsonRow| {
                let texts = places.map(|column| {
                    let name = table.columns[*column].name;
                    let texts = members.iter().map(|n| {
                        let sent = sent(self.items[*n].mutation).get(name);
                        sent.map_or(Some(None), |sent| text(of, *column, sent))
                    });
                    texts.collect::<Option<Vec<_>>>()
                });
                texts.collect::<Option<Vec<_>>>()
            };
            let mut all = texts(&mut key.clone(), |mutation| &mutation.key)?;
            all.extend(texts(&mut columns.iter(), |mutation| &mutation.values)?);
            if update {
                all.extend(texts(&mut columns.iter(), |mutation| &mutation.base)?);
            }
            let op = if update { Op::Update } else { Op::Insert };
            let seen = self.seen(&self.items[members[0]]);
            let is_kept = |place: &usize| {
                (key.clone().any(|key| key == place) || columns.contains(place)) && of.keeps(*place)
            };
            let places = seen.iter().map(|name| table.column(name)).collect::<Option<Vec<_>>>()?;
            let (kept, mut places): (Vec<usize>, Vec<usize>) = places.into_iter().partition(is_kept);
            places.retain(|place| stamp(table) != Some(*place));
            Some(Set { op, place, columns: columns.to_vec(), members, texts: all, places, kept })
        });
        sets.collect()
    }

    /// The statement of a set; it gives the row of each mutation, and of an update its number, if any column is given back.
    fn sql(&self, set: &Set<'a>) -> String {
        let of = self.of(set.place);
        let table = of.table;
        let name = |place: &usize| ident(table.columns[*place].name);
        let keys = table.primary_key;
        let rows = set.rows(of);
        let seen: Vec<String> =
            set.places.iter().map(|place| table.columns[*place].name.to_owned()).collect();
        let seen = row_value::of(&of.columns(&self.shared.catalog, &seen, self.identity.user()));
        let returning = match set.op {
            _ if set.places.is_empty() => String::new(),
            Op::Insert => format!(" returning {seen}"),
            _ => format!(" returning r.n::int4, {seen}"),
        };
        if set.op == Op::Insert {
            let mut names: Vec<String> = keys.iter().chain(&set.columns).map(name).collect();
            let mut values: Vec<String> = (0..names.len()).map(|at| format!("r.v{at}")).collect();
            if let Some(stamp) = stamp(table) {
                names.push(name(&stamp));
                values.push(format!("pg_catalog.now()::{}", of.declared[stamp]));
            }
            return format!(
                "insert into {} as t ({}) overriding system value select {} from {rows}{returning}",
                of.name,
                names.join(", "),
                values.join(", "),
            );
        }
        let values = || (keys.len()..).zip(&set.columns);
        let mut sets: Vec<String> =
            values().map(|(at, place)| format!("{} = r.v{at}", name(place))).collect();
        sets.extend(self.stamped(of));
        let mut met: Vec<String> =
            keys.iter().enumerate().map(|(at, place)| format!("t.{} = r.v{at}", name(place))).collect();
        // What somebody else has made the same is no conflict.
        met.extend(values().map(|(mine, place)| {
            let base = mine + set.columns.len();
            let same = |at: usize| of.same_as(*place, &format!("r.v{at}"));
            format!("({} or {})", same(base), same(mine))
        }));
        format!(
            "update {} t set {} from {rows} where {}{returning}",
            of.name,
            sets.join(", "),
            met.join(" and "),
        )
    }

    /// Whether all rows of a set went in.
    async fn write_at_once(&mut self, set: &Set<'a>) -> Result<bool, Error> {
        let of = &self.shared.catalog.tables[set.place];
        let sql = self.sql(set);
        let parameters = set.texts.iter().map(|texts| (texts as &(dyn ToSql + Sync), Type::TEXT_ARRAY));
        let sent = self.transaction.query_typed_raw(&sql, parameters);
        // While Postgres writes.
        let read = async {
            let items = set.members.iter().map(|n| &self.items[*n]);
            items.map(|item| set.kept.iter().all(|place| reads(of, item, *place))).collect::<Vec<bool>>()
        };
        let (rows, read) = join(sent, read).await;
        let rows = rows?;
        pin_mut!(rows);
        let mut count = 0;
        while let Some(row) = rows.next().await {
            let row = row?;
            // Postgres gives new rows back as it writes them, and writes them in the order of the arrays.
            let (at, row) = match set.op {
                Op::Update => (number(&row)?.wrapping_sub(1), row.try_get(1)?),
                _ => (count, row.try_get(0)?),
            };
            let Some(n) = set.members.get(at).copied() else { return Ok(false) };
            let Some(shown) = went_in(of, &self.items[n], &set.places, row)? else {
                return Ok(false);
            };
            self.results[n] =
                Some(Settled { result: MutationResult::applied(self.items[n].mutation.id), shown });
            count += 1;
        }
        if set.places.is_empty() {
            count = rows.rows_affected().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
        }
        if count != set.members.len() {
            return Ok(false);
        }
        for (n, read) in set.members.iter().zip(read) {
            let (item, result) = (&self.items[*n], &mut self.results[*n]);
            let applied = || Settled { result: MutationResult::applied(item.mutation.id), shown: Shown::No };
            let settled = result.get_or_insert_with(applied);
            if !read {
                settled.shown = Shown::Key(item.key.clone());
            }
        }
        Ok(true)
    }
}

/// Whether anything but oosync does more with these rows than what a row shows that is given back: triggers, which
/// may write rows after they were given back, and rules.
async fn others_write(transaction: &Transaction<'_>, tables: Vec<&str>) -> Result<bool, Error> {
    // Triggers for each row or statement, of inserts (4) and updates (16).
    let sql = "select exists (
        select from pg_catalog.pg_class c
        where c.oid = any (array(
            select pg_catalog.to_regclass(n.name)::oid from pg_catalog.unnest($1) n (name)
            union select p.relid::oid from pg_catalog.unnest($1) n (name),
              pg_catalog.pg_partition_tree(pg_catalog.to_regclass(n.name)) p))
          and (c.relhasrules or exists (
            select from pg_catalog.pg_trigger g
            where g.tgrelid = c.oid and not g.tgisinternal and g.tgtype & 20 <> 0 and not exists (
              select from pg_catalog.pg_proc f
              where f.oid = g.tgfoid and f.pronamespace = pg_catalog.to_regnamespace('oosync')))))";
    let row = transaction.query_typed(sql, &[(&tables, Type::TEXT_ARRAY)]).await?;
    Ok(row.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(true))
}

/// What a row of the columns in these places that was given back says of its mutation; nothing if it is another row.
fn went_in(of: &TableSql, item: &Item<'_>, places: &[usize], row: &[u8]) -> Result<Option<Shown>, Error> {
    let malformed =
        |what: &dyn std::fmt::Display| Error::internal(format!("a row of {}: {what}", of.table.name));
    let mut fields = row_value::fields(row)?;
    let mut shown = Shown::No;
    for place in places.iter().copied() {
        let there = fields.next().ok_or_else(|| malformed(&"too few columns"))??;
        let ty = &of.table.columns[place].ty;
        let there =
            there.map(|bytes| codec::from_wire(ty, bytes)).transpose().map_err(|error| malformed(&error))?;
        if is_other(item, of.table, place, there.as_ref()) {
            if of.table.primary_key.contains(&place) {
                return Ok(None);
            }
            shown = Shown::Key(item.key.clone());
        }
    }
    Ok(Some(shown))
}

/// Whether what was sent for a column is in a form that a device reads as well: Postgres takes others, and stores another.
fn reads(of: &TableSql, item: &Item<'_>, place: usize) -> bool {
    let column = &of.table.columns[place];
    let sent = item.mutation.values.get(column.name).or_else(|| item.mutation.key.get(column.name));
    sent.is_none_or(|sent| codec::from_json(&column.ty, sent.get()).is_ok())
}

/// What the input function of a column's type reads; none where that has to be left to Postgres.
fn text<'a>(of: &TableSql, place: usize, json: &'a RawJson) -> Option<Option<Cow<'a, str>>> {
    if !of.reads_text[place] {
        return None;
    }
    let is_json = matches!(of.table.columns[place].ty, ColumnType::Json | ColumnType::Jsonb);
    match json.get().as_bytes() {
        b"null" => Some(None),
        [b'"', ..] => Some(Some(json_text::read_string(json.get(), "text").ok()?)),
        // Of other types too, Postgres makes something of them.
        [b'{' | b'[', ..] if !is_json => None,
        _ => Some(Some(Cow::Borrowed(json.get()))),
    }
}
