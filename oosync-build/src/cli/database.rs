//! Which database is meant, and connecting to it.

use postgres::Client;

use super::Fault;
use super::args::Common;
use super::report::{Failure, Reporter};
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::introspect::{self, ConnectError, DatabaseUrl};

const PREFERRED: &str = "OOSYNC_DATABASE_URL";
const FALLBACK: &str = "DATABASE_URL";

/// The database that is meant, and who said so.
pub(super) fn chosen(common: &Common) -> Result<(DatabaseUrl, &'static str), Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let parse = |text: &str, from: &'static str| match DatabaseUrl::parse(text) {
        Ok(url) => Ok((url, from)),
        Err(error) => {
            let problem = Diagnostic::error(error.to_string()).note(format!("it comes from {from}"));
            Err(Failure::new(Fault::Usage, problem.help(error.help())))
        }
    };
    if let Some(text) = &common.database_url {
        return parse(text, "--database-url");
    }
    if let Some(text) = variable(PREFERRED) {
        return parse(&text, PREFERRED);
    }
    let none = Diagnostic::error("no database was named");
    let Some(text) = variable(FALLBACK) else {
        let help = format!("set {PREFERRED}, for example `export {PREFERRED}=postgres://localhost/app`");
        return Err(Failure::new(Fault::Usage, none.help(help)));
    };
    let (url, from) = parse(&text, FALLBACK)?;
    if url.is_loopback() {
        return Ok((url, from));
    }
    // A variable that many tools share may point at production.
    let none = none
        .note(format!("{FALLBACK} points at {url}, and is used only if it points at this machine"))
        .help(format!("if you mean that database, say so: `export {PREFERRED}=\"${FALLBACK}\"`"));
    Err(Failure::new(Fault::Usage, none))
}

/// Connects to the database that is meant.
pub(super) fn connect(common: &Common, reporter: &Reporter) -> Result<(Client, DatabaseUrl), Failure> {
    let (url, from) = chosen(common)?;
    reporter.remark(&format!("connecting to {url} ({from})"));
    let client = url.connect().map_err(|error| refused(&error))?;
    Ok((client, url))
}

/// Takes a snapshot of the database that is meant.
pub(super) fn snapshot(client: &mut Client, schemas: &[String]) -> Result<Facts, Failure> {
    introspect::snapshot(client, schemas).map_err(|error| {
        let mut problem = Diagnostic::error(error.to_string());
        problem.help.extend(error.help());
        let fault = match error {
            introspect::Error::NoSuchSchema { .. } | introspect::Error::ReservedSchema { .. } => Fault::Usage,
            _ => Fault::Database,
        };
        Failure::new(fault, problem)
    })
}

pub(super) fn refused(error: &ConnectError) -> Failure {
    Failure::new(Fault::Database, Diagnostic::error(error.to_string()).help(error.help()))
}
