//! What a new row or a change has: lists as those of rows, whose items may be left out.

use crate::Field;
use crate::row::{Defaulted, RowWriter, ServerFilled};
use crate::sql::{Groups, Nullable};

/// The fields of a form by reference; their markers are `S`, and `K` says how each stands in the form.
///
/// `K` is always inferred: no field can stand in a form in two ways.
pub trait FormRefs<'v, S, K>: Copy {
    /// Puts each that has a value into its column.
    fn put(self, row: &mut RowWriter<'v>);
}

/// How a field stands in a form.
pub mod kinds {
    /// As in the row.
    #[derive(Debug)]
    pub enum Plain {}

    /// Without the null that the row has until the server has filled it, or for those who may not see it.
    #[derive(Debug)]
    pub enum NotNull {}

    /// It may be left to a default of the device, or of the server.
    #[derive(Debug)]
    pub struct Defaulted<K>(std::convert::Infallible, std::marker::PhantomData<K>);

    /// It may be left as it is.
    #[derive(Debug)]
    pub enum Changed {}

    /// The form does not have it.
    #[derive(Debug)]
    pub enum Absent {}
}

impl<'v, S, T: Field<S>> FormRefs<'v, S, kinds::Plain> for &'v T {
    fn put(self, row: &mut RowWriter<'v>) {
        row.put_next::<S, T>(self);
    }
}

impl<'v, S, T: Field<S>> FormRefs<'v, Nullable<S>, kinds::NotNull> for &'v T {
    fn put(self, row: &mut RowWriter<'v>) {
        row.put_next::<S, T>(self);
    }
}

impl<'v, S, K, T> FormRefs<'v, S, kinds::Defaulted<K>> for &'v Defaulted<T>
where
    &'v T: FormRefs<'v, S, K>,
{
    fn put(self, row: &mut RowWriter<'v>) {
        match self {
            Defaulted::Value(value) => value.put(row),
            Defaulted::Default => row.skip(),
        }
    }
}

impl<'v, S, K, T> FormRefs<'v, S, kinds::Defaulted<K>> for &'v ServerFilled<T>
where
    &'v T: FormRefs<'v, S, K>,
{
    fn put(self, row: &mut RowWriter<'v>) {
        match self {
            ServerFilled::Value(value) => value.put(row),
            ServerFilled::Default => row.skip(),
        }
    }
}

impl<'v, S, T: Field<S>> FormRefs<'v, S, kinds::Changed> for &'v Option<T> {
    fn put(self, row: &mut RowWriter<'v>) {
        match self {
            Some(value) => row.put_next::<S, T>(value),
            None => row.skip(),
        }
    }
}

impl<S> FormRefs<'_, S, kinds::Absent> for () {
    fn put(self, row: &mut RowWriter<'_>) {
        row.skip();
    }
}

macro_rules! lists {
    ($($field:ident $marker:ident $kind:ident),+) => {
        #[allow(non_snake_case, reason = "values are called as their types")]
        impl<'v, $($field: FormRefs<'v, $marker, $kind>, $marker, $kind),+>
            FormRefs<'v, ($($marker,)+), ($($kind,)+)> for ($($field,)+)
        {
            fn put(self, row: &mut RowWriter<'v>) {
                let ($($field,)+) = self;
                $($field.put(row);)+
            }
        }

        #[allow(non_snake_case, reason = "values are called as their types")]
        impl<'v, $($field: FormRefs<'v, $marker, $kind>, $marker, $kind),+>
            FormRefs<'v, Groups<($($marker,)+)>, Groups<($($kind,)+)>> for ($($field,)+)
        {
            fn put(self, row: &mut RowWriter<'v>) {
                let ($($field,)+) = self;
                $($field.put(row);)+
            }
        }
    };
}

each_length!(lists);
