//! `POST register`: a device makes itself known, before anything else and again whenever it likes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Lease, LeaseRequest, seconds};
use crate::types::Timestamptz;

/// A device makes itself known. Whose it is, the token in the header says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The id that it was given before; none for a new device, and for one that was restored or cloned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Uuid>,
    /// The user whose rows it has, as [`Registered::user`] said; none for a device that has no rows. Where the token is of
    /// somebody else, the device is refused, and nothing is written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The hash of the schema that it was built with.
    pub schema_hash: String,
    /// The version of the app, for people who look after the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// What its user calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Numbers that it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lease: Vec<LeaseRequest>,
}

/// The answer to [`Register`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The device's id, to be sent with every request from now on. Another one than it sent where that one is not
    /// this user's: mutations are then numbered anew from 1.
    pub client: Uuid,
    /// The user, as text of the type that the schema has for users.
    pub user: String,
    /// The hash of the schema that the server serves now.
    pub schema_hash: String,
    /// The server's clock when it answered, from which a device sees how far its own is off.
    pub server_time: Timestamptz,
    /// What the server takes.
    #[serde(default)]
    pub limits: Limits,
    /// The numbers asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lease: Vec<Lease>,
}

/// What a server takes; what it does not say is as in [`Limits::default`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The length of a request's body once it is decompressed, in bytes: 8 MiB.
    pub max_body: u64,
    /// The number of mutations in a push: 1,000.
    pub max_mutations: u32,
    /// How long a pull may wait for a change, in seconds: 55. A longer wait is cut to it.
    #[serde(with = "seconds")]
    pub max_wait: Duration,
    /// How many numbers are leased at once for a column: 1,000. A larger request is cut to it.
    pub max_lease: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_body: 8 << 20, max_mutations: 1_000, max_wait: Duration::from_secs(55), max_lease: 1_000 }
    }
}
