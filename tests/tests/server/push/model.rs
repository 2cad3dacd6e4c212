//! Random mutations of several devices, beside a model of what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use oosync_runtime::protocol::{ReasonCode, Status};
use serde_json::{Value, json};

use super::support::{Device, text, with};
use crate::support::{Server, user};

const SCHEMA: &str = "
    create table users (id uuid primary key, name text not null);
    create table items (id int primary key, user_id uuid not null references users, a int, b text, c numeric(6, 2) check (c < 9));";

/// What a table does in conflicts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Server,
    Client,
    Reject,
}

const COLUMNS: [&str; 3] = ["a", "b", "c"];

/// A row: the values of `a`, `b` and `c`, as JSON has them.
type Row = [Value; 3];

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }

    /// A value of a column; of `c`, one in six that its check refuses.
    fn value(&mut self, column: usize) -> Value {
        match (column, self.below(6)) {
            (_, 0) => Value::Null,
            (0, n) => json!(n % 3),
            (1, n) => json!(["", "x", "ü'\"\\"][n % 3]),
            (_, 5) => json!("9.50"),
            (_, n) => json!(format!("{}.00", n % 3)),
        }
    }
}

/// What is done to a row of this number.
#[derive(Clone, Debug)]
enum Change {
    Insert(Row),
    Update(BTreeMap<usize, (Value, Value)>),
    Delete(BTreeMap<usize, Value>),
}

#[derive(Clone, Debug)]
struct Sent {
    row: usize,
    change: Change,
    group: Option<usize>,
}

/// What became of one, as a word.
type Fate = &'static str;

#[derive(Clone, Default)]
struct Model {
    rows: BTreeMap<usize, Row>,
}

/// What a push did itself.
#[derive(Clone, Default)]
struct Own {
    written: BTreeMap<usize, BTreeSet<usize>>,
    failed: BTreeSet<usize>,
}

impl Model {
    fn push(&mut self, sent: &[Sent], rule: Rule) -> Vec<Fate> {
        let mut own = Own::default();
        let mut fates = Vec::new();
        let mut at = 0;
        while at < sent.len() {
            let Some(group) = sent[at].group else {
                let fate = self.one(&sent[at], rule, &mut own);
                if is_failure(fate) && !matches!(sent[at].change, Change::Update(_)) {
                    own.failed.insert(sent[at].row);
                }
                fates.push(fate);
                at += 1;
                continue;
            };
            let members: Vec<&Sent> =
                sent[at..].iter().take_while(|sent| sent.group == Some(group)).collect();
            let (mut copy, mut own_copy) = (self.clone(), own.clone());
            let mut of_group = Vec::new();
            for member in &members {
                let fate = copy.one(member, rule, &mut own_copy);
                if is_failure(fate) && !matches!(member.change, Change::Update(_)) {
                    own_copy.failed.insert(member.row);
                }
                of_group.push(fate);
            }
            if of_group.iter().any(|fate| is_failure(fate)) {
                for member in &members {
                    if !matches!(member.change, Change::Update(_)) {
                        own.failed.insert(member.row);
                    }
                }
                // Which of them is told its own reason depends on the order of sets.
                fates.extend(members.iter().map(|_| "group"));
            } else {
                (*self, own) = (copy, own_copy);
                fates.extend(of_group);
            }
            at += members.len();
        }
        fates
    }

