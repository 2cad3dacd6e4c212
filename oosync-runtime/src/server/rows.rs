//! Rows by their keys, with the rights of the user, in JSON or as tuples.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use super::auth::Identity;
use super::engine::Shared;
use super::session::{as_server, as_user};
use super::{Error, row_value};
use crate::protocol::{JsonRow, RawJson, TableHeader};

/// How many bytes of rows a page in JSON may hold; the row that fills it is the last.
const PAGE: usize = 4 << 20;

/// How many keys are asked for in one query.
pub(super) const BATCH: usize = 5_000;

impl Shared {
    /// The rows of these keys that the user may see, as JSON by the text of the key; as many of them, in the order of
    /// these texts, as `room` is for, and at least one.
    pub(super) async fn json_rows(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        (place, header): (usize, &TableHeader),
        keys: &[&str],
        room: &mut Room,
    ) -> Result<BTreeMap<String, RawJson>, Error> {
        let table = &self.catalog.tables[place];
        let sql = format!(
            "select k.k, row_to_json(o.*)::text from {} join {} t on {} cross join lateral (select {}) o
               order by k.k collate \"C\"",
            table.keys_of("pg_catalog.unnest($1) k (k)"),
            table.name,
            table.by_key(),
            table.columns_for_json(&self.catalog, &header.columns, identity.user()),
        );
        as_user(transaction, identity).await?;
        let mut found = BTreeMap::new();
        if !keys.is_empty() {
            room.take(transaction, &sql, (&keys, Type::TEXT_ARRAY), |key, json| {
                drop(found.insert(key, json));
            })
            .await?;
        }
        as_server(transaction, identity).await?;
        Ok(found)
    }

    /// Keys in JSON, in the order given.
    pub(super) async fn json_keys(
        &self,
        transaction: &Transaction<'_>,
        place: usize,
        keys: &[&str],
    ) -> Result<Vec<JsonRow>, Error> {
        let table = &self.catalog.tables[place];
        let sql = format!(
            "select row_to_json(o.*)::text from pg_catalog.unnest($1) with ordinality k (k, n)
               cross join lateral (select {}) o order by k.n",
            table.key_columns_for_json()
        );
        let rows = transaction.query_typed(&sql, &[(&keys, Type::TEXT_ARRAY)]).await?;
        let key = |text: &str| serde_json::from_str(text).map_err(|error| Error::internal(error.to_string()));
        rows.iter().map(|row| key(row.try_get(0)?)).collect()
    }

    /// The rows of these keys that the user may see, each as a tuple; which of the keys they are.
    pub(super) async fn tuples(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        (place, header): (usize, &TableHeader),
        keys: &[&str],
        mut each: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<BTreeSet<String>, Error> {
        let table = &self.catalog.tables[place];
        let sql = format!(
            "select k.k, {} from {} join {} t on {}",
            row_value::of(&table.columns(&self.catalog, &header.columns, identity.user())),
            table.keys_of("pg_catalog.unnest($1) k (k)"),
            table.name,
            table.by_key(),
        );
        let mut found = BTreeSet::new();
        let mut tuple = Vec::new();
        let rows = async {
            let rows = transaction.query_typed_raw(&sql, [(&keys, Type::TEXT_ARRAY)]).await?;
            pin_mut!(rows);
            while let Some(row) = rows.next().await {
                let row = row?;
                found.insert(row.try_get(0)?);
                tuple.clear();
                row_value::write_tuple(row.try_get(1)?, &mut tuple)?;
                each(&tuple)?;
            }
            Ok(())
        };
        // One way to Postgres: what it is asked as comes before what it is asked.
        try_join(as_user(transaction, identity), rows).await?;
        as_server(transaction, identity).await?;
        Ok(found)
    }

    /// These keys, each as a tuple.
    pub(super) async fn key_tuples(
        &self,
        transaction: &Transaction<'_>,
        place: usize,
        keys: &[&str],
        mut each: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let table = &self.catalog.tables[place];
        let sql = format!("select {} from pg_catalog.unnest($1) k (k)", row_value::of(&table.key_columns()));
        let rows = transaction.query_typed_raw(&sql, [(&keys, Type::TEXT_ARRAY)]).await?;
        pin_mut!(rows);
        let mut tuple = Vec::new();
        while let Some(row) = rows.next().await {
            tuple.clear();
            row_value::write_tuple(row?.try_get(0)?, &mut tuple)?;
            each(&tuple)?;
        }
        Ok(())
    }
}

/// The bytes of rows that a page in JSON still has room for.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(PAGE)
    }
}

impl Room {
    /// For what is no page.
    pub(super) const fn endless() -> Self {
        Self(usize::MAX)
    }

    /// Whether no row has room any more.
    pub(super) const fn is_full(&self) -> bool {
        self.0 == 0
    }

    /// Takes rows of a key and JSON as they come, until there is no more room; the last one may be too large. What
    /// Postgres sends of the others is thrown away as it comes.
    pub(super) async fn take(
        &mut self,
        transaction: &Transaction<'_>,
        sql: &str,
        parameter: (&(dyn ToSql + Sync), Type),
        mut each: impl FnMut(String, RawJson),
    ) -> Result<(), Error> {
        let rows = transaction.query_typed_raw(sql, [parameter]).await?;
        pin_mut!(rows);
        while !self.is_full() {
            let Some(row) = rows.next().await else { break };
            let row = row?;
            let json = RawJson::parse(row.try_get::<_, String>(1)?);
            let json = json.map_err(|error| Error::internal(error.to_string()))?;
            self.0 = self.0.saturating_sub(json.get().len());
            each(row.try_get(0)?, json);
        }
        Ok(())
    }
}
