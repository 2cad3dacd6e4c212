//! What claims mean in Postgres: `[claims]` of `Oosync.toml`.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;

use super::super::error::quoted;
use super::super::identity::{check_role, check_setting};
use super::super::{AuthError, Identity};
use super::SetupError;
use super::claims::Claims;

/// Claims that are other ones in each token or at each login, and give no rights: what tells tokens apart
/// ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-4.1), OpenID Connect, and Microsoft's `aio`, `rh`, `uti`).
pub const VOLATILE_CLAIMS: [&str; 14] = [
    "aio",
    "at_hash",
    "auth_time",
    "c_hash",
    "exp",
    "iat",
    "jti",
    "nbf",
    "nonce",
    "rh",
    "s_hash",
    "session_id",
    "sid",
    "uti",
];

/// What the claims of a token mean in Postgres.
///
/// Reads the keys of `[claims]` in `Oosync.toml`, by serde, or is put together:
///
/// ```
/// use oosync_runtime::server::auth::{ClaimMapping, ClaimValue};
///
/// let mapping = ClaimMapping::new()
///     .user("uid")
///     .role("role", [("authenticated", "app_user")])
///     .setting("request.jwt.claims", ClaimValue::All)
///     .setting("app.tenant", ClaimValue::Claim("app_metadata.tenant".to_owned()));
/// let text = r#"{"user_id": "uid", "role": "role", "roles": {"authenticated": "app_user"},
///     "settings": {"request.jwt.claims": "*", "app.tenant": "app_metadata.tenant"}}"#;
/// assert_eq!(serde_json::from_str::<ClaimMapping>(text).unwrap(), mapping);
/// ```
///
/// A claim within another is written `app_metadata.tenant`. Where a claim's own name has dots, as
/// `https://example.com/tenant`, that one is meant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimMapping {
    #[serde(default = "sub")]
    user_id: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default, deserialize_with = "pairs")]
    roles: Vec<(String, String)>,
    #[serde(default, deserialize_with = "pairs")]
    settings: Vec<(String, ClaimValue)>,
    #[serde(skip, default = "volatile")]
    volatile: BTreeSet<String>,
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum ClaimValue {
    /// Every claim, as the JSON object that was signed. Written `*`.
    All,
    /// One claim: a text as it is, anything else as JSON, and empty where the token has none.
    Claim(String),
}

impl From<String> for ClaimValue {
    fn from(text: String) -> Self {
        if text == "*" { Self::All } else { Self::Claim(text) }
    }
}

impl Default for ClaimMapping {
    fn default() -> Self {
        Self { user_id: sub(), role: None, roles: Vec::new(), settings: Vec::new(), volatile: volatile() }
    }
}

impl ClaimMapping {
    /// The user is `sub`, and nothing else is looked at.
    pub fn new() -> Self {
        Self::default()
    }

    /// The claim that is the user's id: a text. A number is refused: those that do not fit 64 bits look alike.
    pub fn user(mut self, claim: impl Into<String>) -> Self {
        self.user_id = claim.into();
        self
    }

    /// The claim that decides the role, and the Postgres roles that its values stand for. Others are forbidden, and so is
    /// a token without the claim. A claim may be a list; of several values the first pair here counts.
    pub fn role<V: Into<String>, R: Into<String>>(
        mut self,
        claim: impl Into<String>,
        roles: impl IntoIterator<Item = (V, R)>,
    ) -> Self {
        self.role = Some(claim.into());
        self.roles = roles.into_iter().map(|(value, role)| (value.into(), role.into())).collect();
        self
    }

    /// A setting that policies read. It is set for each request, to nothing where the token has no such claim.
    pub fn setting(mut self, setting: impl Into<String>, value: ClaimValue) -> Self {
        self.settings.push((setting.into(), value));
        self
    }

    /// Leaves claims out of the [access hash](Identity::access_hash) of [`ClaimValue::All`], beside
    /// [`VOLATILE_CLAIMS`]: those that change though nothing changes that policies ask for.
    pub fn volatile<N: Into<String>>(mut self, claims: impl IntoIterator<Item = N>) -> Self {
        self.volatile.extend(claims.into_iter().map(Into::into));
        self
    }

