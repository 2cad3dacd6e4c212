//! The store's own tables.

use super::layout::{Layout, shadow_column};
use super::sql::{join, quoted, storage};

/// The newest form of these tables that this program knows.
pub(super) const FORMAT: i64 = 1;

/// The tables that are there once.
///
/// - `meta`: what the file says of itself
/// - `object`: what SQLite said of each table, index, trigger and view when it was made
/// - `silence`: has a row while the server's rows are written, in that very transaction; triggers look there
/// - `batch`, `sent`, `sent_column`: what was sent and not answered
/// - `inbox`, `inbox_column`: what the user should know: conflicts, rejections, values that could not be kept
/// - `lease`: blocks of numbers, from `next` to `last`
/// - `holder`: which process syncs
pub(super) const SYSTEM_DDL: &str = "
CREATE TABLE _oosync_meta (name TEXT PRIMARY KEY NOT NULL, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE _oosync_object (
  type TEXT NOT NULL, name TEXT NOT NULL, tbl TEXT NOT NULL, sql TEXT NOT NULL, PRIMARY KEY (type, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE _oosync_silence (on_ INTEGER PRIMARY KEY) STRICT;
CREATE TABLE _oosync_batch (
  id INTEGER PRIMARY KEY, made_at INTEGER NOT NULL, schema_hash TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE _oosync_sent (
  id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, tbl TEXT NOT NULL, op TEXT NOT NULL, rev INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE _oosync_sent_column (
  mutation INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, is_key INTEGER NOT NULL, base ANY, value ANY,
  PRIMARY KEY (mutation, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE _oosync_inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, tbl TEXT NOT NULL, op TEXT NOT NULL, mutation INTEGER,
  code TEXT, message TEXT, detail TEXT, at INTEGER NOT NULL
) STRICT;
CREATE TABLE _oosync_inbox_column (
  item INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, is_key INTEGER NOT NULL,
  lost INTEGER NOT NULL, base ANY, mine ANY, theirs ANY, PRIMARY KEY (item, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE _oosync_lease (
  tbl TEXT NOT NULL, col TEXT NOT NULL, next INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (tbl, col, last)
) STRICT, WITHOUT ROWID;
CREATE TABLE _oosync_holder (
  one INTEGER PRIMARY KEY CHECK (one = 1), holder TEXT NOT NULL, until INTEGER NOT NULL
) STRICT;
";

/// The shadow of a table and the server's rows beside it.
///
/// The base has the type ANY, so that each value is kept as it was. Key columns have the type of the table's own, or
/// SQLite would not use the index for comparisons between them.
pub(super) fn shadow_ddl(layout: &Layout) -> String {
    let column = |prefix: &str, position: usize| shadow_column(prefix, layout.column(position));
    let key_types = join(&layout.key, "", |position| {
        let ty = storage(&layout.table.columns[layout.places[*position]].ty);
        format!("  {} {ty} NOT NULL,\n", column("key_", *position))
    });
    let bases = join(&layout.rest, "", |position| format!("  {} ANY,\n", column("base_", *position)));
    let keys = join(&layout.key, ", ", |position| column("key_", *position));
    let values = join(&layout.rest, "", |position| format!(",\n  {} ANY", column("val_", *position)));
    let names = &layout.names;
    let (table, server) = (quoted(&names.shadow), quoted(&names.server));
    let index = |name: &str, column: &str| {
        format!("CREATE INDEX {} ON {table} ({column}) WHERE {column} IS NOT NULL;\n", quoted(name))
    };
    format!(
        "CREATE TABLE {table} (\n  seq INTEGER PRIMARY KEY,\n  existed INTEGER NOT NULL,\n  rev INTEGER NOT NULL,\n  \
         changed_at INTEGER NOT NULL,\n  sent INTEGER,\n  awaiting INTEGER,\n  unknown TEXT,\n{key_types}{bases}  UNIQUE ({keys})\n) \
         STRICT;\nCREATE TABLE {server} (\n  seq INTEGER PRIMARY KEY,\n  present INTEGER NOT NULL,\n  through \
         INTEGER{values}\n) STRICT;\n{}{}",
        index(&names.sent_index, "sent"),
        index(&names.awaiting_index, "awaiting")
    )
}
