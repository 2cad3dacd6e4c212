//! The config file, with flags and environment over it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::args::Args;
use super::auth::read;
use super::failure::Failure;
use super::time::Time;
use crate::protocol::Limits;
use crate::server::http::{HttpOptions, Origins, Rate, ServeOptions, tls_config};
use crate::server::wait::TICK;

/// Everything that was decided.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) listen: String,
    pub(super) database_url: String,
    pub(super) project: Option<PathBuf>,
    pub(super) facts: Option<PathBuf>,
    pub(super) retention: Option<Duration>,
    pub(super) tick: Duration,
    pub(super) minimum_app_version: Option<semver::Version>,
    pub(super) auth: Auth,
    pub(super) limits: Limits,
    pub(super) http: HttpOptions,
    pub(super) serve: ServeOptions,
    pub(super) pool_size: usize,
    pub(super) pool_wait: Duration,
    pub(super) log: String,
    pub(super) log_format: LogFormat,
    pub(super) maintenance: Intervals,
}

/// Who is asking.
#[derive(Debug)]
pub(super) struct Auth {
    pub(super) trust_header: Option<String>,
    pub(super) algorithms: Vec<String>,
    pub(super) jwks_url: Option<String>,
    pub(super) jwks_max_age: Option<Duration>,
    pub(super) jwks_pause: Option<Duration>,
    pub(super) public_keys: Vec<PathBuf>,
    pub(super) secret: Option<Secret>,
    pub(super) issuers: Option<Named>,
    pub(super) audiences: Option<Named>,
    pub(super) leeway: Duration,
}

/// A text that is not shown.
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug)]
pub(super) struct Intervals {
    pub(super) mark: Duration,
    pub(super) compact: Duration,
}

