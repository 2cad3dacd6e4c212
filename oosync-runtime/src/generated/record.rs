//! What a table's module says of its row, and what follows from that.

use super::fields::{Pass, To};
use crate::Error;
use crate::row::{Insert, Row, RowReader, RowWriter, Syncable};
use crate::schema::Table;

/// A generated row: it has every column of its table.
///
/// With it come [`Row`], [`Syncable`] and [`Insert`], so that a table says all this once.
pub trait Record: Sized {
    /// The table.
    const TABLE: &'static Table;

    /// The primary key.
    type Key;

    /// Reads every column, in the order of the table.
    ///
    /// # Errors
    ///
    /// Where a value does not fit its field.
    fn read(row: &mut RowReader<'_>) -> Result<Self, Error>;

    /// The key of this row.
    fn key(&self) -> Self::Key;

    /// Puts the columns of a key.
    fn write_key<'v>(key: &'v Self::Key, row: &mut RowWriter<'v>);

    /// Hands the fields of two rows to [`Pass::fields`]; the second is what the first is compared with, if it is.
    fn pass<'v>(&'v self, other: &'v Self, pass: Pass<'_, 'v>);
}

#[diagnostic::do_not_recommend]
impl<R: Record> Row for R {
    const TABLE: &'static Table = <R as Record>::TABLE;
    const COLUMNS: &'static [usize] = places(<R as Record>::TABLE);

    fn read(row: &mut RowReader<'_>) -> Result<Self, Error> {
        <R as Record>::read(row)
    }
}

#[diagnostic::do_not_recommend]
impl<R: Record> Syncable for R {
    type Key = <R as Record>::Key;

    fn key(&self) -> Self::Key {
        Record::key(self)
    }

    fn write_key<'v>(key: &'v Self::Key, row: &mut RowWriter<'v>) {
        <R as Record>::write_key(key, row);
    }

    fn write<'v>(&'v self, row: &mut RowWriter<'v>) {
        self.pass(self, Pass(To::Put(row)));
    }
}

#[diagnostic::do_not_recommend]
impl<R: Record> Insert for R {
    type Row = R;

    fn write<'v>(&'v self, row: &mut RowWriter<'v>) {
        self.pass(self, Pass(To::Put(row)));
    }
}

/// Whether every field of two rows is equal: what `PartialEq` is for generated rows.
pub fn same<R: Record>(row: &R, other: &R) -> bool {
    let mut same = false;
    row.pass(other, Pass(To::Compare(&mut same)));
    same
}

/// SQLite has no tables of more columns than this: <https://www.sqlite.org/limits.html>, 2.
const MOST: usize = 2000;

/// The places of all columns.
const fn places(table: &'static Table) -> &'static [usize] {
    const ALL: &[usize; MOST] = &{
        let mut all = [0; MOST];
        let mut place = 0;
        while place < MOST {
            all[place] = place;
            place += 1;
        }
        all
    };
    ALL.split_at(table.columns.len()).0
}
