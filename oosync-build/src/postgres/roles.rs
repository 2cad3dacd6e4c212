//! The roles that the config names.

use super::ident;
use crate::config::Config;

/// The roles that the config names, each once.
pub(super) struct Roles<'a> {
    /// What the server logs in as.
    pub(super) server: &'a str,
    /// What claims stand for, in the order written.
    pub(super) mapped: Vec<&'a str>,
    /// Roles that go on to have every row.
    pub(super) keep: Vec<&'a str>,
    /// Roles that may lose rows.
    pub(super) accept: Vec<&'a str>,
}

impl<'a> Roles<'a> {
    pub(super) fn of(config: &'a Config) -> Self {
        let names =
            |roles: &'a [crate::config::Spanned<String>]| roles.iter().map(|role| role.value.as_str());
        let mut mapped = Vec::new();
        for (_, role) in &config.claims.roles {
            if !mapped.contains(&role.value.as_str()) {
                mapped.push(role.value.as_str());
            }
        }
        Self {
            server: &config.server.role,
            mapped,
            keep: names(&config.row_security.keep).collect(),
            accept: names(&config.row_security.accept).collect(),
        }
    }

    /// Every role that requests run as: the server's first.
    pub(super) fn all(&self) -> Vec<&'a str> {
        let others = self.mapped.iter().copied().filter(|role| *role != self.server);
        std::iter::once(self.server).chain(others).collect()
    }

    /// All of them, as SQL.
    pub(super) fn list(&self) -> String {
        self.all().into_iter().map(ident).collect::<Vec<_>>().join(", ")
    }
}
