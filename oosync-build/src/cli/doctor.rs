//! `cargo oosync doctor`.

use postgres::Client;
use serde_json::{Map, Value, json};

use super::args::Common;
use super::report::{Failure, Reporter, counted};
use super::{Fault, Outcome, database, health, project, schemas, snapshot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::{FORMAT, Facts};
use crate::files::shown;
use crate::introspect;
use crate::plan::Strictness;

/// What was found, line by line, and what is wrong with it.
#[derive(Default)]
pub(super) struct Findings {
    lines: Vec<String>,
    document: Map<String, Value>,
    pub(super) problems: Diagnostics,
    fault: Option<Fault>,
}

impl Findings {
    pub(super) fn say(&mut self, what: &str, finding: impl Into<String>) {
        let finding = finding.into();
        self.document.insert(what.replace(' ', "_"), json!(finding));
        self.lines.push(format!("{what:<12} {finding}"));
    }

    /// Goes on after a failure: the rest may be worth knowing.
    pub(super) fn fail(&mut self, what: &str, failure: Failure) {
        self.say(what, "not usable, see below");
        self.problems.extend(failure.problems);
        self.fault.get_or_insert(failure.fault);
    }
}

pub(super) fn run(common: &Common, reporter: &Reporter) -> Result<Outcome, Failure> {
    let mut findings = Findings::default();
    let version = env!("CARGO_PKG_VERSION");
    findings.say("version", format!("{version}, facts format {FORMAT}"));
    let facts = project_findings(common, &mut findings);
    match database::chosen(common) {
        Err(failure) => findings.fail("database", failure),
        Ok((url, from)) => {
            findings.say("database", format!("{url} ({from})"));
            match url.connect() {
                Err(error) => findings.fail("connection", database::refused(&error)),
                Ok(mut client) => {
                    if let Err(error) = database_findings(common, &mut client, facts.as_ref(), &mut findings)
                    {
                        findings.fail("server", error);
                    }
                }
            }
        }
    }
    findings
        .document
        .insert("status".to_owned(), json!(if findings.fault.is_none() { "ok" } else { "error" }));
    reporter.result(&findings.lines.join("\n"), &Value::Object(findings.document));
    match findings.fault {
        Some(fault) => Err(Failure::new(fault, findings.problems)),
        None => {
            reporter.problems(&findings.problems);
            Ok(Outcome::Fine)
        }
    }
}

fn project_findings(common: &Common, findings: &mut Findings) -> Option<Facts> {
    let project = match project(common) {
        Ok(project) => project,
        Err(failure) => {
            findings.fail("config", failure);
            return None;
        }
    };
    match &project.config_path {
        Some(path) => findings.say("config", shown(path)),
        None => findings.say("config", "none; the defaults apply (`cargo oosync init` writes one)"),
    }
    let path = shown(&project.facts_path);
    match project.load_facts() {
        Ok(facts) => {
            let hash = facts.hash();
            findings.say("facts", format!("{path}: {}, sha256 {}", snapshot::content(&facts), &hash[..12]));
            let problems = project.check(&facts);
            if problems.has_errors() {
                findings.fault.get_or_insert(Fault::Invalid);
            }
            findings.problems.extend(problems);
            Some(facts)
        }
        Err(problems) => {
            findings.fail("facts", Failure::new(Fault::Invalid, problems));
            None
        }
    }
}

fn database_findings(
    common: &Common,
    client: &mut Client,
    facts: Option<&Facts>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let query = |error: postgres::Error| {
        Failure::new(Fault::Database, Diagnostic::error(introspect::Error::from(error).to_string()))
    };
    // The database's own may put somebody's functions before Postgres'.
    client.batch_execute("set search_path = ''").map_err(query)?;
    let row = client
        .query_one(
            "select current_setting('server_version'), current_user::text, r.rolsuper, r.rolbypassrls,
                    pg_catalog.pg_is_in_recovery(), coalesce(s.version, ''), coalesce(s.cipher, '')
             from pg_catalog.pg_roles r
             left join pg_catalog.pg_stat_ssl s on s.pid = pg_catalog.pg_backend_pid() and s.ssl
             where r.rolname = current_user",
            &[],
        )
        .map_err(query)?;
    let text = |column: usize| row.try_get::<_, String>(column).map_err(query);
    let flag = |column: usize| row.try_get::<_, bool>(column).map_err(query);
    let standby = if flag(4)? { ", a standby" } else { "" };
    findings.say("server", format!("Postgres {}{standby}", text(0)?));
    findings.say(
        "encryption",
        match (text(5)?, text(6)?) {
            (version, _) if version.is_empty() => "none".to_owned(),
            (version, cipher) => format!("{version}, {cipher}"),
        },
    );
    let powers: Vec<&str> = [(flag(2)?, "superuser"), (flag(3)?, "bypasses row-level security")]
        .into_iter()
        .filter_map(|(has, power)| if has { Some(power) } else { None })
        .collect();
    let user = text(1)?;
    findings.say("role", if powers.is_empty() { user } else { format!("{user} ({})", powers.join(", ")) });
    let project = project(common)?;
    let schemas = schemas(common, &project, facts.map(|facts| facts.schemas.clone()));
    let row = client
        .query_one(
            "select count(*), count(*) filter (where pg_catalog.has_table_privilege(c.oid, 'SELECT'))
             from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
             where n.nspname = any($1) and c.relkind in ('r', 'p')",
            &[&schemas],
        )
        .map_err(query)?;
    let count = |column: usize| row.try_get::<_, i64>(column).map_err(query);
    let (all, readable) = (count(0)?, count(1)?);
    findings
        .say("privileges", format!("may read the rows of {readable} of {all} tables; a snapshot needs none"));
    let now = database::snapshot(client, &schemas)?;
    match facts.map(|facts| facts.diff(&now).len()) {
        Some(0) => findings.say("drift", "none"),
        Some(changes) => {
            findings.say("drift", format!("{}: see `cargo oosync check`", counted(changes, "change")));
        }
        None => {}
    }
    let plan = facts.and_then(|facts| Some((facts, project.plan_of(facts, Strictness::Lenient).ok()?)));
    if let Some((facts, validated)) = plan {
        health::look(client, &project, facts, &validated.plan, findings)?;
    }
    Ok(())
}
