//! Applies the migrations.
//!
//! Two of them belong together: `expand` and `contract`. Between them the release before this one
//! goes on working, and `steps` fill the new columns and build the new keys while it does. Later
//! ones do not wait for `contract`, because this release works before it, too.

mod lock;
mod steps;

use crate::connections::CONNECT_TIMEOUT;
use crate::{Database, StoreError};
use lock::MigrationLock;
use sqlx::migrate::{Migration, Migrator};
use sqlx::{Connection, PgConnection, query_scalar, raw_sql};
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;
use steps::Steps;
use tokio::time::{sleep, timeout};

/// The migrations, embedded in the programs. A newer release may have applied more of them while
/// this one still runs.
static MIGRATOR: LazyLock<Migrator> =
    LazyLock::new(|| unlocked(sqlx::migrate!("../../migrations")));

fn unlocked(mut migrator: Migrator) -> Migrator {
    migrator.set_ignore_missing(true);
    // We have a lock of our own: that of sqlx belongs to a session, and a pooler would keep it.
    migrator.set_locking(false);
    migrator
}

/// `prove_subscription_states`, the last one that release 0.2.0 can work beside. After it the steps
/// run.
const EXPAND: i64 = 20_261_129_000_902;
/// `contract_rows_by_client`, which release 0.2.0 cannot work with.
const CONTRACT: i64 = 20_261_129_010_000;
/// `drop_one_active_key`, which needs it.
const AFTER_CONTRACT: i64 = 20_261_129_020_000;
/// `follow_repaired_ends`, which replaces a trigger that these make.
const FOLLOW_REPAIRED_ENDS: i64 = 20_261_129_050_040;

/// Whether a migration waits until release 0.2.0 is gone.
const fn is_contracting(version: i64) -> bool {
    matches!(version, CONTRACT | AFTER_CONTRACT | FOLLOW_REPAIRED_ENDS)
}

/// Those that wait for nothing.
static EXPANDING: LazyLock<Migrator> = LazyLock::new(|| {
    let expanding = MIGRATOR.iter().filter(|migration| !is_contracting(migration.version));
    unlocked(Migrator::with_migrations(expanding.cloned().collect()))
});

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
    ///
    /// When nothing is pending it only reads, so that a role suffices which may read and write
    /// rows. Another role can have applied them.
    pub async fn migrate(&self, finish: Finish) -> Result<Migrated, StoreError> {
        if self.pending().await?.is_empty() {
            return Ok(Migrated::Finished);
        }
        match self.apply_all(finish).await {
            Err(error) if error.is_missing_right() => self.leave_to_another_role().await,
            ended => ended,
        }
    }

    async fn apply_all(&self, finish: Finish) -> Result<Migrated, StoreError> {
        let lock = MigrationLock::take(self).await?;
        let mut connection = self.unlimited().await?;
        let migrated = apply_with_lock(&mut connection, finish).await;
        connection.close().await?;
        lock.free().await?;
        migrated
    }

    /// What a role does that may not migrate.
    async fn leave_to_another_role(&self) -> Result<Migrated, StoreError> {
        let pending = self.pending().await?;
        match pending.iter().find(|version| !is_contracting(**version)) {
            None if pending.is_empty() => Ok(Migrated::Finished),
            // The schema serves this release, too, until the one before it has stopped.
            None => Ok(Migrated::Waits("those of a role that may migrate".to_owned())),
            Some(first) => Err(StoreError::Setup(format!(
                "migrations are pending ({} from {first} on), and the role of DATABASE_URL may not \
                 apply them: run `worker migrate` with the role that owns the tables",
                pending.len()
            ))),
        }
    }

    /// The migrations that are not applied.
    async fn pending(&self) -> Result<Vec<i64>, StoreError> {
        let applied =
            self.run(|mut connection| async move { applied(&mut connection).await }).await;
        let applied = applied.map_err(|error| match error {
            error if error.is_missing_right() => StoreError::Setup(
                "the role of DATABASE_URL may not see which migrations are applied: GRANT SELECT \
                 ON _sqlx_migrations to it"
                    .to_owned(),
            ),
            error => error,
        })?;
        let is_pending = |migration: &&Migration| {
            applied.get(&migration.version).map(Vec::as_slice) != Some(&*migration.checksum)
        };
        Ok(MIGRATOR.iter().filter(is_pending).map(|migration| migration.version).collect())
    }

    /// A connection whose statements and waits have no time limit.
    async fn unlimited(&self) -> Result<PgConnection, StoreError> {
        let opened = timeout(CONNECT_TIMEOUT, self.unlimited_session().open(self.options()));
        opened.await.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(StoreError::Unavailable)
    }
}

