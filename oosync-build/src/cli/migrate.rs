//! `cargo oosync migrate`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::args::{Common, Migrate};
use super::report::{Failure, Reporter, counted};
use super::{Fault, Outcome, absolute, database, planned_of, project, schemas};
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::files::{Written, shown, write_if_changed};
use crate::introspect::DatabaseUrl;
use crate::plan::{Plan, Strictness};
use crate::postgres::installed::{Applied, Difference, Error, Installed, Migration, State};
use crate::postgres::{Installation, Wrapping, uninstall_script};
use crate::project::Project;

pub(super) fn run(common: &Common, arguments: &Migrate, reporter: &Reporter) -> Result<Outcome, Failure> {
    let wrapping = if arguments.no_transaction { Wrapping::None } else { Wrapping::Transaction };
    match (arguments.uninstall, arguments.apply) {
        (true, true) => return uninstall(common, arguments, reporter),
        // The database knows itself what is there: no plan is needed.
        (true, false) => return print(&uninstall_script(wrapping), arguments, reporter),
        (false, _) => {}
    }
    let project = project(common)?;
    if arguments.check {
        return check(common, &project, arguments, reporter);
    }
    let facts = project.load_facts().map_err(|problems| Failure::new(Fault::Invalid, problems))?;
    let plan = planned_of(&project, &facts, arguments.lenient, reporter)?;
    let installation = installation(&project, &facts, &plan)?;
    if arguments.apply {
        return apply(common, &project, &facts, &installation, arguments, reporter);
    }
    print(&installation.script(wrapping), arguments, reporter)
}

fn installation(project: &Project, facts: &Facts, plan: &Plan) -> Result<Installation, Failure> {
    Installation::new(plan, facts, &project.config).map_err(|problems| Failure::new(Fault::Invalid, problems))
}

/// SQL as the result: to standard output, or into a file.
fn print(sql: &str, arguments: &Migrate, reporter: &Reporter) -> Result<Outcome, Failure> {
    let Some(path) = &arguments.out else {
        reporter.text(sql);
        return Ok(Outcome::Fine);
    };
    let path = absolute(path)?;
    let written = write_if_changed(&path, sql.as_bytes()).map_err(|error| {
        Failure::new(Fault::Files, Diagnostic::error(format!("cannot write {}: {error}", shown(&path))))
    })?;
    let (state, human) = match written {
        Written::Created => ("created", format!("created {}", shown(&path))),
        Written::Changed => ("changed", format!("changed {}", shown(&path))),
        Written::Unchanged => ("unchanged", format!("{} is up to date", shown(&path))),
    };
    reporter.result(&human, &json!({"status": "ok", "files": [{"file": shown(&path), "status": state}]}));
    Ok(Outcome::Fine)
}

fn apply(
    common: &Common,
    project: &Project,
    facts: &Facts,
    installation: &Installation,
    arguments: &Migrate,
    reporter: &Reporter,
) -> Result<Outcome, Failure> {
    let (mut client, url) = database::connect(common, reporter)?;
    let now = database::snapshot(&mut client, &schemas(common, project, Some(facts.schemas.clone())))?;
    let changes = facts.diff(&now);
    if !changes.is_empty() {
        let path = shown(&project.facts_path);
        let problem = Diagnostic::error(format!(
            "{path} is out of date: {} in {url}; nothing was installed",
            counted(changes.len(), "change")
        ));
        reporter.drift(
            &problem.help("run `cargo oosync snapshot` first, and commit the file"),
            &changes,
            &path,
        );
        return Ok(Outcome::Drift);
    }
    let mut progress = |line: &str| reporter.progress(line);
    let migration =
        Migration::new(&mut client, &url, arguments.lock_timeout).apply(installation, &mut progress);
    let applied = migration.map_err(|error| refused(&error))?;
    let human = if applied.is_nothing() {
        format!("nothing to do: {url} is up to date")
    } else {
        summary(&applied, &url, installation)
    };
    let document = json!({
        "status": "ok", "made": applied.made, "removed": applied.removed, "resumed": applied.resumed,
        "schema_hash": installation.schema_hash, "registered": applied.registered,
    });
    reporter.result(&human, &document);
    if !applied.resumed.is_empty() {
        let calls = applied
            .resumed
            .iter()
            .map(|table| format!("select oosync.reconcile('{}');", table.replace('\'', "''")));
        let warning = Diagnostic::warning(format!(
            "capture had stopped on {}: what changed meanwhile is not in the log",
            applied.resumed.join(", ")
        ));
        let warning = warning.help(format!(
            "bring the rows that are there to the log: `{}`",
            calls.collect::<Vec<_>>().join(" ")
        ));
        let warning = warning.help(
            "if rows were deleted meanwhile, have every device start anew: `update oosync.meta set floor = pg_snapshot_xmax(pg_current_snapshot())`",
        );
        reporter.problems(&warning.into());
    }
    Ok(Outcome::Fine)
}

