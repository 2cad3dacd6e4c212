//! Rows that are there before their parent.
//!
//! Under a deferrable foreign key a child may come before its parent; for a session whose `session_replication_role`
//! is `replica` nothing is checked at all; and where a key is `not valid`, there may be children without parents from
//! before. A child that is written without its parent is remembered in `oosync.late`, and looked at again when its
//! transaction commits: behind the checks of foreign keys, so that a parent that somebody else committed meanwhile is
//! there. What has none even then stays in `oosync.orphan` until one comes.

use std::fmt::Write as _;

use super::capture::{Statement, arrived, buckets, entries, locks, logged};
use super::chain::{Asked, Chain, Chains, Find, Level, alias, key_columns};
use super::column::{column_type, compared};
use super::{ALL_SETTINGS, Object, definer_head, dollar_quoted, literal, table_name};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::{Facts, ForeignKey, QualifiedName, Table};
use crate::plan::{Plan, PlanTable};

/// What a session is in which no foreign key is checked.
const UNCHECKED: &str = "current_setting('session_replication_role') = 'replica'";

/// True in a transaction that has taken the parent from rows: one of the same key may come.
const GONE: &str = "current_setting('oosync.gone', true) = 'true'";

/// The foreign keys by which a table's rows, or those of tables that inherit from it, find their parent.
fn links<'f>(facts: &'f Facts, chain: &Chain<'_>) -> Vec<&'f ForeignKey> {
    let Some(above) = chain.levels.get(1) else { return Vec::new() };
    let here = &chain.levels[0].table.name;
    let tables =
        facts.tables.iter().filter(|table| table.qualified_name() == *here || descends(facts, table, here));
    tables.filter_map(|table| link(table, above)).collect()
}

/// The foreign key of `table` to what is above it.
fn link<'f>(table: &'f Table, above: &Level<'_>) -> Option<&'f ForeignKey> {
    table.foreign_keys.iter().find(|key| {
        let to = &key.references;
        let pairs: Vec<_> = key.columns.iter().zip(&to.columns).collect();
        to.schema == above.table.name.schema
            && to.table == above.table.name.name
            && !key.not_enforced
            && pairs.len() == above.link.len()
            && above.link.iter().all(|(from, to)| pairs.contains(&(from, to)))
    })
}

/// Whether a table inherits, at any depth, other than as a partition: foreign keys of the parent do not hold for it.
fn descends(facts: &Facts, table: &Table, from: &QualifiedName) -> bool {
    table.inherits.iter().any(|parent| {
        parent == from
            || facts.table(&parent.schema, &parent.name).is_some_and(|parent| descends(facts, parent, from))
    })
}

/// Tables whose rows find their parent by columns that no foreign key holds to it: nothing would say when it comes.
pub(super) fn check(plan: &Plan, facts: &Facts, chains: &Chains<'_>, problems: &mut Diagnostics) {
    for table in &plan.tables {
        let Some(above) = chains.of(table).levels.get(1) else { continue };
        for inherits in facts.tables.iter().filter(|other| descends(facts, other, &table.name)) {
            if link(inherits, above).is_some() {
                continue;
            }
            let (name, parent) = (inherits.qualified_name(), &above.table.name);
            let (from, to): (Vec<_>, Vec<_>) = above.link.iter().cloned().unzip();
            let message = format!("rows of {name} may be there without their parent in {parent}");
            problems.push(
                Diagnostic::error(message)
                    .note(format!("it inherits from {}, but not its foreign key", table.name))
                    .help(format!(
                        "add it: `alter table {name} add foreign key ({}) references {parent} ({})`",
                        from.join(", "),
                        to.join(", ")
                    )),
            );
        }
    }
}

/// Whether a row can be written before its parent by anybody.
pub(super) fn is_deferrable(facts: &Facts, chain: &Chain<'_>) -> bool {
    links(facts, chain).iter().any(|key| key.deferrable)
}

