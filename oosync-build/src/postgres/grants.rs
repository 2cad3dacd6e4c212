//! Privileges: what the roles of requests may do at all, before any policy.
//!
//! Columns that stay on the server are not granted, nor is writing what no push may write. Of the schema `oosync`, the
//! server's role reads the log and nobody writes it (devices and their answers it writes); the other roles may only ask what policies ask.

use std::collections::BTreeSet;

use super::access::Access;
use super::{Kind, Object, Roles, dollar_quoted, ident, literal, table_name};
use crate::facts::{Column, Facts, QualifiedName};
use crate::plan::{PlanColumnKind, PlanDefault, PlanTable};

/// What the server calls, beside what policies call.
const SERVER_FUNCTIONS: &[&str] = &[
    "oosync.buckets",
    "oosync.changes",
    "oosync.tail",
    "oosync.mark",
    "oosync.compact",
    "oosync.rewritten",
    "oosync.resume",
    "oosync.is_known",
    "oosync.cursor_state",
    "oosync.look",
    "oosync.current_epoch",
    "oosync.current_manifest",
];

/// What the server keeps books in.
const WRITTEN: &[&str] = &["oosync.client", "oosync.mutation"];

/// Where a row lies, by which the server reads a large table in parts.
const PLACE: &str = "ctid";

/// Who may call functions is part of what makes them: nobody has them for a moment in between, and
/// whoever makes one anew makes its privileges anew.
pub(super) fn secure(objects: &mut [Object], roles: &Roles<'_>) {
    let server = ident(roles.server);
    for object in objects {
        if object.kind != Kind::Function {
            continue;
        }
        let name = &object.name;
        let plain = name.split('(').next().unwrap_or_default();
        object.create.push_str(&format!("revoke all on function {name} from public;\n"));
        if SERVER_FUNCTIONS.contains(&plain) {
            object.create.push_str(&format!("grant execute on function {name} to {server};\n"));
        }
    }
}

/// As [`secure`], for functions that the roles in `to`, as SQL, call.
pub(super) fn secure_for(to: &str, objects: &mut [Object]) {
    for object in objects {
        let name = &object.name;
        object.create.push_str(&format!(
            "revoke all on function {name} from public;\ngrant execute on function {name} to {to};\n"
        ));
    }
}

/// The schema `oosync` and its tables, for reading.
pub(super) fn of_stores(stores: &[String], roles: &Roles<'_>) -> Vec<Object> {
    let server = ident(roles.server);
    let mut objects =
        vec![grant("usage of oosync", format!("grant usage on schema oosync to {};\n", roles.list()), None)];
    for table in stores {
        let privileges =
            if WRITTEN.contains(&table.as_str()) { "select, insert, update, delete" } else { "select" };
        let create = format!(
            "revoke all on {table} from public;\nrevoke all on {table} from {server};\ngrant {privileges} on {table} to {server};\n"
        );
        objects.push(grant(&format!("{table} to {server}"), create, None));
    }
    objects
}

/// The server may act as each role that claims stand for.
pub(super) fn of_roles(roles: &Roles<'_>) -> Vec<Object> {
    let mapped = roles.mapped.iter().filter(|role| **role != roles.server);
    let grants = mapped.map(|role| {
        // Whoever installs may have no right to grant what is granted already.
        let body = format!(
            "\nbegin\n  if not pg_has_role({}, {}, 'member') then\n    grant {} to {};\n  end if;\nend\n",
            literal(roles.server),
            literal(role),
            ident(role),
            ident(roles.server),
        );
        let create = format!("do {};\n", dollar_quoted("oosync", &body));
        // It holds in every database of the server, and may be older than the installation.
        grant(&format!("{} to {}", ident(role), ident(roles.server)), create, None)
    });
    grants.collect()
}

