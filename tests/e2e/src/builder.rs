//! What a test asks of its stack before it starts.

use anyhow::{Context, Result};
use support::{Database, Proxy, RedisServer, Settings, fresh_folder};

use crate::{service::Kind, stack::Stack};

/// How many processes, and with which settings.
#[derive(Clone, Debug)]
pub struct Builder {
    apis: usize,
    workers: usize,
    api_settings: Settings,
    worker_settings: Settings,
    durable_redis: bool,
    empty_database: bool,
    proxied: Vec<Proxied>,
}

/// A service that the processes reach through a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proxied {
    Postgres,
    Redis,
}

/// Settings of an api that everybody may use without limit, and that waits long for its answers.
#[must_use]
pub fn open_api() -> Settings {
    Settings::default()
        .with("API_AUTH", "open")
        .with("RATE_LIMIT_REQUESTS", 0)
        .with("RESPONSE_WAIT_MS", 20_000)
}

impl Default for Builder {
    /// One open api, and one worker as it comes.
    fn default() -> Self {
        Self {
            apis: 1,
            workers: 1,
            api_settings: open_api(),
            worker_settings: Settings::default(),
            durable_redis: false,
            empty_database: false,
            proxied: Vec::new(),
        }
    }
}

impl Builder {
    /// How many api processes.
    #[must_use]
    pub fn apis(mut self, count: usize) -> Self {
        self.apis = count;
        self
    }

    /// How many worker processes at the start; none is fine.
    #[must_use]
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// A setting of the api processes.
    #[must_use]
    pub fn api(mut self, name: &str, value: impl ToString) -> Self {
        self.api_settings = self.api_settings.with(name, value);
        self
    }

    /// A setting of the worker processes.
    #[must_use]
    pub fn worker(mut self, name: &str, value: impl ToString) -> Self {
        self.worker_settings = self.worker_settings.with(name, value);
        self
    }

    /// Redis keeps what it accepted, over its own end.
    #[must_use]
    pub fn durable_redis(mut self) -> Self {
        self.durable_redis = true;
        self
    }

    /// The database has no schema until the processes have made it.
    #[must_use]
    pub fn empty_database(mut self) -> Self {
        self.empty_database = true;
        self
    }

    /// The processes reach Postgres through a proxy that the test can cut.
    #[must_use]
    pub fn postgres_proxy(mut self) -> Self {
        self.proxied.push(Proxied::Postgres);
        self
    }

    /// The processes reach Redis through a proxy that the test can cut and silence.
    #[must_use]
    pub fn redis_proxy(mut self) -> Self {
        self.proxied.push(Proxied::Redis);
        self
    }

    /// Starts everything, all processes at once, and waits until all are healthy.
    pub async fn start(self) -> Result<Stack> {
        let database =
            if self.empty_database { Database::empty().await } else { Database::create().await };
        let folder = fresh_folder("e2e")?;
        let (url, proxy) = if self.proxied.contains(&Proxied::Postgres) {
            let (url, proxy) = Proxy::of_database(&database.url()).await?;
            (url, Some(proxy))
        } else {
            (database.url(), None)
        };
        let redis = RedisServer::start(folder.clone(), self.durable_redis).await?;
        let redis_proxy = if self.proxied.contains(&Proxied::Redis) {
            Some(Proxy::start(redis.address()).await?)
        } else {
            None
        };
        let redis_url = redis_proxy
            .as_ref()
            .map_or_else(|| redis.url(), |proxy| format!("redis://{}/0", proxy.address()));
        let common = Settings::default()
            .with("DATABASE_URL", url)
            .with("REDIS_URL", redis_url)
            // That of the tests is fast, not durable.
            .with("DATABASE_DURABILITY", "waived")
            .with("RUST_LOG", "info");
        let api_settings = common.clone().overridden_by(&self.api_settings);
        let worker_settings = common.overridden_by(&self.worker_settings);
        let mut stack =
            Stack::new(folder, database, proxy, redis, [api_settings, worker_settings])?;
        stack.redis_proxy = redis_proxy;

        // All are started before any is waited for: they may migrate one empty database together.
        for (kind, count) in [(Kind::Api, self.apis), (Kind::Worker, self.workers)] {
            for index in 0..count {
                let service = stack.new_service(kind, index)?;
                let services = stack.services_mut(kind);
                services.push(service);
                services.last_mut().context("just pushed")?.spawn()?;
            }
        }
        for kind in [Kind::Api, Kind::Worker] {
            for service in stack.services_mut(kind) {
                service.settle().await?;
            }
        }
        Ok(stack)
    }
}
