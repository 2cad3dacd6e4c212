//! Changing the file for a new version of the app, in one transaction.
//!
//! A table that has changed is set aside under another name, made anew, and filled from the old one; so are its entries,
//! whose columns have the new form then. What has no place in the new form, of changes that were not pushed, goes to the
//! inbox. The server's rows are not precious: where a column is new or its type another, the table is to be fetched.
//!
//! - `old`: a table that has been set aside, and its entries
//! - `reshape`: its rows and entries in the new form

mod old;
mod reshape;

use rusqlite::Connection;

use self::old::Old;
use self::reshape::reshape;
use super::describe::{DescribedTable, Description};
use super::layout::Layout;
use super::meta;
use super::open::refuse_occupied;
use super::sql::quoted;
use super::system::shadow_ddl;
use super::verify::{Objects, objects, recorded};
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// An index or trigger of the app's own that could not be made again on a changed table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotRestored {
    /// Its name.
    pub name: String,
    /// The statement that had made it.
    pub sql: String,
    /// What SQLite says of it now.
    pub why: String,
}

/// What migrating did.
#[derive(Debug, Default)]
pub(super) struct Migrated {
    /// Changes with values that went to the inbox.
    pub(super) not_kept: usize,
    pub(super) not_restored: Vec<NotRestored>,
}

/// Brings tables from their old description to the new layouts, and leaves triggers and views to be made.
pub(super) fn migrate(
    connection: &Connection,
    old: &Description,
    layouts: &[Layout],
    apps: &Objects,
) -> Result<Migrated, StoreError> {
    let doing = || "changing the tables".to_owned();
    let mut migrated = Migrated::default();
    for (kind, name) in recorded(connection)?.into_keys() {
        if kind == "trigger" || kind == "view" {
            let drop = format!("DROP {} IF EXISTS {}", kind.to_uppercase(), quoted(&name));
            connection.execute_batch(&drop).doing(doing)?;
        }
    }
    let described = Description::of(layouts);
    let same_table = |left: &DescribedTable, right: &DescribedTable| {
        left.pg_schema == right.pg_schema && left.pg_name == right.pg_name
    };
    let changed: Vec<(&Layout, &DescribedTable)> =
        layouts.iter().zip(&described.tables).filter(|(_, table)| !old.tables.contains(table)).collect();
    // Whatever is not as it was is set aside first: names may have moved from one table to another.
    let mut aside: Vec<Old> = Vec::new();
    let mut restore: Vec<(String, String)> = Vec::new();
    for table in old.tables.iter().filter(|table| !described.tables.contains(table)) {
        restore.extend(put_away_apps(connection, apps, &table.names.table)?);
        aside.push(Old::set_aside(connection, table, aside.len())?);
    }
    drop_staged(connection, old)?;
    refuse_occupied(apps, changed.iter().map(|(layout, _)| *layout))?;
    for (layout, _) in &changed {
        connection.execute_batch(layout.table.ddl).doing(doing)?;
        connection.execute_batch(&shadow_ddl(layout)).doing(doing)?;
    }
    let mut to_fetch = to_fetch(connection)?;
    for (layout, table) in &changed {
        let old = aside.iter().find(|old| same_table(&old.table, table));
        let complete = match old {
            Some(old) => reshape(connection, old, layout, &mut migrated)?,
            None => false,
        };
        let name = layout.names.table.clone();
        if !complete && !to_fetch.contains(&name) {
            to_fetch.push(name);
        }
    }
    for old in &aside {
        if !changed.iter().any(|(_, table)| same_table(&old.table, table)) {
            migrated.not_kept += old.give_up(connection)?;
        }
        old.drop(connection)?;
    }
    set_to_fetch(connection, &to_fetch)?;
    // A download that was under way would bring rows of the old form.
    meta::remove(connection, "bootstrap")?;
    mend_indexes(connection, old, &described)?;
    for (name, sql) in restore {
        if let Err(error) = connection.execute_batch(&sql) {
            migrated.not_restored.push(NotRestored { name, sql, why: error.to_string() });
        }
    }
    Ok(migrated)
}

/// Takes the app's own indexes and triggers off a table, to be made again: name and statement.
fn put_away_apps(
    connection: &Connection,
    apps: &Objects,
    table: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut put_away = Vec::new();
    for ((kind, name), (on, sql)) in apps {
        if (kind == "index" || kind == "trigger") && on.eq_ignore_ascii_case(table) {
            let drop = format!("DROP {} IF EXISTS {}", kind.to_uppercase(), quoted(name));
            connection.execute_batch(&drop).doing(|| format!("putting `{name}` away"))?;
            put_away.push((name.clone(), sql.clone()));
        }
    }
    Ok(put_away)
}

fn drop_staged(connection: &Connection, old: &Description) -> Result<(), StoreError> {
    for table in &old.tables {
        let drop = format!("DROP TABLE IF EXISTS {}", quoted(&table.names.staged));
        connection.execute_batch(&drop).doing(|| "ending a download".to_owned())?;
    }
    Ok(())
}

/// Makes the indexes of unchanged tables that a first download had put off.
fn mend_indexes(
    connection: &Connection,
    old: &Description,
    described: &Description,
) -> Result<(), StoreError> {
    let there = objects(connection)?;
    let unchanged = |table: &str| {
        let mut found = old.tables.iter().filter(|old| old.names.table == table);
        found.any(|old| described.tables.contains(old))
    };
    for (key, (table, sql)) in recorded(connection)? {
        if key.0 == "index" && unchanged(&table) && !there.contains_key(&key) {
            connection.execute_batch(&sql).doing(|| format!("making `{}`", key.1))?;
        }
    }
    Ok(())
}

/// The tables whose rows are to be fetched.
pub(super) fn to_fetch(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let text: String = meta::get(connection, "to_fetch")?.unwrap_or_else(|| "[]".to_owned());
    serde_json::from_str(&text).map_err(|error| StoreError::Damaged { what: error.to_string() })
}

/// Sets the tables whose rows are to be fetched.
pub(super) fn set_to_fetch(connection: &Connection, tables: &[String]) -> Result<(), StoreError> {
    let text =
        serde_json::to_string(tables).map_err(|error| StoreError::Damaged { what: error.to_string() })?;
    meta::set(connection, "to_fetch", text)
}
