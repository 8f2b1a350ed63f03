//! A database for one test. It is copied from a migrated template and dropped after the test.

use crate::eventually_true;
use crate::postgres::{connect, run, server, template, url};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Decode, PgConnection, PgPool, Postgres, Transaction,
    Type, query_scalar, raw_sql,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The database of one test.
pub struct Database {
    server: PgConnectOptions,
    name: String,
    store: store::Database,
    pool: PgPool,
}

impl Database {
    /// Creates a database with the schema.
    pub async fn create() -> Self {
        let server = server();
        let mut admin = connect(&server).await;
        let template = template(&server, &mut admin).await;
        Self::copy(server, admin, &format!("TEMPLATE {template}")).await
    }

    /// Creates an empty database.
    pub async fn empty() -> Self {
        let server = server();
        let admin = connect(&server).await;
        Self::copy(server, admin, "").await
    }

    async fn copy(server: PgConnectOptions, mut admin: PgConnection, from: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{count}", std::process::id());
        // A killed process with the same id may have left a database of this name.
        run(&mut admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&mut admin, &format!("CREATE DATABASE {name} {from}")).await;
        admin.close().await.unwrap();
        let store = store::Database::new(&url(&server, &name), 8).unwrap();
        // A session without such a name may be one of an older release, whose end a migration waits
        // for.
        let options = server.clone().database(&name).application_name("commerce test");
        let pool = PgPoolOptions::new().connect_lazy_with(options);
        Self { server, name, store, pool }
    }

    /// The handle of the product.
    #[must_use]
    pub const fn store(&self) -> &store::Database {
        &self.store
    }

    /// A new handle, as another process would have it.
    #[must_use]
    pub fn store_of(&self, connections_max: u32) -> store::Database {
        store::Database::new(&self.url(), connections_max).unwrap()
    }

    /// The URL of the database.
    #[must_use]
    pub fn url(&self) -> String {
        url(&self.server, &self.name)
    }

    /// A pool for the test's own statements.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Runs statements.
    pub async fn run(&self, statements: &str) {
        run(&mut self.pool().acquire().await.unwrap(), statements).await;
    }

    /// Begins a transaction and runs those statements in it.
    pub async fn begun(&self, statements: &str) -> Transaction<'static, Postgres> {
        let mut tx = self.pool().begin().await.unwrap();
        run(&mut tx, statements).await;
        tx
    }

    /// The value that a query returns.
    pub async fn value<T>(&self, query: &str) -> T
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        let value = query_scalar(AssertSqlSafe(query)).fetch_one(self.pool()).await;
        value.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Waits until that many other connections wait for locks in this database.
    pub async fn until_blocked(&self, others: i64) {
        self.until(&format!(
            "SELECT count(*) >= {others} FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ))
        .await;
    }

    /// Waits until a query returns true.
    pub async fn until(&self, query: &str) {
        let look = async || Ok(self.value::<bool>(query).await);
        eventually_true(query, Duration::from_mins(1), look).await.unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // The database is dropped in a thread of its own, because `drop` is not async and may run
        // inside a runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = server.connect().await?;
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                raw_sql(AssertSqlSafe(drop)).execute(&mut admin).await?;
                admin.close().await
            })
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            eprintln!("database {} is left behind", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[tokio::test]
    async fn a_database_is_fresh_and_goes_with_its_owner() {
        let (database, other) = tokio::join!(Database::empty(), Database::empty());
        database.run("CREATE TABLE t ()").await;
        other.run("CREATE TABLE t ()").await;
        let options = PgConnectOptions::from_str(&database.url()).unwrap();
        options.connect().await.unwrap().close().await.unwrap();
        drop(database);
        options.connect().await.unwrap_err();
    }

    #[tokio::test]
    async fn a_copy_of_the_template_has_the_schema_and_no_row_of_another() {
        let (database, other) = tokio::join!(Database::create(), Database::create());
        for database in [database, other] {
            let shops = "SELECT count(*) FROM clients WHERE name = 'shop'";
            assert_eq!(database.value::<i64>(shops).await, 0);
            database.run("INSERT INTO clients (name) VALUES ('shop')").await;
        }
    }
}
