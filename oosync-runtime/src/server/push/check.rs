//! What is refused without asking Postgres.

use crate::codec;
use crate::protocol::{JsonRow, Mutation, MutationResult, Op, ReasonCode, Status, TableHeader};
use crate::schema::{ColumnDefault, Push as Pushes, Table};
use crate::server::catalog::{Catalog, TableSql};
use crate::server::compatible::Shape;

/// A mutation whose table and columns are known.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub(super) mutation: &'a Mutation,
    /// The place of its table in the catalog.
    pub(super) place: usize,
    /// What the device knows of the table.
    pub(super) header: &'a TableHeader,
    /// The columns that it writes, or, of a delete, those of its base; ascending. The stamp of the last change is not
    /// among those written: the server writes its own.
    pub(super) columns: Vec<usize>,
    /// The text of the key, as the log has it; found by Postgres.
    pub(super) key: String,
}

/// A refusal for good.
pub(super) fn refusal(id: u64, reason: ReasonCode, message: impl Into<String>) -> MutationResult {
    MutationResult::rejected(id, Status::RejectedTerminal, reason, message)
}

/// What can be said of a mutation by the schema alone; `known` is one of the push that passed.
///
/// Most mutations of a push name the same columns as the one before: then there is nothing new to be said of them.
pub(super) fn check<'a>(
    mutation: &'a Mutation,
    shape: &'a Shape,
    catalog: &Catalog,
    known: Option<&Item<'a>>,
) -> Result<Item<'a>, Box<MutationResult>> {
    if let Some(known) = known.filter(|known| is_alike(mutation, known.mutation)) {
        return Ok(Item { mutation, key: String::new(), ..known.clone() });
    }
    check_names(mutation, shape, catalog)
}

/// Whether both do the same to the same columns of a table.
fn is_alike(one: &Mutation, other: &Mutation) -> bool {
    let alike = |one: &JsonRow, other: &JsonRow| one.names().eq(other.names());
    one.op == other.op
        && one.table == other.table
        && alike(&one.key, &other.key)
        && alike(&one.values, &other.values)
        && alike(&one.base, &other.base)
        && one.key.iter().all(|(_, value)| !value.is_null())
}

fn check_names<'a>(
    mutation: &'a Mutation,
    shape: &'a Shape,
    catalog: &Catalog,
) -> Result<Item<'a>, Box<MutationResult>> {
    let refused = |reason, message: String, columns: Vec<String>| {
        Err(Box::new(MutationResult { columns, ..refusal(mutation.id, reason, message) }))
    };
    let Some((place, header)) = shape.tables.iter().find(|(_, header)| header.name == mutation.table) else {
        let message = format!("there is no table {}", mutation.table);
        return refused(ReasonCode::UnknownTable, message, Vec::new());
    };
    let of = &catalog.tables[*place];
    let table = of.table;
    let sent = || mutation.values.names().chain(mutation.base.names()).chain(mutation.key.names());
    let listed = |wrong: &dyn Fn(&str) -> bool| {
        let mut names: Vec<String> = sent().filter(|name| wrong(name)).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(names)
    };
    let writes = |name: &str| mutation.values.contains(name) || mutation.base.contains(name);
    let locked = |name: &str| {
        table.column(name).is_some_and(|at| shape.locked.contains(&(*place, table.columns[at].name)))
    };
    if let Some(names) = listed(&|name| writes(name) && locked(name)) {
        let message = format!("the role of this user may not write {}", names.join(", "));
        return refused(ReasonCode::ColumnNotAuthorized, message, names);
    }
    if let Some(names) = listed(&|name| !header.columns.iter().any(|column| column == name)) {
        let message = format!("{} has no column {}", table.name, names.join(", "));
        return refused(ReasonCode::UnknownColumn, message, names);
    }
    let key = |name: &str| table.primary_key.iter().any(|place| table.columns[*place].name == name);
    let lacking: Vec<String> = table
        .primary_key
        .iter()
        .map(|place| table.columns[*place].name)
        .filter(|name| mutation.key.get(name).is_none_or(crate::protocol::RawJson::is_null))
        .map(str::to_owned)
        .collect();
    if !lacking.is_empty() {
        let message = format!("the key lacks {}", lacking.join(", "));
        return refused(ReasonCode::Malformed, message, lacking);
    }
    let strange: Vec<String> = mutation.key.names().filter(|name| !key(name)).map(str::to_owned).collect();
    if !strange.is_empty() {
        let message = format!("{} is no part of the key", strange.join(", "));
        return refused(ReasonCode::Malformed, message, strange);
    }
    if read_only(of, mutation.op) {
        return refused(ReasonCode::ReadOnlyTable, format!("nobody pushes to {}", table.name), Vec::new());
    }
    if mutation.op == Op::Delete
        && table.rules.deleted.is_none()
        && (table.rules.deny_delete || !of.rights.delete)
    {
        let message = format!("rows of {} cannot be deleted", table.name);
        return refused(ReasonCode::DeleteDenied, message, Vec::new());
    }
    if let Some(refused) = columns(mutation, table) {
        return Err(Box::new(refused));
    }
    let mut columns: Vec<usize> = match mutation.op {
        Op::Delete => mutation.base.names().filter_map(|name| table.column(name)).collect(),
        _ => mutation.values.names().filter_map(|name| table.column(name)).collect(),
    };
    if mutation.op != Op::Delete {
        columns.retain(|place| Some(*place) != table.rules.updated);
    }
    columns.sort_unstable();
    Ok(Item { mutation, place: *place, header, columns, key: String::new() })
}

/// Whether nobody does this to the table.
fn read_only(of: &TableSql, op: Op) -> bool {
    let rights = &of.rights;
    of.table.rules.push == Pushes::Disabled
        || match op {
            Op::Insert => !rights.insert,
            Op::Update => !rights.update,
            // Whether rows may go is another question.
            Op::Delete => !(rights.insert || rights.update || rights.delete),
        }
}

/// Columns that a push may not write.
fn columns(mutation: &Mutation, table: &'static Table) -> Option<MutationResult> {
    let (mut computed, mut protected) = (Vec::new(), Vec::new());
    for name in mutation.values.names() {
        let Some(column) = table.column(name).map(|place| &table.columns[place]) else { continue };
        if column.default == ColumnDefault::Generated {
            computed.push(name.to_owned());
        } else if mutation.op == Op::Update && column.access.protected {
            protected.push(name.to_owned());
        }
    }
    let refused =
        |reason, message, columns| Some(MutationResult { columns, ..refusal(mutation.id, reason, message) });
    if !computed.is_empty() {
        let message = format!("Postgres computes {}", computed.join(", "));
        return refused(ReasonCode::GeneratedColumn, message, computed);
    }
    if !protected.is_empty() {
        let message = format!("only an insert sets {}", protected.join(", "));
        return refused(ReasonCode::ProtectedColumn, message, protected);
    }
    None
}

/// The columns of a mutation whose values are none of their type, as far as that can be told here.
pub(super) fn malformed(mutation: &Mutation, table: &'static Table) -> Vec<String> {
    let sent = mutation.key.iter().chain(mutation.values.iter()).chain(mutation.base.iter());
    let mut names: Vec<String> = sent
        .filter(|(name, json)| {
            let column = table.column(name).map(|place| &table.columns[place]);
            column.is_some_and(|column| codec::from_json(&column.ty, json.get()).is_err())
        })
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}
