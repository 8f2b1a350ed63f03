//! Connections that their users keep from one use to the next. A pool asks each connection that is handed
//! back whether it is well: a round trip more, for every use.

use super::{StoreError, trust};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A line to Postgres, shared by its clones: as many connections of its pool as are used at once.
/// Whoever takes one hands it in again when all went well.
#[derive(Clone)]
pub struct Line {
    pool: PgPool,
    kept: Arc<Mutex<Vec<Kept>>>,
}

struct Kept {
    connection: PoolConnection<Postgres>,
    since: Instant,
}

impl Line {
    /// A line of that pool. Nothing is connected yet.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool, kept: Arc::default() }
    }

    /// The pool that its connections are from.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A connection that was kept, or one of the pool: which asks those that it had better ask.
    pub(super) async fn take(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let kept = self.lock().pop();
        match kept {
            Some(Kept { connection, since }) if !trust::doubtful(since.elapsed()) => Ok(connection),
            _ => Ok(self.pool.acquire().await?),
        }
    }

    /// Keeps a connection that is well, and in no transaction; but not the last one of its pool, which
    /// others may wait for.
    pub(super) fn keep(&self, connection: PoolConnection<Postgres>) {
        let others_may_come = self.pool.size() < self.pool.options().get_max_connections();
        if others_may_come || self.pool.num_idle() > 0 {
            self.lock().push(Kept { connection, since: Instant::now() });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
