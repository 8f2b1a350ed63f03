//! A cache of connections that are kept from one use to the next. The pool would ping each
//! connection that is handed back, which costs every use one more round trip.

use crate::connection_health::ConnectionHealth;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The kept connections of one pool, shared by clones.
#[derive(Clone, Default)]
pub(crate) struct ConnectionCache(Arc<Mutex<Vec<Kept>>>);

struct Kept {
    connection: PoolConnection<Postgres>,
    since: Instant,
}

impl ConnectionCache {
    /// A kept connection if it is not doubtful, or else one of the pool, which pings doubtful ones.
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

    /// Keeps a connection that works and is in no transaction. The last free connection of the pool
    /// is not kept, since other tasks may wait for it.
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