/// `installed into …: 41 objects made; schema 0123456789ab is the present one`.
fn summary(applied: &Applied, url: &DatabaseUrl, installation: &Installation) -> String {
    let mut parts = Vec::new();
    if !applied.made.is_empty() {
        parts.push(format!("{} made", counted(applied.made.len(), "object")));
    }
    if !applied.removed.is_empty() {
        parts.push(format!("{} removed", counted(applied.removed.len(), "object")));
    }
    if applied.registered {
        let hash = &installation.schema_hash;
        parts.push(format!("schema {} is the present one", &hash[..hash.len().min(12)]));
    }
    format!("installed into {url}: {}", parts.join(", "))
}

fn uninstall(common: &Common, arguments: &Migrate, reporter: &Reporter) -> Result<Outcome, Failure> {
    let (mut client, url) = database::connect(common, reporter)?;
    let removed = Migration::new(&mut client, &url, arguments.lock_timeout).uninstall();
    let removed = removed.map_err(|error| refused(&error))?;
    let human = match removed {
        true => format!("oosync is removed from {url}"),
        false => format!("nothing to do: oosync is not installed in {url}"),
    };
    reporter.result(&human, &json!({"status": "ok", "removed": removed}));
    Ok(Outcome::Fine)
}

pub(super) fn refused(error: &Error) -> Failure {
    let mut problem = Diagnostic::error(error.to_string());
    if let Error::Locked { blockers, .. } = error {
        problem = blockers.iter().fold(problem, |problem, blocker| problem.note(blocker.to_string()));
    }
    if let Error::Exposed { roles } = error {
        problem = roles.iter().fold(problem, |problem, exposed| problem.note(exposed.to_string()));
    }
    problem = problem.note("nothing was changed");
    problem.help.extend(error.help());
    Failure::new(Fault::Database, problem)
}

