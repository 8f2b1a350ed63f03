//! Everything one test runs on, and its end.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use sqlx::{PgPool, postgres::PgPoolOptions};
use support::{Database, Proxy, RedisServer, Settings};

use crate::{
    builder::Builder,
    client::Client,
    invariants,
    service::{Kind, Service},
    with_database::WithDatabase,
};

const STOP_WITHIN: Duration = Duration::from_secs(40);

/// A database, a Redis, and the processes between them. Fields are dropped in this order.
#[must_use = "the stack ends when it is dropped"]
pub struct Stack {
    apis: Vec<Service>,
    workers: Vec<Service>,
    redis: RedisServer,
    proxy: Option<Proxy>,
    pub(crate) redis_proxy: Option<Proxy>,
    /// The test's own way into the database.
    pool: PgPool,
    _database: Database,
    settings: [Settings; 2],
    folder: PathBuf,
    passed: bool,
}

impl Stack {
    /// To ask for something special.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// One api, one worker.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    pub(crate) fn new(
        folder: PathBuf,
        database: Database,
        proxy: Option<Proxy>,
        redis: RedisServer,
        settings: [Settings; 2],
    ) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&database.url())?;
        Ok(Self {
            apis: Vec::new(),
            workers: Vec::new(),
            redis,
            proxy,
            redis_proxy: None,
            pool,
            _database: database,
            settings,
            folder,
            passed: false,
        })
    }

    /// A client of the first api.
    pub fn client(&self) -> Result<Client> {
        self.client_of(0)
    }

    /// A client of one api.
    pub fn client_of(&self, index: usize) -> Result<Client> {
        self.apis.get(index).context("no such api")?.client()
    }

    /// One api process.
    pub fn api(&mut self, index: usize) -> Result<&mut Service> {
        self.apis.get_mut(index).context("no such api")
    }

    /// One worker process.
    pub fn worker(&mut self, index: usize) -> Result<&mut Service> {
        self.workers.get_mut(index).context("no such worker")
    }

    /// Starts one more worker and waits until it is healthy.
    pub async fn start_worker(&mut self) -> Result<()> {
        let mut service = self.new_service(Kind::Worker, self.workers.len())?;
        let started = service.start().await;
        self.workers.push(service);
        started
    }

    /// Starts one more worker and waits for nothing.
    pub fn spawn_worker(&mut self) -> Result<()> {
        let mut service = self.new_service(Kind::Worker, self.workers.len())?;
        service.spawn()?;
        self.workers.push(service);
        Ok(())
    }

    /// Starts an api with other settings, which the test keeps and ends.
    pub async fn start_api_with(&self, settings: Settings) -> Result<Service> {
        let mut service = self.service_with(Kind::Api, settings)?;
        service.start().await?;
        Ok(service)
    }

    /// A service with other settings, which the test starts, keeps and ends.
    pub fn service_with(&self, kind: Kind, settings: Settings) -> Result<Service> {
        let name = format!("{}-{}.log", kind.program(), crate::client::fresh_key());
        Service::new(kind, settings, self.folder.join(name))
    }

    /// A folder for the files of the test, which ends with the stack.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The settings of the processes of one kind, for a program started by the test itself.
    #[must_use]
    pub fn settings(&self, kind: Kind) -> Settings {
        let [api, worker] = &self.settings;
        match kind {
            Kind::Api => api.clone(),
            Kind::Worker => worker.clone(),
        }
    }

    /// Its Redis.
    pub fn redis(&mut self) -> &mut RedisServer {
        &mut self.redis
    }

    /// The proxy before Postgres, if the builder asked for one.
    pub fn proxy(&self) -> Result<&Proxy> {
        self.proxy.as_ref().context("no proxy: Stack::builder().postgres_proxy()")
    }

    /// The proxy before Redis, if the builder asked for one.
    pub fn redis_proxy(&self) -> Result<&Proxy> {
        self.redis_proxy.as_ref().context("no proxy: Stack::builder().redis_proxy()")
    }

    /// The test has said all: the invariants must hold, and every process that still runs must
    /// stop by itself, with success.
    pub async fn done(mut self) -> Result<()> {
        invariants::check_invariants(&self).await?;
        for service in self.apis.iter_mut().chain(&mut self.workers) {
            if service.process().is_ok() {
                service.stop(STOP_WITHIN).await?;
            }
            invariants::check_log(&service.log_text())?;
        }
        self.pool.close().await;
        self.passed = true;
        Ok(())
    }

    pub(crate) fn new_service(&self, kind: Kind, index: usize) -> Result<Service> {
        let log = self.folder.join(format!("{}-{index}.log", kind.program()));
        Service::new(kind, self.settings(kind), log)
    }

    pub(crate) fn services_mut(&mut self, kind: Kind) -> &mut Vec<Service> {
        match kind {
            Kind::Api => &mut self.apis,
            Kind::Worker => &mut self.workers,
        }
    }
}

impl WithDatabase for Stack {
    fn db(&self) -> &PgPool {
        &self.pool
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.passed {
            let _ = fs::remove_dir_all(&self.folder);
            return;
        }
        eprintln!("the stack did not end well; its logs are in {}", self.folder.display());
        for service in self.apis.iter().chain(&self.workers) {
            eprintln!("{}", service.log_tail());
        }
        eprintln!("{}", self.redis.log_tail());
    }
}