    fn one(&mut self, sent: &Sent, rule: Rule, own: &mut Own) -> Fate {
        if own.failed.contains(&sent.row) {
            return "dependency";
        }
        let written = own.written.entry(sent.row).or_default();
        let refused = |row: &Row| row[2].as_str().is_some_and(|c| c == "9.50");
        match &sent.change {
            Change::Insert(row) => {
                let Some(there) = self.rows.get(&sent.row) else {
                    if refused(row) {
                        return "check";
                    }
                    self.rows.insert(sent.row, row.clone());
                    *written = (0..3).collect();
                    return "applied";
                };
                if there == row {
                    *written = (0..3).collect();
                    return "applied";
                }
                match rule {
                    Rule::Reject => "rejected",
                    Rule::Server => {
                        written.extend((0..3).filter(|column| there[*column] == row[*column]));
                        "exists"
                    }
                    Rule::Client if refused(row) => "check",
                    Rule::Client => {
                        self.rows.insert(sent.row, row.clone());
                        *written = (0..3).collect();
                        "exists"
                    }
                }
            }
            Change::Update(columns) => {
                let Some(there) = self.rows.get(&sent.row) else { return "missing" };
                let clashes = |(column, (mine, base)): (&usize, &(Value, Value))| {
                    let there = &there[*column];
                    (there != base && there != mine && !written.contains(column)).then_some(*column)
                };
                let clashes: BTreeSet<usize> = columns.iter().filter_map(clashes).collect();
                if !clashes.is_empty() && rule == Rule::Reject {
                    return "rejected";
                }
                let kept = |column: &usize| rule == Rule::Server && clashes.contains(column);
                let mut row = there.clone();
                let wrote: BTreeSet<usize> = columns.keys().filter(|column| !kept(column)).copied().collect();
                for column in &wrote {
                    row[*column] = columns[column].0.clone();
                }
                if wrote.contains(&2) && refused(&row) {
                    return "check";
                }
                self.rows.insert(sent.row, row);
                written.extend(wrote);
                if clashes.is_empty() { "applied" } else { "changed" }
            }
            Change::Delete(base) => {
                let Some(there) = self.rows.get(&sent.row) else { return "missing" };
                let clash =
                    base.iter().any(|(column, base)| there[*column] != *base && !written.contains(column));
                match (clash, rule) {
                    (true, Rule::Reject) => "rejected",
                    (true, Rule::Server) => "deleted",
                    _ => {
                        self.rows.remove(&sent.row);
                        if clash { "deleted" } else { "applied" }
                    }
                }
            }
        }
    }
}

fn is_failure(fate: &str) -> bool {
    !matches!(fate, "applied" | "changed" | "exists" | "deleted")
}

fn word(result: &oosync_runtime::protocol::MutationResult) -> Fate {
    match (&result.status, &result.reason) {
        (Status::Applied, None) => "applied",
        (Status::Conflict, Some(ReasonCode::ColumnsChanged)) => "changed",
        (Status::Conflict, Some(ReasonCode::RowExists)) => "exists",
        (Status::Conflict, Some(ReasonCode::ChangedAndDeleted)) => "deleted",
        (Status::RejectedTerminal, Some(reason)) => match reason {
            ReasonCode::ConflictRejected => "rejected",
            ReasonCode::CheckViolation => "check",
            ReasonCode::RowMissing => "missing",
            ReasonCode::DependencyFailed => "dependency",
            ReasonCode::GroupFailed => "group",
            other => panic!("{other}: {result:?}"),
        },
        other => panic!("{other:?}: {result:?}"),
    }
}

/// Changes of a device that last saw these rows.
fn changes(numbers: &mut Numbers, seen: &BTreeMap<usize, Row>) -> Vec<Sent> {
    let mut seen = seen.clone();
    let mut sent: Vec<Sent> = Vec::new();
    for at in 0..1 + numbers.below(12) {
        let row = numbers.below(6);
        let change = match seen.get(&row).cloned() {
            None => {
                let new: Row = std::array::from_fn(|column| numbers.value(column));
                seen.insert(row, new.clone());
                Change::Insert(new)
            }
            // As if it had never seen it.
            Some(_) if numbers.below(10) == 0 => {
                Change::Insert(std::array::from_fn(|column| numbers.value(column)))
            }
            Some(_) if numbers.below(5) == 0 => {
                let known = seen.remove(&row).unwrap();
                let columns = (0..3).filter(|_| numbers.below(2) == 0);
                Change::Delete(
                    columns.collect::<Vec<_>>().into_iter().map(|c| (c, known[c].clone())).collect(),
                )
            }
            Some(known) => {
                let mut columns = BTreeMap::new();
                for (column, known) in known.iter().enumerate() {
                    if numbers.below(2) == 0 || (column == 2 && columns.is_empty()) {
                        columns.insert(column, (numbers.value(column), known.clone()));
                    }
                }
                let row = seen.get_mut(&row).unwrap();
                for (column, (mine, _)) in &columns {
                    row[*column] = mine.clone();
                }
                Change::Update(columns)
            }
        };
        // Neighbours are a group now and then.
        let before = sent.last().and_then(|sent| sent.group);
        let group = match (before, numbers.below(4)) {
            (Some(group), 0 | 1) => Some(group),
            (_, 2) => Some(at),
            _ => None,
        };
        sent.push(Sent { row, change, group });
    }
    sent
}

