//! Why the server does not start, and what to do.

use std::fmt;

use oosync_build::diagnostic::Diagnostics;
use oosync_build::introspect::{ConnectError, DatabaseUrl};

use crate::server::StartError;

/// Why the server does not start.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    message: String,
    help: Option<String>,
}

impl Failure {
    /// The command line or the config is wrong.
    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code: 2, message: message.into(), help: Some(help.into()) }
    }

    /// The database or the server does not answer.
    #[cfg(feature = "client")]
    pub(super) fn database(message: impl Into<String>) -> Self {
        Self { code: 3, message: message.into(), help: None }
    }

    /// A file and facts that do not go together.
    #[cfg(feature = "client")]
    pub(super) fn other_schema(message: impl Into<String>) -> Self {
        Self { code: 4, message: message.into(), help: None }
    }

    /// For programs.
    #[cfg(feature = "client")]
    pub(super) fn document(&self) -> serde_json::Value {
        let (message, help) = (&self.message, &self.help);
        serde_json::json!({"status": "error", "code": self.code, "errors": [
            {"severity": "error", "message": message, "place": null, "notes": [], "help": help.iter().collect::<Vec<_>>()},
        ]})
    }

    /// Files, ports.
    pub(super) fn system(message: impl Into<String>) -> Self {
        Self { code: 5, message: message.into(), help: None }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Facts or `Oosync.toml`, whose diagnostics say themselves what to do.
    #[expect(clippy::needless_pass_by_value, reason = "it is what errors are mapped with")]
    pub(super) fn invalid(problems: Diagnostics) -> Self {
        Self { code: 4, message: problems.to_string(), help: None }
    }

    /// No connection.
    pub(super) fn connect(error: &ConnectError) -> Self {
        let code = if matches!(error, ConnectError::Url(_)) { 2 } else { 3 };
        Self { code, message: error.to_string(), help: Some(error.help().to_owned()) }
    }

    /// The database is there, and cannot be served.
    pub(super) fn start(error: &StartError, url: &DatabaseUrl) -> Self {
        let code = match error {
            StartError::Connection(_) | StartError::Query(_) => 3,
            _ => 4,
        };
        let help = match error {
            StartError::Role { .. } => Some(
                "log in as the role that `[server] role` in Oosync.toml names (`oosync_server`, if it names none): \
                 `create role oosync_server login password '…'`, then `cargo oosync migrate --apply`",
            ),
            StartError::Standby => {
                Some("name the primary, or `target_session_attrs=read-write` with several hosts")
            }
            StartError::OtherSchema { .. } => {
                Some("a server of the older schema goes on serving until it is stopped; then start this one")
            }
            StartError::NoColumn { .. } => Some(
                "the facts are of another schema than the database: `cargo oosync check` shows what differs",
            ),
            _ => None,
        };
        Self { code, message: format!("{url}: {error}"), help: help.map(str::to_owned) }
    }

    /// Of the process.
    pub(super) fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Diagnostics begin with their own `error`.
        let prefix = if self.message.starts_with("error") { "" } else { "error: " };
        write!(f, "{prefix}{}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}
