//! Rows as structs: what generated code and `#[derive(Syncable)]` implement.
//!
//! Everything that depends on a table is data ([`Table`]); the code here is the same for all of them, so that a
//! table costs the compiler little more than its structs.

use std::marker::PhantomData;

use crate::schema::Table;
use crate::{Error, Field, Value};

/// A struct whose fields are columns of a table: what a query gives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row of a synced table",
    note = "use a generated struct, or `#[derive(Syncable)]`"
)]
pub trait Row: Sized {
    /// The table.
    const TABLE: &'static Table;
    /// The columns that the struct has: places in [`Table::columns`], in the order of `read` and `write`.
    const COLUMNS: &'static [usize];

    /// Reads the columns of [`Row::COLUMNS`], one after the other.
    ///
    /// # Errors
    ///
    /// Where a value does not fit its field.
    fn read(row: &mut RowReader<'_>) -> Result<Self, Error>;
}

/// A [`Row`] that knows which row it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no place for the whole primary key",
    note = "a struct with every column of the key can be read by key, changed and deleted"
)]
pub trait Syncable: Row {
    /// The primary key: the column's type, or a struct of them.
    type Key;

    /// The key of this row.
    fn key(&self) -> Self::Key;

    /// Puts the columns of a key.
    fn write_key<'v>(key: &'v Self::Key, row: &mut RowWriter<'v>);

    /// Puts the columns of [`Row::COLUMNS`].
    fn write<'v>(&'v self, row: &mut RowWriter<'v>);
}

/// What a new row is made of: a whole row, or a form that leaves out what has a default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` lacks columns that a new row needs",
    note = "every column that is not null and has no default must be there; `#[syncable(insert)]` at a derived row says \
            which are missing"
)]
pub trait Insert {
    /// The row that comes of it.
    type Row: Syncable;

    /// Puts the columns that have a value.
    fn write<'v>(&'v self, row: &mut RowWriter<'v>);
}

/// What is changed of a row; columns that are not put stay as they are.
pub trait Patch {
    /// The row that is changed.
    type Row: Syncable;

    /// Puts the columns that change.
    fn write<'v>(&'v self, row: &mut RowWriter<'v>);
}

/// A column of an insert form that the device fills if it is left out: by a constant, the time, a new UUID, a
/// leased number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Defaulted<T> {
    /// What the schema says.
    #[default]
    Default,
    /// This value.
    Value(T),
}

impl<T> From<T> for Defaulted<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// A column of an insert form that the server fills if it is left out; it is null on the device until then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ServerFilled<T> {
    /// What the server makes of it.
    #[default]
    Default,
    /// This value.
    Value(T),
}

impl<T> From<T> for ServerFilled<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// Where the values of a row come from.
pub trait RowSource {
    /// The value in this place.
    ///
    /// # Errors
    ///
    /// Where the source cannot give one: a text that is not UTF-8.
    fn value(&self, place: usize) -> Result<Value<'_>, crate::ValueError>;
}

impl RowSource for [Value<'_>] {
    fn value(&self, place: usize) -> Result<Value<'_>, crate::ValueError> {
        Ok(self.get(place).map_or(Value::Null, Value::as_ref))
    }
}

/// Reads a row column by column.
pub struct RowReader<'r> {
    source: &'r dyn RowSource,
    table: &'static Table,
    columns: &'static [usize],
    next: usize,
}

impl std::fmt::Debug for RowReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowReader").field("table", &self.table.name).field("next", &self.next).finish()
    }
}

impl<'r> RowReader<'r> {
    /// Reads the columns of `R`.
    pub fn new<R: Row>(source: &'r dyn RowSource) -> Self {
        Self { source, table: R::TABLE, columns: R::COLUMNS, next: 0 }
    }

    /// The next column.
    ///
    /// # Errors
    ///
    /// Where its value does not fit.
    pub fn take<S, T: Field<S>>(&mut self) -> Result<T, Error> {
        let place = self.next;
        self.next += 1;
        let value = self.source.value(place).and_then(T::decode);
        value.map_err(|source| self.error(place, source))
    }

