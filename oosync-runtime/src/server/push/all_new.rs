//! A push of nothing but new rows: one statement for those of a table that set the same columns.
//!
//! That is what a device sends that was away, or that loads something. Each statement writes rows and gives them back as
//! they went in: nothing is looked up before, and nothing read afterwards. It is taken as long as nothing is met; what
//! anything fails for is found out by the way of all other pushes, from the start.
//!
//! Values go as one array of texts for each column, and are cast: Postgres reads them faster than JSON, by the same
//! input functions, and the insert brings them to the lengths of its columns, or refuses them, as any insert does.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::types::{ToSql, Type};

use super::answers::is_other;
use super::apply::{Applier, Settled, Shown};
use super::check::Item;
use super::write::stamp;
use crate::codec;
use crate::protocol::{MutationResult, Op, RawJson};
use crate::schema::ColumnType;
use crate::server::Error;
use crate::server::catalog::TableSql;
use crate::server::error::passes;
use crate::server::session::ident;
use crate::types::json_text;

/// Rows of one table that set the same columns.
struct Set<'a> {
    place: usize,
    columns: Vec<usize>,
    /// Ascending.
    members: Vec<usize>,
    /// The texts of each column of the key, and of `columns`; null where there is none.
    texts: Vec<Vec<Option<Cow<'a, str>>>>,
}

impl<'a> Applier<'a> {
    /// Whether all are inserts.
    pub(super) fn may_be_new(&self) -> bool {
        self.items.iter().all(|item| item.mutation.op == Op::Insert)
    }

    /// Inserts all rows, if they are all new. Otherwise the transaction may have failed, and is to be taken back.
    pub(super) async fn all_new(&mut self) -> Result<bool, Error> {
        let Some(sets) = self.new_sets() else { return Ok(false) };
        for set in &sets {
            match self.insert_new(set).await {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => match error.postgres() {
                    Some(postgres) if !passes(postgres) => return Ok(false),
                    _ => return Err(error),
                },
            }
        }
        if self.others_write(&sets).await? {
            for settled in self.results.iter_mut().flatten() {
                settled.shown = Shown::IfOther;
            }
        }
        Ok(true)
    }

