//! Waits until no payment of a test client is in flight.

use crate::effects::Ground;
use crate::fault::Fault;
use domain::ClientId;
use std::collections::HashMap;
use std::time::Duration;
use store::effects::{self, Open};
use tokio::time::{Instant, sleep};

/// The time for which one is waited for.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// The pauses between two looks: from the first to the second, each twice as long as the one
/// before.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// The payments in flight of a test client, as an advance of its clock sees them.
pub(super) struct InFlight {
    client: ClientId,
    /// Since when each is known that somebody has begun.
    begun: HashMap<String, Instant>,
}

/// How a wait has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Nothing is in flight.
    Over,
    /// Something was in flight for too long.
    TooLong,
}

impl InFlight {
    pub(super) fn of(client: ClientId) -> Self {
        Self { client, begun: HashMap::new() }
    }

    /// Waits until nothing is in flight, or something has been for too long.
    pub(super) async fn wait(&mut self, ground: &Ground) -> Result<Wait, Fault> {
        let mut pause = PAUSE_MIN;
        loop {
            let look =
                |_| async { Ok(effects::open_payments(&ground.database, self.client).await?) };
            let open = ground.retry_policy.with_postgres(look).await?;
            if open.is_empty() {
                return Ok(Wait::Over);
            }
            if self.is_too_long(&open, Instant::now()) {
                return Ok(Wait::TooLong);
            }
            // What is due was written for anybody to claim.
            ground.look.notify_one();
            ground.unless_stopped(sleep(pause)).await?;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn is_too_long(&mut self, open: &[Open], now: Instant) -> bool {
        let begun = open.iter().filter(|open| open.is_begun).map(|open| open.id.clone());
        self.begun = begun.map(|id| (id.clone(), *self.begun.get(&id).unwrap_or(&now))).collect();
        self.begun.values().any(|since| WAIT_MAX <= now - *since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(id: u128, is_begun: bool) -> Open {
        Open { id: id.to_string(), is_begun }
    }

    #[test]
    fn each_has_a_minute_from_when_somebody_has_begun() {
        let (mut in_flight, start) = (InFlight::of(ClientId::LOCAL), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!in_flight.is_too_long(&[open(1, true), open(2, false)], start));
        assert!(!in_flight.is_too_long(&[open(2, true)], after(59)));
        assert!(!in_flight.is_too_long(&[open(1, true), open(2, true)], after(118)));
        assert!(in_flight.is_too_long(&[open(2, true)], after(119)));
    }
}
