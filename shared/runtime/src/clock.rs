//! The only code that reads this host's clock. Decisions never use it: they use the clock of
//! Postgres, which all workers share.

use chrono::{SubsecRound, Utc};
use domain::Instant;

/// The current time, in whole microseconds.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> Instant {
    Utc::now().trunc_subsecs(6)
}
