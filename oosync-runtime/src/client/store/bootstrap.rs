//! All rows of the server, or all of some tables, chunk by chunk.
//!
//! The first time they go straight into the tables, whose secondary indexes are made at the end. Any other time there are
//! rows already, some of which the server may no longer have: the new ones are put beside them, and the last transaction
//! brings both together. Dirty rows are merged as in a delta, in either case.
//!
//! The cursor that a download ends with is the server's state before its first chunk; the delta that follows makes it
//! exact. A download of some tables ends with the file's own cursor, which the server has added to what the user could see
//! meanwhile: the delta from there brings what changed in all tables, also since the first chunk of these.

use rusqlite::{Connection, params_from_iter};

use super::apply::{Applied, Apply};
use super::capture::differ;
use super::image::read;
use super::layout::{Layout, shadow_column};
use super::migrate::{set_to_fetch, to_fetch};
use super::sql::{join, places, quoted, storage};
use super::verify::{objects, recorded};
use super::{Store, meta, silently};
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;

/// A download that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bootstrap {
    /// Whether rows are put beside those that are there.
    pub staged: bool,
    /// Where to go on, as the last chunk said; nothing before the first.
    pub resume: Option<Vec<u8>>,
    /// The last of this client's mutations that the downloaded state includes.
    pub through: u64,
    /// The tables that it is of; none is all.
    pub tables: Option<Vec<String>>,
}

/// A chunk that is being written. Dropped without [`Load::commit`], nothing of it stays.
#[derive(Debug)]
pub struct Load<'s> {
    apply: Apply<'s>,
    staged: Option<Vec<String>>,
}

impl Store {
    /// Begins a download of everything, of a state that includes this client's mutations up to `through`. One that was
    /// under way is given up.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn begin_bootstrap(&mut self, through: u64) -> Result<Bootstrap, StoreError> {
        self.begin(through, None)
    }

    /// Begins a download of all rows of these tables, as [`Store::begin_bootstrap`] does of all tables.
    ///
    /// # Errors
    ///
    /// Where the file has no cursor yet, a table that the schema does not have, and what SQLite says.
    pub fn begin_fetch(&mut self, through: u64, tables: &[&str]) -> Result<Bootstrap, StoreError> {
        for table in tables {
            self.table_place(table)?;
        }
        if self.cursor()?.is_none() {
            let what = "some tables are fetched once all have been: begin with `begin_bootstrap`";
            return Err(StoreError::State { what: what.to_owned() });
        }
        self.begin(through, Some(tables.iter().map(|table| (*table).to_owned()).collect()))
    }

    fn begin(&mut self, through: u64, tables: Option<Vec<String>>) -> Result<Bootstrap, StoreError> {
        let layouts = &self.layouts;
        silently(&mut self.connection, |connection| {
            let doing = || "beginning a download".to_owned();
            let again = meta::get::<String>(connection, "bootstrap")?.is_some();
            let fresh = !again && meta::get::<Vec<u8>>(connection, "cursor")?.is_none();
            let mut staged = tables.is_none() && !fresh;
            for layout in layouts.iter().filter(|layout| is_of(tables.as_deref(), layout)) {
                staged = staged || has_known_rows(connection, layout)?;
            }
            if again {
                make_indexes(connection)?;
            }
            for layout in layouts {
                let drop = format!("DROP TABLE IF EXISTS {}", quoted(&layout.names.staged));
                connection.execute_batch(&drop).doing(doing)?;
                if !is_of(tables.as_deref(), layout) {
                    continue;
                }
                if staged {
                    connection.execute_batch(&staged_ddl(layout)).doing(doing)?;
                } else {
                    drop_indexes(connection, layout)?;
                }
            }
            meta::set(connection, "bootstrap", if staged { "staged" } else { "direct" })?;
            meta::set(connection, "bootstrap_through", through.cast_signed())?;
            meta::remove(connection, "bootstrap_resume")?;
            match &tables {
                Some(tables) => meta::set(connection, "bootstrap_tables", written(tables)?)?,
                None => meta::remove(connection, "bootstrap_tables")?,
            }
            Ok(Bootstrap { staged, resume: None, through, tables })
        })
    }

    /// The download that is under way.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn bootstrap(&self) -> Result<Option<Bootstrap>, StoreError> {
        let Some(kind) = meta::get::<String>(&self.connection, "bootstrap")? else { return Ok(None) };
        let through = meta::get::<i64>(&self.connection, "bootstrap_through")?.map_or(0, i64::cast_unsigned);
        let resume = meta::get(&self.connection, "bootstrap_resume")?;
        let tables = meta::get::<String>(&self.connection, "bootstrap_tables")?;
        let tables = tables.map(|tables| serde_json::from_str(&tables)).transpose();
        let tables = tables.map_err(|error| StoreError::Damaged { what: error.to_string() })?;
        Ok(Some(Bootstrap { staged: kind == "staged", resume, through, tables }))
    }

    /// Whether everything has been downloaded once, and made exact by a delta.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn is_ready(&self) -> Result<bool, StoreError> {
        Ok(meta::get::<i64>(&self.connection, "ready")?.is_some())
    }

    /// Begins to write a chunk of the download.
    ///
    /// # Errors
    ///
    /// Where none is under way, and what SQLite says.
    pub fn begin_load(&mut self) -> Result<Load<'_>, StoreError> {
        let bootstrap = self.under_way()?;
        let staged = bootstrap.staged.then(|| self.layouts.iter().map(staged_insert).collect());
        Ok(Load { apply: self.begin_apply(bootstrap.through)?, staged })
    }

    /// Ends the download: the device has the state of `cursor`, which the next delta goes on from. After a download of
    /// some tables, that is where the file was before, as the server has given it back.
    ///
    /// # Errors
    ///
    /// Where none is under way, and what SQLite says. Then the download is still under way.
    pub fn finish_bootstrap(&mut self, cursor: &[u8]) -> Result<Applied, StoreError> {
        let bootstrap = self.under_way()?;
        let mut apply = self.begin_apply(bootstrap.through)?;
        if bootstrap.staged {
            swap(&mut apply, bootstrap.tables.as_deref())?;
        } else {
            make_indexes(apply.connection())?;
        }
        apply.release_in(|layout| is_of(bootstrap.tables.as_deref(), layout))?;
        let connection = apply.connection();
        for name in ["bootstrap", "bootstrap_through", "bootstrap_resume", "bootstrap_tables"] {
            meta::remove(connection, name)?;
        }
        meta::set(connection, "cursor", cursor)?;
        match &bootstrap.tables {
            None => set_to_fetch(connection, &[])?,
            Some(tables) => {
                let mut left = to_fetch(connection)?;
                left.retain(|table| !tables.contains(table));
                set_to_fetch(connection, &left)?;
            }
        }
        apply.finish()
    }

    fn under_way(&self) -> Result<Bootstrap, StoreError> {
        let what = "no download is under way: begin one with `begin_bootstrap`";
        self.bootstrap()?.ok_or_else(|| StoreError::State { what: what.to_owned() })
    }
}

