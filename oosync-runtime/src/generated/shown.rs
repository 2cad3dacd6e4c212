//! Rows and forms as `Debug` shows them.

use std::fmt;

use super::fields::{Pass, To};
use super::record::Record;
use crate::Value;
use crate::row::{Insert, Patch, Row as _, RowWriter};
use crate::schema::{ColumnType, Table};

/// Shows a row: the name of each column, and its field as that shows itself.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_row<R: Record>(row: &R, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    let mut columns = R::TABLE.columns.iter();
    row.pass(
        row,
        Pass(To::Show(&mut |field| {
            shown.field(columns.next().map_or("?", |column| column.name), field);
        })),
    );
    shown.finish()
}

/// Shows the form of a new row: the columns that have a value.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_insert<I: Insert>(form: &I, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut row = RowWriter::new(I::Row::TABLE);
    form.write(&mut row);
    debug(row, I::Row::TABLE, name, f)
}

/// Shows what is changed of a row: the columns that change.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_patch<P: Patch>(patch: &P, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut row = RowWriter::new(P::Row::TABLE);
    patch.write(&mut row);
    debug(row, P::Row::TABLE, name, f)
}

fn debug(row: RowWriter<'_>, table: &Table, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    match row.into_values() {
        Ok(values) => {
            for (place, value) in &values {
                let Some(column) = table.columns.get(*place) else { continue };
                shown.field(column.name, &Shown { value, ty: &column.ty });
            }
        }
        Err(error) => {
            shown.field("error", &error);
        }
    }
    shown.finish()
}

/// A value as its type is read: a boolean as such, a UUID in its text form, a time without quotes.
struct Shown<'a> {
    value: &'a Value<'a>,
    ty: &'a ColumnType,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.value, self.ty) {
            (Value::Null, _) => f.write_str("None"),
            (Value::Integer(0), ColumnType::Bool) => f.write_str("false"),
            (Value::Integer(1), ColumnType::Bool) => f.write_str("true"),
            (Value::Integer(value), _) => fmt::Debug::fmt(value, f),
            (Value::Real(value), _) => fmt::Debug::fmt(value, f),
            (Value::Text(text), ColumnType::Text) => fmt::Debug::fmt(text, f),
            (Value::Text(text), _) => f.write_str(text),
            (Value::Blob(bytes), ColumnType::Uuid) => match uuid::Uuid::from_slice(bytes) {
                Ok(uuid) => fmt::Display::fmt(&uuid, f),
                Err(_) => fmt::Debug::fmt(bytes, f),
            },
            (Value::Blob(bytes), _) => fmt::Debug::fmt(bytes, f),
        }
    }
}
