//! Tells which idle connections are pinged before they are used. To ping each one would cost every
//! request a round trip. To ping none would make the next requests fail after a restart of
//! Postgres.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The idle time after which a connection is pinged before it is used.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

/// The instant of the last outage that a connection of one pool has met, shared by clones.
#[derive(Clone, Default)]
pub(crate) struct ConnectionHealth(Arc<Mutex<Option<Instant>>>);

impl ConnectionHealth {
    /// Notes that Postgres could not be reached just now.
    pub(crate) fn note_outage(&self) {
        *self.last_outage() = Some(Instant::now());
    }

    /// Whether a connection that was idle for `idle_for` must be pinged before it is used: because
    /// it was idle for long, or since before the last outage.
    pub(crate) fn is_doubtful(&self, idle_for: Duration) -> bool {
        let last_outage = *self.last_outage();
        idle_for > IDLE_TRUSTED || last_outage.is_some_and(|at| at.elapsed() <= idle_for)
    }

    fn last_outage(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