fn json_of(sent: &[Sent], first: u64) -> Vec<Value> {
    let named = |values: &mut dyn Iterator<Item = (usize, Value)>| -> Value {
        values
            .map(|(column, value)| (COLUMNS[column].to_owned(), value))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let one = |sent: &Sent| {
        let key = json!({"id": sent.row});
        let made = match &sent.change {
            Change::Insert(row) => {
                let mut values = named(&mut row.iter().cloned().enumerate());
                values["user_id"] = json!(user(0));
                json!({"table": "items", "op": "insert", "key": key, "values": values})
            }
            Change::Update(columns) => json!({
                "table": "items", "op": "update", "key": key,
                "values": named(&mut columns.iter().map(|(column, (mine, _))| (*column, mine.clone()))),
                "base": named(&mut columns.iter().map(|(column, (_, base))| (*column, base.clone()))),
            }),
            Change::Delete(base) => json!({
                "table": "items", "op": "delete", "key": key,
                "base": named(&mut base.iter().map(|(column, base)| (*column, base.clone()))),
            }),
        };
        match sent.group {
            Some(group) => with(made, "group", json!(first + group as u64)),
            None => made,
        }
    };
    sent.iter().map(one).collect()
}

#[test]
fn what_devices_push_becomes_what_the_model_says() {
    for (seed, rule, name) in
        [(1, Rule::Server, "server_wins"), (2, Rule::Client, "client_wins"), (3, Rule::Reject, "reject")]
    {
        let config = format!(
            "[sync]\ndeny_delete = false\nconflict = \"{name}\"\n\n[tables.users]\nowner_column = \"id\"\n"
        );
        let server = Server::with(SCHEMA, &config);
        server.database.execute(&format!("insert into users values ('{}', 'a')", user(0)));
        let mut numbers = Numbers(seed);
        let mut model = Model::default();
        let mut devices: Vec<(Device<'_>, BTreeMap<usize, Row>)> =
            (0..3).map(|_| (Device::new(&server, 0), BTreeMap::new())).collect();
        let mut met: BTreeSet<Fate> = BTreeSet::new();
        for round in 0..80 {
            let (device, seen) = &mut devices[numbers.below(3)];
            let sent = changes(&mut numbers, seen);
            let first = device.next_id();
            let before = model.clone();
            let fates = model.push(&sent, rule);
            let results = device.push(&json_of(&sent, first));
            for (at, (fate, result)) in fates.iter().zip(&results).enumerate() {
                let word = word(result);
                met.insert(word);
                let fits = word == *fate || (*fate == "group" && is_failure(word));
                assert!(
                    fits,
                    "{name}, round {round}: mutation {at} is {word} and should be {fate}\n{sent:#?}\nbefore: {:?}\n{result:#?}",
                    before.rows
                );
            }
            let there = text(
                &server,
                "select coalesce(json_agg(json_build_array(id, a, b, c::text) order by id), '[]')::text from items",
            );
            let there: Vec<(usize, Value, Value, Value)> = serde_json::from_str(&there).unwrap();
            let there: BTreeMap<usize, Row> =
                there.into_iter().map(|(id, a, b, c)| (id, [a, b, c])).collect();
            assert_eq!(there, model.rows, "{name}, round {round}: {sent:#?}\nbefore: {:?}", before.rows);
            // Now and then it sees what is there.
            if numbers.below(3) == 0 {
                *seen = model.rows.clone();
            }
        }
        assert!(met.len() >= 6, "{name}: {met:?}");
    }
}
