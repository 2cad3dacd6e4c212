//! Whether the file's tables, indexes, triggers and views are those that were made, and mending what can be.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::capture::{Object, triggers, views};
use super::layout::Layout;
use super::meta;
use super::sql::quoted;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// What SQLite says of the things in the file, by kind and name: the table they are on, and the statement.
pub(super) type Objects = BTreeMap<(String, String), (String, String)>;

/// Everything in the file that a statement made.
pub(super) fn objects(connection: &Connection) -> Result<Objects, StoreError> {
    read(connection, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
}

/// Everything that the store has made, as it was then.
pub(super) fn recorded(connection: &Connection) -> Result<Objects, StoreError> {
    read(connection, "SELECT type, name, tbl, sql FROM _oosync_object")
}

fn read(connection: &Connection, sql: &str) -> Result<Objects, StoreError> {
    let doing = || "reading what is in the file".to_owned();
    let mut statement = connection.prepare(sql).doing(doing)?;
    let rows = statement
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))))
        .doing(doing)?;
    rows.collect::<Result<_, _>>().doing(doing)
}

/// Writes down what there is now, but for what is the app's.
pub(super) fn record(connection: &Connection, apps: &Objects) -> Result<(), StoreError> {
    let doing = || "writing down what is in the file".to_owned();
    connection.execute("DELETE FROM _oosync_object", []).doing(doing)?;
    let mut statement = connection
        .prepare("INSERT INTO _oosync_object (type, name, tbl, sql) VALUES (?1, ?2, ?3, ?4)")
        .doing(doing)?;
    for ((kind, name), (table, sql)) in objects(connection)? {
        if !apps.contains_key(&(kind.clone(), name.clone())) {
            statement.execute((kind, name, table, sql)).doing(doing)?;
        }
    }
    Ok(())
}

/// Makes the triggers and views of every table.
pub(super) fn install(connection: &Connection, layouts: &[Layout]) -> Result<(), StoreError> {
    for object in layouts.iter().flat_map(ours) {
        connection.execute_batch(&object.sql).doing(|| format!("making `{}`", object.name))?;
    }
    Ok(())
}

fn ours(layout: &Layout) -> impl Iterator<Item = Object> {
    views(layout).into_iter().chain(triggers(layout))
}

/// Refuses tables that somebody has altered, and indexes that would stop a pull.
pub(super) fn check_tables(connection: &Connection, synced: &[String]) -> Result<(), StoreError> {
    let there = objects(connection)?;
    for ((kind, name), (_, sql)) in recorded(connection)? {
        if kind != "table" {
            continue;
        }
        let found = there.get(&(kind, name.clone())).map(|(_, sql)| sql);
        if found == Some(&sql) {
            continue;
        }
        if synced.contains(&name) {
            let found =
                found.map_or_else(|| "it is missing".to_owned(), |found| format!("it is now {found}"));
            return Err(StoreError::Altered { table: name, found, expected: sql });
        }
        return Err(StoreError::Damaged { what: format!("its own table `{name}` is missing or altered") });
    }
    for table in synced {
        let doing = || format!("reading the indexes of `{table}`");
        let sql = "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" = 1 AND origin <> 'pk'";
        let mut statement = connection.prepare_cached(sql).doing(doing)?;
        let mut rows = statement.query([table]).doing(doing)?;
        if let Some(row) = rows.next().doing(doing)? {
            let index = row.get(0).doing(doing)?;
            return Err(StoreError::UniqueIndex { table: table.clone(), index });
        }
    }
    Ok(())
}

/// The triggers, views and indexes that are missing or not as they were made.
pub(super) fn wrong(connection: &Connection, layouts: &[Layout]) -> Result<Vec<Object>, StoreError> {
    let there = objects(connection)?;
    let is = |object: &Object| {
        let found = there.get(&(object.kind.to_owned(), object.name.clone()));
        found.is_some_and(|(_, sql)| *sql == object.sql)
    };
    let mut wrong: Vec<Object> = layouts.iter().flat_map(ours).filter(|object| !is(object)).collect();
    // A first download makes the indexes when it ends.
    let loading = meta::get::<String>(connection, "bootstrap")?.is_some();
    for ((kind, name), (table, sql)) in recorded(connection)? {
        let is_synced = layouts.iter().any(|layout| layout.names.table == table);
        let object = Object { kind: "index", name, sql };
        if kind == "index" && !is(&object) && !(loading && is_synced) {
            wrong.push(object);
        }
    }
    let silent = "SELECT EXISTS (SELECT 1 FROM _oosync_silence)";
    if connection.query_row(silent, [], |row| row.get(0)).doing(|| "reading the file".to_owned())? {
        let sql = "DELETE FROM _oosync_silence".to_owned();
        wrong.push(Object { kind: "silence", name: "_oosync_silence".to_owned(), sql });
    }
    Ok(wrong)
}

/// Makes anew what is wrong.
pub(super) fn repair(connection: &Connection, wrong: &[Object]) -> Result<(), StoreError> {
    for object in wrong {
        let doing = || format!("mending `{}`", object.name);
        if object.kind != "silence" {
            let drop = format!("DROP {} IF EXISTS {}", object.kind.to_uppercase(), quoted(&object.name));
            connection.execute_batch(&drop).doing(doing)?;
        }
        connection.execute_batch(&object.sql).doing(doing)?;
    }
    Ok(())
}

/// The app's own triggers on synced tables: what they write while the server's rows come in is not captured.
pub(super) fn app_triggers(connection: &Connection, layouts: &[Layout]) -> Result<Vec<String>, StoreError> {
    let recorded = recorded(connection)?;
    let found = objects(connection)?.into_iter().filter(|(key, (table, _))| {
        key.0 == "trigger"
            && !recorded.contains_key(key)
            && layouts.iter().any(|layout| layout.names.table.eq_ignore_ascii_case(table))
    });
    Ok(found.map(|((_, name), _)| name).collect())
}
