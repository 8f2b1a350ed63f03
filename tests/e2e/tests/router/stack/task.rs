//! A worker that runs as a task.

use anyhow::{Context, Result};
use queue::Queue;
use std::time::Duration;
use support::Database;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use worker::settings::Settings;

const STOP_WITHIN: Duration = Duration::from_secs(40);

/// A worker with connections of its own, as if it had a process of its own.
pub(crate) struct Worker {
    stop: CancellationToken,
    task: Option<JoinHandle<Result<()>>>,
}

impl Worker {
    /// Starts one.
    pub(super) async fn start(database: &Database, settings: &Settings) -> Result<Self> {
        let queue = Queue::connect(settings.redis.queue()).await?;
        let store = database.store_of(settings.postgres.database_connections_max);
        let stop = CancellationToken::new();
        let (settings, stopped) = (settings.clone(), stop.clone());
        let task =
            tokio::spawn(async move { worker::work(store, queue, &settings, stopped).await });
        Ok(Self { stop, task: Some(task) })
    }

    /// Whether it was not told to stop.
    pub(crate) fn is_running(&self) -> bool {
        self.task.is_some()
    }

    /// Tells it to stop; it must end by itself, with success.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.stop.cancel();
        let Some(task) = self.task.take() else { return Ok(()) };
        timeout(STOP_WITHIN, task).await.context("the worker does not stop")??
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
