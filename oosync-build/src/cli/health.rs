//! The part of `cargo oosync doctor` that asks whether a database is fit for syncing.

use postgres::Client;
use postgres::types::FromSql;

use super::Fault;
use super::doctor::Findings;
use super::report::{Failure, counted};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, Table};
use crate::introspect;
use crate::plan::{Ownership, Plan};
use crate::postgres::Installation;
use crate::postgres::installed::{Installed, State};
use crate::postgres::table_name;
use crate::project::Project;

/// Looks at everything; goes on after what it may not see.
pub(super) fn look(
    client: &mut Client,
    project: &Project,
    facts: &Facts,
    plan: &Plan,
    findings: &mut Findings,
) -> Result<(), Failure> {
    installed(client, project, facts, plan, findings);
    let tables: Vec<String> = plan.tables.iter().map(|table| table_name(&table.name)).collect();
    privileges(client, &tables, findings)?;
    row_security(client, &tables, findings)?;
    server_role(client, &project.config.server.role, &tables, findings)?;
    transactions(client, findings)?;
    log(client, findings)?;
    replication(client, &tables, findings)?;
    indexes(facts, plan, findings);
    Ok(())
}

fn query(error: postgres::Error) -> Failure {
    Failure::new(Fault::Database, Diagnostic::error(introspect::Error::from(error).to_string()))
}

/// The names in the first column.
fn names(client: &mut Client, sql: &str, tables: &[String]) -> Result<Vec<String>, Failure> {
    let rows = client.query(sql, &[&tables]).map_err(query)?;
    rows.iter().map(|row| row.try_get(0).map_err(query)).collect()
}

fn field<'r, T: FromSql<'r>>(row: &'r postgres::Row, column: usize) -> Result<T, Failure> {
    row.try_get(column).map_err(query)
}

fn installed(client: &mut Client, project: &Project, facts: &Facts, plan: &Plan, findings: &mut Findings) {
    let installation = match Installation::new(plan, facts, &project.config) {
        Ok(installation) => installation,
        Err(problems) => return findings.fail("installed", Failure::new(Fault::Invalid, problems)),
    };
    let installed = match Installed::read(client) {
        Ok(installed) => installed,
        Err(error) => return findings.fail("installed", super::migrate::refused(&error)),
    };
    if installed.format.is_none() {
        findings.say("installed", "nothing; `cargo oosync migrate --apply` does it");
        return;
    }
    let differences = installed.differences(&installation);
    let stopped: Vec<&str> = differences
        .iter()
        .filter(|difference| difference.kind == "trigger")
        .filter(|difference| matches!(difference.state, State::Missing | State::Disabled | State::New))
        .filter_map(|difference| difference.relation.as_deref())
        .collect();
    if !stopped.is_empty() {
        let mut tables = stopped.clone();
        tables.dedup();
        let problem = Diagnostic::warning(format!("changes of {} are not captured", tables.join(", ")));
        findings.problems.push(problem.help("`cargo oosync migrate --check` tells why, `--apply` mends it"));
    }
    findings.say(
        "installed",
        match differences.len() {
            0 => format!("{}, as the plan has it", counted(installed.objects.len(), "object")),
            count => format!("{}: see `cargo oosync migrate --check`", counted(count, "difference")),
        },
    );
}

/// What `migrate --apply` needs of the role that is connected.
fn privileges(client: &mut Client, tables: &[String], findings: &mut Findings) -> Result<(), Failure> {
    let row = client
        .query_one(
            "select pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
                    coalesce((select pg_catalog.pg_has_role(n.nspowner, 'USAGE') from pg_catalog.pg_namespace n
                       where n.nspname = 'oosync'), true)",
            &[],
        )
        .map_err(query)?;
    let (create, ours): (bool, bool) = (field(&row, 0)?, field(&row, 1)?);
    let foreign = names(
        client,
        "select t from pg_catalog.unnest($1::text[]) t
           join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(t)
         where not pg_catalog.pg_has_role(c.relowner, 'USAGE') order by 1",
        tables,
    )?;
    let mut missing = Vec::new();
    if !create {
        missing.push("may not create a schema".to_owned());
    }
    if !ours {
        missing.push("does not own the schema oosync".to_owned());
    }
    if !foreign.is_empty() {
        missing.push(format!("does not own {}", foreign.join(", ")));
    }
    findings.say(
        "migrate",
        if missing.is_empty() {
            "this role may install what is needed".to_owned()
        } else {
            format!("not as this role, which {}", missing.join(", and "))
        },
    );
    Ok(())
}

