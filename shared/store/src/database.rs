//! The handle on Postgres: the pool with its settings, and reads that are repeated once.

use crate::StoreError;
use crate::connection_cache::ConnectionCache;
use crate::connection_health::ConnectionHealth;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool, Postgres};
use std::str::FromStr;
use std::time::Duration;
use tokio::time::timeout;

/// The longest wait for a connection, also for a new one. After it Postgres counts as unreachable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest time of a read. A healthy Postgres answers every read sooner.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest time of a statement. Every statement here takes less, also over a million due rows.
/// It is short enough for a client to get a 503 rather than no answer.
const STATEMENT_TIMEOUT_MS: &str = "10000";

/// The longest wait for a lock. Locks are held for one batch, that is for milliseconds. A longer
/// wait is for a process that is stopped, and it is better to try again.
const LOCK_TIMEOUT_MS: &str = "5000";

/// The time after which Postgres ends the transaction of a stopped process and frees its locks.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "10000";

/// The settings of the planner. Every statement here looks rows up by key, or by an index of due
/// rows, whatever the sizes of the tables. So each is planned once per connection, a plan made for
/// a small table must not scan it, and compiling a statement does not pay.
const PLANS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];

/// The name of our sessions. Release 0.2.0 and those before it gave them none.
const APPLICATION_NAME: &str = concat!("commerce ", env!("CARGO_PKG_VERSION"));

/// A handle on Postgres, shared by its clones.
#[derive(Clone)]
pub struct Database {
    pool: PgPool,
    health: ConnectionHealth,
    cache: ConnectionCache,
}

impl Database {
    /// A handle with at most `connections_max` connections. Nothing is connected yet.
    pub fn new(url: &str, connections_max: u32) -> Result<Self, StoreError> {
        let options =
            PgConnectOptions::from_str(url)?.application_name(APPLICATION_NAME).options([
                ("statement_timeout", STATEMENT_TIMEOUT_MS),
                ("lock_timeout", LOCK_TIMEOUT_MS),
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT_MS),
                ("timezone", "UTC"),
            ]);
        let options = options.options(PLANS);
        let health = ConnectionHealth::default();
        let known_health = health.clone();
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(move |connection, known| {
                let is_doubtful = known_health.is_doubtful(known.idle_for);
                Box::pin(async move {
                    if is_doubtful {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, health, cache: ConnectionCache::default() })
    }

    /// The pool, for statements that do not need the connection cache.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A pool of one connection, whose statements and waits have no time limit.
    pub(crate) fn unlimited(&self) -> PgPool {
        let unlimited = [("lock_timeout", "0"), ("statement_timeout", "0")];
        let options = self.pool.connect_options().as_ref().clone().options(unlimited);
        PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options)
    }

    /// Whether Postgres takes writes. A standby does not, nor a database that is set to be read
    /// only.
    pub async fn takes_writes(&self) -> Result<bool, StoreError> {
        let look = || async {
            let writable = sqlx::query_scalar!(
                r#"SELECT current_setting('transaction_read_only') = 'off' AS "writable!""#
            );
            Ok(writable.fetch_one(&self.pool).await?)
        };
        self.read(look).await
    }

    /// Runs a read. It is repeated once if the connection had ended, within one time limit.
    pub(crate) async fn read<T, F>(&self, look: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let twice = async {
            match self.noting_outages(look().await) {
                Err(StoreError::Unavailable(_)) => self.noting_outages(look().await),
                found => found,
            }
        };
        timeout(READ_TIMEOUT, twice).await.unwrap_or_else(|_| {
            self.noting_outages(Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)))
        })
    }

    /// Returns `result`. An outage is noted, so that idle connections are pinged before their next
    /// use.
    pub(crate) fn noting_outages<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Unavailable(_)) = result {
            self.health.note_outage();
        }
        result
    }

    /// A connection for a unit of work. The caller hands it back with [`Database::keep`] when the
    /// work succeeded.
    pub(crate) async fn take(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let taken = self.cache.take(&self.pool, &self.health).await;
        self.noting_outages(taken.map_err(StoreError::from))
    }

    /// Keeps a connection that works and is in no transaction for the next unit of work.
    pub(crate) fn keep(&self, connection: PoolConnection<Postgres>) {
        self.cache.keep(&self.pool, connection);
    }
}
