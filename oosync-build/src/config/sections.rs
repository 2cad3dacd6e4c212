//! The tables of `Oosync.toml` that speak of the whole project.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use super::reader::{Report, Section, TableReader};
use super::{
    ConflictRule, NumericLibrary, RowSecurityMode, Spanned, TableName, TimeLibrary, Unowned, UuidForm,
    WriteMode,
};
use crate::diagnostic::Diagnostic;

/// `[database]`: what is read from Postgres.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DatabaseConfig {
    /// `schemas`, where it was written; see [`schemas`](Self::schemas).
    pub written_schemas: Option<Vec<Spanned<String>>>,
}

impl DatabaseConfig {
    /// The schemas to read. Default: `public`.
    pub fn schemas(&self) -> Vec<&str> {
        written_or(&self.written_schemas, &["public"])
    }
}

impl Section for DatabaseConfig {
    fn read(reader: &mut TableReader<'_>) -> Self {
        let written_schemas = reader.list("schemas");
        if let (Some([]), Some(span)) = (written_schemas.as_deref(), reader.key_span("schemas")) {
            reader.problems.error("`database.schemas` names no schema", &span, "");
        }
        Self { written_schemas }
    }
}

/// `[sync]`: what holds for every table that says nothing else.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SyncConfig {
    /// What happens to tables that belong to nobody. Default: an error.
    pub unowned: Unowned,
    /// If not empty, the only tables to sync. Default: empty.
    pub include: Vec<Spanned<TableName>>,
    /// Tables that are not synced. Default: empty.
    pub exclude: Vec<Spanned<TableName>>,
    /// `owner_columns`, where it was written; see [`owner_columns`](Self::owner_columns).
    pub written_owner_columns: Option<Vec<Spanned<String>>>,
    /// When a write counts. Default: optimistic.
    pub write_mode: WriteMode,
    /// Who wins a conflict. Default: decided per table.
    pub conflict: Option<Spanned<ConflictRule>>,
    /// How far clocks may differ before the later edit is not the later one. Default: 2 seconds.
    pub clock_skew: Duration,
    /// Where policies come from. Default: generated.
    pub row_security: RowSecurityMode,
    /// How long tombstones and the log of changes are kept: a device that stays away longer loads a snapshot.
    /// More than zero. Default: 30 days.
    pub retention: Duration,
    /// Whether pushes may not delete rows of tables without a soft delete flag. Default: `true`.
    pub deny_delete: bool,
}

impl SyncConfig {
    /// Names of columns that hold an owner, the first that a table has being taken. Default: `user_ref`,
    /// `user_id`, `owner_id`, `private_to_user`, `private_for`.
    pub fn owner_columns(&self) -> Vec<&str> {
        let usual = ["user_ref", "user_id", "owner_id", "private_to_user", "private_for"];
        written_or(&self.written_owner_columns, &usual)
    }
}

impl Section for SyncConfig {
    fn read(reader: &mut TableReader<'_>) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        let retention = reader.get("retention");
        if let Some(zero) = retention.as_ref().filter(|retention| retention.value == Duration::ZERO) {
            let label = "no device could ever sync twice";
            reader.problems.error("`sync.retention` must be longer than nothing", &zero.span, label);
        }
        Self {
            unowned: reader.get_or("unowned", Unowned::default()),
            include: reader.list("include").unwrap_or_default(),
            exclude: reader.list("exclude").unwrap_or_default(),
            written_owner_columns: reader.list("owner_columns"),
            write_mode: reader.get_or("write_mode", WriteMode::default()),
            conflict: reader.get("conflict"),
            clock_skew: reader.get_or("clock_skew", Duration::from_secs(2)),
            row_security: reader.get_or("row_security", RowSecurityMode::default()),
            retention: retention.map_or(30 * DAY, |retention| retention.value),
            deny_delete: reader.get_or("deny_delete", true),
        }
    }
}

