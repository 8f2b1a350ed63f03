//! Applies the migrations.
//!
//! Two of them belong together: `expand` and `contract`. Between them the release before this one
//! goes on working, and `steps` fill the new columns and build the new keys while it does.

mod steps;

use crate::{Database, StoreError};
use sqlx::migrate::Migrator;
use sqlx::{PgConnection, query_scalar, raw_sql};
use std::sync::LazyLock;
use std::time::Duration;
use steps::Steps;
use tokio::time::sleep;

/// The migrations, embedded in the programs. A newer release may have applied more of them while
/// this one still runs.
static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!("../../migrations");
    migrator.set_ignore_missing(true);
    migrator
});

/// `create_job_keys`, the last one that release 0.2.0 can work beside. After it the steps run.
const EXPAND: i64 = 20_261_129_000_200;
/// `contract_rows_by_client`, which release 0.2.0 cannot work with.
const CONTRACT: i64 = 20_261_129_010_000;

/// The lock of the steps. It is not that of sqlx: processes of release 0.2.0 wait for that one in a
/// statement, and an index that is built concurrently would wait for them.
const STEPS_LOCK: i64 = 0x636f_6d6d_6572_6365;

/// The pause between two looks whether a lock is free.
const PAUSE: Duration = Duration::from_millis(200);

/// When `contract` may be applied to a database that was in use before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// When no session is connected that may be one of an older release.
    WhenAlone,
    /// Now: the operator says that no older release runs.
    Now,
}

/// How far the migrations are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Migrated {
    /// All are applied.
    Finished,
    /// `contract` waits until these sessions are gone, which may be of an older release.
    Waits(String),
}

impl Database {
    /// Applies pending migrations. Any number of processes may do so at once. It has no time limit,
    /// also while another process migrates. What breaks off is gone on with by the next call.
    pub async fn migrate(&self, finish: Finish) -> Result<Migrated, StoreError> {
        let mut connection = self.unlimited().acquire().await?;
        let is_new = "SELECT to_regclass('_sqlx_migrations') IS NULL";
        let is_new: bool = query_scalar(is_new).fetch_one(&mut *connection).await?;
        self.run_to(EXPAND).await?;
        if !is_applied(&mut connection, CONTRACT).await? {
            lock_steps(&mut connection).await?;
            // Another process may have finished while this one waited.
            if !is_applied(&mut connection, CONTRACT).await? {
                Steps::FILL.run(&mut connection).await?;
                let others = older_sessions(&mut connection).await?;
                if let (Some(others), false, Finish::WhenAlone) = (others, is_new, finish) {
                    connection.close().await?;
                    return Ok(Migrated::Waits(others));
                }
                Steps::PROVE.run(&mut connection).await?;
                self.run_to(CONTRACT).await?;
            }
        }
        connection.close().await?;
        self.run_to(i64::MAX).await?;
        Ok(Migrated::Finished)
    }

    /// Applies the migrations up to that one. A migration gives up soon when a table stays locked,
    /// so that nobody waits behind it, and is tried again.
    async fn run_to(&self, version: i64) -> Result<(), StoreError> {
        loop {
            // A connection for each try: a failed one keeps the lock of sqlx.
            let connection = self.unlimited();
            let ran = MIGRATOR.run_to(version, &connection).await;
            connection.close().await;
            match ran.map_err(StoreError::from) {
                Err(StoreError::Conflict(error)) => {
                    tracing::info!(%error, "a table is in use; trying to migrate it again");
                    sleep(PAUSE).await;
                }
                ended => return ended,
            }
        }
    }
}

async fn is_applied(connection: &mut PgConnection, version: i64) -> Result<bool, StoreError> {
    let look = "SELECT EXISTS (SELECT FROM _sqlx_migrations WHERE version = $1 AND success)";
    Ok(query_scalar(look).bind(version).fetch_one(connection).await?)
}

/// Takes the lock of the steps. It ends with the connection.
async fn lock_steps(connection: &mut PgConnection) -> Result<(), StoreError> {
    let mut waits = false;
    loop {
        let lock = "SELECT pg_try_advisory_lock($1)";
        if query_scalar(lock).bind(STEPS_LOCK).fetch_one(&mut *connection).await? {
            return Ok(());
        }
        if !waits {
            tracing::info!("waiting for another process that migrates");
        }
        waits = true;
        sleep(PAUSE).await;
    }
}

/// The sessions of this database that may be of an older release: those of other programs are
/// among them, because their names are not known. `None` if there are none.
async fn older_sessions(connection: &mut PgConnection) -> Result<Option<String>, StoreError> {
    let look = "SELECT string_agg(format('pid %s (%s)', pid,
                           coalesce(nullif(application_name, ''), 'without a name')), ', ')
                FROM pg_stat_activity
                WHERE datname = current_database() AND usesysid IS NOT NULL
                  AND pid <> pg_backend_pid()
                  AND coalesce(backend_type, 'client backend') = 'client backend'
                  AND coalesce(application_name, '') NOT LIKE 'commerce %'";
    Ok(query_scalar(look).fetch_one(connection).await?)
}

/// Drops indexes that a broken-off step left behind: Postgres does not use them, and they would be
/// taken for finished ones.
async fn drop_invalid_indexes(connection: &mut PgConnection) -> Result<(), StoreError> {
    let look = "SELECT indexrelid::regclass::text FROM pg_index
                WHERE NOT indisvalid AND indrelid IN ('users'::regclass, 'subscriptions'::regclass,
                      'gifts'::regclass, 'grants'::regclass, 'transactions'::regclass)";
    let invalid: Vec<String> = query_scalar(look).fetch_all(&mut *connection).await?;
    for index in invalid {
        let drop = format!("DROP INDEX CONCURRENTLY {index}");
        raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut *connection).await?;
    }
    Ok(())
}
