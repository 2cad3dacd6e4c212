//! The dimensions of an array.

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// Postgres's `MAXDIM`.
pub(crate) const MAX_DIMENSIONS: usize = 6;

/// Postgres's `MaxArraySize` is no larger on any machine: 1 GB of pointers.
const MAX_ELEMENTS: usize = 134_217_727;

/// One dimension of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dimension {
    /// How many elements there are.
    pub length: i32,
    /// The subscript of the first one; 1 unless somebody chose another.
    pub lower: i32,
}

/// The dimensions of a list: more elements than Postgres holds are for [`check`] to refuse.
pub(crate) fn plain(length: usize) -> Vec<Dimension> {
    match i32::try_from(length).unwrap_or(i32::MAX) {
        0 => Vec::new(),
        length => vec![Dimension { length, lower: 1 }],
    }
}

/// Checks that Postgres has arrays of these dimensions, and that they have so many elements.
///
/// # Errors
///
/// Where it is not so.
pub(crate) fn check(dimensions: &[Dimension], elements: usize) -> Result<(), ValueError> {
    if dimensions.len() > MAX_DIMENSIONS {
        return Err(ValueError::out_of_range(
            format_args!("an array of {} dimensions", dimensions.len()),
            "array",
        ));
    }
    let mut product = usize::from(!dimensions.is_empty());
    for dimension in dimensions {
        let length = usize::try_from(dimension.length).unwrap_or(0);
        product = product.saturating_mul(length);
        // The upper bound's successor is an integer too, for Postgres: `ArrayCheckBounds`.
        if length == 0 || dimension.lower.checked_add(dimension.length).is_none() {
            let Dimension { length, lower } = dimension;
            return Err(ValueError::out_of_range(
                format_args!("a dimension of {length} from {lower}"),
                "array",
            ));
        }
    }
    if product != elements || elements > MAX_ELEMENTS {
        return Err(ValueError::invalid(
            format_args!("a shape of {product} with {elements} elements"),
            "array",
        ));
    }
    Ok(())
}

/// Appends elements as lists in lists: `marks` open a list, part its items, and close it.
///
/// # Errors
///
/// Those of `element`, which appends one.
pub(crate) fn nest<T>(
    text: &mut String,
    dimensions: &[Dimension],
    [open, part, close]: [char; 3],
    elements: impl Iterator<Item = T>,
    mut element: impl FnMut(T, &mut String) -> Result<(), ValueError>,
) -> Result<(), ValueError> {
    // How many elements each list of a dimension spans, innermost first.
    let mut spans = Vec::with_capacity(dimensions.len());
    for dimension in dimensions.iter().rev() {
        let inner = spans.last().copied().unwrap_or(1_usize);
        spans.push(inner.saturating_mul(usize::try_from(dimension.length).unwrap_or(0)));
    }
    for (place, item) in elements.enumerate() {
        let starting = spans.iter().filter(|&&span| place.is_multiple_of(span)).count();
        if place > 0 {
            text.extend(std::iter::repeat_n(close, starting));
            text.push(part);
        }
        text.extend(std::iter::repeat_n(open, starting));
        element(item, text)?;
    }
    text.extend(std::iter::repeat_n(close, dimensions.len()));
    Ok(())
}
