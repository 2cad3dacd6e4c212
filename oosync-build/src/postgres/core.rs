//! What is there once, whatever the plan.

use super::Object;

/// Tables first, then functions, each after those it uses.
pub(super) fn objects() -> Vec<Object> {
    let stores = [
        ("oosync.meta", include_str!("sql/meta.sql")),
        ("oosync.change_log", include_str!("sql/change_log.sql")),
    ];
    let functions = [
        ("oosync.changes(pg_snapshot, text[])", include_str!("sql/changes.sql")),
        ("oosync.mark()", include_str!("sql/mark.sql")),
        ("oosync.compact(interval)", include_str!("sql/compact.sql")),
    ];
    let stores = stores.into_iter().map(|(name, sql)| Object::store(name, sql));
    stores.chain(functions.into_iter().map(|(name, sql)| Object::function(name, sql.to_owned()))).collect()
}