/// The migrations that are applied, with their checksums.
async fn applied(connection: &mut PgConnection) -> Result<HashMap<i64, Vec<u8>>, StoreError> {
    let is_new = "SELECT to_regclass('_sqlx_migrations') IS NULL";
    if query_scalar(is_new).fetch_one(&mut *connection).await? {
        return Ok(HashMap::new());
    }
    let look = "SELECT version, checksum FROM _sqlx_migrations WHERE success";
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(look).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

async fn apply_with_lock(
    connection: &mut PgConnection,
    finish: Finish,
) -> Result<Migrated, StoreError> {
    let is_new = applied(connection).await?.is_empty();
    drop_invalid_indexes(connection).await?;
    run(connection, &MIGRATOR, EXPAND).await?;
    if !is_applied(connection, CONTRACT).await? {
        Steps::FILL.run(connection).await?;
        run(connection, &EXPANDING, i64::MAX).await?;
        let others = older_sessions(connection).await?;
        if let (Some(others), false, Finish::WhenAlone) = (others, is_new, finish) {
            return Ok(Migrated::Waits(others));
        }
        Steps::PROVE.run(connection).await?;
    }
    run(connection, &MIGRATOR, i64::MAX).await?;
    Ok(Migrated::Finished)
}

/// Applies migrations, up to that version. A migration gives up soon when a table stays locked, so
/// that nobody waits behind it, and is tried again.
async fn run(
    connection: &mut PgConnection,
    migrations: &Migrator,
    version: i64,
) -> Result<(), StoreError> {
    loop {
        // A migration that builds an index may have broken off.
        drop_invalid_indexes(&mut *connection).await?;
        let ran = migrations.run_direct(Some(version), &mut *connection, false).await;
        match ran.map_err(StoreError::from) {
            Err(StoreError::Conflict(error) | StoreError::Locked(error)) => {
                tracing::info!(%error, "a table is in use; trying to migrate it again");
                sleep(PAUSE).await;
                drop_invalid_indexes(connection).await?;
            }
            ended => return ended,
        }
    }
}

async fn is_applied(connection: &mut PgConnection, version: i64) -> Result<bool, StoreError> {
    let look = "SELECT EXISTS (SELECT FROM _sqlx_migrations WHERE version = $1 AND success)";
    Ok(query_scalar(look).bind(version).fetch_one(connection).await?)
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

/// Drops indexes that a broken-off step or migration left behind: Postgres does not use them, and
/// they would be taken for finished ones. The session that broke off may still be building one: it
/// is waited for.
async fn drop_invalid_indexes(connection: &mut PgConnection) -> Result<(), StoreError> {
    loop {
        match try_to_drop_invalid_indexes(&mut *connection).await {
            Err(StoreError::Conflict(error) | StoreError::Locked(error)) => {
                tracing::info!(%error, "an index is being built; trying again");
                sleep(PAUSE).await;
            }
            ended => return ended,
        }
    }
}

async fn try_to_drop_invalid_indexes(connection: &mut PgConnection) -> Result<(), StoreError> {
    let look = "SELECT indexrelid::regclass::text FROM pg_index
                WHERE NOT indisvalid AND indrelid IN (SELECT oid FROM pg_class
                      WHERE relnamespace = 'public'::regnamespace AND relname IN
                          ('users', 'subscriptions', 'gifts', 'grants', 'transactions'))";
    let invalid: Vec<String> = query_scalar(look).fetch_all(&mut *connection).await?;
    for index in invalid {
        let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {index}");
        raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut *connection).await?;
    }
    Ok(())
}
