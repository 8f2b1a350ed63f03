//! Connections that are kept from one use to the next. A pool asks each connection that is handed
//! back whether it is well: a round trip more for every use.

use crate::connection_health::ConnectionHealth;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Connections kept beside their pool, shared by clones.
#[derive(Clone, Default)]
pub(crate) struct ConnectionCache(Arc<Mutex<Vec<Kept>>>);

struct Kept {
    connection: PoolConnection<Postgres>,
    since: Instant,
}

impl ConnectionCache {
    /// A connection that was kept, or else one of the pool, which asks those that are doubtful.
    pub(crate) async fn take(
        &self,
        pool: &PgPool,
        health: &ConnectionHealth,
    ) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let kept = self.lock().pop();
        match kept {
            Some(Kept { connection, since }) if !health.is_doubtful(since.elapsed()) => {
                Ok(connection)
            }
            _ => pool.acquire().await,
        }
    }

    /// Keeps a connection that is well and in no transaction. The last connection of the pool is
    /// not kept: others may wait for it.
    pub(crate) fn keep(&self, pool: &PgPool, connection: PoolConnection<Postgres>) {
        let others_may_come = pool.size() < pool.options().get_max_connections();
        if others_may_come || pool.num_idle() > 0 {
            self.lock().push(Kept { connection, since: Instant::now() });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
