//! The one place that reads this host's clock. Decisions never use it: they are made by Postgres's
//! clock, which all workers share.

use chrono::{SubsecRound, Utc};
use domain::Instant;

/// Now, in whole microseconds.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> Instant {
    Utc::now().trunc_subsecs(6)
}