/// The schemas of synced tables, and of the types of their columns: the server names those when it reads what devices
/// push.
pub(super) fn of_schemas(tables: &[PlanTable], facts: &Facts, roles: &Roles<'_>) -> Vec<Object> {
    let of_types = tables.iter().flat_map(|table| {
        let of_facts = facts.table(&table.name.schema, &table.name.name);
        synced(table, |_, _| true).filter_map(move |name| Some(of_facts?.column(name)?.ty.schema.as_str()))
    });
    let of_types = of_types.filter(|schema| *schema != "pg_catalog");
    let schemas: BTreeSet<&str> =
        tables.iter().map(|table| table.name.schema.as_str()).chain(of_types).collect();
    let mut objects = Vec::new();
    for schema in schemas {
        for role in roles.all() {
            let on = format!("usage on schema {}", ident(schema));
            let create = format!("grant {on} to {};\n", ident(role));
            // Other roles than the server's have lives of their own, in which they need the schema.
            let drop = (role == roles.server).then(|| format!("revoke {on} from {};\n", ident(role)));
            objects.push(grant(&format!("{on} to {}", ident(role)), create, drop));
        }
    }
    objects
}

/// A synced table, for each role.
pub(super) fn of_table(access: &Access<'_>, roles: &Roles<'_>, table: &PlanTable, objects: &mut Vec<Object>) {
    let on = table_name(&table.name);
    let of_facts = access.facts.table(&table.name.schema, &table.name.name);
    let every: Vec<&Column> = of_facts.iter().flat_map(|table| &table.columns).collect();
    let all = list(every.iter().map(|column| column.name.as_str()).chain([PLACE]));
    let written = access.writers(table).is_some();
    let mut privileges = vec![format!("select ({})", list(synced(table, |_, _| true).chain([PLACE])))];
    if written {
        let insertable = |_: &str, generated: bool| !generated;
        privileges.push(format!("insert ({})", list(synced(table, insertable))));
        let updatable = |name: &str, generated: bool| {
            !generated && !table.protected.iter().any(|protected| protected == name)
        };
        let updatable = list(synced(table, updatable));
        if !updatable.is_empty() {
            privileges.push(format!("update ({updatable})"));
        }
        if !table.deny_delete.value {
            privileges.push("delete".to_owned());
        }
    }
    for role in roles.all() {
        let to = ident(role);
        // Of columns, what is not granted any more goes. Of whole tables only from the server's role: what another one
        // has, a person may have given it for other purposes.
        let revoke = if role == roles.server {
            format!("revoke all on {on} from {to};\n")
        } else {
            format!("revoke all ({all}) on {on} from {to};\n")
        };
        let create = format!("{revoke}grant {} on {on} to {to};\n", privileges.join(", "));
        let drop = match role == roles.server {
            true => revoke,
            false if written && !table.deny_delete.value => {
                format!("{revoke}revoke delete on {on} from {to};\n")
            }
            false => revoke,
        };
        let kind = Kind::Privileges(table.name.clone());
        objects.push(Object { kind, name: to, create, drop: Some(drop) });
    }
    if written {
        let mut sequences = BTreeSet::new();
        for column in every {
            let Some(sequence) = &column.sequence else { continue };
            let leased =
                table.columns.iter().any(|other| other.name == column.name && is_leased(&other.kind));
            // A default draws with the rights of whoever inserts; an identity with its own.
            if leased || column.identity.is_none() {
                sequences.insert(table_name(&QualifiedName::new(&sequence.schema, &sequence.name)));
            }
        }
        for sequence in sequences {
            for role in roles.all() {
                let (on, to) = (format!("usage on sequence {sequence}"), ident(role));
                let drop = Some(format!("revoke {on} from {to};\n"));
                let object = grant(&format!("{on} to {to}"), format!("grant {on} to {to};\n"), drop);
                // Two tables may draw from one sequence.
                if !objects.contains(&object) {
                    objects.push(object);
                }
            }
        }
    }
}

fn is_leased(kind: &PlanColumnKind) -> bool {
    matches!(kind, PlanColumnKind::Synced(synced) if synced.default.value == PlanDefault::Leased)
}

/// The synced columns of a table that a condition on name and on being generated holds for.
fn synced<'t>(
    table: &'t PlanTable,
    wanted: impl Fn(&str, bool) -> bool + 't,
) -> impl Iterator<Item = &'t str> {
    table.columns.iter().filter_map(move |column| match &column.kind {
        PlanColumnKind::Synced(synced) => {
            wanted(&column.name, synced.default.value == PlanDefault::Generated)
                .then_some(column.name.as_str())
        }
        PlanColumnKind::Local(_) => None,
    })
}

fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(ident).collect::<Vec<_>>().join(", ")
}

fn grant(name: &str, create: String, drop: Option<String>) -> Object {
    Object { kind: Kind::Grant, name: name.to_owned(), create, drop }
}
