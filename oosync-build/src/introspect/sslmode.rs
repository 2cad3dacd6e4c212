//! `sslmode` and `sslrootcert` of a connection string, which the driver does not know in full.
//!
//! Source: "SSL Mode Descriptions" and "Connection Strings" of the libpq documentation.

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::{Roots, Verify};
use super::url::ConnectError;

/// The parameters that the driver does not know, taken out of a connection string.
#[derive(Default)]
pub(super) struct SslParameters {
    mode: Option<String>,
    root: Option<String>,
}

impl SslParameters {
    pub(super) fn take(text: &str) -> Result<(String, Self), ConnectError> {
        let mut taken = Self::default();
        let rest = if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            taken.take_from_url(text)
        } else {
            taken.take_from_pairs(text)?
        };
        Ok((rest, taken))
    }

    /// Where a parameter belongs, if it is one of ours.
    fn place(&mut self, key: &str) -> Option<&mut Option<String>> {
        match key {
            "sslmode" => Some(&mut self.mode),
            "sslrootcert" => Some(&mut self.root),
            _ => None,
        }
    }

    fn take_from_url(&mut self, url: &str) -> String {
        // As the driver reads it: the first `@` ends the credentials, the first `?` behind it the place.
        let place = url.find('@').map_or(0, |at| at + 1);
        let Some(question) = url[place..].find('?').map(|at| at + place) else { return url.to_owned() };
        let mut kept = Vec::new();
        for parameter in url[question + 1..].split('&') {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match self.place(&percent_decoded(key)) {
                Some(place) => *place = Some(percent_decoded(value)),
                None => kept.push(parameter),
            }
        }
        if kept.is_empty() {
            url[..question].to_owned()
        } else {
            format!("{}?{}", &url[..question], kept.join("&"))
        }
    }

    /// Source: "Keyword/Value Connection Strings" of the libpq documentation.
    fn take_from_pairs(&mut self, text: &str) -> Result<String, ConnectError> {
        let mut kept = String::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let start = rest;
            let (key, value) = rest.split_once('=').ok_or_else(|| {
                ConnectError::Url("it is neither a postgres:// URL nor a list of key=value pairs".to_owned())
            })?;
            let value = value.trim_start();
            let (value, after) = pair_value(value)?;
            match self.place(key.trim()) {
                Some(place) => *place = Some(value),
                None => {
                    kept.push_str(&start[..start.len() - after.len()]);
                    kept.push(' ');
                }
            }
            rest = after.trim_start();
        }
        Ok(kept)
    }

    /// Sets the driver's mode, and says what is to be verified; nothing: no TLS.
    pub(super) fn apply(self, config: &mut Config) -> Result<Option<(Verify, Roots)>, ConnectError> {
        // Whatever the driver read as a mode, we did not: it must not be overwritten by a weaker one.
        if config.get_ssl_mode() != SslMode::Prefer {
            return Err(ConnectError::Url(
                "write it so that `sslmode` stands for itself behind the `?`".to_owned(),
            ));
        }
        let roots = match self.root.as_deref() {
            None => Roots::usual(),
            Some("system") => Roots::System,
            Some(path) => Roots::File(path.into()),
        };
        // The operating system trusts many authorities: one of them says nothing without the host's name.
        let usual = if self.root.as_deref() == Some("system") { "verify-full" } else { "prefer" };
        let (mode, verify) = match self.mode.as_deref().unwrap_or(usual) {
            "disable" => (SslMode::Disable, None),
            "prefer" | "require" | "verify-ca" if self.root.as_deref() == Some("system") => {
                return Err(ConnectError::Url("sslrootcert=system goes with sslmode=verify-full".to_owned()));
            }
            "prefer" => (SslMode::Prefer, Some(Verify::Nothing)),
            // As in libpq: where there is a root certificate, it is used.
            "require" if matches!(roots, Roots::File(_)) => (SslMode::Require, Some(Verify::Authority)),
            "require" => (SslMode::Require, Some(Verify::Nothing)),
            "verify-ca" => (SslMode::Require, Some(Verify::Authority)),
            "verify-full" => (SslMode::Require, Some(Verify::AuthorityAndHost)),
            _ => {
                return Err(ConnectError::Url(
                    "sslmode is one of disable, prefer, require, verify-ca, verify-full".to_owned(),
                ));
            }
        };
        // A socket of this machine needs no encryption and offers none.
        let local = |host: &Host| !matches!(host, Host::Tcp(_));
        if !config.get_hosts().is_empty() && config.get_hosts().iter().all(local) {
            config.ssl_mode(SslMode::Disable);
            return Ok(None);
        }
        config.ssl_mode(mode);
        Ok(verify.map(|verify| (verify, roots)))
    }
}

/// One value of a `key=value` list, and what stands behind it.
fn pair_value(text: &str) -> Result<(String, &str), ConnectError> {
    let quoted = text.starts_with('\'');
    let mut characters = text.char_indices().skip(usize::from(quoted));
    let mut value = String::new();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            space if !quoted && space.is_whitespace() => return Ok((value, &text[at..])),
            other => value.push(other),
        }
    }
    if quoted { Err(ConnectError::Url("a quoted value has no end".to_owned())) } else { Ok((value, "")) }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