/// After rows were written: those whose parent is not there are looked at again.
///
/// Under an older snapshot a parent may be there that is not seen, and nothing tells of it: a row that has been without
/// one is not changed then, but where this transaction has taken its parent away, or may have written it so.
pub(super) fn written(facts: &Facts, chain: &Chain<'_>, statement: Statement) -> String {
    let mut sql = String::new();
    if chain.levels.len() == 1 {
        return sql;
    }
    let (deferrable, older) =
        (is_deferrable(facts, chain), "current_setting('transaction_isolation') <> 'read committed'");
    if statement != Statement::Insert && !deferrable {
        let _ = write!(
            sql,
            "  if {older} and ({GONE}) is not true then\n    if exists (\n    {}\n  ) then\n      {}    end if;\n  end if;\n",
            alone(chain, "old_rows"),
            refuse(chain),
        );
    }
    if statement != Statement::Delete {
        let rows = alone(chain, "new_rows");
        let look = format!(
            "  if exists (\n    {rows}\n  ) then\n{DEFER}    insert into oosync.late (tbl, pk)\n      {rows};\n  end if;\n"
        );
        let always = format!("  if {UNCHECKED} or {older} then\n{look}  end if;\n");
        sql.push_str(if deferrable { &look } else { &always });
    }
    sql
}

/// Table and key of those of some rows that refer to a parent that is not there.
fn alone(chain: &Chain<'_>, rows: &str) -> String {
    let (table, above) = (chain.levels[0].table, &chain.levels[1]);
    let known =
        above.link.iter().map(|(from, _)| format!("{} is not null", chain.levels[0].compared("r", from)));
    format!(
        "select {}, {} from {rows} r\n      where {} and not exists (select from {} p1 where {})",
        literal(&table.name.to_string()),
        chain.levels[0].key("r"),
        known.collect::<Vec<_>>().join(" and "),
        table_name(&above.table.name),
        chain.on(1, Find::Above),
    )
}

/// Refuses to write a row without its parent under an older snapshot.
fn refuse(chain: &Chain<'_>) -> String {
    let message = literal(&format!(
        "oosync: a row of {} without its parent can only be written in a read committed transaction",
        chain.levels[0].table.name
    ));
    format!("raise exception using message = {message}, errcode = 'object_not_in_prerequisite_state';\n")
}

/// Whoever had all constraints checked at once may have deferred some again; they are looked at before ours then.
const DEFER: &str = "    set constraints oosync.oosync_late deferred;\n";

/// Before a row goes that others refer to: what it means for one that comes in its place.
pub(super) fn goes(below: &[(&Chain<'_>, usize)]) -> String {
    let mut sql = format!(
        "  if ({GONE}) is not true then\n    perform set_config('oosync.gone', 'true', true);\n  end if;\n"
    );
    let mut left = String::new();
    for (chain, _) in below.iter().filter(|(_, level)| *level == 1) {
        let table = chain.levels[0].table;
        let _ = writeln!(
            left,
            "    insert into oosync.late (tbl, pk)\n      select {}, {} from (select old.*) p1 join {} r on {};",
            literal(&table.name.to_string()),
            chain.levels[0].key("r"),
            table_name(&table.name),
            chain.on(1, Find::Below),
        );
    }
    if !left.is_empty() {
        let _ = write!(sql, "  if {UNCHECKED} then\n{DEFER}{left}  end if;\n");
    }
    sql
}

/// After rows were inserted: those that were there before them, and are below them.
pub(super) fn came(facts: &Facts, chain: &Chain<'_>, below: &[(&Chain<'_>, usize)]) -> String {
    if below.is_empty() {
        return String::new();
    }
    let children: Vec<_> = below.iter().filter(|(_, level)| *level == 1).map(|(chain, _)| *chain).collect();
    let names: Vec<_> =
        children.iter().map(|chain| literal(&chain.levels[0].table.name.to_string())).collect();
    let keys = || below.iter().flat_map(|(chain, _)| links(facts, chain));
    let held = |wanted: &dyn Fn(&Chain<'_>) -> bool| -> String {
        let below = below.iter().rev().filter(|(chain, _)| wanted(chain));
        let locks = below.map(|(chain, level)| {
            format!("    perform from new_rows {} {} for share of r;\n", alias(*level), down(chain, *level))
        });
        locks.collect()
    };
    // Others may be writing what had no parent until now: they see the new parent, or are seen.
    let orphans = held(&|_| true);
    // Those that wait for the parent that has gone look for another only where the key is deferrable.
    let waiting = held(&|chain| !is_deferrable(facts, chain));
    let mut found = String::new();
    for chain in children {
        let table = chain.levels[0].table;
        let _ = writeln!(
            found,
            "    delete from oosync.orphan o using new_rows p1 {} where o.tbl = {} and o.pk = {};",
            down(chain, 1),
            literal(&table.name.to_string()),
            chain.levels[0].key("r"),
        );
    }
    let descendants = arrived(below, "new_rows", Asked::Select);
    let again = if keys().any(|key| key.deferrable || key.not_valid) { "true" } else { GONE };
    let from_before = if keys().any(|key| key.not_valid) { "true" } else { "found" };
    format!(
        "  if current_setting('transaction_isolation') <> 'read committed' then\n    \
         perform from oosync.orphan o where o.tbl = '' for share;\n    \
         if {GONE} then\n      \
         -- Rows that this transaction cannot see had the parent that it has taken away.\n      \
         insert into oosync.unseen (reader, bucket, since)\n        \
         select distinct b.bucket, u.bucket, u.since from (\n{}        ) b (bucket), oosync.unseen u\n        \
         where u.xid = pg_current_xact_id() and u.bucket is not null;\n    end if;\n  end if;\n  \
         -- Whoever leaves rows without a parent waits until this transaction is over.\n  \
         lock table oosync.orphan in row share mode;\n  \
         perform from oosync.orphan o where o.tbl in ({}) limit 1;\n  \
         if {from_before} then\n{orphans}{descendants}{found}  elsif {again} then\n{waiting}{descendants}  end if;\n",
        buckets(chain, "new_rows", Asked::Insert),
        names.join(", "),
    )
}