impl Load<'_> {
    /// A row as the server has it: the values of the synced columns of the table in this place of the schema.
    ///
    /// # Errors
    ///
    /// What SQLite says, a table that the schema does not have, a row of another width.
    pub fn row(&mut self, table: usize, row: &[Value<'_>]) -> Result<(), StoreError> {
        let Some(staged) = &self.staged else { return self.apply.upsert(table, row) };
        let layout = self.apply.layout(table)?;
        let (name, expected) = (&layout.names.table, layout.places.len());
        if row.len() != expected {
            return Err(StoreError::Width { table: name.clone(), found: row.len(), expected });
        }
        let doing = || format!("staging a row of `{name}`");
        let mut statement = self.apply.connection().prepare_cached(&staged[table]).doing(doing)?;
        statement.execute(params_from_iter(row)).doing(doing)?;
        Ok(())
    }

    /// Ends the chunk; `resume` says where to go on.
    ///
    /// # Errors
    ///
    /// What SQLite says. Then nothing of the chunk stays.
    pub fn commit(self, resume: &[u8]) -> Result<(), StoreError> {
        meta::set(self.apply.connection(), "bootstrap_resume", resume)?;
        self.commit_last()
    }

    /// Ends the last chunk. Where it has to be sent again, the chunk before says where to go on.
    ///
    /// # Errors
    ///
    /// What SQLite says. Then nothing of the chunk stays.
    pub fn commit_last(self) -> Result<(), StoreError> {
        self.apply.finish()?;
        Ok(())
    }
}

/// Whether a download of these tables, of all if none are named, is of this one too.
fn is_of(tables: Option<&[String]>, layout: &Layout) -> bool {
    tables.is_none_or(|tables| tables.iter().any(|table| table == layout.table.name))
}

fn written(tables: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(tables).map_err(|error| StoreError::Damaged { what: error.to_string() })
}

/// Whether the server has had a row that is here: it may be gone there, and only a comparison would tell. Of rows that
/// were made here and never answered, it would not.
fn has_known_rows(connection: &Connection, layout: &Layout) -> Result<bool, StoreError> {
    let (table, shadow) = (quoted(&layout.names.table), quoted(&layout.names.shadow));
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM {shadow} WHERE existed = 1 OR awaiting IS NOT NULL) \
         OR EXISTS (SELECT 1 FROM {table} AS t WHERE NOT EXISTS (SELECT 1 FROM {shadow} AS s WHERE {}))",
        same_key(layout, ("s", "key_"), ("t", ""))
    );
    connection.query_row(&sql, [], |row| row.get(0)).doing(|| format!("reading `{}`", layout.names.table))
}

/// That two tables beside each other have the same key; columns have the prefix of their table.
fn same_key(layout: &Layout, left: (&str, &str), right: (&str, &str)) -> String {
    join(&layout.key, " AND ", |position| {
        let name = layout.column(*position);
        format!("{}.{} = {}.{}", left.0, shadow_column(left.1, name), right.0, shadow_column(right.1, name))
    })
}

