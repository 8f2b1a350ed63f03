//! The worker process: it starts everything, works until it is asked to stop, and gives back the
//! tasks that are left.
//!
//! [`run`] is the process, with its signals, its metrics and its admin address. [`work`] is a
//! worker without them, of which a test runs several in its own process.

use crate::admin_http::AdminState;
use crate::batcher::Batcher;
use crate::handler::HandlerContext;
use crate::in_hand::InHand;
use crate::judge::Judge;
use crate::promises::Promises;
use crate::registry::WorkerRegistry;
use crate::retry::RetryPolicy;
use crate::schedule::lane::Lane;
use crate::schedule::ticks::Ticks;
use crate::schedule::{closings, inbox, lag};
use crate::settings::Settings;
use crate::{admin_http, monitor, upkeep};
use anyhow::{Context, ensure};
use queue::{FetchSettings, Queue};
use runtime::{JobKeyring, bootstrap, shutdown, telemetry};
use std::time::Duration;
use store::{Database, Program};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// The time between fetches when no task is announced: apalis does not announce tasks that it takes
/// over from dead workers.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// The time for spawned tasks to end after the apalis workers. They end at once, unless Postgres or
/// Redis does not answer.
const TASKS_WAIT: Duration = Duration::from_secs(1);

/// Works until the process is asked to stop.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let stop = shutdown::on_signal()?;
    let metrics = telemetry::init_metrics("worker")?;
    let (postgres, redis) = (&settings.postgres, &settings.redis);
    let connecting = bootstrap::connect(Program::Worker, postgres, redis, settings.checks());
    let connected = stop.run_until_cancelled(connecting).await.transpose()?;
    let Some((database, queue)) = connected else {
        tracing::info!("worker has stopped before it was ready");
        return Ok(());
    };

    let admin = TaskTracker::new();
    if let Some(address) = settings.worker_addr.0 {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot serve at {address} (WORKER_ADDR; \"off\" for none)")
        })?;
        let state = AdminState { database: database.clone(), queue: queue.clone(), metrics };
        let to_postgres = usize::try_from(settings.postgres.database_connections_max)?;
        admin.spawn(admin_http::serve(listener, state, to_postgres, stop.clone()));
    }
    let ended = work(database, queue, &settings, stop).await;
    end(&admin).await;
    tracing::info!("worker has stopped");
    ended
}

/// Works until `stop`, and then until the tasks that were begun are complete or given back.
pub async fn work(
    database: Database,
    queue: Queue,
    settings: &Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let tasks = TaskTracker::new();
    let job_keyring = JobKeyring::read(database.clone()).await.context("cannot check jobs")?;
    tasks.spawn(job_keyring.clone().keep_fresh(stop.clone()));
    let registry = WorkerRegistry::new(Uuid::new_v4());
    let ticks = Ticks::default();
    let sweep_interval = Duration::from_secs(settings.sweep_interval_seconds);
    // Upkeep goes on until the last tasks are complete.
    let completed = CancellationToken::new();
    let in_hand = InHand::default();
    let (store, held) = (queue.clone(), in_hand.clone());
    tasks.spawn(upkeep::run(store, registry.clone(), held, completed.clone()));

    let (store, queued) = (database.clone(), queue.clone());
    let (intake, effects) = Batcher::start(store, queued, settings, &tasks, stop.clone())?;
    tasks.spawn(inbox::run(effects.clone(), stop.clone()));
    tasks.spawn(effects.run());
    let handed_back = CancellationToken::new();
    let promises = Promises::new(database.clone(), queue.clone(), job_keyring.clone());
    tasks.spawn(promises.keep(stop.clone()));
    let judge = Judge::new(database.clone(), job_keyring, stop.clone());
    tasks.spawn(lag::watch(database.clone(), stop.clone()));
    tasks.spawn(closings::run(database.clone(), stop.clone()));
    let lane = Lane::new(&database, intake.clone(), settings.policy(), stop.clone());
    tasks.spawn(lane.run(ticks.clone(), sweep_interval));
    let retry_policy = RetryPolicy::until(stop.clone());
    let queued = queue.clone();
    let context =
        HandlerContext { intake, judge, queue: queued, retry_policy, in_hand, handed_back };
    let fetch = FetchSettings {
        orphan_seconds: settings.worker_orphan_seconds,
        fetch_max: settings.worker_batch_max.into(),
        idle_interval: IDLE_INTERVAL,
    };
    let source = queue.source(fetch, stop.clone());
    tracing::info!("worker is ready");
    let stopped = stop.clone();
    let ended = monitor::run(source, context, registry.clone(), ticks, settings, stop).await;

    completed.cancel();
    end(&tasks).await;
    registry.end();
    if let Err(error) = upkeep::release_ended(&queue, &registry).await {
        tracing::warn!(%error, "could not give back what is left; others take it over in a while");
    }
    ended?;
    ensure!(stopped.is_cancelled(), "a part of the worker has failed: the log has why");
    Ok(())
}

/// Waits for spawned tasks to end, but not for long.
async fn end(tasks: &TaskTracker) {
    tasks.close();
    if timeout(TASKS_WAIT, tasks.wait()).await.is_err() {
        tracing::warn!("some background tasks did not end within a second");
    }
}
