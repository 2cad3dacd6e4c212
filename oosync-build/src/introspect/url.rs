//! Connection strings and connecting, with errors that say what to do and never show a password.

use std::net::IpAddr;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, NoTls};
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::describe;
use super::sslmode::SslParameters;
use super::tls::{self, Roots, Verify};
use crate::suggest::nearest;

/// How long one connection attempt may take where the connection string does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What Postgres is told who connects, where the connection string does not say.
const APPLICATION: &str = "cargo-oosync";

/// A parsed connection string: a URL or `key=value` pairs, as libpq takes them.
///
/// `sslmode` is `disable`, `prefer` (the default), `require`, `verify-ca` or `verify-full`; `sslrootcert` is a
/// PEM file or `system`. `PGPASSWORD` serves where the string has no password.
///
/// `Debug` and `Display` show the place, never the password.
#[derive(Clone)]
pub struct DatabaseUrl {
    config: Config,
    /// Nothing: no TLS at all.
    tls: Option<(Verify, Roots)>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The connection string cannot be read.
    #[error("the database URL is not valid: {0}")]
    Url(String),
    /// Nothing answered.
    #[error("cannot reach {target}: {reason}")]
    Unreachable {
        /// Host, port and database.
        target: String,
        /// What the system said.
        reason: String,
    },
    /// The server does not offer TLS, or its certificate is not accepted.
    #[error("no TLS connection to {target}: {reason}")]
    Tls {
        /// Host, port and database.
        target: String,
        /// What went wrong.
        reason: String,
    },
    /// The server asks for a password and there is none.
    #[error("{target} asks for a password, and the database URL has none")]
    PasswordMissing {
        /// Host, port and database.
        target: String,
    },
    /// The server refuses the user: a wrong password, a role that may not log in, a rule in `pg_hba.conf`.
    #[error("{target} refused the login: {reason}")]
    Refused {
        /// Host, port and database.
        target: String,
        /// What the server said.
        reason: String,
    },
    /// The role may log in, but not to this database.
    #[error("{target} refused the connection: {reason}")]
    NoConnectPrivilege {
        /// Host, port and database.
        target: String,
        /// What the server said.
        reason: String,
    },
    /// There is no such database.
    #[error("{target}: {reason}")]
    NoDatabase {
        /// Host, port and database.
        target: String,
        /// What the server said.
        reason: String,
    },
    /// Anything else the server says.
    #[error("{target} refused the connection: {reason}")]
    Server {
        /// Host, port and database.
        target: String,
        /// What the server said.
        reason: String,
    },
}

impl ConnectError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Url(_) => "write it as postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full",
            Self::Unreachable { .. } => {
                "is the server running, and are host and port right? try `pg_isready -h HOST -p PORT`"
            }
            Self::Tls { .. } => {
                "name the authority with `sslrootcert=FILE`, or choose `sslmode=require` (no check of the \
                 certificate) or `sslmode=disable` (no TLS)"
            }
            Self::PasswordMissing { .. } => "put it into the URL, or set PGPASSWORD",
            Self::Refused { .. } => "check user and password, and the server's pg_hba.conf",
            Self::NoConnectPrivilege { .. } => {
                "let the owner run `grant connect on database DATABASE to ROLE`; nothing more is needed"
            }
            Self::NoDatabase { .. } => "list the databases with `psql -l`",
            Self::Server { .. } => "the server's log says more",
        }
    }
}

impl DatabaseUrl {
    /// Reads a connection string.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Url`]; the message does not repeat the string.
    pub fn parse(text: &str) -> Result<Self, ConnectError> {
        let (rest, ssl) = SslParameters::take(text.trim())?;
        let mut config: Config = rest
            .parse()
            .map_err(|error: postgres::Error| ConnectError::Url(without_secrets(&cause(&error))))?;
        let strange =
            |host: &Host| matches!(host, Host::Tcp(name) if name.contains(['@', '&', '=', '?', ' ']));
        // libpq ends the credentials at a `/`, the driver at the first `@` wherever it stands.
        let credentials = text.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        let misread = credentials.is_some_and(|(before, _)| {
            before.contains('/') || before.split(':').next().is_some_and(|user| user.contains('?'))
        });
        if misread || config.get_hosts().iter().any(strange) {
            let message =
                "beside the one that ends user and password, `@` is written `%40`, and in them `/` `%2F`";
            return Err(ConnectError::Url(message.to_owned()));
        }
        if config.get_hosts().is_empty() {
            // TLS wants a name, be it an address.
            let addresses: Vec<String> = config.get_hostaddrs().iter().map(ToString::to_string).collect();
            for address in &addresses {
                config.host(address);
            }
            if addresses.is_empty() {
                config.host("localhost");
            }
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION);
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        let tls = ssl.apply(&mut config)?;
        Ok(Self { config, tls })
    }

