//! What every kind of effect is performed with.

use crate::fault::Fault;
use crate::intake::Presence;
use crate::retry::RetryPolicy;
use chrono::TimeDelta;
use std::time::Duration;
use store::Database;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The longest time for which commands of clients hold a transaction of an effect up.
const TURN_MAX: Duration = Duration::from_secs(1);
/// The pause between two looks whether clients wait.
const TURN_PAUSE: Duration = Duration::from_millis(2);

/// What every kind of effect is performed with.
pub(crate) struct Ground {
    /// Connections of its own to Postgres.
    pub(crate) database: Database,
    /// Those who go first.
    pub(crate) clients: Presence,
    /// The time for which a new gift can be redeemed.
    pub(crate) gift_ttl: TimeDelta,
    /// How long Postgres is waited for.
    pub(crate) retry_policy: RetryPolicy,
    /// The token that is cancelled when the worker stops.
    pub(crate) stop: CancellationToken,
}

impl Ground {
    /// Waits until no command of a client waits, but not for long. Fails if the worker stops.
    pub(super) async fn wait_for_turn(&self) -> Result<(), Fault> {
        let began = Instant::now();
        while self.clients.has_waiting() && began.elapsed() < TURN_MAX {
            sleep(TURN_PAUSE).await;
        }
        if self.stop.is_cancelled() { Err(Fault::Stopping) } else { Ok(()) }
    }
}
