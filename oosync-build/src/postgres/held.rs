//! Which rows are in which buckets now, for whoever reads the log.
//!
//! Functions with the rights of whoever installed them, since a reader may have a row and not its parent. Their bodies
//! are text, so that nothing stands in the way of dropping a table or changing a column's type.

use super::chain::{Asked, Chain, Chains, Find, Source, Way, alias, key_columns};
use super::column::{column_type, compared};
use super::{ALL_SETTINGS, Object, definer, ident, literal, own_name, table_name};
use crate::facts::Facts;
use crate::plan::PlanTable;

/// `oosync."public.todos in"(buckets text[])`: the rows in these buckets; and `oosync."public.todos held"(keys text[],
/// buckets text[])`: which of these keys, each the text of a `text[]`, are in these buckets.
pub(super) fn functions(facts: &Facts, chains: &Chains<'_>, table: &PlanTable) -> [Object; 2] {
    let chain = chains.of(table);
    let returns = "table (pk text[], bucket text)";
    [
        definer(&in_name(table), "text[]", returns, ALL_SETTINGS, &in_buckets(facts, chain)),
        definer(&held_name(table), "text[], text[]", returns, ALL_SETTINGS, &held(facts, chain)),
    ]
}

/// `oosync."public.todos in"`.
pub(super) fn in_name(table: &PlanTable) -> String {
    own_name(&format!("{}.{} in", table.name.schema, table.name.name))
}

/// `oosync."public.todos held"`.
pub(super) fn held_name(table: &PlanTable) -> String {
    own_name(&format!("{}.{} held", table.name.schema, table.name.name))
}

fn in_buckets(facts: &Facts, chain: &Chain<'_>) -> String {
    let table = chain.levels[0].table;
    let selects = chain.sources(0, Asked::Select).into_iter().flat_map(|source| {
        let rows = format!(
            "{} r{}{}",
            table_name(&table.name),
            chain.joins(0, source.level, Find::Below),
            source.from
        );
        let (key, bucket) = (chain.levels[0].key("r"), &source.bucket);
        let narrowed = narrowed(facts, chain, &source).into_iter();
        let select = |narrowed: String| {
            format!("  select {key}, {bucket}\n    from {rows}\n    where {bucket} = any ($1){narrowed}\n")
        };
        narrowed.map(select).collect::<Vec<_>>()
    });
    selects.collect::<Vec<_>>().join("  union\n")
}

/// What follows from being in one of the buckets `$1`, as conditions that an index of the level's table serves; several
/// where a row can be in one of them in several ways.
fn narrowed(facts: &Facts, chain: &Chain<'_>, source: &Source<'_>) -> Vec<String> {
    let (table, alias) = (&chain.levels[source.level].table.name, alias(source.level));
    let keys = |prefix: &str| {
        let from = prefix.chars().count() + 1;
        let prefix = literal(prefix);
        format!("select substr(b, {from}) from unnest($1) b where starts_with(b, {prefix})")
    };
    let is_one_of = |column: &str, keys: &str| {
        let ty = column_type(facts, table, column);
        format!(
            " and {} = any (array(select k::{ty} from ({keys}) k (k)))",
            compared(facts, table, &alias, column)
        )
    };
    match source.way {
        Way::Everyone | Way::Function => vec![String::new()],
        Way::Owner { column, or_everyone } => {
            let mine = is_one_of(column, &keys("user:"));
            let everyones = or_everyone.then(|| format!(" and {alias}.{} is null", ident(column)));
            std::iter::once(mine).chain(everyones).collect()
        }
        Way::Named { bucket, columns } => {
            let keys = keys(&format!("{bucket}:"));
            if let [column] = columns {
                return vec![is_one_of(column, &keys)];
            }
            let names: Vec<_> = columns.iter().map(|column| compared(facts, table, &alias, column)).collect();
            let types = columns.iter().map(|column| column_type(facts, table, column)).enumerate();
            let parts: Vec<_> = types.map(|(at, ty)| format!("(k::text[])[{}]::{ty}", at + 1)).collect();
            let (names, parts) = (names.join(", "), parts.join(", "));
            vec![format!(" and ({names}) in (select {parts} from ({keys}) k (k))")]
        }
    }
}

fn held(facts: &Facts, chain: &Chain<'_>) -> String {
    let table = chain.levels[0].table;
    let columns = key_columns(table);
    let on = columns.iter().enumerate().map(|(at, column)| {
        let ty = column_type(facts, &table.name, column);
        format!("{} = (k.k::text[])[{}]::{ty}", compared(facts, &table.name, "r", column), at + 1)
    });
    let on = on.collect::<Vec<_>>().join(" and ");
    let selects = chain.sources(0, Asked::Select).into_iter().map(|Source { level, bucket, from, .. }| {
        format!(
            "  select {}, {bucket}\n    from unnest($1) k (k) join {} r on {on}{}{from}\n    where {bucket} = any ($2)\n",
            chain.levels[0].key("r"),
            table_name(&table.name),
            chain.joins(0, level, Find::Above),
        )
    });
    selects.collect::<Vec<_>>().join("  union\n")
}
