//! What sessions do to a schema: numbers, read as statements that fit it.

use proptest::prelude::*;

use super::schema::{POOL, Schema, Stored, Table, Whose};

/// One thing that happens; sessions are `A` and `B`.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A session begins a transaction, or ends the one that it has.
    Turn { session: usize, how: u8 },
    /// A session runs a statement.
    Run { session: usize, numbers: [u8; 8] },
    /// The device of a user pulls.
    Pull { user: usize },
}

/// Any of them; statements come more often than anything else.
pub(super) fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_usize, any::<[u8; 8]>()).prop_map(|(session, numbers)| Step::Run { session, numbers }),
        2 => (0..2_usize, any::<u8>()).prop_map(|(session, how)| Step::Turn { session, how }),
        2 => (0..super::schema::USERS).prop_map(|user| Step::Pull { user }),
    ]
}

/// What fills every table of a schema, as far as it can be filled.
pub(super) fn beginning(schema: &Schema) -> Vec<Step> {
    let tables = 0..u8::try_from(schema.tables.len() + schema.buckets.len()).unwrap_or(u8::MAX);
    let rounds = [[2, 1, 9, 1, 2, 3], [5, 6, 3, 10, 7, 1], [1, 3, 14, 15, 4, 9]];
    let fill = |round: [u8; 6]| {
        tables.clone().map(move |table| {
            let [a, b, c, d, e, f] = round.map(|number| number.wrapping_add(table * 5));
            Step::Run { session: 0, numbers: [0, table, a, b, c, d, e, f] }
        })
    };
    rounds.into_iter().flat_map(fill).collect()
}

/// What a session with or without an open transaction does in its turn.
pub(super) fn turn(how: u8, open: bool) -> &'static str {
    if !open {
        return [
            "begin",
            "begin",
            "begin",
            "begin; set constraints all deferred",
            "begin isolation level repeatable read",
            "begin isolation level serializable",
            "begin; set local session_replication_role = replica",
            "begin",
        ][usize::from(how) % 8];
    }
    ["commit", "commit", "rollback", "savepoint a", "rollback to savepoint a", "set constraints all deferred"]
        [usize::from(how) % 6]
}

/// Reads numbers as a statement.
pub(super) fn statement(schema: &Schema, numbers: [u8; 8]) -> String {
    let [kind, table, rest @ ..] = numbers;
    let places = schema.tables.len() + schema.buckets.len();
    let table = usize::from(table) % places;
    if let Some(bucket) = table.checked_sub(schema.tables.len()) {
        return member(schema, bucket, kind, rest);
    }
    let table = &schema.tables[table];
    let mut dice = Numbers { numbers: rest, next: 0 };
    match kind % 20 {
        0..5 => insert(schema, table, &mut dice),
        5 => format!("{} on conflict do nothing", insert(schema, table, &mut dice)),
        6 | 7 => upsert(schema, table, &mut dice),
        8..14 => update(schema, table, &mut dice),
        14 | 15 => delete(table, &mut dice),
        16 => {
            let relations = table.relations();
            let relation = &relations[dice.roll(relations.len())];
            let only = if table.stored == Stored::Partitioned || dice.roll(2) == 0 { "" } else { "only " };
            format!("truncate {only}{relation} cascade")
        }
        17 => {
            let first = format!("{} returning 1", delete(table, &mut dice));
            format!("with d as ({first}) {}", insert(schema, table, &mut dice))
        }
        18 => {
            let first = format!("{} returning 1", update(schema, table, &mut dice));
            let other = &schema.tables[dice.roll(schema.tables.len())];
            let second = if dice.roll(2) == 0 {
                update(schema, other, &mut dice)
            } else {
                insert(schema, other, &mut dice)
            };
            format!("with u as ({first}) {second}")
        }
        _ => {
            let first = format!("{} returning 1", insert(schema, table, &mut dice));
            let other = &schema.tables[dice.roll(schema.tables.len())];
            format!("with i as ({first}) {}", update(schema, other, &mut dice))
        }
    }
}

/// Numbers that run out and begin again.
struct Numbers {
    numbers: [u8; 6],
    next: usize,
}

impl Numbers {
    fn roll(&mut self, below: usize) -> usize {
        let rounds = self.next / self.numbers.len();
        let number = usize::from(self.numbers[self.next % self.numbers.len()]);
        self.next += 1;
        ((number >> (rounds % 8)) + rounds * 3) % below
    }
}

fn member(schema: &Schema, bucket: usize, kind: u8, numbers: [u8; 6]) -> String {
    let bucket = &schema.buckets[bucket];
    let mut dice = Numbers { numbers, next: 0 };
    let who = schema.user_literal(dice.roll(3), bucket.user);
    let other = schema.user_literal(dice.roll(3), bucket.user);
    let key: Vec<_> = bucket.types.iter().map(|ty| ty.literal(dice.roll(POOL))).collect();
    let name = bucket.members();
    match kind % 8 {
        0..5 => format!("insert into {name} values ({who}, {}) on conflict do nothing", key.join(", ")),
        5 => format!("update {name} set b0 = {} where who = {who}", key[0]),
        6 => format!("update {name} set who = {other} where who = {who}"),
        _ if dice.roll(4) == 0 => format!("truncate {name}"),
        _ => format!("delete from {name} where who = {who} and b0 = {}", key[0]),
    }
}

