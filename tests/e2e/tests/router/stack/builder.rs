//! What a test asks of its stack before it starts.

use super::oneshot::Api;
use super::{Stack, panics};
use anyhow::Result;
use clap::Parser;
use e2e::{Settings, open_api};
use queue::Queue;
use sqlx::postgres::PgPoolOptions;
use support::{Database, SharedRedis, fresh_queue_name};

/// How many apis and workers, and with which settings.
pub(crate) struct Builder {
    apis: usize,
    workers: usize,
    api_settings: Settings,
    worker_settings: Settings,
}

impl Default for Builder {
    /// One open api, and one worker as it comes.
    fn default() -> Self {
        Self { apis: 1, workers: 1, api_settings: open_api(), worker_settings: Settings::default() }
    }
}

impl Builder {
    /// How many apis.
    pub(crate) fn apis(mut self, count: usize) -> Self {
        self.apis = count;
        self
    }

    /// How many workers at the start; none is fine.
    pub(crate) fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// A setting of the apis.
    pub(crate) fn api(mut self, name: &str, value: impl ToString) -> Self {
        self.api_settings = self.api_settings.with(name, value);
        self
    }

    /// A setting of the workers.
    pub(crate) fn worker(mut self, name: &str, value: impl ToString) -> Self {
        self.worker_settings = self.worker_settings.with(name, value);
        self
    }

    /// Starts everything.
    pub(crate) async fn start(self) -> Result<Stack> {
        let (database, shared_redis) = (Database::create().await, SharedRedis::find().await?);
        let common = Settings::default()
            .with("DATABASE_URL", database.url())
            .with("REDIS_URL", shared_redis.url())
            .with("QUEUE_NAME", fresh_queue_name());
        let api_settings = common.clone().overridden_by(&self.api_settings);
        let api_settings: api::cli::Cli = parsed("api", &api_settings)?;
        let worker_settings = common.overridden_by(&self.worker_settings);
        let worker_settings = parsed::<worker::settings::Cli>("worker", &worker_settings)?.settings;

        let mut apis = Vec::new();
        for _ in 0..self.apis {
            apis.push(Api::start(&database, &api_settings.settings).await?);
        }
        let mut stack = Stack {
            apis,
            workers: Vec::new(),
            queue: Queue::connect(worker_settings.redis.queue()).await?,
            redis: shared_redis.connect().await?,
            pool: PgPoolOptions::new().max_connections(4).connect_lazy(&database.url())?,
            panics: panics::seen(),
            worker_settings,
            database,
            _redis: shared_redis,
        };
        for _ in 0..self.workers {
            stack.start_worker().await?;
        }
        Ok(stack)
    }
}

/// The settings as the program of that name reads them from its command line.
fn parsed<C: Parser>(program: &str, settings: &Settings) -> Result<C> {
    let arguments = [program.to_owned()].into_iter().chain(settings.flags());
    Ok(C::try_parse_from(arguments)?)
}
