//! `oosyncd verify FILE`: whether a device's file has what the server has for its user.
//!
//! Without `--repair`, a copy of the file is compared, and neither the file nor the server changes: an app may have it open.
//! With it, the file is synced and what differs is put right, as [`Client::verify`] does in an app.
//!
//! - `asking`: who asks: with a token, with claims, or as the file's user
//! - `report`: what is said of it

mod asking;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use oosync_build::plan::{Plan, Strictness};
use oosync_build::project::Project;
use oosync_build::verify::VerifyArguments;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tokio::runtime::Runtime;

use self::asking::Asking;
use self::report::Report;
use super::args::{Args, Format, Verify};
use super::config::Settings;
use super::failure::Failure;
use super::{database, project, schema_of};
use crate::client::{Client, HttpTransport, SyncError, Verified};
use crate::schema::Schema;
use crate::server::{Engine, InProcess};

/// Compares, and says what was found: exit code 1 where something differs that was not put right.
pub(super) fn run(args: &Args, asked: &Verify) -> ExitCode {
    let code = match compare(args, &asked.told) {
        Ok(report) => {
            match asked.format {
                Format::Json => println!("{}", report.document()),
                Format::Human => print!("{report}"),
            }
            u8::from(report.has_drift())
        }
        Err(failure) => {
            match asked.format {
                Format::Json => eprintln!("{}", failure.document()),
                Format::Human => eprintln!("{failure}"),
            }
            failure.code()
        }
    };
    ExitCode::from(code)
}

fn compare(args: &Args, asked: &VerifyArguments) -> Result<Report, Failure> {
    let project = project(args.project.as_deref(), args.facts.as_deref())?;
    let plan = project.plan(Strictness::Strict).map_err(Failure::invalid)?.plan;
    let schema = schema_of(&plan);
    let user = user_of(&asked.file, schema)?;
    if let Some(asked) = asked.user.as_ref().filter(|asked| **asked != user) {
        let message = format!("the file is that of user {user}, not of {asked}");
        return Err(Failure::usage(message, "leave `--user` out: the file says whose it is"));
    }
    let copied = if asked.repair { None } else { Some(Copied::of(&asked.file)?) };
    let file = copied.as_ref().map_or(asked.file.as_path(), |copied| copied.file.as_path());
    let builder = Client::builder(file, schema);
    let asking = Asking::of(asked, user.clone())?;
    // It outlives the client, whose requests run on it.
    let runtime = runtime()?;
    let client = match &asked.server {
        Some(url) => {
            let header = asked.trust_header.as_deref().or(args.trust_header.as_deref());
            let transport = asking.by_http(HttpTransport::builder(url), header)?.build();
            builder.transport(transport.map_err(|error| Failure::usage(error.to_string(), "see --server"))?)
        }
        None => builder.transport(serve(args, &project, schema, &plan, &asking, &runtime)?),
    };
    let client = client.open().map_err(|error| refused(&error))?;
    let verified = if asked.repair { client.verify() } else { client.compare() };
    let verified = verified.map_err(|error| refused(&error))?;
    if !asked.repair && !is_comparable(&verified) {
        let message = "nothing can be compared: every row has changed since the file's last pull, or policies see another \
                       request than then";
        return Err(Failure::database(message.to_owned()).with_help(
            "let the app sync first; where policies read claims, ask with those that it syncs with",
        ));
    }
    let made_again = client.opened().repaired.clone();
    drop(client);
    Ok(Report { user, verified, made_again, repair: asked.repair })
}

/// Whether there are rows that can be compared, if there are any at all. What changed since the file's last pull cannot, and
/// where policies see another request than then, that is everything.
fn is_comparable(verified: &Verified) -> bool {
    let tables = &verified.tables;
    tables.iter().any(|table| table.rows > 0) || tables.iter().all(|table| table.changed == 0)
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::system(format!("threads cannot be started: {error}")))
}

/// The database as a server in this process.
fn serve(
    args: &Args,
    project: &Project,
    schema: &'static Schema,
    plan: &Plan,
    asking: &Asking,
    runtime: &Runtime,
) -> Result<InProcess, Failure> {
    let settings = Settings::read(args)?;
    let claims = &project.config.claims;
    runtime.block_on(async {
        let (url, pool) = database::pool(&settings)?;
        database::reach(&url, &pool).await?;
        let engine = Engine::builder(pool, schema, asking.authenticator(&settings.auth, claims)?)
            .permissions(super::permissions_of(plan))
            .limits(settings.limits.clone())
            .skew(project.config.sync.clock_skew)
            .build()
            .await
            .map_err(|error| Failure::start(&error, &url))?;
        let identity = asking.identity(&engine, claims).await?;
        Ok(InProcess::new(engine, identity, runtime.handle().clone()))
    })
}

fn refused(error: &SyncError) -> Failure {
    let message = error.to_string();
    match error {
        SyncError::Store(_) => Failure::system(message),
        SyncError::HeldElsewhere { .. } => {
            Failure::system(message).with_help("close the app, or leave `--repair` out: that compares a copy")
        }
        SyncError::Unavailable { .. } => Failure::database(message)
            .with_help("let the app sync first, or use `--repair`, which syncs before it compares"),
        _ => Failure::database(message),
    }
}

/// The file, which is not made where it is not there.
fn opened(file: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &rusqlite::Error) -> Failure {
    Failure::system(format!("{} cannot be read: {error}", file.display()))
}

/// Whose file it is. An app of another version would change it when it opens it: that is refused.
fn user_of(file: &Path, schema: &Schema) -> Result<String, Failure> {
    let failed = |error: rusqlite::Error| unreadable(file, &error);
    let connection = opened(file)?;
    let found = "SELECT 1 FROM sqlite_schema WHERE name = '_oosync_meta'";
    if !connection.prepare(found).and_then(|mut statement| statement.exists([])).map_err(failed)? {
        return Err(Failure::system(format!("{} is no file of a device", file.display()))
            .with_help("name the database that the app opens with `Client::builder`"));
    }
    let ask = |name: &str| {
        let sql = "SELECT value FROM _oosync_meta WHERE name = ?1";
        connection.query_row(sql, [name], |row| row.get::<_, String>(0)).optional().map_err(failed)
    };
    let history: Vec<String> =
        ask("schema_history")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    if history.last().is_none_or(|hash| hash != schema.hash) {
        let hash = history.last().map_or("none", String::as_str);
        let message =
            format!("{} has the schema {hash}, and the facts here are of {}", file.display(), schema.hash);
        let help =
            "use facts and config of the version of the app that the file belongs to: `--project`, `--facts`";
        return Err(Failure::other_schema(message).with_help(help));
    }
    ask("user")?.ok_or_else(|| {
        Failure::system(format!("{} has never been synced: it is nobody's yet", file.display()))
    })
}

/// A copy of a file, in a folder that is gone afterwards.
struct Copied {
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Copied {
    /// As it is at one moment, also while others write to it.
    fn of(file: &Path) -> Result<Self, Failure> {
        let failed = |error: rusqlite::Error| unreadable(file, &error);
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::system(format!("there is no place for a copy: {error}")))?;
        let copy = folder.path().join("copy.db");
        let connection = opened(file)?;
        connection.busy_timeout(std::time::Duration::from_secs(30)).map_err(failed)?;
        crate::sqlite::register(&connection).map_err(failed)?;
        let text = copy.display().to_string();
        connection.execute("VACUUM INTO ?1", [text]).map_err(failed)?;
        Ok(Self { file: copy, _folder: folder })
    }
}