/// Values for the columns of a group that refers to `of`: those of one of its rows, or any.
fn reference(of: &Table, by: &[String], dice: &mut Numbers) -> Vec<String> {
    let (row, any) = (dice.roll(POOL), dice.roll(4) == 0);
    // Keys of rows that inherit are none to foreign keys.
    let from = if of.stored == Stored::Partitioned { of.name.clone() } else { format!("only {}", of.name) };
    let values = by.iter().map(|column| {
        if any {
            return of.column(column).ty.literal(row);
        }
        format!(
            "(select {column} from {from} order by {} offset {row} % (select greatest(count(*), 1) from {from}) limit 1)",
            by.join(", ")
        )
    });
    values.collect()
}

/// A value for a column that refers to nothing.
fn value(schema: &Schema, table: &Table, name: &str, shift: usize, dice: &mut Numbers) -> String {
    let column = table.column(name);
    if column.nullable && dice.roll(4) == 0 {
        return "null".to_owned();
    }
    match name {
        "owner" => schema.user_literal(dice.roll(3), column.ty),
        "body" => format!("'{}'", dice.roll(100)),
        _ => column.ty.literal(shift + dice.roll(POOL)),
    }
}

/// What columns are set to together: each group with its values.
fn groups(
    schema: &Schema,
    table: &Table,
    shift: usize,
    dice: &mut Numbers,
) -> Vec<(Vec<String>, Vec<String>)> {
    let mut groups = Vec::new();
    if let Whose::Parent { table: of, by } = &table.whose {
        groups.push((table.named("p"), reference(&schema.tables[*of], by, dice)));
    }
    if table.of_itself {
        let names = table.named("s");
        let nulls = vec!["null".to_owned(); names.len()];
        groups.push((names, if dice.roll(2) == 0 { nulls } else { reference(table, &table.key, dice) }));
    }
    let known: Vec<String> = groups.iter().flat_map(|(names, _)| names.clone()).collect();
    for column in table.columns.iter().filter(|column| !known.contains(&column.name)) {
        groups.push((vec![column.name.clone()], vec![value(schema, table, &column.name, shift, dice)]));
    }
    groups
}

fn insert(schema: &Schema, table: &Table, dice: &mut Numbers) -> String {
    let inherits = table.stored == Stored::Inherited && dice.roll(3) == 0;
    let (relation, shift) =
        if inherits { (format!("{}_i", table.name), POOL) } else { (table.name.clone(), 0) };
    let rows = 1 + dice.roll(3);
    let mut columns = Vec::new();
    let rows = (0..rows).map(|_| {
        let groups = groups(schema, table, shift, dice);
        columns = groups.iter().flat_map(|(names, _)| names.clone()).collect();
        format!("({})", groups.into_iter().flat_map(|(_, values)| values).collect::<Vec<_>>().join(", "))
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    format!("insert into {relation} ({}) values {rows}", columns.join(", "))
}

fn upsert(schema: &Schema, table: &Table, dice: &mut Numbers) -> String {
    let insert = insert(schema, table, dice);
    let groups = groups(schema, table, 0, dice);
    let (names, _) = &groups[dice.roll(groups.len())];
    let sets: Vec<_> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    format!("{insert} on conflict ({}) do update set {}", table.key.join(", "), sets.join(", "))
}

fn update(schema: &Schema, table: &Table, dice: &mut Numbers) -> String {
    let relations = table.relations();
    let relation = if dice.roll(3) == 0 { &relations[dice.roll(relations.len())] } else { &table.name };
    let inherits = table.stored == Stored::Inherited;
    let shift = if inherits && *relation != table.name { POOL } else { 0 };
    let groups = groups(schema, table, shift, dice);
    let (names, values) = &groups[dice.roll(groups.len())];
    let sets: Vec<_> = names.iter().zip(values).map(|(name, value)| format!("{name} = {value}")).collect();
    // A key of the rows that inherit is none of the others.
    let unique = names.iter().any(|name| table.key.contains(name) || table.unique.contains(name));
    let only = if inherits && unique && shift == 0 { "only " } else { "" };
    format!("update {only}{relation} set {} {}", sets.join(", "), condition(table, dice))
}

fn delete(table: &Table, dice: &mut Numbers) -> String {
    let relations = table.relations();
    let relation = if dice.roll(3) == 0 { &relations[dice.roll(relations.len())] } else { &table.name };
    format!("delete from {relation} {}", condition(table, dice))
}

fn condition(table: &Table, dice: &mut Numbers) -> String {
    let column = table.column(table.key.last().unwrap());
    let (name, value) = (&column.name, column.ty.literal(dice.roll(2 * POOL)));
    match dice.roll(4) {
        0 => String::new(),
        1 => format!("where {name} <> {value}"),
        _ => format!("where {name} = {value}"),
    }
}
