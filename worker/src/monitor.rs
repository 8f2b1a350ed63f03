//! The apalis workers of this process: what they are built of, and who restarts them.

use crate::config::Settings;
use crate::handler::{Hands, handle};
use crate::schedule::{self, Ticks};
use apalis::prelude::{BackendExt, Monitor, WorkerBuilder, WorkerBuilderExt};
use apalis_cron::CronScheduler;
use shared::queue::source::Source;
use shared::shutdown;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// An apalis worker ends at any error of Redis. It is restarted after this pause, as often as need be.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// Tasks in hand, in batches: one is being committed while the next gathers.
const BATCHES_IN_HAND: usize = 2;

/// The names of the apalis workers of this process: the one that lives, and those that have ended
/// and may still hold tasks. apalis takes a name for alive for a while after its worker has ended, so
/// each start has a name of its own.
#[derive(Debug, Clone)]
pub struct Roster(Arc<Mutex<Names>>);

#[derive(Debug)]
struct Names {
    process: Uuid,
    live: Option<String>,
    ended: Vec<String>,
}

impl Roster {
    /// An empty roster for the process of that id.
    #[must_use]
    pub fn new(process: Uuid) -> Self {
        Self(Arc::new(Mutex::new(Names { process, live: None, ended: Vec::new() })))
    }

    fn names(&self) -> std::sync::MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name for a worker that starts; the one before it has ended.
    fn start(&self, restarts: usize) -> String {
        let mut names = self.names();
        let name = format!("worker-{}-{restarts}", names.process.simple());
        let before = names.live.replace(name.clone());
        names.ended.extend(before);
        name
    }

    /// The last worker has ended, too.
    pub fn end(&self) {
        let mut names = self.names();
        let last = names.live.take();
        names.ended.extend(last);
    }

    /// The worker that lives.
    #[must_use]
    pub fn live(&self) -> Option<String> {
        self.names().live.clone()
    }

    /// Workers that have ended and were not released.
    #[must_use]
    pub fn ended(&self) -> Vec<String> {
        self.names().ended.clone()
    }

    /// Strikes a worker that was released.
    pub fn strike(&self, name: &str) {
        self.names().ended.retain(|ended| ended != name);
    }
}

/// Runs the workers until `stop`, and then until what they have in hand is settled.
pub async fn run(
    (source, hands, roster): (Source, Hands, Roster),
    ticks: Ticks,
    settings: &Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let in_hand_max = BATCHES_IN_HAND * usize::from(settings.worker_batch_max);
    let interval = Duration::from_secs(settings.sweep_interval_seconds);
    Monitor::new()
        .register(move |restarts| {
            let pause = if restarts == 0 { Duration::ZERO } else { RESTART_PAUSE };
            let tasks = source.tasks().before_start(move |_| async move {
                sleep(pause).await;
                Ok(())
            });
            WorkerBuilder::new(roster.start(restarts).as_str())
                .backend(tasks)
                .data(hands.clone())
                .concurrency(in_hand_max)
                .build(handle)
        })
        .register(move |restarts| {
            WorkerBuilder::new(format!("schedule-{restarts}").as_str())
                .backend(CronScheduler::new(schedule::Every(interval)))
                .data(ticks.clone())
                .build(schedule::tick)
        })
        .should_restart(|worker, error| {
            tracing::warn!(worker = worker.name(), %error, "apalis worker ended; restarting it");
            true
        })
        .shutdown_timeout(shutdown::DEADLINE)
        .run_with_signal(async move {
            stop.cancelled().await;
            Ok(())
        })
        .await?;
    Ok(())
}
