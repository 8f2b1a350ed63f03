//! Upkeep of the queue beside the workers, once a second: signs of life, tasks of ended workers,
//! due retries.

use crate::in_hand::InHand;
use crate::registry::WorkerRegistry;
use queue::{PROMOTED_AT_ONCE_MAX, Queue, QueueError};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The time between rounds, short enough for retries to be punctual.
const INTERVAL: Duration = Duration::from_secs(1);

/// Runs until `stop`.
pub(crate) async fn run(
    queue: Queue,
    registry: WorkerRegistry,
    in_hand: InHand,
    stop: CancellationToken,
) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(error) = round(&queue, &registry, &in_hand).await {
            tracing::debug!(%error, "upkeep skipped");
        }
    }
}

async fn round(
    queue: &Queue,
    registry: &WorkerRegistry,
    in_hand: &InHand,
) -> Result<(), QueueError> {
    if let Some(worker) = registry.live()
        && !queue.keep_alive(&worker).await?
    {
        let tasks = queue.give_back(&worker, &in_hand.tasks()).await?;
        if tasks > 0 {
            tracing::warn!(worker, tasks, "Redis was started again; gave back what it had lost");
        }
    }
    release_ended(queue, registry).await?;
    while queue.promote().await? == PROMOTED_AT_ONCE_MAX {}
    Ok(())
}

/// Gives back the tasks that ended workers of this process still hold.
pub(crate) async fn release_ended(
    queue: &Queue,
    registry: &WorkerRegistry,
) -> Result<(), QueueError> {
    for worker in registry.ended() {
        let tasks = queue.release(&worker).await?;
        registry.remove(&worker);
        if tasks > 0 {
            tracing::info!(worker, tasks, "gave back what an ended worker held");
        }
    }
    Ok(())
}
