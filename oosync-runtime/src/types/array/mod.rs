//! Arrays: every one that Postgres holds.
//!
//! - `shape`: dimensions
//! - [`json`]: the form on the device

pub(crate) mod json;
mod serde_form;
pub(crate) mod shape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Deref;

pub use self::shape::Dimension;
use crate::{Element, Field, Value, ValueError, sql};

const NAME: &str = "array";

/// An array of Postgres: elements that may be null, up to six dimensions, and bounds that may start anywhere.
///
/// Most arrays have one dimension that starts at 1: `Vec<T>` and `Vec<Option<T>>` hold those, as fields too.
///
/// ```
/// use oosync_runtime::types::Array;
///
/// let tags: Array<String> = vec!["a".to_owned(), "b".to_owned()].into();
/// assert_eq!(tags.len(), 2);
/// assert_eq!(tags.into_vec()?, ["a", "b"]);
/// # Ok::<(), oosync_runtime::ValueError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Array<T> {
    /// The last dimension varies fastest.
    elements: Vec<Option<T>>,
    /// None where there are no elements.
    dimensions: Vec<Dimension>,
}

impl<T> Array<T> {
    /// An array of any shape; the elements of the last dimension are neighbours.
    ///
    /// # Errors
    ///
    /// Where the dimensions are more than six, do not multiply to the number of elements, or reach beyond the
    /// integers; and where an array without elements has any, since Postgres has no such array.
    pub fn new(elements: Vec<Option<T>>, dimensions: Vec<Dimension>) -> Result<Self, ValueError> {
        shape::check(&dimensions, elements.len())?;
        Ok(Self { elements, dimensions })
    }

    /// The dimensions, outermost first: none for an array without elements.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The elements: those of the last dimension are neighbours.
    pub fn into_elements(self) -> Vec<Option<T>> {
        self.elements
    }

    /// The elements of an array of one dimension that starts at 1 and has no nulls.
    ///
    /// # Errors
    ///
    /// Where it is another array.
    pub fn into_vec(self) -> Result<Vec<T>, ValueError> {
        check_plain(&self.dimensions)?;
        let elements = self.elements.into_iter().collect::<Option<_>>();
        elements.ok_or_else(|| ValueError::out_of_range("an array with nulls", "Vec<T>"))
    }
}

/// That this is what `Vec` can hold: no dimension, or one that starts at 1.
fn check_plain(dimensions: &[Dimension]) -> Result<(), ValueError> {
    match dimensions {
        [] | [Dimension { lower: 1, .. }] => Ok(()),
        [one] => Err(ValueError::out_of_range(format_args!("an array that starts at {}", one.lower), "Vec")),
        more => Err(ValueError::out_of_range(format_args!("an array of {} dimensions", more.len()), "Vec")),
    }
}

impl<T> Default for Array<T> {
    fn default() -> Self {
        Self { elements: Vec::new(), dimensions: Vec::new() }
    }
}

impl<T> Deref for Array<T> {
    type Target = [Option<T>];

    fn deref(&self) -> &[Option<T>] {
        &self.elements
    }
}

/// One dimension that starts at 1.
impl<T> From<Vec<Option<T>>> for Array<T> {
    fn from(elements: Vec<Option<T>>) -> Self {
        let dimensions = shape::plain(elements.len());
        Self { elements, dimensions }
    }
}

impl<T> From<Vec<T>> for Array<T> {
    fn from(elements: Vec<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<T> FromIterator<Option<T>> for Array<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(elements: I) -> Self {
        Self::from(elements.into_iter().collect::<Vec<_>>())
    }
}

impl<T> FromIterator<T> for Array<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        elements.into_iter().map(Some).collect()
    }
}

impl<T> IntoIterator for Array<T> {
    type Item = Option<T>;
    type IntoIter = std::vec::IntoIter<Option<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.elements.into_iter()
    }
}

impl<T: Element<S>, S> Element<sql::Array<S>> for Array<T> {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        shape::check(&self.dimensions, self.elements.len())?;
        json::write(json, &self.dimensions, self.elements.iter(), |element, json| match element {
            Some(element) => element.write_json(json),
            None => Element::<S>::write_json(&None::<T>, json),
        })
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        let json::Parsed { dimensions, elements } = json::read(json)?;
        let read = |json: &str| if json == "null" { Ok(None) } else { T::read_json(json).map(Some) };
        let elements = elements.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { elements, dimensions })
    }
}

/// Elements are `T`, or `Option<T>` where there may be nulls. An array that a `Vec` cannot hold (several
/// dimensions, another lower bound, nulls where `T` has no place for them) is refused.
impl<T: Element<S>, S> Element<sql::Array<S>> for Vec<T> {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        let dimensions = shape::plain(self.len());
        shape::check(&dimensions, self.len())?;
        json::write(json, &dimensions, self.iter(), T::write_json)
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        let json::Parsed { dimensions, elements } = json::read(json)?;
        check_plain(&dimensions)?;
        let read = |json: &str| if json == "null" { T::null() } else { T::read_json(json) };
        elements.into_iter().map(read).collect()
    }
}

macro_rules! columns {
    ($($array:ident)+) => {$(
        impl<T: Element<S>, S> Field<sql::Array<S>> for $array<T> {
            fn encode(&self) -> Result<Value<'_>, ValueError> {
                let mut json = String::new();
                Element::<sql::Array<S>>::write_json(self, &mut json)?;
                Ok(Value::Text(Cow::Owned(json)))
            }

            fn decode(value: Value<'_>) -> Result<Self, ValueError> {
                match value {
                    Value::Text(json) => <Self as Element<sql::Array<S>>>::read_json(&json),
                    other => Err(ValueError::kind(&other, NAME)),
                }
            }
        }
    )+};
}

columns! { Array Vec }
