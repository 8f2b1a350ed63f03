//! Whether a connection that was idle still stands. Asking each time would cost every request a
//! round trip. Never asking would fail the next requests after Postgres was restarted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A connection that was idle for longer than this is asked before it is used.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

/// What is known of the connections of one pool, shared by clones.
#[derive(Clone, Default)]
pub(crate) struct ConnectionHealth(Arc<Mutex<Option<Instant>>>);

impl ConnectionHealth {
    /// Notes that Postgres could not be reached just now.
    pub(crate) fn note_outage(&self) {
        *self.last_outage() = Some(Instant::now());
    }

    /// Whether a connection that was idle for so long must be asked before it is used: it was idle
    /// for long, or since before the last outage.
    pub(crate) fn is_doubtful(&self, idle_for: Duration) -> bool {
        let last_outage = *self.last_outage();
        idle_for > IDLE_TRUSTED || last_outage.is_some_and(|at| at.elapsed() <= idle_for)
    }

    fn last_outage(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
