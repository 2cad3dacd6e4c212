//! A throwaway Postgres.

mod binaries;
mod cluster;
mod database;

pub use self::binaries::{Binaries, psql};
pub use self::cluster::{Cluster, ClusterOptions};
pub use self::database::TestDatabase;