    /// The rows as sets, parents before children; none where not all can be new, or not all can be sent as texts.
    fn new_sets(&mut self) -> Option<Vec<Set<'a>>> {
        let mut rows: BTreeSet<(usize, &str)> = BTreeSet::new();
        let mut sets: BTreeMap<(usize, &[usize]), Vec<usize>> = BTreeMap::new();
        for item in &mut self.items {
            item.key = self.shared.catalog.tables[item.place].key_text_of_json(&item.mutation.key)?;
        }
        for (n, item) in self.items.iter().enumerate() {
            let of = self.of(item.place);
            if !rows.insert((item.place, &item.key)) || self.owned(of, &item.columns) != "true" {
                return None;
            }
            sets.entry((item.place, &item.columns)).or_default().push(n);
        }
        let sets = sets.into_iter().map(|((place, columns), members)| {
            let table = self.of(place).table;
            let places = table.primary_key.iter().chain(columns);
            let texts = places.map(|column| {
                let name = table.columns[*column].name;
                let texts = members.iter().map(|n| {
                    let mutation = self.items[*n].mutation;
                    let sent = mutation.values.get(name).or_else(|| mutation.key.get(name));
                    sent.map_or(Some(None), |sent| text(self.of(place), *column, sent))
                });
                texts.collect::<Option<Vec<_>>>()
            });
            let texts = texts.collect::<Option<Vec<_>>>()?;
            Some(Set { place, columns: columns.to_vec(), members, texts })
        });
        sets.collect()
    }

    /// Whether the rows of a set went in.
    async fn insert_new(&mut self, set: &Set<'a>) -> Result<bool, Error> {
        let shared = self.shared;
        let of = &shared.catalog.tables[set.place];
        let table = of.table;
        let places = || table.primary_key.iter().chain(&set.columns).copied();
        let mut names: Vec<String> = places().map(|place| ident(table.columns[place].name)).collect();
        let mut values: Vec<String> =
            places().enumerate().map(|(at, place)| format!("(r.v{at})::{}", of.types[place])).collect();
        if let Some(stamp) = stamp(table) {
            names.push(ident(table.columns[stamp].name));
            values.push(format!("pg_catalog.now()::{}", of.declared[stamp]));
        }
        let header = self.items[set.members[0]].header;
        let numbers = 0..set.texts.len();
        // Without a schema's name: `unnest` of several arrays is syntax. A row comes as one value: tokio-postgres would ask
        // what types of the database's own are while it is sent the rest, and neither would come to an end.
        let sql = format!(
            "insert into {} as t ({}) overriding system value select {} from unnest({}) r ({}) \
             returning pg_catalog.record_send(row({}))",
            of.name,
            names.join(", "),
            values.join(", "),
            numbers.clone().map(|at| format!("${}", at + 1)).collect::<Vec<_>>().join(", "),
            numbers.map(|at| format!("v{at}")).collect::<Vec<_>>().join(", "),
            of.columns(&shared.catalog, &header.columns, self.identity.user()),
        );
        let parameters = set.texts.iter().map(|texts| (texts as &(dyn ToSql + Sync), Type::TEXT_ARRAY));
        let rows = self.transaction.query_typed_raw(&sql, parameters).await?;
        pin_mut!(rows);
        // Postgres gives rows back as it writes them, and writes them in the order of the arrays.
        for n in &set.members {
            let Some(row) = rows.next().await else { return Ok(false) };
            let Some(shown) = went_in(of, &self.items[*n], row?.try_get(0)?)? else { return Ok(false) };
            let result = MutationResult::applied(self.items[*n].mutation.id);
            self.results[*n] = Some(Settled { result, shown });
        }
        match rows.next().await {
            None => Ok(true),
            Some(row) => row.map(|_| false).map_err(Error::from),
        }
    }

    /// Whether anything but oosync does more with new rows than what a row shows that is given back: triggers, which
    /// may write rows after they were given back, and rules.
    async fn others_write(&self, sets: &[Set<'_>]) -> Result<bool, Error> {
        let tables: BTreeSet<&str> = sets.iter().map(|set| self.of(set.place).name.as_str()).collect();
        let tables: Vec<&str> = tables.into_iter().collect();
        let sql = "select exists (
            select from pg_catalog.unnest($1) n (name)
              cross join lateral (select pg_catalog.to_regclass(n.name) as oid
                union select p.relid from pg_catalog.pg_partition_tree(pg_catalog.to_regclass(n.name)) p) t
              join pg_catalog.pg_class c on c.oid = t.oid
            where c.relhasrules or exists (
              select from pg_catalog.pg_trigger g join pg_catalog.pg_proc f on f.oid = g.tgfoid
                join pg_catalog.pg_namespace s on s.oid = f.pronamespace
              where g.tgrelid = t.oid and not g.tgisinternal and g.tgtype & 4 <> 0 and s.nspname <> 'oosync'))";
        let row = self.transaction.query_typed(sql, &[(&tables, Type::TEXT_ARRAY)]).await?;
        Ok(row.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(true))
    }
}

/// What a row that was given back says of its mutation; nothing if it is another row.
fn went_in(of: &TableSql, item: &Item<'_>, row: &[u8]) -> Result<Option<Shown>, Error> {
    let malformed =
        |what: &dyn std::fmt::Display| Error::internal(format!("a row of {}: {what}", of.table.name));
    // The number of columns.
    let mut rest = row.get(4..).ok_or_else(|| malformed(&"no columns"))?;
    let mut shown = Shown::No;
    for name in &item.header.columns {
        let there = field(&mut rest).ok_or_else(|| malformed(&"too few columns"))?;
        let Some(place) = of.table.column(name) else { continue };
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

/// The next column of what `record_send` gives: its type, its length, its bytes; none where it is cut off.
fn field<'r>(rest: &mut &'r [u8]) -> Option<Option<&'r [u8]>> {
    let (_, after) = rest.split_first_chunk::<4>()?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
        *rest = after;
        return Some(None);
    };
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(Some(bytes))
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
