//! Triggers that log which keys changed, for whom.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::chain::{Asked, Chain, Chains, Find, Level, Source, alias, deciding_columns, key_columns, named};
use super::column::text;
use super::{
    ALL_SETTINGS, Object, definer_head, dollar_quoted, ident, late, literal, own_name, short, table_name,
};
use crate::config::Membership;
use crate::facts::{Facts, QualifiedName, Table};
use crate::plan::{PlanBucket, PlanColumnKind, PlanTable};
use crate::types::{ColumnType, Scalar};

/// What capture is generated from.
pub(super) struct Capture<'a> {
    pub(super) facts: &'a Facts,
    pub(super) chains: &'a Chains<'a>,
}

/// The last of the triggers before an update, so that it sees what others made of the row.
const LOCK_TRIGGER: &str = "zz_oosync";

/// A statement that fires a trigger.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Statement {
    Insert,
    Update,
    Delete,
}

impl Statement {
    const ALL: [Self; 3] = [Self::Insert, Self::Update, Self::Delete];

    const fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The transition tables, as names in the function.
    const fn rows(self) -> &'static [&'static str] {
        match self {
            Self::Insert => &["new_rows"],
            Self::Update => &["old_rows", "new_rows"],
            Self::Delete => &["old_rows"],
        }
    }

    /// Why a function is asked about the rows of a transition table.
    fn asked(self, rows: &str) -> Asked {
        match self {
            Self::Insert => Asked::Insert,
            Self::Update if rows == "new_rows" => Asked::Update,
            Self::Update | Self::Delete => Asked::Delete,
        }
    }

    /// The trigger after it.
    fn trigger(self, on: &QualifiedName, name: &str, function: &str) -> Object {
        let also = format!("{}for each statement", self.referencing());
        Object::trigger(on, name, &format!("after {}", self.word()), &also, function)
    }

    const fn referencing(self) -> &'static str {
        match self {
            Self::Insert => "referencing new table as new_rows ",
            Self::Update => "referencing old table as old_rows new table as new_rows ",
            Self::Delete => "referencing old table as old_rows ",
        }
    }
}

