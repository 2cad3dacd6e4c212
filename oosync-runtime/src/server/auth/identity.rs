//! Who is asking, as Postgres is told.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Value};
use thiserror::Error;

use super::AccessHash;
use super::error::quoted;

/// The setting that generated policies find the user in.
pub const USER_SETTING: &str = "oosync.user_id";

/// The longest id of a user, in bytes of UTF-8. It is part of keys of indexes, which Postgres limits to 2,704 bytes.
pub const MAX_USER_BYTES: usize = 512;

/// Names longer than this Postgres cuts, to the name of another role perhaps.
const MAX_ROLE_BYTES: usize = 63;

/// The user of a request, and what Postgres is told before anything is read or written for them.
///
/// What is in it can be told to Postgres: no text has a NUL, no setting is one of Postgres itself or of oosync.
#[derive(Clone, PartialEq)]
pub struct Identity {
    user: String,
    role: Option<String>,
    settings: Vec<Setting>,
    expires: Option<SystemTime>,
    claims: Map<String, Value>,
    permission_role: Option<String>,
}

#[derive(Clone, PartialEq)]
struct Setting {
    name: String,
    value: String,
    /// What stands for the value in the hash, where it is not the value.
    counted: Option<String>,
}

impl Identity {
    /// A user. The text is compared with owner columns after a cast to the column's type.
    ///
    /// # Errors
    ///
    /// For an empty id, one of more than [`MAX_USER_BYTES`], and one with control characters.
    pub fn new(user: impl Into<String>) -> Result<Self, InvalidIdentity> {
        let user = user.into();
        let problem = match user.as_str() {
            "" => Some("is empty".to_owned()),
            _ if user.len() > MAX_USER_BYTES => {
                Some(format!("has {} bytes: the most is {MAX_USER_BYTES}", user.len()))
            }
            _ if user.contains(char::is_control) => Some(format!("{} has control characters", quoted(&user))),
            _ => None,
        };
        match problem {
            Some(problem) => Err(InvalidIdentity::User(problem)),
            None => Ok(Self {
                user,
                role: None,
                settings: Vec::new(),
                expires: None,
                claims: Map::new(),
                permission_role: None,
            }),
        }
    }

    /// With the Postgres role that the request runs as (`SET LOCAL ROLE`). Without one it is the server's own.
    ///
    /// # Errors
    ///
    /// For what names no role: `none`, which in Postgres means to be no other than the login role, `public`, an empty
    /// or too long name, one with control characters.
    pub fn with_role(mut self, role: impl Into<String>) -> Result<Self, InvalidIdentity> {
        let role = role.into();
        check_role(&role)?;
        self.role = Some(role);
        Ok(self)
    }

    /// With the role by whose [permissions](crate::server::Permissions) columns are read and written.
    #[must_use]
    pub fn with_permission_role(mut self, role: impl Into<String>) -> Self {
        self.permission_role = Some(role.into());
        self
    }

    /// The role by whose permissions columns are read and written; from a token, the value of the claim that decides the
    /// Postgres role.
    pub fn permission_role(&self) -> Option<&str> {
        self.permission_role.as_deref()
    }

