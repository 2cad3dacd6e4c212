//! Who is asking, from the config.

use std::path::Path;

use oosync_build::config::{ClaimValue as Written, ClaimsConfig};

use super::config::{Auth, Named};
use super::failure::Failure;
use crate::server::auth::{
    Algorithm, Authenticator, ClaimMapping, ClaimValue, Header, JwksUrl, Jwt, VerifyingKey,
};

/// The one authenticator that the config describes.
pub(super) fn authenticator(auth: &Auth, claims: &ClaimsConfig) -> Result<Box<dyn Authenticator>, Failure> {
    let tokens = !auth.algorithms.is_empty();
    match (&auth.trust_header, tokens) {
        (Some(_), true) => Err(Failure::usage(
            "both a trusted header and tokens are set up, and only one can say who is asking",
            "leave out `trust_header` or `algorithms` in [auth]",
        )),
        (Some(name), false) => {
            let name: http::HeaderName = name.parse().map_err(|_| {
                Failure::usage(format!("{name:?} is no name of a header"), "write it as `x-user`")
            })?;
            tracing::warn!(
                header = name.as_str(),
                "whoever reaches this server without its proxy can be anybody: a header is believed"
            );
            Ok(Box::new(Header::trusting(name)))
        }
        (None, true) => Ok(Box::new(jwt(auth, claims)?)),
        (None, false) => Err(Failure::usage(
            "nothing says who is asking",
            "set up tokens (`algorithms` and keys in [auth] of the config), or `trust_header` behind a proxy",
        )),
    }
}

fn jwt(auth: &Auth, claims: &ClaimsConfig) -> Result<Jwt, Failure> {
    let help = "[auth] in oosyncd.reference.toml shows what there is";
    let algorithms: Result<Vec<_>, Failure> = auth.algorithms.iter().map(|name| algorithm(name)).collect();
    let mut builder = Jwt::builder(algorithms?).claims(mapping(claims)).leeway(auth.leeway);
    if let Some(url) = &auth.jwks_url {
        let mut url = JwksUrl::new(url.as_str());
        if let Some(time) = auth.jwks_max_age {
            url = url.max_age(time);
        }
        if let Some(time) = auth.jwks_pause {
            url = url.pause(time);
        }
        builder = builder.jwks(url);
    }
    for path in &auth.public_keys {
        let key = VerifyingKey::pem(&read(path)?)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display()), help))?;
        builder = builder.key(key);
    }
    if let Some(secret) = &auth.secret {
        let key = VerifyingKey::secret(secret.as_bytes())
            .map_err(|error| Failure::usage(format!("the secret of tokens: {error}"), help))?;
        builder = builder.key(key);
    }
    builder = match &auth.issuers {
        Some(Named::Any) => builder.any_issuer(),
        Some(Named::List(names)) => builder.issuers(names),
        None => builder,
    };
    builder = match &auth.audiences {
        Some(Named::Any) => builder.any_audience(),
        Some(Named::List(names)) => builder.audiences(names),
        None => builder,
    };
    builder.build().map_err(|error| Failure::usage(format!("tokens: {error}"), help))
}

fn algorithm(name: &str) -> Result<Algorithm, Failure> {
    let known = [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256];
    known.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(|| {
        let known = known.map(Algorithm::name).join(", ");
        Failure::usage(
            format!("{name:?} is no algorithm that tokens are taken with"),
            format!("one of {known}"),
        )
    })
}

/// `[claims]` of `Oosync.toml`.
pub(super) fn mapping(claims: &ClaimsConfig) -> ClaimMapping {
    let mut mapping = ClaimMapping::new().user(claims.user_id.as_str());
    if let Some(claim) = &claims.role {
        let roles = claims.roles.iter().map(|(value, role)| (value.value.as_str(), role.value.as_str()));
        mapping = mapping.role(claim.value.as_str(), roles);
    }
    for setting in &claims.settings {
        let value = match &setting.value.value {
            Written::Claim(claim) => ClaimValue::Claim(claim.clone()),
            _ => ClaimValue::All,
        };
        mapping = mapping.setting(setting.setting.value.as_str(), value);
    }
    mapping
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::system(format!("{} cannot be read: {error}", path.display())))
}
