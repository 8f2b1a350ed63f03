//! A database of the run's own, and users in bulk.

use crate::loads::Users;
use anyhow::{Context, Result, ensure};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Decode, PgPool, Postgres, Type};
use std::str::FromStr;

/// Users 1 to this have a subscription, and are only read.
pub(crate) const READERS: i64 = 10_000;

/// Users are made so many at a time.
const BULK: i64 = 500_000;

/// A database, and the users in it that are unused.
pub(crate) struct Database {
    pub(crate) options: PgConnectOptions,
    pool: PgPool,
    users: Users,
    last: i64,
}

impl Database {
    /// Creates it, as a copy of `template`.
    pub(crate) async fn create(server: &str, name: &str, template: &str) -> Result<Self> {
        let postgres = Self::of(PgConnectOptions::from_str(server)?.database("postgres"));
        for setting in ["fsync", "synchronous_commit"] {
            let found: String =
                postgres.value(&format!("SELECT current_setting('{setting}')")).await?;
            ensure!(found == "on", "Postgres has {setting} {found}, not on");
        }
        postgres.execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        Ok(Self::of(postgres.options.database(name)))
    }

    /// Without the time limits of the product: bulk loads take minutes.
    fn of(options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new().max_connections(2).connect_lazy_with(options.clone());
        Self { options, pool, users: Users::new(READERS + 1, 0), last: 0 }
    }

    /// The process id of the server.
    pub(crate) async fn server_pid(&self) -> Result<u32> {
        Ok(crate::machine::parent_of(self.value("SELECT pg_backend_pid()").await?)?)
    }

    /// Its unused users, of which there are that many at least.
    pub(crate) async fn users(&mut self, at_least: u64) -> Result<Users> {
        let at_least = i64::try_from(at_least)?;
        while self.last - self.users.next() < at_least {
            self.more_users(BULK.max(at_least)).await?;
        }
        Ok(self.users.clone())
    }

    async fn more_users(&mut self, count: i64) -> Result<()> {
        let (first, last) = (self.last + 1, self.last + count);
        let sql = format!(
            "INSERT INTO users (id, client_id, email, created_at)
             SELECT id, 2, 'user' || id || '@bench.example', now()
             FROM generate_series({first}, {last}) AS id"
        );
        self.execute(&sql).await.context("cannot make users")?;
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

    /// Fills its tables by a statement that is written for this release and the one before, which
    /// has no `client_id` in all tables: what stands in `{? ?}` is for those that have.
    pub(crate) async fn fill(&self, sql: &str) -> Result<()> {
        let by_client = "SELECT EXISTS (SELECT FROM information_schema.columns \
                         WHERE table_name = 'subscriptions' AND column_name = 'client_id')";
        let by_client: bool = self.value(by_client).await?;
        let mut text = String::new();
        for part in sql.split("{?") {
            match part.split_once("?}") {
                Some((inner, rest)) if by_client => text.extend([inner, rest]),
                Some((_, rest)) => text.push_str(rest),
                None => text.push_str(part),
            }
        }
        self.execute(&text).await
    }

    /// Runs a query of ours for one value.
    pub(crate) async fn value<T>(&self, sql: &str) -> Result<T>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        Ok(sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&self.pool).await?)
    }
}
