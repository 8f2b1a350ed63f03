//! Whether a connection that was idle is still there. Asking each time would cost every request a round
//! trip; not asking at all would fail the next requests after Postgres was restarted.

use super::StoreError;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A connection that was idle for longer than this is asked before it is used.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

/// Longer than any look takes at a Postgres that is well.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// When Postgres was last missed: connections that have been idle since then are asked, too.
static MISSED: Mutex<Option<Instant>> = Mutex::new(None);

/// Postgres was missed.
pub(super) fn miss() {
    *MISSED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

/// Whether a connection that was idle for so long had better be asked.
pub(super) fn doubtful(idle_for: Duration) -> bool {
    let missed = *MISSED.lock().unwrap_or_else(PoisonError::into_inner);
    idle_for > IDLE_TRUSTED || missed.is_some_and(|at| at.elapsed() <= idle_for)
}

/// Looks something up: once more if the connection had ended meanwhile, and never for long.
pub(super) async fn read<T, F>(look: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let twice = async {
        match look().await {
            Err(StoreError::Unavailable(_)) => look().await,
            found => found,
        }
    };
    timeout(READ_TIMEOUT, twice).await.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))
}
