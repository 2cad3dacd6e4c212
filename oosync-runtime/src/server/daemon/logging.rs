//! What is logged, and how.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use super::config::{LogFormat, Settings};
use super::failure::Failure;

/// A word alone is a level: without this, a mistyped one would be a part of which everything is logged.
fn targets(text: &str) -> Option<Targets> {
    let mut levels = text.split(',').filter(|part| !part.contains('=')).map(str::trim);
    let known = levels.all(|level| !level.is_empty() && level.parse::<LevelFilter>().is_ok());
    if known { text.parse().ok() } else { None }
}

/// From now on everything goes to standard error.
pub(super) fn begin(settings: &Settings) -> Result<(), Failure> {
    let targets = targets(&settings.log).ok_or_else(|| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_of_everything_or_of_parts() {
        for text in ["info", "WARN", "off", "info,tokio_postgres=warn", "oosync_runtime=debug"] {
            assert!(targets(text).is_some(), "{text}");
        }
        for text in ["much", "", "info,much", "a=much"] {
            assert!(targets(text).is_none(), "{text}");
        }
    }
}
