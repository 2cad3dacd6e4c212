//! What is logged, and how.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use super::config::{LogFormat, Settings};
use super::failure::Failure;

/// From now on everything goes to standard error.
pub(super) fn begin(settings: &Settings) -> Result<(), Failure> {
    let targets: Targets = settings.log.parse().map_err(|_| {
        let help = "write error, warn, info, debug, trace, or one for each part: `info,tokio_postgres=warn`";
        Failure::usage(format!("{:?} is not what can be logged", settings.log), help)
    })?;
    let failed = |error: TryInitError| Failure::system(format!("nothing can be logged: {error}"));
    let registry = tracing_subscriber::registry().with(targets);
    match settings.log_format {
        LogFormat::Text => {
            let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            registry
                .with(fmt::layer().with_writer(std::io::stderr).with_ansi(color))
                .try_init()
                .map_err(failed)
        }
        LogFormat::Json => {
            let layer = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
            registry.with(layer.with_writer(std::io::stderr)).try_init().map_err(failed)
        }
    }
}
