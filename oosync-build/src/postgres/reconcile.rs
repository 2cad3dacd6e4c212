//! Bringing to the log what capture has missed.

use std::fmt::Write as _;

use super::capture::{entries, insertion};
use super::chain::{Asked, Chains};
use super::{ALL_SETTINGS, Object, dollar_quoted, literal, table_name};
use crate::plan::Plan;

/// `oosync.reconcile(regclass)`: every row of a table goes to the log, for whom it belongs to now.
pub(super) fn function(plan: &Plan, chains: &Chains<'_>) -> Object {
    let mut branches = String::new();
    for table in &plan.tables {
        let chain = chains.of(table);
        // Whoever could change rows or their place meanwhile waits: entries of a key are in the order of commits.
        let locks: String = chain
            .levels
            .iter()
            .rev()
            .map(|level| format!("    lock table {} in share mode;\n", table_name(&level.table.name)))
            .collect();
        let entries = insertion(&entries(chain, &table_name(&table.name), Asked::Select), "  union\n");
        let word = if branches.is_empty() { "if" } else { "elsif" };
        let _ = write!(
            branches,
            "  {word} root = to_regclass({}) then\n{locks}    \
             with entry as (\n    {entries}\n    returning cardinality(pks) as keys\n    )\n    \
             select coalesce(sum(e.keys), 0) into logged from entry e;\n",
            literal(&table_name(&table.name)),
        );
    }
    let body = if branches.is_empty() {
        "  raise exception '% is not synced', target using errcode = 'wrong_object_type';\n".to_owned()
    } else {
        format!(
            "{branches}  else\n    raise exception '% is not synced', target using errcode = 'wrong_object_type';\n  end if;\n  \
             return logged;\n"
        )
    };
    let create = format!(
        "-- Every row of a table goes to the log, for whom it belongs to now: after a partition with rows was attached, or\n\
         -- triggers were off. Of a partition, all of its root. Gives the number of keys; writers wait meanwhile.\n\
         -- Rows that were deleted unseen are not found. To have every device load everything again:\n\
         --   update oosync.meta set floor = pg_snapshot_xmax(pg_current_snapshot());\n\
         create or replace function oosync.reconcile(target regclass) returns bigint\n\
         language plpgsql\n\
         set search_path = pg_catalog, pg_temp\n\
         set row_security = off\n\
         {ALL_SETTINGS}as {};\n",
        dollar_quoted(
            "oosync",
            &format!(
                "\ndeclare\n  root regclass := coalesce(pg_partition_root(target), target);\n  logged bigint;\nbegin\n{body}end\n"
            )
        ),
    );
    Object::function("oosync.reconcile(regclass)", create)
}
