//! The form of an array on the device: `["a",null]`, lists in lists for more dimensions, and, where subscripts do
//! not start at 1, `{"lower":[0,1],"values":[["a"]]}`.
//!
//! An element that is itself an array (of a domain over an array: the only way Postgres has) is always written with
//! braces, so that lists in lists are dimensions and nothing else.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::shape::{self, Dimension, MAX_DIMENSIONS};
use crate::ValueError;

/// Appends an array; `element` appends one element, or `null`. There are as many elements as the shape has.
///
/// # Errors
///
/// Those of `element`.
pub(crate) fn write<T>(
    json: &mut String,
    dimensions: &[Dimension],
    elements: impl Iterator<Item = T>,
    mut element: impl FnMut(T, &mut String) -> Result<(), ValueError>,
) -> Result<(), ValueError> {
    if dimensions.is_empty() {
        json.push_str("[]");
        return Ok(());
    }
    let bounds = dimensions.iter().any(|dimension| dimension.lower != 1);
    if bounds {
        json.push_str("{\"lower\":[");
        for (place, dimension) in dimensions.iter().enumerate() {
            if place > 0 {
                json.push(',');
            }
            json.push_str(&dimension.lower.to_string());
        }
        json.push_str("],\"values\":");
    }
    shape::nest(json, dimensions, ['[', ',', ']'], elements, |item, json| {
        let start = json.len();
        element(item, json)?;
        if json[start..].starts_with('[') {
            json.insert_str(start, "{\"values\":");
            json.push('}');
        }
        Ok(())
    })?;
    if bounds {
        json.push('}');
    }
    Ok(())
}

/// An array taken apart.
pub(crate) struct Parsed<'a> {
    pub(crate) dimensions: Vec<Dimension>,
    /// One JSON value each; `null` for null.
    pub(crate) elements: Vec<&'a str>,
}

/// An array whose subscripts do not start at 1, or that is an element.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounded<'a> {
    #[serde(default)]
    lower: Option<Vec<i32>>,
    #[serde(borrow)]
    values: &'a RawValue,
}

/// Takes apart an array.
///
/// # Errors
///
/// Where the text is none, lists of one dimension differ in length, or Postgres has no such array.
pub(crate) fn read(json: &str) -> Result<Parsed<'_>, ValueError> {
    let invalid = || ValueError::invalid(json, super::NAME);
    let trimmed = json.trim_ascii_start();
    let (lower, values) = if trimmed.starts_with('{') {
        let Bounded { lower, values } = serde_json::from_str(trimmed).map_err(|_| invalid())?;
        (lower, values.get())
    } else {
        (None, trimmed)
    };
    let mut elements = list(values).ok_or_else(invalid)?;
    let mut lengths = Vec::new();
    if !elements.is_empty() {
        lengths.push(elements.len());
    }
    // Each round takes one level of lists apart.
    while elements.first().is_some_and(|first| first.starts_with('[')) {
        if lengths.len() == MAX_DIMENSIONS {
            return Err(invalid());
        }
        let rows = elements.iter().map(|row| list(row)).collect::<Option<Vec<_>>>().ok_or_else(invalid)?;
        let length = rows.first().map_or(0, Vec::len);
        if length == 0 || rows.iter().any(|row| row.len() != length) {
            return Err(invalid());
        }
        lengths.push(length);
        elements = rows.concat();
    }
    if elements.iter().any(|element| element.starts_with('[')) {
        return Err(invalid());
    }
    let lower = lower.unwrap_or_else(|| vec![1; lengths.len()]);
    if lower.len() != lengths.len() {
        return Err(invalid());
    }
    let dimension =
        |(length, lower): (usize, i32)| i32::try_from(length).ok().map(|length| Dimension { length, lower });
    let dimensions = lengths.into_iter().zip(lower).map(dimension).collect::<Option<Vec<_>>>();
    let dimensions = dimensions.ok_or_else(invalid)?;
    shape::check(&dimensions, elements.len())?;
    Ok(Parsed { dimensions, elements })
}

/// The items of a JSON list.
fn list(json: &str) -> Option<Vec<&str>> {
    let items = serde_json::from_str::<Vec<&RawValue>>(json).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}