    /// Counts claims in the access hash that would be left out: some of [`VOLATILE_CLAIMS`] that policies ask for.
    pub fn counted<N: AsRef<str>>(mut self, claims: impl IntoIterator<Item = N>) -> Self {
        for claim in claims {
            self.volatile.remove(claim.as_ref());
        }
        self
    }

    /// What no token could make right.
    pub(super) fn check(&self) -> Result<(), SetupError> {
        match (&self.role, self.roles.is_empty()) {
            (Some(claim), true) => return Err(SetupError::NoRoles { claim: claim.clone() }),
            (None, false) => return Err(SetupError::NoRoleClaim),
            _ => {}
        }
        self.roles.iter().try_for_each(|(_, role)| check_role(role))?;
        for (at, (name, _)) in self.settings.iter().enumerate() {
            check_setting(name)?;
            if self.settings[..at].iter().any(|(before, _)| before.eq_ignore_ascii_case(name)) {
                return Err(SetupError::SettingTwice { setting: name.clone() });
            }
        }
        Ok(())
    }

    /// Who claims are of that nobody signed, as JSON: for whoever may ask as anybody.
    ///
    /// # Errors
    ///
    /// Malformed or forbidden, as a token with these claims would be; and where the mapping itself cannot be.
    pub fn identity_of(&self, claims: &str) -> Result<Identity, AuthError> {
        self.check().map_err(|error| AuthError::malformed(error.to_string()))?;
        let claims = Claims::parse(claims).map_err(AuthError::malformed)?;
        Ok(self.identity(&claims)?.with_claims(claims.into_map()))
    }

    /// Who the claims are of.
    pub(super) fn identity(&self, claims: &Claims<'_>) -> Result<Identity, AuthError> {
        let user = match claims.find(&self.user_id) {
            Some(Value::String(user)) => user,
            Some(_) => return Err(AuthError::malformed(format!("the claim `{}` is no text", self.user_id))),
            None => return Err(AuthError::malformed(format!("the token has no claim `{}`", self.user_id))),
        };
        let mut identity = Identity::new(user)?;
        if let Some(claim) = &self.role {
            let (value, role) = self.role_of(claim, claims.find(claim))?;
            identity = identity.with_role(role)?.with_permission_role(value);
        }
        for (name, value) in &self.settings {
            let (value, counted) = match value {
                ClaimValue::All => {
                    (claims.text().to_owned(), claims.counted(|name| self.volatile.contains(name)))
                }
                ClaimValue::Claim(path) => (claims.as_setting(path), claims.as_counted(path)),
            };
            identity = identity.with_setting_counted_as(name, value, counted)?;
        }
        Ok(identity)
    }

    /// The value that counts, and the Postgres role that it stands for.
    fn role_of(&self, claim: &str, value: Option<Value>) -> Result<(&str, &str), AuthError> {
        let Some(value) = value else {
            return Err(AuthError::forbidden(format!("the token has no claim `{claim}`")));
        };
        let says = |wanted: &str| match &value {
            Value::String(text) => text == wanted,
            Value::Array(items) => items.iter().any(|item| item.as_str() == Some(wanted)),
            _ => false,
        };
        match self.roles.iter().find(|(wanted, _)| says(wanted)) {
            Some((value, role)) => Ok((value, role)),
            None => {
                let said = quoted(&value.to_string());
                Err(AuthError::forbidden(format!("the claim `{claim}` is {said}, which stands for no role")))
            }
        }
    }
}

fn sub() -> String {
    "sub".to_owned()
}

fn volatile() -> BTreeSet<String> {
    VOLATILE_CLAIMS.iter().map(|&name| name.to_owned()).collect()
}

/// A table as its entries in the order written.
fn pairs<'de, D, V>(deserializer: D) -> Result<Vec<(String, V)>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Pairs<V>(std::marker::PhantomData<V>);
    impl<'de, V: Deserialize<'de>> Visitor<'de> for Pairs<V> {
        type Value = Vec<(String, V)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs: Vec<(String, V)> = Vec::new();
            while let Some((key, value)) = map.next_entry::<String, V>()? {
                if pairs.iter().any(|(before, _)| *before == key) {
                    return Err(de::Error::custom(format!("`{key}` is there twice")));
                }
                pairs.push((key, value));
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs(std::marker::PhantomData))
}
