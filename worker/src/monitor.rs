//! The apalis workers of this process: how they are built, and when they are restarted.

use crate::handler::{HandlerContext, handle};
use crate::registry::WorkerRegistry;
use crate::schedule::ticks::{self, Ticks};
use crate::settings::Settings;
use apalis::prelude::{BackendExt, Monitor, WorkerBuilder, WorkerBuilderExt};
use queue::{Queue, Source};
use runtime::shutdown;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The pause before an apalis worker is restarted. It ends at any error of Redis, and is restarted
/// as often as need be.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// The time for other tasks in hand to be completed after tasks were handed back. That takes
/// milliseconds, or fails because of an outage that the worker no longer waits for.
const HAND_BACK_GRACE: Duration = Duration::from_secs(1);

/// The number of batches in hand: one is being committed while the next collects.
const BATCHES_IN_HAND: usize = 2;

/// Runs the workers until `stop`, and then until the tasks that they have in hand are complete.
pub(crate) async fn run(
    source: Source,
    context: HandlerContext,
    registry: WorkerRegistry,
    tick_notices: Ticks,
    settings: &Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let in_hand_max = BATCHES_IN_HAND * usize::from(settings.worker_batch_max);
    let interval = Duration::from_secs(settings.sweep_interval_seconds);
    let (handed_back, stopped) = (context.handed_back.clone(), stop.clone());
    let workers = Monitor::new()
        .register(move |restarts| {
            let pause = if restarts == 0 { Duration::ZERO } else { RESTART_PAUSE };
            let (queue, stopped) = (context.queue.clone(), stopped.clone());
            let tasks = source.tasks().before_start(move |_| {
                let (queue, stopped) = (queue.clone(), stopped.clone());
                async move {
                    sleep(pause).await;
                    stopped.run_until_cancelled(usable(&queue)).await;
                    Ok(())
                }
            });
            WorkerBuilder::new(registry.start(restarts).as_str())
                .backend(tasks)
                .data(context.clone())
                .concurrency(in_hand_max)
                .build(handle)
        })
        .register(move |restarts| {
            WorkerBuilder::new(format!("schedule-{restarts}").as_str())
                .backend(ticks::every(interval))
                .data(tick_notices.clone())
                .build(ticks::tick)
        })
        .should_restart(|worker, error| {
            tracing::warn!(worker = worker.name(), %error, "apalis worker ended; restarting it");
            true
        })
        .shutdown_timeout(shutdown::DEADLINE)
        .run_with_signal(async move {
            stop.cancelled().await;
            Ok(())
        });
    let nothing_to_wait_for = async {
        handed_back.cancelled().await;
        sleep(HAND_BACK_GRACE).await;
    };
    tokio::select! {
        ended = workers => Ok(ended?),
        () = nothing_to_wait_for => Ok(()),
    }
}

/// Waits until Redis takes writes or is full, which does not hinder a worker: what it does frees
/// memory. Without this a worker would be restarted twice a second for as long as an outage lasts.
async fn usable(queue: &Queue) {
    while let Err(error) = queue.check().await {
        if error.is_full() {
            return;
        }
        tracing::debug!(reason = error.reason(), "a worker waits for Redis");
        sleep(RESTART_PAUSE).await;
    }
}
