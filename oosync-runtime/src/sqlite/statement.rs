//! The SQL of a row's statements.

use std::fmt::Write as _;

use crate::schema::Table;

/// A name as SQLite needs it written, always quoted: a plain name may be a keyword of some version.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"id", "title"`
pub(super) fn names(table: &Table, columns: impl IntoIterator<Item = usize>) -> String {
    let mut list = String::new();
    for column in columns {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&quoted(table.columns[column].name));
    }
    list
}

/// `"id" = ?1 AND "part" = ?2`, numbered from `first`.
pub(super) fn key_is(table: &Table, first: usize) -> String {
    let mut condition = String::new();
    for (place, column) in table.primary_key.iter().enumerate() {
        let and = if place > 0 { " AND " } else { "" };
        // Writing to a string does not fail.
        let _ = write!(condition, "{and}{} = ?{}", quoted(table.columns[*column].name), first + place);
    }
    condition
}

/// `"title" = ?1, "done" = ?2`
pub(super) fn assignments(table: &Table, columns: &[usize]) -> String {
    let mut list = String::new();
    for (place, column) in columns.iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        let _ = write!(list, "{comma}{} = ?{}", quoted(table.columns[*column].name), place + 1);
    }
    list
}

/// `INSERT INTO … VALUES …`, without what follows.
pub(super) fn insert(table: &Table, columns: &[usize]) -> String {
    let name = quoted(table.name);
    if columns.is_empty() {
        return format!("INSERT INTO {name} DEFAULT VALUES");
    }
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    let names = names(table, columns.iter().copied());
    format!("INSERT INTO {name} ({names}) VALUES ({})", places.join(", "))
}

/// What makes an insert an upsert: the key stays, every other column that was put is overwritten.
pub(super) fn on_conflict(table: &Table, columns: &[usize]) -> String {
    let key = names(table, table.primary_key.iter().copied());
    let mut list = String::new();
    for column in columns.iter().filter(|column| !table.primary_key.contains(column)) {
        let comma = if list.is_empty() { "" } else { ", " };
        let name = quoted(table.columns[*column].name);
        let _ = write!(list, "{comma}{name} = excluded.{name}");
    }
    if list.is_empty() {
        // RETURNING gives nothing for a row that DO NOTHING left alone.
        let first = quoted(table.columns[table.primary_key[0]].name);
        list = format!("{first} = {first}");
    }
    format!(" ON CONFLICT ({key}) DO UPDATE SET {list}")
}
