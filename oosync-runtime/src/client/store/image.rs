//! Rows as lists of values, compared exactly.

use rusqlite::Row;

use crate::Value;
use crate::client::StoreError;

/// The values of all synced columns, in the order of the table.
pub(super) type Image = Vec<Value<'static>>;

/// Whether two values are the same in every respect: 1 is not 1.0, and 0.0 is not -0.0.
pub(super) fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Real(left), Value::Real(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}

/// Reads `count` values from the column `from` on.
pub(super) fn read(
    table: &str,
    row: &Row<'_>,
    from: usize,
    count: usize,
) -> Result<Vec<Value<'static>>, StoreError> {
    (from..from + count).map(|place| read_one(table, row, place)).collect()
}

/// Reads one value.
pub(super) fn read_one(table: &str, row: &Row<'_>, place: usize) -> Result<Value<'static>, StoreError> {
    let value = row.get_ref(place).map_err(|error| error.to_string());
    value
        .and_then(|value| Value::from_rusqlite(value).map_err(|error| error.to_string()))
        .map(Value::into_owned)
        .map_err(|what| StoreError::Value { table: table.to_owned(), what })
}

/// The same values, borrowing nothing.
pub(super) fn owned(values: &[Value<'_>]) -> Image {
    values.iter().map(|value| value.as_ref().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_sqlite_calls_equal_are_told_apart() {
        assert!(!same(&Value::Integer(1), &Value::Real(1.0)));
        assert!(!same(&Value::Real(0.0), &Value::Real(-0.0)));
        assert!(same(&Value::Real(-0.0), &Value::Real(-0.0)));
        assert!(same(&Value::Null, &Value::Null));
        assert!(!same(&Value::Text("a".into()), &Value::Blob(b"a".into())));
    }
}
