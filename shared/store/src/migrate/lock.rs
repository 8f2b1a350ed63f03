//! The lock of the migrations.

use super::PAUSE;
use crate::{Database, StoreError};
use sqlx::{Connection, PgConnection, query_scalar, raw_sql};
use tokio::time::sleep;

/// The key of the lock.
const KEY: i64 = 0x636f_6d6d_6572_6365;

/// The lock of the migrations, of which there is one in a database. It belongs to a transaction and
/// not to a session: a pooler may give the session to somebody else, who would keep it for good.
/// Nobody waits for it in a statement, because an index that is built concurrently would wait for
/// them.
pub(super) struct MigrationLock(PgConnection);

impl MigrationLock {
    /// Takes the lock. Says so when it has to wait.
    pub(super) async fn take(database: &Database) -> Result<Self, StoreError> {
        let mut connection = database.unlimited().await?;
        let mut waits = false;
        loop {
            let begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0;
                         SET LOCAL statement_timeout = 0";
            raw_sql(begin).execute(&mut connection).await?;
            let lock = "SELECT pg_try_advisory_xact_lock($1)";
            if query_scalar(lock).bind(KEY).fetch_one(&mut connection).await? {
                return Ok(Self(connection));
            }
            raw_sql("ROLLBACK").execute(&mut connection).await?;
            if !waits {
                tracing::info!("waiting for another process that migrates");
            }
            waits = true;
            sleep(PAUSE).await;
        }
    }

    /// Frees the lock.
    pub(super) async fn free(mut self) -> Result<(), StoreError> {
        raw_sql("ROLLBACK").execute(&mut self.0).await?;
        Ok(self.0.close().await?)
    }
}
