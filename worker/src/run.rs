//! The life of the process: start everything, work until asked to stop, give back what is left.

use crate::batcher::Batcher;
use crate::config::Settings;
use crate::handler::Hands;
use crate::monitor;
use crate::roster::Roster;
use crate::schedule::{self, Ticks};
use crate::{page, upkeep};
use anyhow::Context;
use shared::queue::Queue;
use shared::store::PgPool;
use shared::{shutdown, telemetry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Works until the process is asked to stop.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let stop = shutdown::on_signal()?;
    let metrics = telemetry::init_metrics("worker")?;
    let (pool, queue) = shared::start::connect(&settings.postgres, &settings.redis).await?;

    if let Some(address) = settings.worker_addr.0 {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot serve at {address} (WORKER_ADDR; \"off\" for none)")
        })?;
        let page = page::serve(listener, (pool.clone(), queue.clone()), metrics, stop.clone());
        tokio::spawn(page);
    }
    tracing::info!("worker is ready");
    work(pool, queue.clone(), &settings, stop).await
}

async fn work(
    pool: PgPool,
    queue: Queue,
    settings: &Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let roster = Roster::new(Uuid::new_v4());
    let ticks = Ticks::default();
    tokio::spawn(schedule::run(pool.clone(), ticks.clone(), stop.clone()));
    // Signs of life go on while the last tasks are settled.
    let settled = CancellationToken::new();
    tokio::spawn(upkeep::run(queue.clone(), roster.clone(), settled.clone()));

    let batcher = Batcher::new(pool, queue.clone(), settings, stop.clone());
    let left = CancellationToken::new();
    let hands = Hands { desk: batcher.start(), queue: queue.clone(), left };
    let fetch_max = usize::from(settings.worker_batch_max);
    let source = queue.source(settings.worker_orphan_seconds, fetch_max, stop.clone());
    let workers = (source, hands, roster.clone());
    let ended = monitor::run(workers, ticks, settings, stop).await;

    settled.cancel();
    roster.end();
    if let Err(error) = upkeep::release_ended(&queue, &roster).await {
        tracing::warn!(%error, "could not give back what is left; others take it over in a while");
    }
    tracing::info!("worker has stopped");
    ended
}
