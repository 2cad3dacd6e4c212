//! Names on the device. SQLite has one namespace for tables, views and indexes, and sees no difference between
//! `Todos` and `todos`.

use std::collections::{BTreeMap, BTreeSet};

use super::PlanTable;
use super::problems::{Issues, Relief, section};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, QualifiedName};

/// The name of each synced table in SQLite: its own, with the schema before it where two schemas have one.
pub(super) fn local_names(
    facts: &Facts,
    tables: &BTreeSet<QualifiedName>,
    issues: &mut Issues,
) -> BTreeMap<QualifiedName, String> {
    let mut same: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for table in tables {
        same.entry(table.name.to_ascii_lowercase()).or_default().insert(&table.schema);
    }
    let mut names = BTreeMap::new();
    let mut taken: BTreeMap<String, &QualifiedName> = BTreeMap::new();
    for table in tables {
        let shared = same.get(&table.name.to_ascii_lowercase()).is_some_and(|schemas| schemas.len() > 1);
        let name = if shared { format!("{}_{}", table.schema, table.name) } else { table.name.clone() };
        let heading =
            || facts.table(&table.schema, &table.name).map(|table| section(facts, table)).unwrap_or_default();
        let folded = name.to_ascii_lowercase();
        if let Some(prefix) = ["sqlite_", "_oosync_"].into_iter().find(|prefix| folded.starts_with(prefix)) {
            let owner = if prefix == "sqlite_" { "SQLite" } else { "the device's own tables" };
            let problem = Diagnostic::error(format!("{table} cannot be called `{name}` on a device"))
                .note(format!("names that begin with `{prefix}` are those of {owner}"))
                .help(format!("rename the table, or write `exclude = true` under `{}`", heading()));
            issues.settle(problem, Relief::Table(table.clone(), format!("its name begins with `{prefix}`")));
        }
        // Every table has a view beside it, of the rows as the server has them.
        let view = format!("{folded}__synced");
        let clash = [(&folded, ""), (&view, "the view beside ")]
            .into_iter()
            .find_map(|(name, what)| Some((taken.get(name)?, name, what)));
        if let Some((other, folded, what)) = clash {
            let problem = Diagnostic::error(format!(
                "{what}{table} and {other} would both be `{folded}` in SQLite"
            ))
            .note(
                "SQLite does not see upper and lower case, and every table has a view `…__synced` beside it",
            )
            .help(format!("rename one of the tables, or write `exclude = true` under `{}`", heading()));
            issues.settle(problem, Relief::Table(table.clone(), format!("{other} has its name in SQLite")));
        } else {
            taken.insert(folded, table);
            taken.insert(view, table);
        }
        names.insert(table.clone(), name);
    }
    names
}

/// Gives every index a name that nothing else on the device has.
pub(super) fn name_indexes(tables: &mut [PlanTable]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for table in tables.iter() {
        let name = table.local_name.to_ascii_lowercase();
        taken.insert(format!("{name}__synced"));
        taken.insert(name);
    }
    let mut places: Vec<usize> = (0..tables.len()).collect();
    places.sort_by(|a, b| tables[*a].name.cmp(&tables[*b].name));
    for place in places {
        let table = &mut tables[place];
        for index in &mut table.indexes {
            let free = |name: &str, taken: &BTreeSet<String>| {
                let folded = name.to_ascii_lowercase();
                !folded.starts_with("sqlite_") && !folded.starts_with("_oosync_") && !taken.contains(&folded)
            };
            let mut name = index.name.clone();
            if !free(&name, &taken) {
                // With `ix_` in front it begins with no reserved word.
                name = format!("ix_{}_{}", table.local_name, index.name);
                let first = name.clone();
                let mut number = 2_u32;
                while !free(&name, &taken) {
                    name = format!("{first}_{number}");
                    number += 1;
                }
            }
            taken.insert(name.to_ascii_lowercase());
            index.name = name;
        }
    }
}
