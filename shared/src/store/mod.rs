//! Postgres: the only place with SQL.
//!
//! It loads and writes what the domain decided, and must not decide anything itself. It does not
//! know the queue. Functions that are part of a unit of work take the connection of the transaction
//! that the caller owns; only whole reads take the pool.
//!
//! Locks are always taken in one order: users, then gifts, then subscriptions, ids ascending
//! ([`world::load`]). The sweeps lock subscriptions or gifts only, and skip what is locked.

pub mod api_keys;
pub mod batch;
pub mod changes;
mod columns;
mod error;
pub mod ledger;
pub mod line;
pub mod reads;
mod rows;
pub mod sweep;
mod trust;
pub mod world;

pub use error::StoreError;
pub use sqlx::PgConnection;
pub use sqlx::PgPool;

use sqlx::Connection;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

/// The migrations, embedded in the binaries. A newer release may have applied more of them, and this
/// one still runs beside it: migrations only ever add what an older release can do without.
pub static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!("../migrations");
    migrator.set_ignore_missing(true);
    migrator
});

/// How long to wait for a connection, also a new one: beyond it Postgres counts as unreachable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// Longer than any statement here takes, also over a million due rows, and short enough that a
/// client hears 503 rather than nothing.
const STATEMENT_TIMEOUT_MS: &str = "10000";

/// Locks are held for one batch, that is for milliseconds. Who waits longer waits for a process
/// that is stopped, and had better try again.
const LOCK_TIMEOUT_MS: &str = "5000";

/// After this Postgres itself ends the transaction of a process that is stopped, and frees its
/// locks.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "10000";

/// Every statement here looks rows up by key, or by an index of what is due, whatever the sizes of the
/// tables. So each is planned once a connection, and not by what a table that has just grown was like when
/// it was small; and none is worth compiling.
const PLANS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];

/// A pool of at most `connections_max` connections. Nothing is connected yet.
pub fn pool(url: &str, connections_max: u32) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url)?.options([
        ("statement_timeout", STATEMENT_TIMEOUT_MS),
        ("lock_timeout", LOCK_TIMEOUT_MS),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT_MS),
        ("timezone", "UTC"),
    ]);
    let options = options.options(PLANS);
    Ok(PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if trust::doubtful(known.idle_for) {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}

/// Applies pending migrations, under an advisory lock: any number of processes may start at once.
/// Takes as long as it takes, also when it is another process that migrates: its connection has no
/// time limits.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    let unlimited = [("lock_timeout", "0"), ("statement_timeout", "0")];
    let options = pool.connect_options().as_ref().clone().options(unlimited);
    let connection = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options);
    let migrated = MIGRATOR.run(&connection).await;
    connection.close().await;
    Ok(migrated?)
}

/// Whether Postgres answers.
pub async fn ping(pool: &PgPool) -> Result<(), StoreError> {
    let look = || async { Ok(sqlx::query_scalar!("SELECT 1").fetch_one(pool).await?) };
    trust::read(look).await.map(drop)
}
