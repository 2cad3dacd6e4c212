//! Which roles would lose rows when row-level security is switched on.

use super::roles::Roles;
use super::{literal, table_name};
use crate::config::{Config, RowSecurityMode};
use crate::plan::Plan;

/// A query for a database before [`Installation`](super::Installation): each role that can use a synced table now and
/// would find no rows of it afterwards. One row for each role and table, sorted: `role` and `tbl` (as it would be
/// written in SQL) of type text, and `privileges`, those that it would have in vain, as text[].
///
/// None of them owns the table, is a superuser or passes by row-level security; has a permissive policy that is there
/// already; and is named by the config, be it that requests run as the role, or under `[row_security]`. Roles without
/// login are listed too: others may be members. Tables where row-level security is on already are left out: nobody
/// loses anything.
///
/// `None` where nothing is switched on: the config says `row_security = "existing"`, or nothing is synced.
pub fn exposed_roles_sql(plan: &Plan, config: &Config) -> Option<String> {
    if config.sync.row_security == RowSecurityMode::Existing || plan.tables.is_empty() {
        return None;
    }
    let roles = Roles::of(config);
    let settled =
        roles.all().into_iter().chain(roles.keep.iter().copied()).chain(roles.accept.iter().copied());
    let settled: Vec<_> = settled.map(literal).collect();
    let tables: Vec<_> =
        plan.tables.iter().map(|table| format!("({})", literal(&table_name(&table.name)))).collect();
    Some(format!(
        "select r.rolname::text as role, t.name::text as tbl, array_agg(p.privilege::text order by p.privilege) as privileges\n\
         from (values {}) t (name)\n\
         join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(t.name) and not c.relrowsecurity\n\
         cross join pg_catalog.pg_roles r\n\
         cross join (values ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) p (privilege, command)\n\
         where not r.rolsuper and not r.rolbypassrls and r.rolname !~ '^pg_'\n  \
         and r.rolname <> all (array[{}])\n  \
         and not pg_catalog.pg_has_role(r.oid, c.relowner, 'usage')\n  \
         and (pg_catalog.has_table_privilege(r.oid, c.oid, p.privilege)\n    \
         or p.privilege <> 'DELETE' and pg_catalog.has_any_column_privilege(r.oid, c.oid, nullif(p.privilege, 'DELETE')))\n  \
         and not exists (\n    \
         select from pg_catalog.pg_policy o, pg_catalog.unnest(o.polroles) m (role)\n    \
         where o.polrelid = c.oid and o.polpermissive and o.polcmd in ('*', p.command::\"char\")\n      \
         and (m.role = 0 or pg_catalog.pg_has_role(r.oid, m.role, 'usage'))\n  )\n\
         group by r.rolname, t.name\n\
         order by r.rolname, t.name",
        tables.join(", "),
        settled.join(", "),
    ))
}