/// The rows that are put beside a table have its columns' own names.
fn staged_ddl(layout: &Layout) -> String {
    let columns = join(layout.places.iter().enumerate(), ", ", |(position, place)| {
        let column = &layout.table.columns[*place];
        let ty = if layout.key.contains(&position) { storage(&column.ty) } else { "ANY" };
        format!("{} {ty}", quoted(column.name))
    });
    let key = join(&layout.key, ", ", |position| quoted(layout.column(*position)));
    format!("CREATE TABLE {} ({columns}, PRIMARY KEY ({key})) STRICT", quoted(&layout.names.staged))
}

fn staged_insert(layout: &Layout) -> String {
    let columns = join(0..layout.places.len(), ", ", |position| quoted(layout.column(position)));
    let values = places(1, layout.places.len());
    // A chunk that is sent again has rows that are there.
    format!("INSERT OR REPLACE INTO {} ({columns}) VALUES ({values})", quoted(&layout.names.staged))
}

/// Drops the secondary indexes of an empty table.
fn drop_indexes(connection: &Connection, layout: &Layout) -> Result<(), StoreError> {
    let doing = || format!("dropping the indexes of `{}`", layout.names.table);
    for ((kind, name), (table, _)) in recorded(connection)? {
        if kind == "index" && table == layout.names.table {
            connection.execute_batch(&format!("DROP INDEX IF EXISTS {}", quoted(&name))).doing(doing)?;
        }
    }
    Ok(())
}

/// Makes the indexes that are missing.
pub(super) fn make_indexes(connection: &Connection) -> Result<(), StoreError> {
    let there = objects(connection)?;
    for (key, (_, sql)) in recorded(connection)? {
        if key.0 == "index" && !there.contains_key(&key) {
            connection.execute_batch(&sql).doing(|| format!("making the index `{}`", key.1))?;
        }
    }
    Ok(())
}

/// Brings the rows that are there together with those beside them.
fn swap(apply: &mut Apply<'_>, tables: Option<&[String]>) -> Result<(), StoreError> {
    for table in 0..apply.tables() {
        let layout = apply.layout(table)?;
        if !is_of(tables, layout) {
            continue;
        }
        apply.expect_many(table)?;
        merge_dirty(apply, table)?;
        let names = &layout.names;
        let (live, shadow, staged) = (quoted(&names.table), quoted(&names.shadow), quoted(&names.staged));
        apply.run(&format!(
            "DELETE FROM {live} AS t WHERE NOT EXISTS (SELECT 1 FROM {staged} AS n WHERE {}) \
             AND NOT EXISTS (SELECT 1 FROM {shadow} AS s WHERE {})",
            same_key(layout, ("n", ""), ("t", "")),
            same_key(layout, ("s", "key_"), ("t", "")),
        ))?;
        let column = |position: &usize| quoted(layout.column(*position));
        let columns = join(0..layout.places.len(), ", ", |position| column(&position));
        let update = match layout.rest.as_slice() {
            [] => "NOTHING".to_owned(),
            rest => format!(
                "UPDATE SET {} WHERE {}",
                join(rest, ", ", |position| format!("{0} = excluded.{0}", column(position))),
                differ(layout, rest, &live, "excluded"),
            ),
        };
        apply.run(&format!(
            "INSERT INTO {live} ({columns}) SELECT {columns} FROM {staged} AS n \
             WHERE NOT EXISTS (SELECT 1 FROM {shadow} AS s WHERE {}) ON CONFLICT ({}) DO {update}",
            same_key(layout, ("s", "key_"), ("n", "")),
            join(&layout.key, ", ", column),
        ))?;
        apply.run(&format!("DROP TABLE {staged}"))?;
    }
    Ok(())
}

/// Tells each dirty row what the server has.
fn merge_dirty(apply: &mut Apply<'_>, table: usize) -> Result<(), StoreError> {
    let layout = apply.layout(table)?;
    let doing = || format!("reading the new rows of `{}`", layout.names.table);
    let columns = join(0..layout.places.len(), ", ", |position| quoted(layout.column(position)));
    let keys = join(layout.key.iter().enumerate(), " AND ", |(place, position)| {
        format!("{} = ?{}", quoted(layout.column(*position)), place + 1)
    });
    let sql = format!("SELECT {columns} FROM {} WHERE {keys}", quoted(&layout.names.staged));
    for key in apply.dirty_keys(table)? {
        let row = {
            let mut statement = apply.connection().prepare_cached(&sql).doing(doing)?;
            let mut rows = statement.query(params_from_iter(&key)).doing(doing)?;
            let row = rows.next().doing(doing)?;
            row.map(|row| read(&layout.names.table, row, 0, layout.places.len())).transpose()?
        };
        apply.speak(table, &key, row.as_deref())?;
    }
    Ok(())
}