    /// Whether every host is this machine: a loopback address, `localhost` or a Unix socket.
    pub fn is_loopback(&self) -> bool {
        let addresses = self.config.get_hostaddrs();
        let local = |host: &Host| match host {
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        // An address, where there is one, is what is connected to; the name is then only shown.
        if addresses.is_empty() {
            self.config.get_hosts().iter().all(local)
        } else {
            addresses.iter().all(IpAddr::is_loopback)
        }
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub fn connect(&self) -> Result<Client, ConnectError> {
        let config = postgres::Config::from(self.config.clone());
        let result = match self.connector()? {
            None => config.connect(NoTls),
            Some(connector) => config.connect(connector),
        };
        result.map_err(|error| self.explain(&error))
    }

    /// What the asynchronous driver connects with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The same, under another name than `cargo-oosync` where the string has none.
    #[must_use]
    pub fn with_application_name(mut self, name: &str) -> Self {
        if self.config.get_application_name() == Some(APPLICATION) {
            self.config.application_name(name);
        }
        self
    }

    /// TLS for the driver; none where it is switched off.
    ///
    /// # Errors
    ///
    /// Where the root certificates cannot be read.
    pub fn connector(&self) -> Result<Option<MakeRustlsConnect>, ConnectError> {
        let Some((verify, roots)) = &self.tls else { return Ok(None) };
        let connector = tls::connector(*verify, roots)
            .map_err(|reason| ConnectError::Tls { target: self.to_string(), reason })?;
        Ok(Some(connector))
    }

    /// What an error of connecting means.
    pub fn explain(&self, error: &postgres::Error) -> ConnectError {
        let target = self.to_string();
        let reason = describe(error);
        match error.code() {
            Some(&(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION)) => {
                ConnectError::Refused { target, reason }
            }
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => ConnectError::NoConnectPrivilege { target, reason },
            Some(&SqlState::INVALID_CATALOG_NAME) => ConnectError::NoDatabase { target, reason },
            Some(_) => ConnectError::Server { target, reason },
            // The driver keeps its kinds to itself; their texts are all there is.
            None => match error.to_string().as_str() {
                "error performing TLS handshake" => ConnectError::Tls { target, reason: cause(error) },
                "invalid configuration" if cause(error).contains("password") => {
                    ConnectError::PasswordMissing { target }
                }
                "authentication error" => ConnectError::Refused { target, reason: cause(error) },
                _ => ConnectError::Unreachable { target, reason: cause(error) },
            },
        }
    }
}

/// `app@db.example.org:5432/app`.
impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        let port = |place: usize| ports.get(place).or(ports.first()).copied().unwrap_or(5432);
        let mut places: Vec<String> = Vec::new();
        for (place, host) in self.config.get_hosts().iter().enumerate() {
            places.push(match host {
                Host::Tcp(name) if name.contains(':') => format!("[{name}]:{}", port(place)),
                Host::Tcp(name) => format!("{name}:{}", port(place)),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{}:{}", folder.display(), port(place)),
            });
        }
        if places.is_empty() {
            places.extend(
                self.config
                    .get_hostaddrs()
                    .iter()
                    .enumerate()
                    .map(|(place, address)| format!("{address}:{}", port(place))),
            );
        }
        f.write_str(&places.join(","))?;
        match self.config.get_dbname().or(self.config.get_user()) {
            Some(name) => write!(f, "/{name}"),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// The error's own cause, which the driver's text leaves out.
fn cause(error: &postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// What the driver says of a connection string, unless it repeats a part of it: an option that it does not know
/// may be the rest of a password.
fn without_secrets(message: &str) -> String {
    const OPTIONS: [&str; 14] = [
        "user",
        "password",
        "dbname",
        "host",
        "hostaddr",
        "port",
        "sslmode",
        "sslrootcert",
        "connect_timeout",
        "application_name",
        "options",
        "keepalives",
        "target_session_attrs",
        "channel_binding",
    ];
    match message.strip_prefix("unknown option `") {
        Some(option) => match nearest(option.trim_end_matches('`'), OPTIONS) {
            Some(known) => format!("an option is not known; did you mean `{known}`?"),
            None => "an option is not known".to_owned(),
        },
        None if message.starts_with("invalid value for option") => message.to_owned(),
        None => "it cannot be taken apart".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use tokio_postgres::config::SslMode;

    use super::*;

    fn parse(text: &str) -> DatabaseUrl {
        DatabaseUrl::parse(text).unwrap()
    }

    #[test]
    fn the_password_is_never_shown() {
        for text in [
            "postgres://app:s3cret@db.example.org:6543/shop?sslmode=require",
            "postgres://db.example.org:6543/shop?user=app&password=s3cret",
            "host=db.example.org port=6543 user=app password='s3 cret' dbname=shop sslmode=disable",
        ] {
            let url = parse(text);
            assert_eq!(url.to_string(), "app@db.example.org:6543/shop");
            assert_eq!(format!("{url:?}"), "DatabaseUrl(app@db.example.org:6543/shop)");
        }
        for text in ["postgres://app:se@cret@h/db", "postgres://app:s3cret@h:port/db", "s3cret", "a='s3cret"]
        {
            let shown = DatabaseUrl::parse(text).unwrap_err().to_string();
            assert!(!shown.contains("cret"), "{shown}");
        }
    }

    #[test]
    fn sslmode_has_the_meanings_of_libpq() {
        assert_eq!(parse("postgres://h/d").tls, Some((Verify::Nothing, Roots::usual())));
        assert_eq!(parse("host=h sslmode=disable").tls, None);
        assert_eq!(
            parse("postgres://h/d?sslmode=verify-full&sslrootcert=%2Fa%20b.pem&application_name=x").tls,
            Some((Verify::AuthorityAndHost, Roots::File("/a b.pem".into())))
        );
        assert_eq!(
            parse("host=h sslmode = require sslrootcert='/a b'").tls,
            Some((Verify::Authority, Roots::File("/a b".into())))
        );
        assert!(DatabaseUrl::parse("postgres://h/d?sslmode=verify_full").is_err());
    }

    #[test]
    fn a_mode_is_never_weakened_by_the_way_it_is_written() {
        let required = |text: &str| match DatabaseUrl::parse(text) {
            Ok(url) => assert_eq!(url.config.get_ssl_mode(), SslMode::Require, "{text}"),
            Err(error) => assert!(matches!(error, ConnectError::Url(_)), "{text}"),
        };
        for text in [
            "postgres://u@h/d?sslmode=require&application_name=a@b",
            "postgres://h/d?sslmode=require&application_name=a@b",
            "postgres://h/d?application_name=a@b&sslmode=require",
            "postgres://u:p?w@h/d?ssl%6Dode=require",
            "postgres://u:p?sslmode=disable@h/d?sslmode=require",
            "postgres://u@h/d?user=x@y&sslmode=verify-full",
            "host=h sslmode='require' application_name='a sslmode=disable'",
        ] {
            required(text);
        }
        let mode = |text: &str| parse(text).config.get_ssl_mode();
        assert_eq!(mode("postgres://u@h/d?sslmode=require&application_name=a@b"), SslMode::Require);
        assert_eq!(mode("postgres://h/d?ssl%6Dode=disable"), SslMode::Disable);
        assert_eq!(mode("host=/run/pg sslmode=require"), SslMode::Disable);
        assert_eq!(mode("postgres://h/d?sslrootcert=system"), SslMode::Require);
        assert!(DatabaseUrl::parse("postgres://h/d?sslrootcert=system&sslmode=require").is_err());
        assert_eq!(parse("hostaddr=127.0.0.1 sslmode=require").to_string(), "127.0.0.1:5432");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for text in ["postgres://localhost/d", "postgres://127.8.9.1/d", "postgres://[::1]/d", "host=/run/pg"]
        {
            assert!(parse(text).is_loopback(), "{text}");
        }
        for text in [
            "postgres://localhost.example.org/d",
            "postgres://localhost,db.example.org/d",
            "host=localhost hostaddr=10.0.0.1",
            "postgres://128.0.0.1/d",
        ] {
            assert!(!parse(text).is_loopback(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_url_or_an_error(text in "(postgres://)?[a-z:@/?&=%'\\\\ 0-9]{0,40}") {
            let _ = DatabaseUrl::parse(&text);
        }
    }
}