/// ` join public.todos r on …`: from level `level` down to the table itself.
fn down(chain: &Chain<'_>, level: usize) -> String {
    let joins = (0..level).rev().map(|step| {
        format!(
            "join {} {} on {}",
            table_name(&chain.levels[step].table.name),
            alias(step),
            chain.on(step + 1, Find::Below)
        )
    });
    joins.collect::<Vec<_>>().join(" ")
}

/// What looks again at commit: a function, and its trigger on `oosync.late`.
pub(super) fn objects(plan: &Plan, facts: &Facts, chains: &Chains<'_>) -> [Object; 2] {
    let mut branches = String::new();
    for table in &plan.tables {
        let chain = chains.of(table);
        if chain.levels.len() > 1 {
            let word = if branches.is_empty() { "if" } else { "elsif" };
            let _ = write!(
                branches,
                "  {word} new.tbl = {} then\n{}",
                literal(&table.name.to_string()),
                look_again(facts, chains, table)
            );
        }
    }
    if !branches.is_empty() {
        branches.push_str("  end if;\n");
    }
    let name = "oosync.look_again";
    let body =
        format!("\nbegin\n  delete from oosync.late l where l.id = new.id;\n{branches}  return null;\nend\n");
    let create = format!(
        "-- At commit: rows that were written before their parent.\n{}as {};\n",
        definer_head(name, "", "trigger", "plpgsql", ALL_SETTINGS),
        dollar_quoted("oosync", &body)
    );
    let on = QualifiedName::new("oosync", "late");
    let trigger = Object::trigger(
        &on,
        "oosync_late",
        "after insert",
        "deferrable initially deferred\n  for each row",
        name,
    );
    let trigger = Object {
        create: trigger.create.replacen("create trigger", "create constraint trigger", 1),
        ..trigger
    };
    [Object::function(format!("{name}()"), create), trigger]
}

fn look_again(facts: &Facts, chains: &Chains<'_>, table: &PlanTable) -> String {
    let (chain, below) = (chains.of(table), chains.below(table));
    let known = key_columns(table).into_iter().enumerate().map(|(at, column)| {
        let ty = column_type(facts, &table.name, column);
        format!("{} = new.pk[{}]::{ty}", compared(facts, &table.name, "t", column), at + 1)
    });
    let row = format!(
        "(select t.* from {} t where {})",
        table_name(&table.name),
        known.collect::<Vec<_>>().join(" and ")
    );
    let mut sql = locks(chain, &[&row]);
    let entries = entries(chain, &row, Asked::Select);
    if !entries.is_empty() {
        sql.push_str(&logged(&entries, "  union\n"));
    }
    sql.push_str(&arrived(&below, &row, Asked::Select));
    let (alone, refuse) = (format!("exists (\n    {}\n  )", alone(chain, &row)), refuse(chain));
    format!(
        "{sql}  if {alone} then\n    \
         if current_setting('transaction_isolation') <> 'read committed' then\n      \
         {refuse}    end if;\n    \
         -- Whoever inserts parents sees this row, or is seen.\n    \
         lock table oosync.orphan in exclusive mode;\n{sql}    \
         if {alone} then\n      \
         update oosync.orphan o set pk = o.pk where o.tbl = '';\n      \
         insert into oosync.orphan (tbl, pk) values (new.tbl, new.pk);\n    end if;\n  end if;\n"
    )
}
