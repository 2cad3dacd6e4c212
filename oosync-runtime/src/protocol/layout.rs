//! The tuples of a body as values of a device.

use thiserror::Error;

use super::TableHeader;
use super::tuple::{Field, Tuple};
use crate::codec::{self, Wire};
use crate::schema::{Column, ColumnDefault, Schema, Table};
use crate::{Error, Value, ValueError};

/// Which field of a tuple is which column of a device's table, and in which form.
#[derive(Debug, Clone)]
pub struct Layout {
    table: &'static Table,
    /// None for a column that the device does not know.
    columns: Vec<Option<Slot>>,
    key: Vec<Slot>,
}

/// A field that is a column.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// In [`Table::columns`].
    place: usize,
    wire: Wire,
}

/// Why a device cannot read the tuples of a table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The device has no such table: whoever does not need it may pass over its tuples.
    #[error("the server sends a table `{table}`, which this schema does not have")]
    UnknownTable {
        /// Its name.
        table: String,
    },
    /// Another primary key than the device's, or rows without it.
    #[error("the server sends {table} with the key ({found}); this schema has ({expected})")]
    Key {
        /// The table.
        table: &'static str,
        /// The key's columns on the device.
        expected: String,
        /// The key's columns in the header, or those of them that its rows have.
        found: String,
    },
    /// A column comes twice.
    #[error("the server sends {table}.{column} twice")]
    Twice {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A column that no server has.
    #[error("the server sends {table}.{column}, which exists on this device alone")]
    Local {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A column comes in Postgres's binary form, which this version cannot read for its type.
    #[error("the server sends {table}.{column} in a binary form that this version does not read")]
    Form {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

impl TableHeader {
    /// The header of a table with some of its columns: what a server sends, and selects in just that order and form.
    ///
    /// Columns that only a device has are left out; the key's are always there.
    pub fn of(table: &Table, mut sent: impl FnMut(&Column) -> bool) -> Self {
        let mut chosen: Vec<&Column> = Vec::new();
        for (place, column) in table.columns.iter().enumerate() {
            let kept = table.primary_key.contains(&place) || sent(column);
            if column.default != ColumnDefault::Local && kept {
                chosen.push(column);
            }
        }
        let name = |column: &&Column| column.name.to_owned();
        Self {
            name: table.name.to_owned(),
            columns: chosen.iter().map(name).collect(),
            key: table.primary_key.iter().map(|place| table.columns[*place].name.to_owned()).collect(),
            text: chosen.iter().filter(|column| Wire::of(&column.ty) == Wire::Text).map(name).collect(),
        }
    }
}

impl Layout {
    /// For the tuples of a table, as the `H` frame describes them.
    ///
    /// # Errors
    ///
    /// Where the table is not known here, or the header does not go with it.
    pub fn of(schema: &Schema, header: &TableHeader) -> Result<Self, LayoutError> {
        let unknown = || LayoutError::UnknownTable { table: header.name.clone() };
        let table = schema.table(&header.name).ok_or_else(unknown)?;
        let mut seen = vec![false; table.columns.len()];
        let mut columns = Vec::with_capacity(header.columns.len());
        for name in &header.columns {
            let Some(place) = table.column(name) else {
                columns.push(None);
                continue;
            };
            if std::mem::replace(&mut seen[place], true) {
                return Err(LayoutError::Twice { table: table.name, column: table.columns[place].name });
            }
            columns.push(Some(slot(table, place, header)?));
        }
        let key_names = || table.primary_key.iter().map(|place| table.columns[*place].name);
        let key = |found: String| LayoutError::Key {
            table: table.name,
            expected: key_names().collect::<Vec<_>>().join(", "),
            found,
        };
        if !key_names().eq(header.key.iter().map(String::as_str)) {
            return Err(key(header.key.join(", ")));
        }
        if !table.primary_key.iter().all(|place| seen[*place]) {
            let found = table.primary_key.iter().filter(|place| seen[**place]);
            return Err(key(found.map(|place| table.columns[*place].name).collect::<Vec<_>>().join(", ")));
        }
        let key =
            table.primary_key.iter().map(|place| slot(table, *place, header)).collect::<Result<_, _>>()?;
        Ok(Self { table, columns, key })
    }

    /// The table.
    pub const fn table(&self) -> &'static Table {
        self.table
    }

    /// The columns that a row brings: places in [`Table::columns`], in the order of [`Layout::row`].
    pub fn columns(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().flatten().map(|slot| slot.place)
    }

    /// The values of a tuple of an `R` frame, each with the place of its column; what the device has no column for is
    /// passed over.
    ///
    /// # Errors
    ///
    /// Each value: where it is not what Postgres sends for the type, or null where the column cannot be.
    pub fn row<'a>(&self, tuple: Tuple<'a>) -> impl Iterator<Item = Result<(usize, Value<'a>), Error>> {
        let fields = self.columns.iter().zip(tuple.fields());
        fields.filter_map(|(slot, field)| Some(self.value((*slot)?, field)))
    }

    /// The values of a tuple of a `D` frame: the key, in its order.
    ///
    /// # Errors
    ///
    /// As [`row`](Self::row).
    pub fn key<'a>(&self, tuple: Tuple<'a>) -> impl Iterator<Item = Result<(usize, Value<'a>), Error>> {
        self.key.iter().zip(tuple.fields()).map(|(slot, field)| self.value(*slot, field))
    }

    fn value<'a>(&self, slot: Slot, field: Field<'a>) -> Result<(usize, Value<'a>), Error> {
        let column = &self.table.columns[slot.place];
        let value = match field {
            None => Ok(Value::Null),
            Some(bytes) => codec::from_form(&column.ty, slot.wire, bytes),
        };
        checked(self.table, column, value).map(|value| (slot.place, value))
    }
}

fn slot(table: &'static Table, place: usize, header: &TableHeader) -> Result<Slot, LayoutError> {
    let Column { name, ty, default, .. } = table.columns[place];
    if default == ColumnDefault::Local {
        return Err(LayoutError::Local { table: table.name, column: name });
    }
    let wire = if header.text.iter().any(|text| text == name) { Wire::Text } else { Wire::Binary };
    if wire == Wire::Binary && Wire::of(&ty) == Wire::Text {
        return Err(LayoutError::Form { table: table.name, column: name });
    }
    Ok(Slot { place, wire })
}

/// The value of a column that came from the server, or an error that says where it came from.
pub(super) fn checked<'a>(
    table: &'static Table,
    column: &'static Column,
    value: Result<Value<'a>, ValueError>,
) -> Result<Value<'a>, Error> {
    let failed = |source| Error::Value { table: table.name, column: column.name, source };
    match value.map_err(failed)? {
        Value::Null if !column.nullable => {
            Err(failed(ValueError::Null { expected: codec::name(&column.ty) }))
        }
        value => Ok(value),
    }
}
