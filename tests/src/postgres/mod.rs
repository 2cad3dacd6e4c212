//! A throwaway Postgres.

mod binaries;
mod cluster;
mod database;

pub use self::binaries::{Binaries, psql};
pub use self::cluster::{Cluster, ClusterOptions, effective_user};
pub use self::database::TestDatabase;
