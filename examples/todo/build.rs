//! Generates rows, keys and SQLite tables from the checked-in facts: no database is asked.

fn main() {
    oosync_build::compile();
}
