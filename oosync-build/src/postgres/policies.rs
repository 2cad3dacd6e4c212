//! Policies: who reads and writes which rows.
//!
//! Row-level security is enabled and never forced: whoever owns the tables goes on as before. It is not enabled on
//! partitions and on tables that inherit: nobody is granted anything on those, and through their parent its policies
//! hold.

use super::access::{Access, Right};
use super::chain::Asked;
use super::{Kind, Object, Roles, dollar_quoted, ident, literal, short, table_name};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::{QualifiedName, RowSecurity, Table, quoted};
use crate::plan::PlanTable;

/// The policy that says that row-level security was off before; it shows nothing to anybody.
pub(crate) const SWITCHED_ON: &str = "oosync_switched_on";

/// The policies of a table, after what they call.
pub(super) fn of_table(access: &Access<'_>, roles: &Roles<'_>, table: &PlanTable, objects: &mut Vec<Object>) {
    let to = roles.list();
    let mut policy = |command: &str, using: Option<String>, check: Option<String>| {
        let using = using.map(|using| format!("  using (\n    {using}\n  )")).into_iter();
        let check = check.map(|check| format!("  with check (\n    {check}\n  )"));
        let parts: Vec<String> = using.chain(check).collect();
        if !parts.is_empty() {
            let name = format!("oosync_{command}");
            objects.push(create(&table.name, &name, &format!("for {command} to {to}"), &parts.join("\n")));
        }
    };
    policy("select", access.condition(table, Right::Read, Asked::Select), None);
    if let Some(right) = access.writers(table) {
        policy("insert", None, access.condition(table, right, Asked::Insert));
        policy(
            "update",
            access.condition(table, right, Asked::Select),
            access.condition(table, right, Asked::Update),
        );
        if !table.deny_delete.value {
            policy("delete", access.condition(table, right, Asked::Delete), None);
        }
    }
    for role in &roles.keep {
        objects.push(keep(&table.name, role, roles));
    }
}

/// Whoever had every row before goes on to have it.
fn keep(table: &QualifiedName, role: &str, roles: &Roles<'_>) -> Object {
    let name = short(&format!("oosync_keep_{role}"));
    let policy =
        create(table, &name, &format!("for all to {}", ident(role)), "  using (true)\n  with check (true)");
    // A policy holds for the members of its role too.
    let guard: String = roles
        .all()
        .iter()
        .map(|synced| {
            let message = format!(
                "oosync: {synced} is a member of {role}, which [row_security] keeps every row for: it would see all rows of everybody"
            );
            format!(
                "  if pg_has_role({}, {}, 'usage') then\n    raise exception using message = {};\n  end if;\n",
                literal(synced),
                literal(role),
                literal(&message),
            )
        })
        .collect();
    let guard = format!("do {};\n", dollar_quoted("oosync", &format!("\nbegin\n{guard}end\n")));
    Object { create: guard + &policy.create, ..policy }
}

/// Switches row-level security on, where it is off.
pub(super) fn enable(table: &QualifiedName, was: RowSecurity, roles: &Roles<'_>, objects: &mut Vec<Object>) {
    if was != RowSecurity::Disabled {
        return;
    }
    let on = table_name(table);
    let to = format!("for select to {}", ident(roles.server));
    objects.push(create(table, SWITCHED_ON, &to, "  using (false)"));
    // A thing of its own: a policy is dropped whenever it is made anew, and that must not open the table meanwhile.
    objects.push(Object {
        kind: Kind::RowSecurity(table.clone()),
        name: String::new(),
        create: format!("alter table {on} enable row level security;\n"),
        drop: Some(format!("alter table {on} disable row level security;\n")),
    });
}

/// What is on a table already and stands against what is generated.
pub(super) fn check(table: &Table, roles: &Roles<'_>, problems: &mut Diagnostics) {
    let name = table.qualified_name();
    // It is enough that one permissive policy shows a row.
    for policy in table.policies.iter().filter(|policy| !policy.restrictive) {
        let ours = roles.all();
        let by = policy.roles.iter().find(|role| *role == "public" || ours.contains(&role.as_str()));
        let Some(by) = by else { continue };
        let message = format!(
            "the policy `{}` of {name} would show its rows to users of the sync as well",
            policy.name
        );
        let problem = Diagnostic::error(message)
            .note(format!("it holds for `{by}`, and whatever one policy allows is allowed"))
            .help(format!(
                "if your own policies say who sees what, write `row_security = \"existing\"` under `[sync]`; else name the roles that it is for: `alter policy {} on {name} to …`",
                quoted(&policy.name)
            ));
        problems.push(problem);
    }
    // A table that binds its owner as well would hide rows from capture, which reads as the owner.
    if matches!(table.row_security, RowSecurity::Forced | RowSecurity::DisabledForced) {
        let table = name;
        let message = format!("row-level security of {table} is forced: capture would not see its rows");
        problems
            .push(Diagnostic::error(message).help(format!(
                "`alter table {table} no force row level security`, and take the facts again"
            )));
    }
}

/// A permissive policy; `parts` are `using` and `with check`.
fn create(table: &QualifiedName, name: &str, to: &str, parts: &str) -> Object {
    let (on, name) = (table_name(table), ident(name));
    Object {
        kind: Kind::Policy(table.clone()),
        create: format!("create policy {name} on {on} as permissive {to}\n{parts};\n"),
        drop: Some(format!("drop policy if exists {name} on {on};\n")),
        name,
    }
}
