//! Closings of the ledger, so that a balance is read from a few rows however old a client is.

use std::time::Duration;
use store::{Database, StoreError, closings};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The time between two looks: a balance adds what an hour has brought to the last closing.
const INTERVAL: Duration = Duration::from_hours(1);
/// The most transactions for one client in a pass. What is left is closed in the next ones.
const ROUNDS_MAX: u32 = 200;

/// Closes what can be closed until `stop`.
pub(crate) async fn run(database: Database, stop: CancellationToken) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match stop.run_until_cancelled(pass(&database)).await {
            None => return,
            Some(Ok(closed)) => tracing::debug!(closed, "transfers of the ledger were closed"),
            Some(Err(error)) => tracing::debug!(%error, "the ledger was not closed"),
        }
    }
}

/// Closes what can be closed of all clients, and returns how many transfers those were.
pub(crate) async fn pass(database: &Database) -> Result<u64, StoreError> {
    let mut closed = 0;
    for client in closings::open_clients(database).await? {
        for _ in 0..ROUNDS_MAX {
            let taken = closings::close(database, client).await?;
            closed += u64::from(taken);
            if taken < closings::CLOSED_AT_ONCE_MAX {
                break;
            }
        }
    }
    Ok(closed)
}