impl Capture<'_> {
    /// The functions and triggers of a synced table.
    pub(super) fn table(&self, table: &PlanTable, objects: &mut Vec<Object>) {
        let (chain, below) = (self.chains.of(table), self.chains.below(table));
        let leaves = self.leaves(&table.name);
        let settings = settings(chain, &below);
        for statement in Statement::ALL {
            let name = function_name(&table.name, statement.word());
            objects.push(trigger_function(&name, &settings, &self.statement(chain, &below, statement)));
            for on in &leaves {
                let trigger = self.trigger_name(&format!("oosync_{}", statement.word()), table, on);
                objects.push(statement.trigger(on, &trigger, &name));
            }
        }
        let name = function_name(&table.name, "truncate");
        objects.push(trigger_function(&name, &settings, &truncate(chain)));
        for on in &leaves {
            let trigger = self.trigger_name("oosync_truncate", table, on);
            objects.push(Object::trigger(on, &trigger, "before truncate", "for each statement", &name));
        }
        if !below.is_empty() {
            let name = function_name(&table.name, "before");
            objects.push(trigger_function(&name, &settings, &before(chain, &below)));
            // Row triggers of a partitioned table are those of its partitions too; of any other table they are not.
            for on in leaves.iter().filter(|on| !self.is_partition(on)) {
                let trigger = self.trigger_name(LOCK_TRIGGER, table, on);
                objects.push(Object::trigger(on, &trigger, "before update or delete", "for each row", &name));
            }
        }
    }

    /// What the triggers of `table` are called on `on`: a table that inherits may be synced itself, and then its rows
    /// are logged as its own and as those of its parent.
    fn trigger_name(&self, name: &str, table: &PlanTable, on: &QualifiedName) -> String {
        if self.chains.has(on) && *on != table.name {
            short(&format!("{name} {}", table.name))
        } else {
            name.to_owned()
        }
    }

    /// The triggers of a membership table, which may or may not be synced itself.
    pub(super) fn members(&self, bucket: &PlanBucket, objects: &mut Vec<Object>) {
        let (Membership::Table { user, key, .. }, Some(table)) = (&bucket.members, &bucket.table) else {
            return;
        };
        let key: Vec<String> = key.iter().map(|column| text(self.facts, table, "r", &column.value)).collect();
        let entry = |rows: &str| {
            format!(
                "  select {}, 'user:' || {}, array[{}]\n    from {rows} r where r.{} is not null\n",
                literal(MEMBERS),
                text(self.facts, table, "r", &user.value),
                named(&bucket.name, &key),
                ident(&user.value),
            )
        };
        let leaves = self.leaves(table);
        for statement in Statement::ALL {
            let name = function_name(table, &format!("{} member {}", bucket.name, statement.word()));
            let entries: Vec<_> = statement.rows().iter().map(|rows| entry(rows)).collect();
            let body = format!("{}  return null;\n", logged_of(statement, &entries));
            objects.push(trigger_function(&name, ALL_SETTINGS, &body));
            let trigger = short(&format!("oosync_{}_{}", bucket.name, statement.word()));
            objects.extend(leaves.iter().map(|on| statement.trigger(on, &trigger, &name)));
        }
        let name = function_name(table, &format!("{} member truncate", bucket.name));
        let body = format!("{}  return null;\n", logged(&[entry(&table_name(table))], "  union\n"));
        objects.push(trigger_function(&name, ALL_SETTINGS, &body));
        let trigger = short(&format!("oosync_{}_truncate", bucket.name));
        objects.push(Object::trigger(table, &trigger, "before truncate", "for each statement", &name));
    }

    /// What a statement trigger does.
    fn statement(&self, chain: &Chain<'_>, below: &[(&Chain<'_>, usize)], statement: Statement) -> String {
        let mut body = locks(chain, statement.rows());
        let entries: Vec<String> =
            statement.rows().iter().flat_map(|rows| entries(chain, rows, statement.asked(rows))).collect();
        if !entries.is_empty() {
            body.push_str(&logged_of(statement, &entries));
        }
        if statement == Statement::Update && !below.is_empty() {
            body.push_str(&moved(chain, below));
        }
        if statement == Statement::Insert {
            body.push_str(&late::came(self.facts, chain, below));
        }
        if chain.levels.len() > 1 || !below.is_empty() {
            body.push_str(REWRITTEN);
        }
        body.push_str(&late::written(self.facts, chain, statement));
        body.push_str("  return null;\n");
        body
    }

    /// The table and everything that inherits from it: statements on those fire their own triggers.
    fn leaves(&self, name: &QualifiedName) -> Vec<QualifiedName> {
        let mut found = vec![name.clone()];
        let mut next = 0;
        while let Some(parent) = found.get(next).cloned() {
            for table in &self.facts.tables {
                if inherits(table, &parent) && !found.contains(&table.qualified_name()) {
                    found.push(table.qualified_name());
                }
            }
            next += 1;
        }
        found
    }

    fn is_partition(&self, name: &QualifiedName) -> bool {
        let table = self.facts.table(&name.schema, &name.name);
        table.is_some_and(|table| table.partition_of.is_some())
    }
}

/// What a function of a table needs that reads its chain and its descendants.
fn settings(chain: &Chain<'_>, below: &[(&Chain<'_>, usize)]) -> String {
    let tables =
        chain.levels.iter().map(|level| level.table).chain(below.iter().map(|(c, _)| c.levels[0].table));
    let mut settings = String::new();
    let mut levels = chain.levels.iter().chain(below.iter().flat_map(|(chain, _)| &chain.levels));
    // A row as JSON, which functions are given, has times in the zone of whoever writes.
    if !tables.into_iter().all(reads_the_same_everywhere) || levels.any(Level::is_by_function) {
        settings.push_str(ALL_SETTINGS);
    }
    if chain.levels.len() > 1 || !below.is_empty() {
        settings.push_str(PLANS);
    }
    settings
}