    /// The next columns, as many as the tuple has; for generated code.
    ///
    /// # Errors
    ///
    /// Where a value does not fit.
    pub fn take_all<T: crate::Fields<S>, S>(&mut self) -> Result<T, Error> {
        T::take(self)
    }

    /// The next column, read by a function of the caller's own.
    ///
    /// # Errors
    ///
    /// Those of the function.
    pub fn take_with<T>(
        &mut self,
        decode: impl FnOnce(Value<'_>) -> Result<T, crate::ValueError>,
    ) -> Result<T, Error> {
        let place = self.next;
        self.next += 1;
        self.source.value(place).and_then(decode).map_err(|source| self.error(place, source))
    }

    #[cold]
    fn error(&self, place: usize, source: crate::ValueError) -> Error {
        let column = self.columns.get(place).and_then(|column| self.table.columns.get(*column));
        Error::Value { table: self.table.name, column: column.map_or("?", |column| column.name), source }
    }
}

/// Gathers the columns of a row that is written.
///
/// A value that its column cannot hold is remembered and reported at the end, so that the code which puts values,
/// of which every table has some, needs no error handling.
#[derive(Debug)]
pub struct RowWriter<'v> {
    table: &'static Table,
    values: Vec<(usize, Value<'v>)>,
    /// The place of the column that `put_next` puts.
    next: usize,
    error: Option<Error>,
}

impl<'v> RowWriter<'v> {
    /// Nothing put so far.
    pub const fn new(table: &'static Table) -> Self {
        Self { table, values: Vec::new(), next: 0, error: None }
    }

    /// Puts the column in this place of [`Table::columns`].
    pub fn put<S, T: Field<S>>(&mut self, column: usize, field: &'v T) {
        match field.encode() {
            Ok(value) => self.values.push((column, value)),
            Err(source) => self.refuse(column, source),
        }
    }

    /// Puts a column, written by a function of the caller's own.
    pub fn put_with<T>(
        &mut self,
        column: usize,
        field: &'v T,
        encode: impl FnOnce(&'v T) -> Result<Value<'v>, crate::ValueError>,
    ) {
        match encode(field) {
            Ok(value) => self.values.push((column, value)),
            Err(source) => self.refuse(column, source),
        }
    }

    /// Puts the columns of a form, from the first of the table on; for generated code.
    pub fn put_all<S, K, F: crate::FormRefs<'v, S, K>>(&mut self, form: F) {
        form.put(self);
    }

    /// Puts the column after the last that was put or skipped so.
    pub(crate) fn put_next<S, T: Field<S>>(&mut self, field: &'v T) {
        self.put(self.next, field);
        self.next += 1;
    }

    /// Leaves a column out.
    pub(crate) const fn skip(&mut self) {
        self.next += 1;
    }

    /// What was put: places in [`Table::columns`] and values.
    ///
    /// # Errors
    ///
    /// The first value that its column cannot hold.
    pub fn into_values(self) -> Result<Vec<(usize, Value<'v>)>, Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.values),
        }
    }

    #[cold]
    fn refuse(&mut self, column: usize, source: crate::ValueError) {
        let column = self.table.columns.get(column).map_or("?", |column| column.name);
        self.error.get_or_insert(Error::Value { table: self.table.name, column, source });
    }
}

/// A column of the row `R` with the type `S`, to be used in queries: `Todo::TITLE`.
pub struct RowColumn<R, S> {
    pub(crate) place: usize,
    row: PhantomData<fn() -> (R, S)>,
}

impl<R, S> RowColumn<R, S> {
    /// The column in this place of [`Table::columns`]; for generated code.
    pub const fn new(place: usize) -> Self {
        Self { place, row: PhantomData }
    }
}

impl<R, S> Clone for RowColumn<R, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, S> Copy for RowColumn<R, S> {}

impl<R, S> std::fmt::Debug for RowColumn<R, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RowColumn").field(&self.place).finish()
    }
}
