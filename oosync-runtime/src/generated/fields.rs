//! Lists of columns: tuples of up to sixteen fields, or of such tuples.

use std::fmt;

use crate::row::{RowReader, RowWriter};
use crate::sql::Groups;
use crate::{Error, Field};

/// Columns that are read together; their markers are `S`.
///
/// A tuple of fields goes with a tuple of markers, a tuple of tuples with [`Groups`] of their markers.
pub trait Fields<S>: Sized {
    /// Reads the next columns.
    ///
    /// # Errors
    ///
    /// Where the value of one does not fit.
    fn take(row: &mut RowReader<'_>) -> Result<Self, Error>;
}

/// The fields of a row by reference; their markers are `S`, as for [`Fields`].
pub trait FieldRefs<'v, S>: Copy {
    /// Puts each into its column.
    fn put(self, row: &mut RowWriter<'v>);

    /// Whether each equals that of another row.
    fn same(self, other: Self) -> bool;

    /// Shows each.
    fn show(self, to: &mut dyn FnMut(&dyn fmt::Debug));
}

/// What is done with the fields of a row: it is handed to [`Record::pass`](super::Record::pass).
pub struct Pass<'a, 'v>(pub(super) To<'a, 'v>);

pub(super) enum To<'a, 'v> {
    Put(&'a mut RowWriter<'v>),
    Compare(&'a mut bool),
    Show(&'a mut dyn FnMut(&dyn fmt::Debug)),
}

impl fmt::Debug for Pass<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            To::Put(_) => "Pass::Put",
            To::Compare(_) => "Pass::Compare",
            To::Show(_) => "Pass::Show",
        })
    }
}

impl<'v> Pass<'_, 'v> {
    /// Takes the fields of a row and those of the row that it may be compared with.
    pub fn fields<S, F: FieldRefs<'v, S>>(self, row: F, other: F) {
        match self.0 {
            To::Put(writer) => row.put(writer),
            To::Compare(same) => *same = row.same(other),
            To::Show(to) => row.show(to),
        }
    }
}

macro_rules! lists {
    ($($field:ident $marker:ident $kind:ident),+) => {
        impl<$($field: Field<$marker>, $marker),+> Fields<($($marker,)+)> for ($($field,)+) {
            fn take(row: &mut RowReader<'_>) -> Result<Self, Error> {
                Ok(($(row.take::<$marker, $field>()?,)+))
            }
        }

        impl<$($field: Fields<$marker>, $marker),+> Fields<Groups<($($marker,)+)>> for ($($field,)+) {
            fn take(row: &mut RowReader<'_>) -> Result<Self, Error> {
                Ok(($($field::take(row)?,)+))
            }
        }

        #[allow(non_snake_case, reason = "values are called as their types")]
        impl<'v, $($field: Field<$marker> + PartialEq + fmt::Debug, $marker),+> FieldRefs<'v, ($($marker,)+)>
            for ($(&'v $field,)+)
        {
            fn put(self, row: &mut RowWriter<'v>) {
                let ($($field,)+) = self;
                $(row.put_next::<$marker, _>($field);)+
            }

            fn same(self, other: Self) -> bool {
                let ($($field,)+) = self;
                // The names of markers are free among values, and each goes with one field.
                let ($($marker,)+) = other;
                true $(&& $field == $marker)+
            }

            fn show(self, to: &mut dyn FnMut(&dyn fmt::Debug)) {
                let ($($field,)+) = self;
                $(to($field);)+
            }
        }

        #[allow(non_snake_case, reason = "values are called as their types")]
        impl<'v, $($field: FieldRefs<'v, $marker>, $marker),+> FieldRefs<'v, Groups<($($marker,)+)>>
            for ($($field,)+)
        {
            fn put(self, row: &mut RowWriter<'v>) {
                let ($($field,)+) = self;
                $($field.put(row);)+
            }

            fn same(self, other: Self) -> bool {
                let ($($field,)+) = self;
                let ($($marker,)+) = other;
                true $(&& $field.same($marker))+
            }

            fn show(self, to: &mut dyn FnMut(&dyn fmt::Debug)) {
                let ($($field,)+) = self;
                $($field.show(to);)+
            }
        }
    };
}

each_length!(lists);