/// `[types]`: how values look on the device and in Rust, for the whole project.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TypesConfig {
    /// How `uuid` is stored. Default: 16 bytes.
    pub uuid: UuidForm,
    /// Default: `oosync`.
    pub timestamptz: TimeLibrary,
    /// Default: `oosync`.
    pub timestamp: TimeLibrary,
    /// Default: `oosync`.
    pub date: TimeLibrary,
    /// Default: `oosync`.
    pub time: TimeLibrary,
    /// Default: `oosync`.
    pub numeric: NumericLibrary,
}

impl Section for TypesConfig {
    fn read(reader: &mut TableReader<'_>) -> Self {
        Self {
            uuid: reader.get_or("uuid", UuidForm::default()),
            timestamptz: reader.get_or("timestamptz", TimeLibrary::default()),
            timestamp: reader.get_or("timestamp", TimeLibrary::default()),
            date: reader.get_or("date", TimeLibrary::default()),
            time: reader.get_or("time", TimeLibrary::default()),
            numeric: reader.get_or("numeric", NumericLibrary::default()),
        }
    }
}

/// `[diesel]`: for which tables Diesel's forms are generated.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DieselConfig {
    /// Whether for every table. Default: only for [`tables`](Self::tables) and tables with `diesel = true`.
    pub enabled: bool,
    /// Tables that have Diesel's forms in any case. Default: empty.
    pub tables: Vec<Spanned<TableName>>,
}

impl Section for DieselConfig {
    fn read(reader: &mut TableReader<'_>) -> Self {
        Self { enabled: reader.get_or("enabled", false), tables: reader.list("tables").unwrap_or_default() }
    }
}

/// `[server]`: the server's side of the database.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The Postgres role the server logs in as. Default: `oosync_server`.
    pub role: String,
}

impl Section for ServerConfig {
    fn read(reader: &mut TableReader<'_>) -> Self {
        Self { role: reader.get_or("role", "oosync_server".to_owned()) }
    }
}

/// `[row_security]`: roles that are no roles of the sync, and have rows of synced tables today.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RowSecurityConfig {
    /// Roles that go on to read and write every row: each has a policy of its own. Default: none.
    pub keep: Vec<Spanned<String>>,
    /// Roles that will see no rows of synced tables, which is meant. Default: none.
    pub accept: Vec<Spanned<String>>,
}

impl Section for RowSecurityConfig {
    fn read(reader: &mut TableReader<'_>) -> Self {
        let keep: Vec<Spanned<String>> = reader.list("keep").unwrap_or_default();
        let accept: Vec<Spanned<String>> = reader.list("accept").unwrap_or_default();
        for role in accept.iter().filter(|role| keep.iter().any(|other| other.value == role.value)) {
            let message = format!("the role `{}` cannot keep every row and lose them", role.value);
            reader.problems.error(message, &role.span, "is in `row_security.keep` too");
        }
        for role in keep.iter().chain(&accept).filter(|role| role.value == "public") {
            let problem = Diagnostic::error("`public` is every role, also those of the sync")
                .help("name the roles one by one");
            reader.problems.report(problem, &role.span, "");
        }
        Self { keep, accept }
    }
}

impl RowSecurityConfig {
    /// Roles that requests run as see what their user may see, and no other way is left open to them.
    pub(super) fn check(&self, server: &ServerConfig, claims: &ClaimsConfig, report: &dyn Report) {
        for role in self.keep.iter().chain(&self.accept) {
            let by = if role.value == server.role {
                "what the server logs in as: `[server] role`"
            } else if claims.roles.iter().any(|(_, mapped)| mapped.value == role.value) {
                "what a claim stands for: `[claims] roles`"
            } else {
                continue;
            };
            let problem = Diagnostic::error(format!("requests of users run as the role `{}`", role.value))
                .note("under `[row_security]` are roles of other programs")
                .help("remove it from the list");
            report.report(problem, &role.span, &format!("is {by}"));
        }
    }
}

/// `[claims]`: what the claims of a user's token mean in Postgres.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClaimsConfig {
    /// The claim that names the user. Default: `sub`.
    pub user_id: String,
    /// The claim whose value decides the Postgres role of a request. Default: none does.
    pub role: Option<Spanned<String>>,
    /// Values of that claim and the Postgres roles they stand for, in the order written. Empty: the value is
    /// itself the role.
    pub roles: Vec<(Spanned<String>, Spanned<String>)>,
    /// Settings that policies read, in the order written. Default: none beside `oosync.user_id`.
    pub settings: Vec<ClaimSetting>,
}