fn row_security(client: &mut Client, tables: &[String], findings: &mut Findings) -> Result<(), Failure> {
    let state = |condition: &str| {
        format!(
            "select t from pg_catalog.unnest($1::text[]) t join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(t)
             where {condition} order by 1"
        )
    };
    let without = names(client, &state("not c.relrowsecurity"), tables)?;
    let forced = names(client, &state("c.relforcerowsecurity"), tables)?;
    findings.say(
        "row security",
        format!("on for {} of {} synced tables", tables.len() - without.len(), tables.len()),
    );
    if !forced.is_empty() {
        let problem = Diagnostic::warning(format!("row-level security is forced on {}", forced.join(", ")))
            .note("capture reads as the owner of the tables: where policies bind it too, a write fails instead of being logged in part")
            .help("`alter table … no force row level security`");
        findings.problems.push(problem);
    }
    Ok(())
}

fn server_role(
    client: &mut Client,
    role: &str,
    tables: &[String],
    findings: &mut Findings,
) -> Result<(), Failure> {
    let row = client
        .query_opt(
            "select rolsuper, rolbypassrls, rolcanlogin from pg_catalog.pg_roles where rolname = $1",
            &[&role],
        )
        .map_err(query)?;
    let Some(row) = row else {
        findings.say("server role", format!("{role} does not exist"));
        let problem = Diagnostic::warning(format!(
            "the role `{role}`, as which the sync server logs in, does not exist"
        ));
        findings.problems.push(problem.help(format!(
            "`create role \"{}\" login`, or name another in `[server] role`",
            role.replace('"', "\"\"")
        )));
        return Ok(());
    };
    let mut powers = Vec::new();
    for (column, power) in ["is a superuser", "bypasses row-level security"].into_iter().enumerate() {
        if field::<bool>(&row, column)? {
            powers.push(power.to_owned());
        }
    }
    let owned = client
        .query(
            "select t from pg_catalog.unnest($1::text[]) t join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(t)
             where pg_catalog.pg_has_role($2::name, c.relowner, 'USAGE') order by 1",
            &[&tables, &role],
        )
        .map_err(query)?;
    if let (Some(first), true) = (owned.first(), powers.is_empty()) {
        let more = if owned.len() > 1 { format!(" and {} more", owned.len() - 1) } else { String::new() };
        powers.push(format!("owns {}{more}", field::<String>(first, 0)?));
    }
    if !field::<bool>(&row, 2)? {
        findings.problems.push(Diagnostic::warning(format!("the role `{role}` may not log in")));
    }
    if powers.is_empty() {
        findings.say("server role", role);
    } else {
        findings.say("server role", format!("{role}, which {}", powers.join(" and ")));
        let problem = Diagnostic::warning(format!(
            "policies do not bind the role `{role}`: it {}",
            powers.join(" and ")
        ));
        findings
            .problems
            .push(problem.help("let the sync server log in as a role that has only what is granted to it"));
    }
    Ok(())
}

/// What keeps the past alive: compaction and vacuum go as far as the oldest transaction.
fn transactions(client: &mut Client, findings: &mut Findings) -> Result<(), Failure> {
    let oldest = client
        .query_opt(
            "select pid, coalesce(usename::text, '?'), coalesce(state, '?'),
                    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - xact_start)::int8
             from pg_catalog.pg_stat_activity
             where xact_start is not null and pid <> pg_catalog.pg_backend_pid() and backend_type = 'client backend'
               and datname = pg_catalog.current_database()
             order by xact_start limit 1",
            &[],
        )
        .map_err(query)?;
    let prepared: Vec<String> = {
        let sql = "select pg_catalog.format('%s (%s, since %s)', gid, owner,
                       pg_catalog.to_char(prepared at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"'))
                   from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()
                     and ($1::text[] is not null) order by prepared";
        names(client, sql, &[])?
    };
    let finding = match oldest {
        Some(row) => {
            let (pid, user, state, age): (i32, String, String, i64) =
                (field(&row, 0)?, field(&row, 1)?, field(&row, 2)?, field(&row, 3)?);
            if age > HOUR {
                let problem = Diagnostic::warning(format!(
                    "a transaction is open for {}: pid {pid}, {user}, {state}",
                    span(age)
                ));
                findings.problems.push(problem.note(
                    "the log is compacted only up to it, and a bootstrap is answered again from there",
                ));
            }
            format!("the oldest is open for {}", span(age))
        }
        None => "none is open".to_owned(),
    };
    let finding = match prepared.len() {
        0 => finding,
        count => format!("{finding}; {count} prepared"),
    };
    findings.say("transactions", finding);
    if !prepared.is_empty() {
        let problem =
            Diagnostic::warning(format!("transactions are prepared and not ended: {}", prepared.join(", ")));
        findings.problems.push(problem.help("`commit prepared '…'` or `rollback prepared '…'`"));
    }
    Ok(())
}

const HOUR: i64 = 3_600;

/// `3 s`, `5 min`, `2 h`, `4 days`.
fn span(seconds: i64) -> String {
    let (minute, hour, day) = (60, HOUR, 24 * HOUR);
    if seconds < 2 * minute {
        format!("{} s", seconds.max(0))
    } else if seconds < 2 * hour {
        format!("{} min", seconds / minute)
    } else if seconds < 2 * day {
        format!("{} h", seconds / hour)
    } else {
        format!("{} days", seconds / day)
    }
}