fn inherits(table: &Table, parent: &QualifiedName) -> bool {
    let partition = table.partition_of.as_ref();
    partition.is_some_and(|of| of.schema == parent.schema && of.name == parent.name)
        || table.inherits.iter().any(|name| name == parent)
}

/// What membership is called in the log.
const MEMBERS: &str = "oosync.members";

const LOG: &str = "insert into oosync.change_log (tbl, bucket, pks)";

/// An older snapshot finds nothing in a table that was rewritten since: neither ancestors nor descendants.
const REWRITTEN: &str = "  if current_setting('transaction_isolation') <> 'read committed' and oosync.rewritten() then\n    \
                         raise exception 'could not serialize access due to a concurrent change of a table'\n      \
                         using errcode = 'serialization_failure';\n  end if;\n";

/// A plan is made once in a session, for the first statement, of one row or of a million; what follows has others.
const PLANS: &str = "set enable_seqscan = off\n\
                     set enable_hashjoin = off\n\
                     set enable_mergejoin = off\n\
                     set jit = off\n";

fn trigger_function(name: &str, settings: &str, body: &str) -> Object {
    let head = definer_head(name, "", "trigger", "plpgsql", settings);
    let create = format!("{head}as {};\n", dollar_quoted("oosync", &format!("\nbegin\n{body}end\n")));
    Object::function(format!("{name}()"), create)
}

/// `oosync."public.todos insert"`.
fn function_name(table: &QualifiedName, what: &str) -> String {
    own_name(&format!("{}.{} {what}", table.schema, table.name))
}

/// Whether the texts of its key and of what decides its buckets are the same under all settings.
fn reads_the_same_everywhere(table: &PlanTable) -> bool {
    let mut names: BTreeSet<&str> =
        table.primary_key.iter().map(|place| table.columns[*place].name.as_str()).collect();
    names.extend(deciding_columns(table));
    table.columns.iter().filter(|column| names.contains(column.name.as_str())).all(|column| {
        match &column.kind {
            PlanColumnKind::Synced(synced) => matches!(
                &synced.ty,
                ColumnType::Enum(_)
                    | ColumnType::Scalar(
                        Scalar::Bool
                            | Scalar::Int2
                            | Scalar::Int4
                            | Scalar::Int8
                            | Scalar::Oid
                            | Scalar::Uuid
                            | Scalar::UuidText
                            | Scalar::Text
                            | Scalar::Numeric
                    )
            ),
            PlanColumnKind::Local(_) => true,
        }
    })
}

/// `select`s of the entries for these rows, one for each source of buckets.
pub(super) fn entries(chain: &Chain<'_>, rows: &str, asked: Asked) -> Vec<String> {
    descendant_entries(chain, 0, asked, rows)
}

/// Locks that keep the ancestors of these rows where they are, so that nobody moves them to another owner without
/// seeing these rows: root first, as whoever moves does. Between two locks a row in the middle may have been moved;
/// what it refers to now is locked then, from below.
///
/// A key share lock on an old version of a row passes over a change of owner that came after another update of it.
/// Where each statement has a new snapshot, the next one sees the change; an older snapshot would not, so that it asks
/// for a lock that any update since refuses.
pub(super) fn locks(chain: &Chain<'_>, rows: &[&str]) -> String {
    if chain.levels.len() == 1 {
        return String::new();
    }
    format!(
        "  if current_setting('transaction_isolation') = 'read committed' then\n{}  else\n{}  end if;\n",
        locks_at_once(chain, rows),
        lock_statements(chain, rows, "  perform", "share"),
    )
}