/// A setting of Postgres that is set for each request from the token.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClaimSetting {
    /// The setting: `request.jwt.claims`.
    pub setting: Spanned<String>,
    /// What it is set to.
    pub value: Spanned<ClaimValue>,
}

/// Where the value of a [`ClaimSetting`] comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimValue {
    /// Every claim, as one JSON object. Written `*`.
    All,
    /// One claim.
    Claim(String),
}

impl Section for ClaimsConfig {
    fn read(reader: &mut TableReader<'_>) -> Self {
        let roles = reader.named_values("roles");
        let role = reader.get("role");
        if let (None, false, Some(span)) = (&role, roles.is_empty(), reader.key_span("roles")) {
            let problem =
                Diagnostic::error("`claims.roles` maps values of a claim that `claims.role` does not name")
                    .help("add the claim: `role = \"role\"`");
            reader.problems.report(problem, &span, "");
        }
        let settings = reader.named_values::<String>("settings");
        for (setting, _) in &settings {
            let name = &setting.value;
            // Without a dot it is a setting of Postgres itself, such as `role` or `search_path`.
            if !name.contains('.') {
                let message = format!("`{name}` is not a setting of your own");
                reader.problems.error(message, &setting.span, "needs a prefix and a dot: `app.tenant`");
            } else if name.to_ascii_lowercase().starts_with("oosync.") {
                let message = format!("`{name}` is set by the server itself");
                reader.problems.error(message, &setting.span, "choose another prefix");
            }
        }
        let settings = settings.into_iter().map(|(setting, Spanned { value, span })| {
            let value = if value == "*" { ClaimValue::All } else { ClaimValue::Claim(value) };
            ClaimSetting { setting, value: Spanned::new(value, span) }
        });
        Self {
            user_id: reader.get_or("user_id", "sub".to_owned()),
            role,
            roles,
            settings: settings.collect(),
        }
    }
}

/// `[outputs]`: files to write beside what the build script includes, relative to `Oosync.toml`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OutputsConfig {
    /// The generated Rust. Default: only in `OUT_DIR`.
    pub rust: Option<Spanned<PathBuf>>,
    /// The device's DDL. Default: not written.
    pub sqlite_ddl: Option<Spanned<PathBuf>>,
    /// What user interfaces want to know of each table, as JSON. Default: not written.
    pub table_meta: Option<Spanned<PathBuf>>,
    /// What a server of another make needs, as JSON. Default: not written.
    pub server_config: Option<Spanned<PathBuf>>,
    /// The SQL for Postgres. Default: not written.
    pub migration: Option<Spanned<PathBuf>>,
}

impl Section for OutputsConfig {
    fn read(reader: &mut TableReader<'_>) -> Self {
        let outputs = Self {
            rust: reader.get("rust"),
            sqlite_ddl: reader.get("sqlite_ddl"),
            table_meta: reader.get("table_meta"),
            server_config: reader.get("server_config"),
            migration: reader.get("migration"),
        };
        let all = [
            ("rust", &outputs.rust),
            ("sqlite_ddl", &outputs.sqlite_ddl),
            ("table_meta", &outputs.table_meta),
            ("server_config", &outputs.server_config),
            ("migration", &outputs.migration),
        ];
        let mut taken = HashMap::new();
        for (key, path) in all {
            let Some(path) = path else { continue };
            if let Some(other) = taken.insert(&path.value, key) {
                let message = format!("`outputs.{key}` and `outputs.{other}` are the same file");
                reader.problems.error(message, &path.span, "one would overwrite the other");
            }
        }
        outputs
    }
}

fn written_or<'a>(written: &'a Option<Vec<Spanned<String>>>, usual: &[&'a str]) -> Vec<&'a str> {
    match written {
        Some(names) => names.iter().map(|name| name.value.as_str()).collect(),
        None => usual.to_vec(),
    }
}
