//! The program `oosyncd`: a server from a config file.
//!
//! - `args`: the command line and the environment; `config`: the file; `time`: times in it
//! - `auth`: who is asking, from the config; `database`: the pool; `logging`
//! - `failure`: why it does not start, and what to do
//! - `verify` (with feature `client`): comparing a device's file with the database, instead of serving
//!
//! | exit code | meaning |
//! | --- | --- |
//! | 0 | it was told to stop, and did; `verify`: the file is as it should be |
//! | 1 | `verify`: something differs |
//! | 2 | the command line or the config is wrong |
//! | 3 | the database cannot be reached, or refuses |
//! | 4 | facts and `Oosync.toml` are invalid, or the database is not as they say |
//! | 5 | it cannot listen, or a file cannot be read |

mod args;
mod auth;
mod config;
mod database;
mod failure;
mod logging;
mod time;
#[cfg(feature = "client")]
mod verify;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use oosync_build::plan::Strictness;
use oosync_build::project::Project;

use self::args::Args;
use self::config::Settings;
use self::failure::Failure;
use super::{Engine, Maintenance, permissions_of, schema_of};

/// Runs the server with the arguments of this process until it is told to stop.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// The same with other arguments, the first of which is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Prints help, versions and usage errors itself, with exit code 0 or 2.
    let args = Args::parse_from(arguments);
    #[cfg(feature = "client")]
    if let Some(args::Command::Verify(asked)) = &args.command {
        return verify::run(&args, asked);
    }
    match start(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.code())
        }
    }
}

fn start(args: Args) -> Result<(), Failure> {
    let settings = Settings::read(&args)?;
    logging::begin(&settings)?;
    let project = project(settings.project.as_deref(), settings.facts.as_deref())?;
    let validated = project.plan(Strictness::Strict).map_err(Failure::invalid)?;
    for warning in validated.warnings.iter() {
        tracing::warn!("{warning}");
    }
    let authenticator = auth::authenticator(&settings.auth, &project.config.claims)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::system(format!("threads cannot be started: {error}")))?;
    let maintenance = Maintenance {
        mark: settings.maintenance.mark,
        compact: settings.maintenance.compact,
        retention: settings.retention.unwrap_or(project.config.sync.retention),
    };
    let schema = schema_of(&validated.plan);
    let result = runtime.block_on(async {
        let (url, pool) = database::pool(&settings)?;
        database::reach(&url, &pool).await?;
        let mut builder = Engine::builder(pool, schema, authenticator);
        if let Some(version) = &settings.minimum_app_version {
            builder = builder.minimum_app_version(version.clone());
        }
        let engine = builder
            .permissions(permissions_of(&validated.plan))
            .limits(settings.limits.clone())
            .tick(settings.tick)
            .skew(project.config.sync.clock_skew)
            .build()
            .await
            .map_err(|error| Failure::start(&error, &url))?;
        if args.check {
            println!("fine: {} tables of {url} can be served", schema.tables.len());
            return Ok(());
        }
        serve(&settings, engine, maintenance).await
    });
    // What is still spooled for clients that were cut off is nobody's any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

fn project(path: Option<&Path>, facts: Option<&Path>) -> Result<Project, Failure> {
    let mut project = match path {
        Some(path) if path.is_dir() => Project::with_config(&path.join(oosync_build::config::FILE_NAME)),
        Some(path) => Project::with_config(path),
        None => {
            let here = std::env::current_dir()
                .map_err(|error| Failure::system(format!("the present folder cannot be read: {error}")))?;
            Project::find(&here)
        }
    }
    .map_err(Failure::invalid)?;
    if project.config_path.is_none() {
        return Err(Failure::usage(
            "there is no Oosync.toml in this folder or above it",
            "name it: `oosyncd --project FOLDER`, or OOSYNC_PROJECT",
        ));
    }
    if let Some(facts) = facts {
        facts.clone_into(&mut project.facts_path);
    }
    Ok(project)
}

async fn serve(settings: &Settings, engine: Engine, maintenance: Maintenance) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind(&settings.listen).await.map_err(|error| {
        Failure::system(format!("cannot listen on {}: {error}", settings.listen))
            .with_help("is another server running there? `--listen 127.0.0.1:0` takes any free port")
    })?;
    let address = listener.local_addr().map_err(|error| Failure::system(error.to_string()))?;
    let stopped = stopped()?;
    let scheme = if settings.serve.tls.is_some() { "https" } else { "http" };
    tracing::info!(url = format!("{scheme}://{address}"), schema = engine.schema().hash, "listening");
    let kept = engine.maintain(maintenance);
    let served = engine.serve(listener, settings.http.clone(), settings.serve.clone(), stopped).await;
    drop(kept);
    tracing::info!("stopped");
    served.map_err(|error| Failure::system(error.to_string()))
}

/// Ends when the process is told to stop: by SIGTERM, or by a key.
fn stopped() -> Result<impl Future<Output = ()>, Failure> {
    let failed = |error: std::io::Error| Failure::system(format!("signals cannot be received: {error}"));
    #[cfg(unix)]
    let mut terminated =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
    #[cfg(not(unix))]
    let _ = failed;
    Ok(async move {
        let interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        #[cfg(unix)]
        {
            let terminated = std::pin::pin!(terminated.recv());
            futures_util::future::select(terminated, interrupted).await;
        }
        #[cfg(not(unix))]
        drop(interrupted.await);
        tracing::info!("stopping: waiting pulls are answered, the others may finish");
    })
}