/// Names, or any: `["a", "b"]`, `"*"`.
#[derive(Debug)]
pub(super) enum Named {
    Any,
    List(Vec<String>),
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a list, or \"*\"")]
        enum Written {
            One(String),
            List(Vec<String>),
        }
        match Written::deserialize(deserializer)? {
            Written::One(any) if any == "*" => Ok(Self::Any),
            Written::One(one) => Err(de::Error::custom(format!("write [{one:?}], or \"*\" for any"))),
            Written::List(list) => Ok(Self::List(list)),
        }
    }
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<String>,
    database_url: Option<String>,
    project: Option<PathBuf>,
    facts: Option<PathBuf>,
    retention: Option<Time>,
    tick: Option<Time>,
    minimum_app_version: Option<String>,
    auth: AuthSection,
    tls: Option<TlsSection>,
    pool: PoolSection,
    limits: LimitsSection,
    rates: RatesSection,
    http: HttpSection,
    log: LogSection,
    maintenance: MaintenanceSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AuthSection {
    trust_header: Option<String>,
    algorithms: Vec<String>,
    jwks_url: Option<String>,
    jwks_max_age: Option<Time>,
    jwks_pause: Option<Time>,
    public_keys: Vec<PathBuf>,
    secret_file: Option<PathBuf>,
    issuers: Option<Named>,
    audiences: Option<Named>,
    leeway: Option<Time>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsSection {
    certificates: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PoolSection {
    size: Option<std::num::NonZeroUsize>,
    wait: Option<Time>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsSection {
    max_body: Option<u64>,
    max_mutations: Option<u32>,
    max_wait: Option<Time>,
    max_lease: Option<u32>,
    max_connections: Option<std::num::NonZeroUsize>,
    body_timeout: Option<Time>,
    head_timeout: Option<Time>,
    stall_timeout: Option<Time>,
    drain: Option<Time>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RatesSection {
    user: Option<RateSection>,
    peer: Option<RateSection>,
    peer_header: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateSection {
    per_second: f64,
    burst: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HttpSection {
    origins: Option<Named>,
    metrics: Option<bool>,
    describe_to_users_only: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LogSection {
    format: Option<LogFormat>,
    level: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MaintenanceSection {
    mark: Option<Time>,
    compact: Option<Time>,
}

impl File {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = read(path)?;
        toml::from_str(&text).map_err(|error| {
            // Without the line itself, which may hold a password.
            let place = error.span().map(|span| {
                let before = text.get(..span.start).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                format!(":{line}:{column}")
            });
            let place = place.unwrap_or_default();
            let message = format!("{}{place}: {}", path.display(), error.message());
            Failure::usage(message, "oosyncd.reference.toml lists every key")
        })
    }
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Settings {
    pub(super) fn read(args: &Args) -> Result<Self, Failure> {
        let file = match &args.config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        // Paths in the file are relative to it.
        let folder = args.config.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let beside = |path: PathBuf| folder.join(path);
        let database_url = variable("OOSYNC_DATABASE_URL").or(file.database_url).ok_or_else(|| {
            let help = "set OOSYNC_DATABASE_URL=postgres://oosync_server:PASSWORD@HOST/DATABASE, or `database_url` in \
                        the config";
            Failure::usage("no database was named", help)
        })?;
        let log_format = match args.log_format.as_deref() {
            None => file.log.format.unwrap_or(LogFormat::Text),
            Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                return Err(Failure::usage(format!("{other:?} is no format of logs"), "write text or json"));
            }
        };
        let auth = auth(file.auth, args, &beside)?;
        let defaults = Limits::default();
        let most = |time: Option<Time>, default: Duration| time.map_or(default, |time| time.0);
        let limits = Limits {
            max_body: file.limits.max_body.unwrap_or(defaults.max_body),
            max_mutations: file.limits.max_mutations.unwrap_or(defaults.max_mutations),
            max_wait: most(file.limits.max_wait, defaults.max_wait),
            max_lease: file.limits.max_lease.unwrap_or(defaults.max_lease),
        };
        let mut serve = ServeOptions::default();
        if let Some(tls) = file.tls {
            let (certificates, key) = (beside(tls.certificates), beside(tls.key));
            serve.tls =
                Some(tls_config(&certificates, &key).map_err(|error| Failure::system(error.to_string()))?);
        }
        serve.max_connections =
            file.limits.max_connections.map_or(serve.max_connections, std::num::NonZeroUsize::get);
        serve.head_timeout = most(file.limits.head_timeout, serve.head_timeout);
        serve.stall_timeout = most(file.limits.stall_timeout, serve.stall_timeout);
        serve.drain = most(file.limits.drain, serve.drain);
        let mut http = http(file.http, file.rates)?;
        http.body_timeout = most(file.limits.body_timeout, http.body_timeout);
        let version = |text: String| {
            semver::Version::parse(&text).map_err(|error| {
                Failure::usage(format!("minimum_app_version {text:?}: {error}"), "write it as \"2.1.0\"")
            })
        };
        let minimum_app_version = file.minimum_app_version.map(version).transpose()?;
        Ok(Self {
            minimum_app_version,
            listen: args.listen.clone().or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            database_url,
            project: args.project.clone().or_else(|| file.project.map(&beside)),
            facts: args.facts.clone().or_else(|| file.facts.map(&beside)),
            retention: file.retention.map(|time| time.0),
            tick: most(file.tick, TICK),
            auth,
            limits,
            http,
            serve,
            pool_size: file.pool.size.map_or(16, std::num::NonZeroUsize::get),
            pool_wait: most(file.pool.wait, Duration::from_secs(10)),
            log: args.log.clone().or(file.log.level).unwrap_or_else(|| "info".to_owned()),
            log_format,
            maintenance: Intervals {
                mark: most(file.maintenance.mark, Duration::from_secs(5)),
                compact: most(file.maintenance.compact, Duration::from_secs(600)),
            },
        })
    }
}

fn auth(section: AuthSection, args: &Args, beside: &dyn Fn(PathBuf) -> PathBuf) -> Result<Auth, Failure> {
    let secret = match (variable("OOSYNC_JWT_SECRET"), section.secret_file) {
        (Some(secret), _) => Some(Secret(secret)),
        // Editors end files with a new line.
        (None, Some(path)) => Some(Secret(read(&beside(path))?.trim_end_matches(['\r', '\n']).to_owned())),
        (None, None) => None,
    };
    Ok(Auth {
        trust_header: args.trust_header.clone().or(section.trust_header),
        algorithms: section.algorithms,
        jwks_url: section.jwks_url,
        jwks_max_age: section.jwks_max_age.map(|time| time.0),
        jwks_pause: section.jwks_pause.map(|time| time.0),
        public_keys: section.public_keys.into_iter().map(beside).collect(),
        secret,
        issuers: section.issuers,
        audiences: section.audiences,
        leeway: section.leeway.map_or(Duration::from_secs(30), |time| time.0),
    })
}

fn http(section: HttpSection, rates: RatesSection) -> Result<HttpOptions, Failure> {
    let origins = match section.origins {
        None => Origins::Own,
        Some(Named::Any) => Origins::Any,
        Some(Named::List(list)) => {
            let origins: Result<Vec<_>, Failure> = list.iter().map(|origin| parse_origin(origin)).collect();
            Origins::List(origins?)
        }
    };
    let mut http = HttpOptions { origins, ..HttpOptions::default() };
    let rate = |name: &str, section: Option<RateSection>| match section {
        None => Ok(None),
        Some(RateSection { per_second, burst }) => match Rate::new(per_second, burst) {
            Some(rate) => Ok(Some(rate)),
            None => Err(Failure::usage(
                format!("`rates.{name}` lets nobody through"),
                "`per_second` and `burst` are more than 0",
            )),
        },
    };
    http.user_rate = rate("user", rates.user)?;
    http.peer_rate = rate("peer", rates.peer)?;
    if let Some(name) = rates.peer_header {
        let header = name.parse().map_err(|_| {
            Failure::usage(format!("{name:?} is no name of a header"), "write it as `x-forwarded-for`")
        })?;
        http.peer_header = Some(header);
    }
    http.metrics = section.metrics.unwrap_or(true);
    http.describe_to_users_only = section.describe_to_users_only;
    Ok(http)
}

/// `https://app.example.org`: a browser sends no path, and compares the rest letter by letter.
fn parse_origin(text: &str) -> Result<http::HeaderValue, Failure> {
    let plain = text.split_once("://").is_some_and(|(scheme, rest)| {
        matches!(scheme, "http" | "https") && !rest.is_empty() && !rest.contains('/')
    });
    match text.parse() {
        Ok(value) if plain => Ok(value),
        _ => Err(Failure::usage(format!("{text:?} is no origin"), "write it as `https://app.example.org`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_key_and_no_other() {
        let text = include_str!("../../../oosyncd.reference.toml");
        let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
        let shown = format!("{file:?}");
        // All but what excludes another.
        assert_eq!(shown.matches("None").count(), 1, "{shown}");
        assert!(shown.contains("trust_header: None"));
        toml::from_str::<File>(&text.replace("[rates]", "[rate]")).unwrap_err();
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for text in [
            "listen = 8080",
            "tick = \"0s\"",
            "[limits]\nmax_wait = 5",
            "[auth]\nissuers = \"https://one\"",
            "[http]\norigins = true",
            "[pool]\nsize = 0",
            "[tls]\nkey = \"a\"",
            "databse_url = \"x\"",
        ] {
            toml::from_str::<File>(text).unwrap_err();
        }
        for text in ["app.example.org", "https://app.example.org/", "ftp://a", "https://"] {
            parse_origin(text).unwrap_err();
        }
    }
}
