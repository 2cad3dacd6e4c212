//! `sslmode` and `sslrootcert` of a connection string, which the driver does not know in full.
//!
//! Source: "SSL Mode Descriptions" and "Connection Strings" of the libpq documentation.

use postgres::Config;
use postgres::config::SslMode;

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
        // A password may hold an unescaped `?`; parameters stand behind the last `@`.
        let hosts = url.rfind('@').unwrap_or(0);
        let Some(question) = url[hosts..].find('?').map(|at| at + hosts) else { return url.to_owned() };
        let mut kept = Vec::new();
        for parameter in url[question + 1..].split('&') {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match self.place(key) {
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

    pub(super) fn apply(self, config: &mut Config) -> Result<Option<(Verify, Roots)>, ConnectError> {
        let root_given = self.root.is_some();
        let roots = match self.root.as_deref() {
            None => Roots::Usual,
            Some("system") => Roots::System,
            Some(path) => Roots::File(path.into()),
        };
        let (mode, verify) = match self.mode.as_deref().unwrap_or("prefer") {
            "disable" => (SslMode::Disable, None),
            "prefer" => (SslMode::Prefer, Some(Verify::Nothing)),
            "require" if root_given => (SslMode::Require, Some(Verify::Authority)),
            "require" => (SslMode::Require, Some(Verify::Nothing)),
            "verify-ca" => (SslMode::Require, Some(Verify::Authority)),
            "verify-full" => (SslMode::Require, Some(Verify::AuthorityAndHost)),
            _ => {
                return Err(ConnectError::Url(
                    "sslmode is one of disable, prefer, require, verify-ca, verify-full".to_owned(),
                ));
            }
        };
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
