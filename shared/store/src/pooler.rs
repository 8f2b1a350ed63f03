//! Poolers between us and Postgres. In session mode a pooler is not noticed. In transaction mode it
//! gives each transaction another session: what is set for a session then holds for somebody else,
//! and prepared statements are there only if the pooler keeps them.

use crate::session::Session;
use crate::{Database, StoreError};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, query_scalar, raw_sql};
use std::time::Duration;
use tokio::time::timeout;

/// The longest time for the look, which takes milliseconds.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// How often it looks: others may use the pooler at the same moment.
const LOOKS: usize = 3;

/// The settings that reads have only if the role has them. Batches set theirs themselves.
const OF_READS: [&str; 4] = ["statement_timeout", "plan_cache_mode", "enable_seqscan", "jit"];

/// A handle that fits the way to Postgres.
pub struct Fitted {
    /// The handle.
    pub database: Database,
    /// What does not hold on this way, and what to do about it.
    pub warning: Option<String>,
}

impl Database {
    /// Looks whether a pooler is in the way, and fits the handle to it. Fails with
    /// [`StoreError::Setup`] if the pooler would mix statements up.
    pub async fn fitted(self) -> Result<Fitted, StoreError> {
        let looked = timeout(LOOK_TIMEOUT, is_of_transaction(self.options())).await;
        if !looked.unwrap_or_else(|_| Err(StoreError::silent()))? {
            return Ok(Fitted { database: self, warning: None });
        }
        let database = self.behind_transaction_pooler();
        let warning = database
            .run(|mut connection| async move { missing_settings(&mut connection).await })
            .await?;
        Ok(Fitted { database, warning })
    }
}

/// Whether two connections share sessions of Postgres: while one holds a session, the other is
/// given another one, or it held that same session before.
async fn is_of_transaction(options: &PgConnectOptions) -> Result<bool, StoreError> {
    let session = Session::BOUNDED.of_transaction();
    let open = async || session.open(options).await.map_err(StoreError::Unavailable);
    let mut one = open().await?;
    // Where there is room for one connection only, one that tells is not worth a failed start.
    let Ok(mut other) = open().await else { return Ok(false) };
    let mut is_shared = false;
    for _ in 0..LOOKS {
        let before = session_of(&mut one).await?;
        raw_sql("BEGIN").execute(&mut other).await?;
        let held = session_of(&mut other).await?;
        let after = session_of(&mut one).await?;
        raw_sql("ROLLBACK").execute(&mut other).await?;
        is_shared |= before == held || before != after;
    }
    one.close().await?;
    other.close().await?;
    Ok(is_shared)
}

/// The session of Postgres that serves a connection now, by a prepared statement.
async fn session_of(connection: &mut PgConnection) -> Result<i32, StoreError> {
    let asked = query_scalar("SELECT pg_backend_pid()").fetch_one(connection).await;
    asked.map_err(|error| match error.as_database_error().and_then(DatabaseError::code) {
        Some(code) if matches!(&*code, "26000" | "42P05") => StoreError::Setup(
            "the pooler in DATABASE_URL is in transaction mode and loses prepared statements: \
             PgBouncer 1.21 or later keeps them with max_prepared_statements = 200; or set \
             pool_mode = session"
                .to_owned(),
        ),
        _ => StoreError::from(error),
    })
}

/// What the role lacks for reads, which begin no transaction of their own.
async fn missing_settings(connection: &mut PgConnection) -> Result<Option<String>, StoreError> {
    let mut missing = Vec::new();
    for (name, value) in Session::BOUNDED.settings().filter(|(name, _)| OF_READS.contains(name)) {
        let look = "SELECT setting FROM pg_settings WHERE name = $1";
        let set: String = query_scalar(look).bind(name).fetch_one(&mut *connection).await?;
        if set != value {
            missing.push((name, value));
        }
    }
    if missing.is_empty() {
        return Ok(None);
    }
    let role = "SELECT quote_ident(current_user)";
    let role: String = query_scalar(role).fetch_one(connection).await?;
    let cure = |(name, value)| format!("ALTER ROLE {role} SET {name} = '{value}';");
    let cure: Vec<String> = missing.into_iter().map(cure).collect();
    Ok(Some(format!(
        "the pooler in DATABASE_URL is in transaction mode, so that the limits and plans of reads \
         are those of the role; to have ours: {}",
        cure.join(" ")
    )))
}
