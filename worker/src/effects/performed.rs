//! What came of performing an effect once.

use super::settlement::Settled;
use chrono::TimeDelta;
use domain::Instant;
use std::time::Duration;

/// The time after which who waits for an answer is told that it is not known.
pub(super) const TELL_AFTER: TimeDelta = TimeDelta::minutes(10);

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Performed {
    /// What was settled.
    pub(crate) settled: Settled,
    /// The pause after which it is to be performed again; none when it is done.
    pub(crate) later: Option<Duration>,
}

impl Performed {
    /// It is done.
    pub(super) const fn done(settled: Settled) -> Self {
        Self { settled, later: None }
    }

    /// It is to be performed again.
    pub(super) fn later(pause: Duration) -> Self {
        Self { settled: Settled::default(), later: Some(pause) }
    }
}

/// The time until who waits is told, of what was first sent then.
pub(super) fn until_told(first_sent: Instant, now: Instant) -> Duration {
    (first_sent + TELL_AFTER - now).to_std().unwrap_or_default()
}
