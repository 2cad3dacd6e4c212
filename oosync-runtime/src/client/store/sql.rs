//! Pieces of SQL.

use crate::schema::ColumnType;

/// A name as SQLite needs it written, always quoted.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name as a string.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Joins what `piece` makes of each item.
pub(super) fn join<T>(
    items: impl IntoIterator<Item = T>,
    with: &str,
    piece: impl FnMut(T) -> String,
) -> String {
    items.into_iter().map(piece).collect::<Vec<_>>().join(with)
}

/// Joins conditions by `operator` as a balanced tree: SQLite refuses expressions that are more than 1,000 deep, and a
/// chain of conditions is as deep as it is long.
pub(super) fn balanced(conditions: &[String], operator: &str) -> String {
    match conditions {
        [] => "0".to_owned(),
        [one] => one.clone(),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            format!("({} {operator} {})", balanced(left, operator), balanced(right, operator))
        }
    }
}

/// `?1, ?2, …`
pub(super) fn places(from: usize, count: usize) -> String {
    join(from..from + count, ", ", |place| format!("?{place}"))
}

/// What a strict table declares for this type.
pub(super) const fn storage(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Bool
        | ColumnType::Int2
        | ColumnType::Int4
        | ColumnType::Int8
        | ColumnType::Oid
        | ColumnType::Money => "INTEGER",
        ColumnType::Float4 | ColumnType::Float8 => "ANY",
        ColumnType::Uuid | ColumnType::Bytea => "BLOB",
        _ => "TEXT",
    }
}

/// The present time in milliseconds since 1970, in a form that every SQLite knows.
pub(super) const NOW: &str = "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_as_deep_as_its_length_has_digits() {
        let conditions: Vec<String> = (0..1600).map(|number| format!("c{number}")).collect();
        let tree = balanced(&conditions, "OR");
        let mut depth = 0_usize;
        let mut deepest = 0;
        for letter in tree.chars() {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        assert_eq!(deepest, 11);
        assert_eq!(balanced(&conditions[..1], "OR"), "c0");
    }
}
