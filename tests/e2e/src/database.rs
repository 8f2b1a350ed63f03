//! A fresh database for one test, dropped with it.

use std::{
    net::SocketAddr,
    process,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use anyhow::{Context, Result};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The database of one test.
#[derive(Debug)]
pub struct Database {
    admin: PgConnectOptions,
    name: String,
    pool: PgPool,
}

impl Database {
    /// Creates `e2e_<pid>_<n>` on the server of `TEST_DATABASE_URL`.
    pub async fn create() -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "a test has no main that reads settings")]
        let url = std::env::var("TEST_DATABASE_URL")
            .context("TEST_DATABASE_URL is not set: run `make test`")?;
        let admin = PgConnectOptions::from_str(&url).context("TEST_DATABASE_URL")?;
        let name = format!("e2e_{}_{}", process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let mut connection =
            admin.connect().await.context("cannot reach TEST_DATABASE_URL: run `make test`")?;
        // A killed run of the same pid may have left one behind.
        for statement in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
        connection.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .connect_lazy_with(admin.clone().database(&name));
        Ok(Self { admin, name, pool })
    }

    /// The tests' own way in.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// `host:port` of the server.
    #[must_use]
    pub fn server(&self) -> String {
        format!("{}:{}", self.admin.get_host(), self.admin.get_port())
    }

    /// The URL for a process under test, by way of `proxy` if there is one.
    #[must_use]
    pub fn url(&self, proxy: Option<SocketAddr>) -> String {
        let mut options = self.admin.clone().database(&self.name);
        if let Some(address) = proxy {
            options = options.host(&address.ip().to_string()).port(address.port());
        }
        options.to_url_lossy().to_string()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A thread of its own: drop is not async and may run inside a runtime.
        let dropped = thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async move {
                let mut connection = admin.connect().await?;
                let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
                Ok(connection.close().await?)
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("database {} is left behind: {error:#}", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_is_fresh_and_goes_with_its_owner() {
        let database = Database::create().await.unwrap();
        sqlx::query("CREATE TABLE t ()").execute(database.pool()).await.unwrap();
        let url = database.url(None);
        let other = Database::create().await.unwrap();
        sqlx::query("CREATE TABLE t ()").execute(other.pool()).await.unwrap();

        PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
        drop(database);
        PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap_err();
    }
}
