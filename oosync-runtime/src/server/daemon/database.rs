//! Connections to Postgres.

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use oosync_build::introspect::DatabaseUrl;
use tokio_postgres::NoTls;

use super::config::Settings;
use super::failure::Failure;

/// A pool of connections to the database of the settings; nothing is connected yet.
pub(super) fn pool(settings: &Settings) -> Result<(DatabaseUrl, Pool), Failure> {
    let url = DatabaseUrl::parse(&settings.database_url).map_err(|error| Failure::connect(&error))?;
    let url = url.with_application_name("oosyncd");
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match url.connector().map_err(|error| Failure::connect(&error))? {
        None => Manager::from_config(url.config().clone(), NoTls, manager),
        Some(connector) => Manager::from_config(url.config().clone(), connector, manager),
    };
    let pool = Pool::builder(manager)
        .max_size(settings.pool_size)
        .wait_timeout(Some(settings.pool_wait))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Failure::system(error.to_string()))?;
    Ok((url, pool))
}

/// Whether there is a connection, with what to do where there is none.
pub(super) async fn reach(url: &DatabaseUrl, pool: &Pool) -> Result<(), Failure> {
    match pool.get().await {
        Ok(_) => Ok(()),
        Err(PoolError::Backend(error)) => Err(Failure::connect(&url.explain(&error))),
        Err(error) => Err(Failure::system(error.to_string())),
    }
}
