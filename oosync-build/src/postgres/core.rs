//! What is there once, whatever the plan.

use super::Object;

/// Tables first, then functions, each after those it uses.
pub(super) fn objects() -> Vec<Object> {
    let stores = [
        ("oosync.meta", include_str!("sql/meta.sql")),
        ("oosync.object", include_str!("sql/object.sql")),
        ("oosync.mark", include_str!("sql/marks.sql")),
        ("oosync.change_log", include_str!("sql/change_log.sql")),
        ("oosync.unseen", include_str!("sql/unseen.sql")),
        ("oosync.late", include_str!("sql/late.sql")),
        ("oosync.orphan", include_str!("sql/orphan.sql")),
        ("oosync.newest", include_str!("sql/newest.sql")),
        ("oosync.manifest", include_str!("sql/manifest.sql")),
        ("oosync.client", include_str!("sql/client.sql")),
        ("oosync.mutation", include_str!("sql/mutation.sql")),
        ("oosync.epoch", include_str!("sql/epoch.sql")),
        ("oosync.epochs", include_str!("sql/epochs.sql")),
    ];
    let functions = [
        ("oosync.changes(pg_snapshot, text[])", include_str!("sql/changes.sql")),
        ("oosync.tail(pg_snapshot)", include_str!("sql/tail.sql")),
        ("oosync.is_known(pg_snapshot)", include_str!("sql/is_known.sql")),
        ("oosync.rewritten()", include_str!("sql/rewritten.sql")),
        ("oosync.resume(pg_snapshot, uuid, pg_lsn)", include_str!("sql/resume.sql")),
        ("oosync.mark()", include_str!("sql/mark.sql")),
        ("oosync.compact(interval, integer)", include_str!("sql/compact.sql")),
        ("oosync.register_manifest(text, jsonb)", include_str!("sql/register_manifest.sql")),
        ("oosync.current_manifest()", include_str!("sql/current_manifest.sql")),
        ("oosync.current_epoch()", include_str!("sql/current_epoch.sql")),
        ("oosync.current_incarnation()", include_str!("sql/current_incarnation.sql")),
        ("oosync.cursor_state()", include_str!("sql/cursor_state.sql")),
        ("oosync.look(uuid, text, pg_snapshot, uuid, pg_lsn, uuid, bigint)", include_str!("sql/look.sql")),
    ];
    let stores = stores.into_iter().map(|(name, sql)| Object::store(name, sql));
    stores.chain(functions.into_iter().map(|(name, sql)| Object::function(name, sql.to_owned()))).collect()
}
