//! What keeps the queue healthy beside the workers, once a second.

use crate::roster::Roster;
use shared::queue::upkeep::STEP_MAX;
use shared::queue::{Queue, QueueError};
use shared::seeded_bug::SeededBug;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Often enough for retries to be punctual.
const INTERVAL: Duration = Duration::from_secs(1);

/// Runs until `stop`.
pub async fn run(queue: Queue, roster: Roster, stop: CancellationToken) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(error) = round(&queue, &roster).await {
            tracing::debug!(%error, "upkeep skipped");
        }
    }
}

async fn round(queue: &Queue, roster: &Roster) -> Result<(), QueueError> {
    if let Some(worker) = roster.live() {
        queue.keep_alive(&worker).await?;
    }
    release_ended(queue, roster).await?;
    while queue.promote().await? == STEP_MAX {}
    Ok(())
}

/// Gives back what workers of this process held that have ended.
pub async fn release_ended(queue: &Queue, roster: &Roster) -> Result<(), QueueError> {
    if SeededBug::LoseOrphan.is_on() {
        return Ok(());
    }
    for worker in roster.ended() {
        let tasks = queue.release(&worker).await?;
        roster.strike(&worker);
        if tasks > 0 {
            tracing::info!(worker, tasks, "gave back what an ended worker held");
        }
    }
    Ok(())
}