fn log(client: &mut Client, findings: &mut Findings) -> Result<(), Failure> {
    let there = client
        .query_one(
            "select pg_catalog.to_regclass('oosync.change_log') is not null and pg_catalog.to_regclass('oosync.mark') is not null
                and pg_catalog.has_schema_privilege('oosync', 'USAGE')
                and pg_catalog.has_table_privilege('oosync.change_log', 'SELECT') and pg_catalog.has_table_privilege('oosync.mark', 'SELECT')
             where pg_catalog.to_regnamespace('oosync') is not null and pg_catalog.to_regclass('oosync.change_log') is not null
             union all select false limit 1",
            &[],
        )
        .map_err(query)?;
    if !field::<bool>(&there, 0)? {
        return Ok(());
    }
    let row = client
        .query_one(
            "select pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size('oosync.change_log')),
                    coalesce((select c.seq from oosync.change_log c order by c.seq desc limit 1)
                      - (select c.seq from oosync.change_log c order by c.seq limit 1) + 1, 0),
                    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - (select min(at) from oosync.mark))::int8,
                    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - (select max(at) from oosync.mark))::int8",
            &[],
        )
        .map_err(query)?;
    let (size, entries): (String, i64) = (field(&row, 0)?, field(&row, 1)?);
    let (oldest, newest): (Option<i64>, Option<i64>) = (field(&row, 2)?, field(&row, 3)?);
    let age = oldest.map_or("never marked".to_owned(), |age| format!("reaches back {}", span(age)));
    findings.say("log", format!("{size}, at most {entries} entries, {age}"));
    if let Some(quiet) = newest.filter(|age| *age > HOUR) {
        let problem = Diagnostic::warning(format!("nobody has called `oosync.mark()` for {}", span(quiet)));
        findings
            .problems
            .push(problem.note("without marks the log is never compacted; the sync server sets them"));
    }
    Ok(())
}

fn replication(client: &mut Client, tables: &[String], findings: &mut Findings) -> Result<(), Failure> {
    let fed = names(
        client,
        "select t from pg_catalog.unnest($1::text[]) t
         where exists (select from pg_catalog.pg_subscription_rel s
           left join pg_catalog.pg_inherits i on i.inhrelid = s.srrelid
           where pg_catalog.to_regclass(t)::oid in (s.srrelid, i.inhparent)) order by 1",
        tables,
    )?;
    if !fed.is_empty() {
        let problem = Diagnostic::warning(format!("logical replication writes to {}", fed.join(", ")))
            .note("what a subscription applies fires no statement triggers: devices do not learn of it");
        findings.problems.push(problem.help("sync from the database that it comes from"));
    }
    let row = client.query_one("select pg_catalog.pg_is_in_recovery()", &[]).map_err(query)?;
    if field::<bool>(&row, 0)? {
        let problem = Diagnostic::warning("this is a standby")
            .note("its snapshots do not list running transactions: pulls are answered by the primary only");
        findings.problems.push(problem.help("point at the primary"));
    }
    Ok(())
}

/// Capture finds the children of a row by their foreign key whenever the row moves.
fn indexes(facts: &Facts, plan: &Plan, findings: &mut Findings) {
    for table in &plan.tables {
        let Ownership::Parent { columns, table: parent, .. } = &table.ownership.value else { continue };
        let Some(of_facts) = facts.table(&table.name.schema, &table.name.name) else { continue };
        if !indexed(of_facts, columns) {
            let problem = Diagnostic::warning(format!(
                "no index of `{}` begins with {}",
                table.name,
                columns.join(", ")
            ));
            findings.problems.push(
                problem
                    .note(format!("capture looks its rows up whenever a row of `{parent}` changes its owner, its key or its parent, or goes"))
                    .help(format!("`create index concurrently on {} ({})`", table.name, columns.join(", "))),
            );
        }
    }
}

/// Whether an index begins with these columns, in any order.
fn indexed(table: &Table, columns: &[String]) -> bool {
    let begins = |key: &[Option<&str>]| {
        key.len() >= columns.len()
            && columns.iter().all(|column| key[..columns.len()].contains(&Some(column.as_str())))
    };
    let primary = table.primary_key.iter().any(|key| {
        let key: Vec<_> = key.columns.iter().map(|column| Some(column.as_str())).collect();
        begins(&key)
    });
    let unique = table.unique.iter().filter(|key| key.predicate.is_none()).any(|key| {
        let key: Vec<_> = key.columns.iter().map(|key| key.column()).collect();
        begins(&key)
    });
    let plain = table
        .indexes
        .iter()
        .filter(|index| index.predicate.is_none() && !index.invalid && index.method == "btree")
        .any(|index| {
            let key: Vec<_> = index.columns.iter().map(|key| key.column()).collect();
            begins(&key)
        });
    primary || unique || plain
}