/// The same locks by one statement, root first for each row. That is enough where every row was found to have all of
/// its ancestors, and where no transaction has ended since before the statement began: all others would have seen the
/// same, and locked the same. Otherwise they run too.
fn locks_at_once(chain: &Chain<'_>, rows: &[&str]) -> String {
    let root = chain.levels.len() - 1;
    let (_, links): (Vec<_>, Vec<_>) = chain.pairs(1, Find::Above).unzip();
    let named =
        links.iter().enumerate().map(|(at, link)| format!("{link} as k{at}")).collect::<Vec<_>>().join(", ");
    let known = links.iter().map(|link| format!("{link} is not null")).collect::<Vec<_>>().join(" and ");
    let refer = rows.iter().map(|rows| format!("select distinct {named} from {rows} r where {known}"));
    let on = chain.pairs(1, Find::Above).enumerate().map(|(at, (here, _))| format!("{here} = r.k{at}"));
    let targets = (1..=root).rev().map(alias).collect::<Vec<_>>().join(", ");
    format!(
        "    declare\n      seen text := pg_current_snapshot()::text;\n      complete boolean;\n    begin\n      \
         with refer as materialized (\n        {}\n      ), locked as materialized (\n        \
         select from refer r join {} {} on {}{} for key share of {targets}\n      )\n      \
         select (select count(*) from locked) = (select count(*) from refer) into complete;\n      \
         if not complete or pg_current_snapshot()::text <> seen then\n{}      end if;\n    end;\n",
        refer.collect::<Vec<_>>().join("\n        union "),
        table_name(&chain.levels[1].table.name),
        alias(1),
        on.collect::<Vec<_>>().join(" and "),
        chain.joins(1, root, Find::Above),
        lock_statements(chain, rows, "      perform", "key share"),
    )
}

fn lock_statements(chain: &Chain<'_>, rows: &[&str], verb: &str, strength: &str) -> String {
    let root = chain.levels.len() - 1;
    // Where the parent itself can be another one by then, it is locked again as well.
    let again = if chain.levels[1..].first().is_some_and(|above| above.deferrable) { 1 } else { 2 };
    let order = (1..=root).rev().chain(again..=root);
    order
        .map(|level| {
            let (here, below) = chain.link_rows(level);
            let refer = rows.iter().map(|rows| {
                format!("select {below} from {rows} r{}", chain.joins(0, level - 1, Find::Above))
            });
            format!(
                "  {verb} from {} {} where ({here}) in (\n      {}\n    ) for {strength};\n",
                table_name(&chain.levels[level].table.name),
                alias(level),
                refer.collect::<Vec<_>>().join("\n      union all "),
            )
        })
        .collect()
}

/// Descendants of updated rows, for whom they belong to now.
fn moved(chain: &Chain<'_>, below: &[(&Chain<'_>, usize)]) -> String {
    let table = chain.levels[0].table;
    let key: Vec<&str> = key_columns(table);
    let level = &chain.levels[0];
    let pairs: Vec<_> = key
        .iter()
        .map(|column| format!("{} = {}", level.compared("o", column), level.compared("n", column)))
        .collect();
    let watched = watched(chain, below);
    let side = |alias: &str| columns(level, alias, watched.iter().filter(|column| !key.contains(column)));
    let mut differs = match side("n") {
        none if none.is_empty() => String::new(),
        new => format!(" or row({}) is distinct from row({new})", side("o")),
    };
    if chain.is_by_function() {
        differs.push_str(" or to_jsonb(o) is distinct from to_jsonb(n)");
    }
    let changed = format!(
        "(select n.* from new_rows n left join old_rows o on {}\n      where o.{} is null{differs})",
        pairs.join(" and "),
        ident(key[0]),
    );
    format!("  if exists {changed} then\n{}  end if;\n", arrived(below, &changed, Asked::Select))
}

