//! The rows and entries of an old table in the form of a new one.

use rusqlite::{Connection, params_from_iter};

use super::super::convert::{convert, placeholder};
use super::super::describe::{DescribedColumn, type_name};
use super::super::entry::{Entry, Rows, ServerImage, Taken};
use super::super::image::Image;
use super::super::layout::Layout;
use super::super::sql::{join, places, quoted};
use super::Migrated;
use super::old::{Old, OldEntry, OldRow};
use crate::Value;
use crate::client::StoreError;
use crate::client::error::Doing as _;
use crate::schema::{Column, ColumnDefault};

/// Fills a new table from the old one; whether what the server has is all there.
pub(super) fn reshape(
    connection: &Connection,
    old: &Old,
    layout: &Layout,
    migrated: &mut Migrated,
) -> Result<bool, StoreError> {
    let shape = Shape::new(old, layout);
    if !shape.has_key {
        // A key of columns that were not there before: nobody here knows which row is which.
        migrated.not_kept += old.give_up(connection)?;
        return Ok(false);
    }
    shape.rows(connection)?;
    shape.entries(connection, migrated)?;
    Ok(shape.complete)
}

/// How the columns of a new table come from an old one.
struct Shape<'a> {
    old: &'a Old,
    layout: &'a Layout,
    /// For each column of the new table the place of the old one.
    from: Vec<Option<usize>>,
    /// Whether every column of the new key was there.
    has_key: bool,
    /// Whether no value of the server's is missing.
    complete: bool,
}

/// A row in the new form.
struct Reshaped {
    /// The values of all columns of the new table; nothing where the table's default is to be taken.
    values: Vec<Option<Value<'static>>>,
    /// Places of old columns whose value has no form in the new type.
    failed: Vec<usize>,
}

impl<'a> Shape<'a> {
    fn new(old: &'a Old, layout: &'a Layout) -> Self {
        let columns = layout.table.columns;
        let from: Vec<Option<usize>> = columns
            .iter()
            .map(|column| old.table.columns.iter().position(|old| old.name == column.name))
            .collect();
        let key = layout.table.primary_key;
        let synced_before =
            |place: usize| old.table.synced().any(|column| column.name == old.table.columns[place].name);
        let has_key = key.iter().all(|place| from[*place].is_some_and(synced_before));
        let complete = columns.iter().zip(&from).all(|(column, from)| {
            column.default == ColumnDefault::Local
                || from.is_some_and(|place| {
                    let before = &old.table.columns[place];
                    synced_before(place)
                        && before.ty == type_name(&column.ty)
                        && (column.nullable || !before.nullable)
                })
        });
        let keys: Vec<&str> = key.iter().map(|place| columns[*place].name).collect();
        let complete = complete && keys == old.table.primary_key;
        Self { old, layout, from, has_key, complete }
    }

