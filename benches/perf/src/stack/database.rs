//! A database of the run's own, and users in bulk.

use super::distance::Distance;
use crate::loads::Users;
use anyhow::{Context, Result, ensure};
use shared::store;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool};
use std::net::SocketAddr;
use std::str::FromStr;

/// Users 1 to this have a subscription, and are only read.
pub(crate) const READERS: i64 = 10_000;

/// Users are made so many at a time.
const BULK: i64 = 500_000;

/// A database, and the users in it that are unused.
pub(crate) struct Database {
    /// How to reach it.
    pub(crate) url: String,
    pool: PgPool,
    users: Users,
    last: i64,
}

impl Database {
    /// Creates it, with the schema of the product.
    pub(crate) async fn create(server_url: &str, name: &str) -> Result<Self> {
        let mut database = Self::create_empty(server_url, name).await?;
        store::migrate(&database.pool).await?;
        database.more_users(BULK).await?;
        database.execute(include_str!("../../sql/readers.sql")).await?;
        Ok(database)
    }

    /// Creates it, with nothing in it.
    pub(crate) async fn create_empty(server_url: &str, name: &str) -> Result<Self> {
        let server = pool(&format!("{server_url}/postgres"))?;
        for (setting, wanted) in [("fsync", "on"), ("synchronous_commit", "on")] {
            let found: String = sqlx::query_scalar("SELECT current_setting($1)")
                .bind(setting)
                .fetch_one(&server)
                .await?;
            ensure!(found == wanted, "Postgres has {setting} {found}, not {wanted}");
        }
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&server).await?;
        server.close().await;
        let url = format!("{server_url}/{name}");
        let users = Users::new(READERS + 1, 0);
        Ok(Self { pool: pool(&url)?, url, users, last: 0 })
    }

    /// Where its server is.
    pub(crate) fn server(&self) -> Result<SocketAddr> {
        let options = PgConnectOptions::from_str(&self.url)?;
        let server = format!("{}:{}", options.get_host(), options.get_port());
        server.parse().with_context(|| format!("Postgres at {server} is not on plain TCP"))
    }

    /// How to reach it, by way of `distance` if there is one.
    pub(crate) fn url_by(&self, distance: Option<&Distance>) -> Result<String> {
        let options = PgConnectOptions::from_str(&self.url)?;
        Ok(distance.map_or_else(
            || self.url.clone(),
            |Distance { address, .. }| {
                let there = options.host(&address.ip().to_string()).port(address.port());
                there.to_url_lossy().to_string()
            },
        ))
    }

    /// Its unused users, of which there are that many at least.
    pub(crate) async fn users(&mut self, at_least: i64) -> Result<Users> {
        while self.last - self.users.next() < at_least {
            self.more_users(BULK.max(at_least)).await?;
        }
        Ok(self.users.clone())
    }

    async fn more_users(&mut self, count: i64) -> Result<()> {
        let (first, last) = (self.last + 1, self.last + count);
        sqlx::query(
            "INSERT INTO users (id, client_id, email, created_at)
             SELECT id, 2, 'user' || id || '@bench.example', now()
             FROM generate_series($1, $2) AS id",
        )
        .bind(first)
        .bind(last)
        .execute(&self.pool)
        .await
        .context("cannot make users")?;
        self.last = last;
        self.users = self.users.up_to(last);
        self.execute("VACUUM ANALYZE").await
    }

    /// Leaves out users that something else than [`Users`] has used.
    pub(crate) fn skip_to(&mut self, next: i64) {
        self.users = Users::new(next, self.last);
    }

    /// Has Postgres write what it has put off, so that each scenario pays for its own writes.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        self.execute("CHECKPOINT").await
    }

    /// Runs statements of ours.
    pub(crate) async fn execute(&self, sql: &str) -> Result<()> {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.pool).await?;
        Ok(())
    }

    /// Runs a query of ours for one number.
    pub(crate) async fn number(&self, sql: &str) -> Result<i64> {
        Ok(sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&self.pool).await?)
    }
}

/// Without the time limits of the product: bulk loads take minutes.
fn pool(url: &str) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(url)?;
    Ok(PgPoolOptions::new().max_connections(2).connect_lazy_with(options))
}