/// The columns of a parent by which it has its descendants and its place: key, what children refer to, what decides
/// its buckets.
fn watched<'c>(chain: &Chain<'c>, below: &[(&'c Chain<'c>, usize)]) -> Vec<&'c str> {
    let mut watched = key_columns(chain.levels[0].table);
    watched.extend(chain.deciding_columns());
    for (chain, level) in below {
        watched.extend(chain.levels[*level].link.iter().map(|(_, to)| to.as_str()));
    }
    let mut seen = BTreeSet::new();
    watched.retain(|column| seen.insert(*column));
    watched
}

/// `r.id, r.owner_id`.
fn columns<'c>(level: &Level<'_>, alias: &str, names: impl Iterator<Item = &'c &'c str>) -> String {
    names.map(|name| level.compared(alias, name)).collect::<Vec<_>>().join(", ")
}

/// Entries for the descendants of these rows, in the buckets that they are in by these rows and what is above them.
pub(super) fn arrived(below: &[(&Chain<'_>, usize)], rows: &str, asked: Asked) -> String {
    let mut sql = String::new();
    for (chain, level) in below {
        let selects = descendant_entries(chain, *level, asked, rows);
        if !selects.is_empty() {
            sql.push_str(&logged(&selects, "  union\n"));
        }
    }
    sql
}

/// What a statement has changed goes to the log: of a few rows, a key an entry, which is all that most statements need.
fn logged_of(statement: Statement, entries: &[String]) -> String {
    let between = if statement == Statement::Insert { "  union all\n" } else { "  union\n" };
    let rows = statement.rows()[0];
    format!(
        "  if exists (select from {rows} offset {FEW}) then\n{}  else\n  {LOG}\n  \
         select e.tbl, e.bucket, array[e.pk::text] from (\n{}  ) e (tbl, bucket, pk);\n  end if;\n",
        logged(entries, between),
        entries.join(between)
    )
}

/// Up to so many rows, sorting and collecting them costs more than entries of their own.
const FEW: u32 = 3;

/// So many keys of a bucket are an entry: with most keys it stays below 2 kB then, from where on Postgres would compress it.
const KEYS_OF_AN_ENTRY: u32 = 32;

/// Writes keys to the log, those of a bucket together, and in the order of its index on buckets.
pub(super) fn logged(entries: &[String], between: &str) -> String {
    format!("  {};\n", insertion(entries, between))
}

/// The statement of [`logged`], which may return its entries.
pub(super) fn insertion(entries: &[String], between: &str) -> String {
    format!(
        "{LOG}\n  select k.tbl, k.bucket, array_agg(k.pk) from (\n  \
         select e.tbl, e.bucket collate \"C\" as bucket, e.pk::text as pk,\n    \
         row_number() over (partition by e.bucket collate \"C\") as number from (\n{}  ) e (tbl, bucket, pk)\n  ) k \
         group by k.tbl, k.bucket, (k.number - 1) / {KEYS_OF_AN_ENTRY} order by k.bucket",
        entries.join(between)
    )
}

/// `select`s of the entries for descendants, where `rows` are those of level `level`.
fn descendant_entries(chain: &Chain<'_>, level: usize, asked: Asked, rows: &str) -> Vec<String> {
    let table = chain.levels[0].table;
    let down: String = (0..level)
        .rev()
        .map(|step| {
            format!(
                " join {} {} on {}",
                table_name(&chain.levels[step].table.name),
                alias(step),
                chain.on(step + 1, Find::Below)
            )
        })
        .collect();
    let sources = chain.sources(level, asked).into_iter().filter(|source| source.level >= level);
    sources
        .map(|Source { level: source, bucket, from, .. }| {
            format!(
                "  select {}, {bucket}, {}\n    from {rows} {}{down}{}{from} where {bucket} is not null\n",
                literal(&table.name.to_string()),
                chain.levels[0].key("r"),
                alias(level),
                chain.joins(level, source, Find::Above),
            )
        })
        .collect()
}

/// Before a row that has descendants goes or moves: nobody adds to them until this transaction ends, and whoever has
/// them now learns that they go.
fn before(chain: &Chain<'_>, below: &[(&Chain<'_>, usize)]) -> String {
    let table = chain.levels[0].table;
    let watched = watched(chain, below);
    let side = |of: &str| columns(&chain.levels[0], of, watched.iter());
    // A function may look at any column.
    let whole =
        if chain.is_by_function() { " and to_jsonb(old) is not distinct from to_jsonb(new)" } else { "" };
    let mut body = format!(
        "  if tg_op = 'UPDATE' then\n    if row({}) is not distinct from row({}){whole} then\n      return new;\n    end if;\n  end if;\n",
        side("old"),
        side("new"),
    );
    let (old, new) = ("(select old.*)", "(select new.*)");
    // `new` is null before a delete, and so is all that is found by it.
    body.push_str(&locks(chain, &[old, new]));
    let level = &chain.levels[0];
    let key = key_columns(table)
        .into_iter()
        .map(|column| format!("{} = {}", level.compared("r", column), level.compared("old", column)));
    let key: Vec<String> = key.collect();
    let _ = writeln!(
        body,
        "  perform from {} r where {} for update;",
        table_name(&table.name),
        key.join(" and ")
    );
    body.push_str(&arrived(below, old, Asked::Delete));
    body.push_str(&late::goes(below));
    let _ = writeln!(
        body,
        "  if current_setting('transaction_isolation') <> 'read committed' then\n    \
         -- Children that were added since this transaction's snapshot are in the log, which it cannot see either.\n    \
         insert into oosync.unseen (reader, bucket, since)\n      \
         with was (bucket) as (\n{}      ), will_be (bucket) as (\n{}      )\n      \
         select was.bucket, was.bucket, pg_snapshot_xmin(pg_current_snapshot()) from was\n      \
         union all select will_be.bucket, was.bucket, pg_snapshot_xmin(pg_current_snapshot()) from was, will_be;\n  end if;",
        buckets(chain, old, Asked::Delete),
        buckets(chain, new, Asked::Update),
    );
    body.push_str(REWRITTEN);
    body.push_str("  if tg_op = 'DELETE' then\n    return old;\n  end if;\n  return new;\n");
    body
}