    fn columns(&self) -> &'static [Column] {
        self.layout.table.columns
    }

    fn before(&self, place: usize) -> Option<(usize, &'a DescribedColumn)> {
        self.from[place].map(|from| (from, &self.old.table.columns[from]))
    }

    /// Whether the column existed only on the device, and is synced now.
    fn is_newly_synced(&self, place: usize) -> bool {
        let was_local =
            |column: &DescribedColumn| !self.old.table.synced().any(|synced| synced.name == column.name);
        self.columns()[place].default != ColumnDefault::Local
            && self.before(place).is_some_and(|(_, column)| was_local(column))
    }

    fn row(&self, row: &OldRow) -> Reshaped {
        let mut failed = Vec::new();
        let values = self.columns().iter().enumerate().map(|(place, column)| {
            let converted = match self.before(place) {
                Some((from, before)) => {
                    let converted = convert(&before.ty, &column.ty, row[from].clone());
                    if converted.is_none() {
                        failed.push(from);
                    }
                    converted.unwrap_or(Value::Null)
                }
                // The table's own default.
                None if matches!(column.default, ColumnDefault::Sqlite | ColumnDefault::Uuid) => return None,
                None => Value::Null,
            };
            Some(match converted {
                Value::Null if !column.nullable => placeholder(&column.ty),
                value => value,
            })
        });
        let values = values.collect();
        Reshaped { values, failed }
    }

    /// The synced columns of a row that is only in a shadow.
    fn image(&self, row: &OldRow) -> Image {
        let values = self.row(row).values;
        self.layout
            .places
            .iter()
            .map(|place| match &values[*place] {
                Some(value) => value.clone(),
                None if self.columns()[*place].nullable => Value::Null,
                None => placeholder(&self.columns()[*place].ty),
            })
            .collect()
    }

    fn key(&self, image: &Image) -> Vec<Value<'static>> {
        self.layout.key.iter().map(|position| image[*position].clone()).collect()
    }

    fn rows(&self, connection: &Connection) -> Result<(), StoreError> {
        let table = &self.layout.names.table;
        let doing = || format!("filling the new `{table}`");
        let given: Vec<usize> = (0..self.columns().len())
            .filter(|place| {
                self.from[*place].is_some()
                    || !matches!(self.columns()[*place].default, ColumnDefault::Sqlite | ColumnDefault::Uuid)
            })
            .collect();
        // Two rows that have one key now: the server says which of them is there.
        let sql = format!(
            "INSERT OR IGNORE INTO {} ({}) VALUES ({})",
            quoted(table),
            join(&given, ", ", |place| quoted(self.columns()[*place].name)),
            places(1, given.len())
        );
        let mut statement = connection.prepare(&sql).doing(doing)?;
        self.old.rows(connection, |row| {
            let mut values = self.row(&row).values;
            let values = given.iter().map(|place| values[*place].take().unwrap_or(Value::Null));
            statement.execute(params_from_iter(values)).doing(doing)?;
            Ok(())
        })?;
        self.newly_synced(connection)
    }

    /// Values that existed only on the device are changes, now that their column is synced.
    fn newly_synced(&self, connection: &Connection) -> Result<(), StoreError> {
        let places: Vec<usize> =
            (0..self.columns().len()).filter(|place| self.is_newly_synced(*place)).collect();
        if places.is_empty() {
            return Ok(());
        }
        let rows = Rows { connection, layout: self.layout };
        let mut dirty: Vec<Vec<Value<'static>>> = Vec::new();
        self.old.entries(connection, |entry| {
            dirty.push(self.key(&self.image(&entry.base)));
            Ok(())
        })?;
        self.old.rows(connection, |row| {
            let mut image = self.image(&row);
            let key = self.key(&image);
            let written = |place: &&usize| {
                self.before(**place).is_some_and(|(from, _)| !matches!(row[from], Value::Null))
            };
            let written: Vec<usize> = places.iter().filter(written).copied().collect();
            if written.is_empty() || dirty.contains(&key) {
                return Ok(());
            }
            for place in written {
                if let Some(position) = self.layout.places.iter().position(|synced| *synced == place) {
                    image[position] = Value::Null;
                }
            }
            rows.add(&Entry {
                seq: 0,
                key,
                existed: true,
                rev: 1,
                changed_at: 0,
                sent: None,
                awaiting: None,
                base: image,
                unknown: None,
                server: ServerImage::AsBase,
                taken: None,
                beside: [false; 2],
            })
        })
    }

    fn entries(&self, connection: &Connection, migrated: &mut Migrated) -> Result<(), StoreError> {
        let rows = Rows { connection, layout: self.layout };
        self.old.entries(connection, |entry| {
            let lost = self.lost(&entry);
            if !lost.is_empty() {
                migrated.not_kept += 1;
                self.old.note(connection, &entry, |place| lost.contains(&place))?;
            }
            for new in self.entry(&rows, &entry)? {
                if rows.entry(&new.key)?.is_some() {
                    // Another dirty row has this key now.
                    if lost.is_empty() {
                        migrated.not_kept += 1;
                        self.old.note(connection, &entry, |_| true)?;
                    }
                    continue;
                }
                rows.add(&new)?;
            }
            Ok(())
        })
    }

    /// The old columns whose unpushed values have no place.
    fn lost(&self, entry: &OldEntry) -> Vec<usize> {
        let failed = entry.current.as_ref().map(|current| self.row(current).failed).unwrap_or_default();
        let columns = self.old.table.columns.iter().enumerate();
        columns
            .filter(|(place, column)| {
                let kept = self.from.contains(&Some(*place)) && !failed.contains(place);
                entry.is_dirty(*place, column) && !kept
            })
            .map(|(place, _)| place)
            .collect()
    }

    /// The columns whose value on the server has no base here: those that are new, and those whose base has no form in
    /// them.
    fn unknown(&self, old: &OldEntry) -> Option<String> {
        let failed = self.row(&old.base).failed;
        let is_unknown = |position: &&usize| {
            let place = self.layout.places[**position];
            match self.before(place) {
                None => true,
                Some((from, before)) => {
                    failed.contains(&from)
                        || old.unknown.iter().any(|names| names.split('\n').any(|name| name == before.name))
                        || matches!(old.base[from], Value::Null) && !self.columns()[place].nullable
                }
            }
        };
        let unknown: Vec<&str> = self
            .layout
            .rest
            .iter()
            .filter(is_unknown)
            .map(|position| self.layout.column(*position))
            .collect();
        (!unknown.is_empty()).then(|| unknown.join("\n"))
    }

    /// The entry in its new form: two where the columns of the new key differ between base and row.
    fn entry(&self, rows: &Rows<'_>, old: &OldEntry) -> Result<Vec<Entry>, StoreError> {
        let server = match &old.server {
            None => ServerImage::AsBase,
            Some((row, through)) => ServerImage::Other {
                row: row.as_ref().map(|row| self.image(row)),
                through: through.map(i64::cast_unsigned),
            },
        };
        let mut base = self.image(&old.base);
        let mut entry = Entry {
            seq: 0,
            key: self.key(&base),
            existed: old.existed,
            rev: old.rev,
            changed_at: old.changed_at,
            sent: old.sent.map(i64::cast_unsigned),
            awaiting: old.awaiting.map(i64::cast_unsigned),
            base: Image::new(),
            unknown: None,
            server,
            taken: old.taken.as_ref().map(|(row, rev)| Taken { row: self.image(row), rev: *rev }),
            beside: [false; 2],
        };
        if old.existed {
            entry.unknown = self.unknown(old);
        }
        let Some(current) = &old.current else {
            entry.base = base;
            return Ok(vec![entry]);
        };
        let key = self.key(&self.image(current));
        let Some(live) = rows.current(&key)? else { return Ok(Vec::new()) };
        let failed = self.row(current).failed;
        for (position, place) in self.layout.places.iter().enumerate() {
            match self.before(*place) {
                // It has what the table's default or a placeholder says, which nobody here has written.
                None => base[position] = live[position].clone(),
                Some((from, _)) if failed.contains(&from) => base[position] = live[position].clone(),
                Some(_) if self.is_newly_synced(*place) => base[position] = Value::Null,
                Some((_, before)) if !before.is_tracked() => base[position] = live[position].clone(),
                Some((from, _)) if !old.existed && matches!(old.base[from], Value::Null) => {
                    // A placeholder here would stand for a value that was left out, and must not be pushed; one that
                    // somebody wrote must be.
                    base[position] = match current[from] {
                        Value::Null => live[position].clone(),
                        _ => Value::Null,
                    };
                }
                Some(_) => {}
            }
        }
        if entry.key == key || !old.existed {
            entry.key = key;
            entry.base = base;
            return Ok(vec![entry]);
        }
        let gone = Entry { base: self.image(&old.base), sent: None, awaiting: None, ..entry.clone() };
        let mut blank: Image = vec![Value::Null; base.len()];
        for (position, value) in self.layout.key.iter().zip(&key) {
            blank[*position] = value.clone();
        }
        let come =
            Entry { key, existed: false, base: blank, server: ServerImage::AsBase, taken: None, ..entry };
        Ok(vec![gone, come])
    }
}