    /// With a setting that policies read, as `set_config(name, value, true)` sets it.
    ///
    /// # Errors
    ///
    /// For a name that is not [one of an application's own](InvalidIdentity::Setting), one that was given before, and a
    /// value with a NUL.
    pub fn with_setting(
        self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, InvalidIdentity> {
        self.add(name.into(), value.into(), None)
    }

    /// As [`with_setting`](Self::with_setting), but it is `counted` that goes into the [access hash](Self::access_hash):
    /// the value without what changes from request to request and decides nothing.
    ///
    /// # Errors
    ///
    /// As [`with_setting`](Self::with_setting).
    pub fn with_setting_counted_as(
        self,
        name: impl Into<String>,
        value: impl Into<String>,
        counted: impl Into<String>,
    ) -> Result<Self, InvalidIdentity> {
        self.add(name.into(), value.into(), Some(counted.into()))
    }

    fn add(mut self, name: String, value: String, counted: Option<String>) -> Result<Self, InvalidIdentity> {
        check_setting(&name)?;
        let refused = |problem| Err(InvalidIdentity::Setting { name: quoted(&name), problem });
        if self.settings.iter().any(|setting| setting.name.eq_ignore_ascii_case(&name)) {
            return refused("is set twice");
        }
        if value.contains('\0') {
            return refused("would have a NUL in its value, which Postgres cannot hold");
        }
        self.settings.push(Setting { name, value, counted });
        Ok(self)
    }

    /// Valid until then: what goes on for long, such as a request that waits for changes, ends by that time.
    pub fn with_expiry(mut self, expires: SystemTime) -> Self {
        self.expires = Some(expires);
        self
    }

    /// With claims, for code of the application; neither Postgres nor the hash knows them.
    pub fn with_claims(mut self, claims: Map<String, Value>) -> Self {
        self.claims = claims;
        self
    }

    /// The user's id.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The Postgres role; none is the server's own.
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// Every setting of the request: [`USER_SETTING`] first, then the others as they were given.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let others = self.settings.iter().map(|setting| (setting.name.as_str(), setting.value.as_str()));
        std::iter::once((USER_SETTING, self.user.as_str())).chain(others)
    }

    /// When it stops to be valid, if it does.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// The claims of the token, if there was one.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// What decides what the request sees, as a hash: the user, the roles and the settings.
    pub fn access_hash(&self) -> AccessHash {
        AccessHash::of(
            &self.user,
            self.role(),
            self.settings
                .iter()
                .map(|setting| {
                    (setting.name.as_str(), setting.counted.as_deref().unwrap_or(setting.value.as_str()))
                })
                // No setting is called so: the prefix is the server's.
                .chain(self.permission_role().map(|role| ("oosync.permission_role", role))),
        )
    }
}

/// Without the values of settings and claims, which are nobody's business in a log.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<_> = self.settings().map(|(name, _)| name).collect();
        f.debug_struct("Identity")
            .field("user", &self.user)
            .field("role", &self.role)
            .field("settings", &settings)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What Postgres cannot be told of a user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidIdentity {
    /// The user's id.
    #[error("the id of the user {0}")]
    User(String),
    /// The role.
    #[error("{0} cannot be the Postgres role of a request")]
    Role(String),
    /// A setting. Names of an application's own have a prefix and a dot, each part being of letters, digits, `_` and
    /// `$`; the prefix `oosync` is the server's.
    #[error("the setting {name} {problem}")]
    Setting {
        /// Its name, quoted.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
}

pub(super) fn check_role(role: &str) -> Result<(), InvalidIdentity> {
    let fine = !role.is_empty()
        && role.len() <= MAX_ROLE_BYTES
        && !role.contains(char::is_control)
        && !matches!(role, "none" | "public");
    if fine { Ok(()) } else { Err(InvalidIdentity::Role(quoted(role))) }
}

/// The rule of `[claims] settings` in `Oosync.toml`, and of Postgres
/// (`valid_custom_variable_name` in its `guc.c`).
pub(super) fn check_setting(name: &str) -> Result<(), InvalidIdentity> {
    let starts = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let goes_on = |byte: u8| starts(byte) || byte.is_ascii_digit() || byte == b'$';
    let is_part = |part: &str| part.bytes().next().is_some_and(starts) && part.bytes().all(goes_on);
    let problem = match name.split_once('.') {
        None => "is not one of your own: it needs a prefix and a dot, as `app.tenant`",
        Some((prefix, _)) if prefix.eq_ignore_ascii_case("oosync") => "is set by the server itself",
        _ if !name.split('.').all(is_part) => "is no name that Postgres takes",
        _ => return Ok(()),
    };
    Err(InvalidIdentity::Setting { name: quoted(name), problem })
}
