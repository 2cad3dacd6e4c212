//! `oosyncd verify FILE`: whether a device's file has what the server has for its user.
//!
//! Without `--repair`, a copy of the file is compared, and neither the file nor the server changes: an app may have it open.
//! With it, the file is synced and what differs is put right, as [`Client::verify`] does in an app.
//!
//! - `direct`: the database as a server in this process; `--server` asks one that runs instead
//! - `report`: what is said of it

mod direct;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use oosync_build::plan::Strictness;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use self::direct::Direct;
use self::report::Report;
use super::args::{Args, Format, VerifyArgs};
use super::config::Settings;
use super::failure::Failure;
use super::{auth, database, project, schema_of};
use crate::client::{Client, HttpTransport, SyncError};
use crate::schema::Schema;
use crate::server::Engine;
use crate::server::auth::{Identity, RequestParts};

/// The token of the file's user, for servers that want one. No flag: every user of the machine can see those.
const TOKEN: &str = "OOSYNC_TOKEN";

/// Compares, and says what was found: exit code 1 where something differs that was not put right.
pub(super) fn run(args: &Args, asked: &VerifyArgs) -> ExitCode {
    let code = match compare(args, asked) {
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

fn compare(args: &Args, asked: &VerifyArgs) -> Result<Report, Failure> {
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
    // It outlives the client, whose requests run on it.
    let direct;
    let client = if let Some(url) = &asked.server {
        let mut transport = HttpTransport::builder(url);
        match (std::env::var(TOKEN).ok(), &args.trust_header) {
            (Some(token), _) => transport = transport.token(move |_| Ok(token.clone())),
            (None, Some(header)) => transport = transport.header(header.as_str(), user.as_str()),
            (None, None) => {
                let help = format!("set {TOKEN} to a token of user {user}");
                return Err(Failure::usage("nothing says who is asking", help));
            }
        }
        let transport =
            transport.build().map_err(|error| Failure::usage(error.to_string(), "see --server"))?;
        builder.transport(transport)
    } else {
        direct = serve(args, &project, schema, &plan, &user)?;
        builder.transport(direct.clone())
    };
    let client = client.open().map_err(|error| refused(&error))?;
    let verified = if asked.repair { client.verify() } else { client.compare() };
    let verified = verified.map_err(|error| refused(&error))?;
    let made_again = client.opened().repaired.clone();
    drop(client);
    Ok(Report { user, verified, made_again, repair: asked.repair })
}

/// The database as a server, which believes that it is the file's user who asks.
fn serve(
    args: &Args,
    project: &oosync_build::project::Project,
    schema: &'static Schema,
    plan: &oosync_build::plan::Plan,
    user: &str,
) -> Result<Direct, Failure> {
    let settings = Settings::read(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::system(format!("threads cannot be started: {error}")))?;
    let token = std::env::var(TOKEN).ok();
    let (engine, identity) = runtime.block_on(async {
        let (url, pool) = database::pool(&settings)?;
        database::reach(&url, &pool).await?;
        let authenticator: Box<dyn crate::server::auth::Authenticator> = match &token {
            Some(_) => auth::authenticator(&settings.auth, &project.config.claims)?,
            // It is never asked.
            None => Box::new(crate::server::auth::Header::trusting(http::HeaderName::from_static("x-user"))),
        };
        let engine = Engine::builder(pool, schema, authenticator)
            .permissions(super::permissions_of(plan))
            .limits(settings.limits.clone())
            .skew(project.config.sync.clock_skew)
            .build()
            .await
            .map_err(|error| Failure::start(&error, &url))?;
        let identity = match &token {
            Some(token) => {
                let mut headers = http::HeaderMap::new();
                let value = format!("Bearer {token}").parse();
                let value =
                    value.map_err(|_| Failure::usage(format!("{TOKEN} is no token"), "set it anew"))?;
                headers.insert(http::header::AUTHORIZATION, value);
                engine.authenticate(RequestParts::new(&headers, None)).await.map_err(|error| {
                    Failure::usage(format!("{TOKEN} is not taken: {error}"), "set it to a token of the user")
                })?
            }
            None => Identity::new(user).map_err(|error| Failure::usage(error.to_string(), "see the file"))?,
        };
        Ok((engine, identity))
    })?;
    Ok(Direct::new(engine, identity, runtime))
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
