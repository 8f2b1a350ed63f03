//! Warns of what takes Postgres long. sqlx would log the whole statement, and that of a batch holds
//! the emails of its commands.

use std::time::{Duration, Instant};

/// The time from which work counts as slow.
const SLOW: Duration = Duration::from_secs(1);

/// Watches work until it is dropped, also when the work is given up.
#[must_use]
pub(crate) struct Watch {
    work: &'static str,
    began: Instant,
}

impl Watch {
    pub(crate) fn begin(work: &'static str) -> Self {
        Self { work, began: Instant::now() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        if took >= SLOW {
            let (work, seconds) = (self.work, took.as_secs_f64());
            tracing::warn!(work, seconds, "Postgres is slow");
        }
    }
}