/// `select`s of the buckets of these rows.
pub(super) fn buckets(chain: &Chain<'_>, rows: &str, asked: Asked) -> String {
    let sources = chain.sources(0, asked).into_iter().map(|Source { level, bucket, from, .. }| {
        format!(
            "        select {bucket} from {rows} r{}{from} where {bucket} is not null\n",
            chain.joins(0, level, Find::Above)
        )
    });
    sources.collect::<Vec<_>>().join("        union\n")
}

/// Before a table is emptied.
fn truncate(chain: &Chain<'_>) -> String {
    // Of a table and its partitions each has its own rows; which one is emptied is known only then.
    let (table, rows) = (chain.levels[0].table, "only emptied");
    let mut sql = lock_statements(chain, &[rows], "select", STRENGTH);
    let entries = entries(chain, rows, Asked::Delete);
    if !entries.is_empty() {
        sql.push_str(&logged(&entries, "  union all\n"));
    }
    let name = literal(&table.name.to_string());
    let unseen = format!(
        "  if current_setting('transaction_isolation') <> 'read committed' then\n    \
         -- Rows that were added since this transaction's snapshot go too.\n    \
         insert into oosync.unseen (reader, tbl, since) values ('*', {name}, pg_snapshot_xmin(pg_current_snapshot()));\n  end if;\n"
    );
    let sql = sql.replace('%', "%%").replace("from only emptied r", "from only %1$s r");
    let sql = sql.replace(&format!("for {STRENGTH};"), "for %2$s;");
    format!(
        "  execute format({}, tg_relid::regclass,\n    \
         case current_setting('transaction_isolation') when 'read committed' then 'key share' else 'share' end);\n\
         {unseen}  return null;\n",
        dollar_quoted("sql", &format!("\n{sql}  "))
    )
}

/// Stands for the strength of a lock that is known only when it is taken.
const STRENGTH: &str = "(strength)";
