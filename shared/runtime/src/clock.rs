//! The only code that reads this host's clock. Decisions never use it: they use the clock of
//! Postgres, which all workers share. What is compared with a time of Postgres, or with one of
//! another host, is told by this clock, which follows that of Postgres.

use chrono::{SubsecRound, TimeDelta, Utc};
use domain::Instant;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use store::Database;
use tokio::time::sleep;

/// The time between two looks at the clock of Postgres.
const INTERVAL: Duration = Duration::from_secs(30);

/// How far the clock of Postgres is ahead of this host's, in microseconds.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// The current time by the clock of Postgres, as far as it is known, in whole microseconds.
#[must_use]
pub fn now() -> Instant {
    host() + TimeDelta::microseconds(AHEAD.load(Ordering::Relaxed))
}

/// The current time by this host's clock, for what is compared with it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn host() -> Instant {
    Utc::now().trunc_subsecs(6)
}

/// Follows the clock of Postgres from now on.
pub(crate) async fn follow(database: &Database) {
    look(database).await;
    let database = database.clone();
    tokio::spawn(async move {
        loop {
            sleep(INTERVAL).await;
            look(&database).await;
        }
    });
}

/// Notes how far Postgres is ahead. While it cannot be asked, what was found last holds.
async fn look(database: &Database) {
    let before = host();
    let Ok(there) = database.now().await else { return };
    if let Some(ahead) = ahead(before, there, host()) {
        AHEAD.store(ahead, Ordering::Relaxed);
    }
}

/// How far another clock is ahead that was read between `before` and `after`, in microseconds; 0 if
/// it may be this one. `None` if this clock was set back meanwhile.
fn ahead(before: Instant, there: Instant, after: Instant) -> Option<i64> {
    let took = after - before;
    if took < TimeDelta::zero() {
        return None;
    }
    let ahead = there - (before + took / 2);
    let is_known = ahead.abs() > took / 2 + TimeDelta::milliseconds(1);
    ahead.num_microseconds().map(|ahead| if is_known { ahead } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_clock_is_known_as_well_as_the_answer_was_quick() {
        let at = |millis| Instant::UNIX_EPOCH + TimeDelta::milliseconds(millis);
        assert_eq!(ahead(at(0), at(5), at(10)), Some(0));
        assert_eq!(ahead(at(0), at(10), at(10)), Some(0));
        assert_eq!(ahead(at(0), at(300_005), at(10)), Some(300_000_000));
        assert_eq!(ahead(at(300_000), at(5), at(300_010)), Some(-300_000_000));
        assert_eq!(ahead(at(10), at(5), at(0)), None);
    }
}