/// Compares what is installed with what the plan of the database, as it is now, needs.
fn check(
    common: &Common,
    project: &Project,
    arguments: &Migrate,
    reporter: &Reporter,
) -> Result<Outcome, Failure> {
    let facts = project.load_facts().map_err(|problems| Failure::new(Fault::Invalid, problems))?;
    let (mut client, url) = database::connect(common, reporter)?;
    let now = database::snapshot(&mut client, &schemas(common, project, Some(facts.schemas.clone())))?;
    let mut lines = Vec::new();
    let changes = facts.diff(&now).len();
    if changes > 0 {
        let path = shown(&project.facts_path);
        lines
            .push(format!("{path} is out of date: {}, see `cargo oosync check`", counted(changes, "change")));
    }
    let strictness = if arguments.lenient { Strictness::Lenient } else { Strictness::Strict };
    let plan = match project.plan_of(&now, strictness) {
        Ok(validated) => validated.plan,
        // What is new and not settled is told of, and the rest compared.
        Err(problems) if changes > 0 => {
            lines.extend(problems.iter().map(|problem| problem.message.clone()));
            let lenient = project.plan_of(&now, Strictness::Lenient);
            lenient.map_err(|problems| Failure::new(Fault::Invalid, problems))?.plan
        }
        Err(problems) => return Err(Failure::new(Fault::Invalid, problems)),
    };
    let installation = installation(project, &now, &plan)?;
    let installed = Installed::read(&mut client).map_err(|error| {
        let mut problem = Diagnostic::error(error.to_string());
        problem.help.extend(error.help());
        Failure::new(Fault::Database, problem)
    })?;
    let differences = installed.differences(&installation);
    if installed.format.is_none() {
        lines.push("oosync is not installed there".to_owned());
    } else {
        lines.extend(sentences(&differences, &installation, &plan));
        let short = |hash: &str| hash[..hash.len().min(12)].to_owned();
        match &installed.manifest {
            Some(hash) if *hash == installation.schema_hash => {}
            Some(hash) => lines.push(format!(
                "the present manifest is that of schema {}, not {}",
                short(hash),
                short(&installation.schema_hash)
            )),
            None => lines.push("no manifest is registered".to_owned()),
        }
    }
    if lines.is_empty() {
        let count = counted(installation.objects.len(), "object");
        let human = format!("{url} has what the plan needs: {count}, as they were made");
        reporter.result(&human, &json!({"status": "ok", "objects": installation.objects.len()}));
        return Ok(Outcome::Fine);
    }
    let objects: Vec<_> = differences
        .iter()
        .map(|difference| json!({"object": difference.identity, "state": format!("{:?}", difference.state).to_lowercase()}))
        .collect();
    let problem = Diagnostic::error(format!("what is installed in {url} is not what the plan needs"));
    let help = if changes > 0 {
        "run `cargo oosync snapshot`, then `cargo oosync migrate --apply`"
    } else {
        "run `cargo oosync migrate --apply`"
    };
    let document = json!({"status": "drift", "changes": lines, "objects": objects});
    reporter.differences(&problem.help(help), &lines, &document);
    Ok(Outcome::Drift)
}

/// What the differences mean, in the language of tables where that is shorter.
fn sentences(differences: &[Difference], installation: &Installation, plan: &Plan) -> Vec<String> {
    let is_trigger = |difference: &&Difference| difference.kind == "trigger";
    // How many triggers each table should have.
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for object in &installation.objects {
        if let (Some(table), "trigger") = (object.relation(), object.kind.word()) {
            *all.entry(crate::postgres::table_name(table)).or_default() += 1;
        }
    }
    let synced: BTreeSet<String> =
        plan.tables.iter().map(|table| crate::postgres::table_name(&table.name)).collect();
    let mut of_table: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for difference in differences.iter().filter(is_trigger) {
        let group = match difference.state {
            State::New => "new",
            State::Unneeded => "unneeded",
            _ => continue,
        };
        *of_table.entry((difference.relation.as_deref().unwrap_or_default(), group)).or_default() += 1;
    }
    let mut lines = Vec::new();
    let mut told = BTreeSet::new();
    for ((table, group), count) in &of_table {
        if *group == "new" && all.get(*table) == Some(count) {
            lines.push(if synced.contains(*table) {
                format!("{table} is synced, and nothing captures its changes")
            } else {
                format!("{table} has no triggers, and its rows are rows of a synced table: writing to it is not captured")
            });
            told.insert((*table, State::New));
        } else if *group == "unneeded" && !all.contains_key(*table) {
            lines.push(format!("{table} is captured, and not synced any more"));
            told.insert((*table, State::Unneeded));
        }
    }
    for difference in differences {
        let table = difference.relation.as_deref().unwrap_or_default();
        let of_a_table = is_trigger(&difference)
            && told.iter().any(|(of, state)| *of == table && *state == difference.state);
        // The functions of such a table come and go with it.
        let beside =
            difference.kind == "function" && told.iter().any(|(_, state)| *state == difference.state);
        if !of_a_table && !beside {
            lines.push(difference.to_string());
        }
    }
    lines
}
