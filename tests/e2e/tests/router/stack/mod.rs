//! Everything one test runs on, in the test's own process: the real router, real workers, a
//! database of its own, and a queue of its own in a Redis that tests share.

mod builder;
mod oneshot;
mod panics;
mod task;

pub(crate) use builder::Builder;

use anyhow::{Context, Result, ensure};
use api::Scope;
use api::cli::keys;
use clap::Parser;
use domain::{RateLimit, TestClock};
use e2e::{Client, WithDatabase, check_invariants, eventually};
use oneshot::Api;
use queue::Queue;
use sqlx::PgPool;
use std::net::Ipv4Addr;
use std::time::Duration;
use store::clients;
use support::{Database, SharedRedis};
use task::Worker;
use worker::settings::{Cli, CliCommand, Settings};

/// A worker that has something to do does it within this time.
const WORKED_OFF_WITHIN: Duration = Duration::from_secs(20);

const ADMITTED_WITHIN: Duration = Duration::from_secs(20);

/// A database, a queue, and the apis and workers between them.
#[must_use = "a test has passed when its stack is done"]
pub(crate) struct Stack {
    apis: Vec<Api>,
    workers: Vec<Worker>,
    worker_settings: Settings,
    queue: Queue,
    /// What is asked about the queue by the test itself.
    redis: redis::aio::MultiplexedConnection,
    /// The test's own way into the database.
    pool: PgPool,
    panics: usize,
    database: Database,
    _redis: SharedRedis,
}

impl Stack {
    /// To ask for something special.
    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    /// One api, one worker.
    pub(crate) async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A client of the first api.
    pub(crate) fn client(&self) -> Result<Client> {
        self.client_of(0)
    }

    /// A client of one api.
    pub(crate) fn client_of(&self, index: usize) -> Result<Client> {
        Ok(self.apis.get(index).context("no such api")?.client(Ipv4Addr::LOCALHOST))
    }

    /// A client of the first api that is on another machine.
    pub(crate) fn client_at(&self, machine: [u8; 4]) -> Result<Client> {
        Ok(self.apis.first().context("no api")?.client(machine.into()))
    }

    /// One worker.
    pub(crate) fn worker(&mut self, index: usize) -> Result<&mut Worker> {
        self.workers.get_mut(index).context("no such worker")
    }

    /// Starts one more worker.
    pub(crate) async fn start_worker(&mut self) -> Result<()> {
        let worker = Worker::start(&self.database, &self.worker_settings).await?;
        self.workers.push(worker);
        Ok(())
    }

    /// Makes a client with a rate limit of its own, or without.
    pub(crate) async fn create_client(&self, name: &str, rate: Option<&str>) -> Result<()> {
        let rate = rate.map(RateLimit::parse).transpose()?;
        ensure!(clients::create(self.database.store(), name, rate).await?, "{name} is there");
        Ok(())
    }

    /// Makes a test client whose clock stands at that instant.
    pub(crate) async fn create_test_client(&self, name: &str, at: &str) -> Result<()> {
        let at = Some(TestClock::parse_time(at)?);
        let made = clients::create_test(self.database.store(), name, None, at).await?;
        ensure!(made == at, "{name} is there");
        Ok(())
    }

    /// Makes a key for a client and gives it whole.
    pub(crate) async fn create_key(&self, client: &str, scope: &str) -> Result<String> {
        self.create_key_for_days(Some(client), scope, None).await
    }

    /// Makes a key for a client that ends tomorrow.
    pub(crate) async fn create_key_for_a_day(&self, client: &str, scope: &str) -> Result<String> {
        self.create_key_for_days(Some(client), scope, Some(1)).await
    }

    /// Makes a key of the operator and gives it whole.
    pub(crate) async fn create_operator_key(&self, scope: &str) -> Result<String> {
        self.create_key_for_days(None, scope, None).await
    }

    async fn create_key_for_days(
        &self,
        client: Option<&str>,
        scope: &str,
        days: Option<u32>,
    ) -> Result<String> {
        let scope = Scope::parse(scope).context("no such scope")?;
        Ok(keys::create(self.database.store(), client, scope, days).await?.key)
    }

    /// Writes a task into its queue, in the layout of apalis, as whoever reaches Redis can.
    pub(crate) async fn plant(&self, task: &str, payload: &[u8]) -> Result<()> {
        let queue = &self.worker_settings.redis.queue_name;
        let meta = [("attempts", "0"), ("max_attempts", "25"), ("status", "Pending")];
        redis::pipe()
            .atomic()
            .hset(format!("{queue}:data"), task, payload)
            .hset_multiple(format!("{queue}:meta:{task}"), &meta)
            .rpush(format!("{queue}:active"), task)
            .publish(format!("tasks:{queue}:active:available"), "1")
            .exec_async(&mut self.redis.clone())
            .await?;
        Ok(())
    }

    /// Puts a task that a worker has in hand into its queue again, and waits until it is taken.
    pub(crate) async fn deliver_again(&self, task: &str) -> Result<()> {
        let queue = &self.worker_settings.redis.queue_name;
        let active = format!("{queue}:active");
        redis::pipe()
            .atomic()
            .rpush(&active, task)
            .publish(format!("tasks:{queue}:active:available"), "1")
            .exec_async(&mut self.redis.clone())
            .await?;
        e2e::eventually_true("the task is taken", WORKED_OFF_WITHIN, async || {
            let mut waiting = redis::cmd("LLEN");
            let waiting: u64 = waiting.arg(&active).query_async(&mut self.redis.clone()).await?;
            Ok(waiting == 0)
        })
        .await
    }

    /// Lets its Redis be one that was started again, and whose log ends while the living worker
    /// held that task.
    pub(crate) async fn restart_with_held(&self, task: &str, payload: &[u8]) -> Result<()> {
        let queue = &self.worker_settings.redis.queue_name;
        let mut redis = self.redis.clone();
        let mut live = redis::cmd("ZRANGE");
        live.arg(format!("{queue}:workers")).arg(0).arg(-1);
        let workers: Vec<String> = live.query_async(&mut redis).await?;
        let [worker] = &workers[..] else { anyhow::bail!("{workers:?}") };
        let meta = [("attempts", "0"), ("max_attempts", "25"), ("status", "Pending")];
        redis::pipe()
            .atomic()
            .hset(format!("{queue}:data"), task, payload)
            .hset_multiple(format!("{queue}:meta:{task}"), &meta)
            .sadd(format!("{queue}:inflight:{worker}"), task)
            .hdel(format!("{queue}:workers:metadata:{worker}"), "seen")
            .exec_async(&mut redis)
            .await?;
        Ok(())
    }

    /// Removes the record of a job, as a loss of Redis does.
    pub(crate) async fn lose_record(&self, job: &str) -> Result<()> {
        let queue = &self.worker_settings.redis.queue_name;
        let mut lose = redis::cmd("DEL");
        lose.arg(format!("{queue}:job:{job}")).exec_async(&mut self.redis.clone()).await?;
        Ok(())
    }

    /// What Redis knows of a job that is queued: its record and its task.
    pub(crate) async fn known(&self, job: &str) -> Result<(Vec<u8>, Vec<u8>)> {
        let queue = &self.worker_settings.redis.queue_name;
        let known = redis::pipe()
            .get(format!("{queue}:job:{job}"))
            .hget(format!("{queue}:data"), job)
            .query_async(&mut self.redis.clone())
            .await?;
        Ok(known)
    }

    /// Lets Redis know of a job what it knew before, and no more, as when a replica is promoted
    /// that lagged.
    pub(crate) async fn go_back(&self, job: &str, known: &(Vec<u8>, Vec<u8>)) -> Result<()> {
        let queue = &self.worker_settings.redis.queue_name;
        let mut set = redis::cmd("SET");
        set.arg(format!("{queue}:job:{job}")).arg(&known.0);
        set.exec_async(&mut self.redis.clone()).await?;
        self.plant(job, &known.1).await
    }

    /// The record of a job, as it is stored.
    pub(crate) async fn record(&self, job: &str) -> Result<Vec<u8>> {
        let queue = &self.worker_settings.redis.queue_name;
        let mut read = redis::cmd("GET");
        read.arg(format!("{queue}:job:{job}"));
        Ok(read.query_async(&mut self.redis.clone()).await?)
    }

    /// Puts a record back, as a Redis does that was started again and has lost what came after it.
    pub(crate) async fn put_record(&self, job: &str, record: &[u8]) -> Result<()> {
        let queue = &self.worker_settings.redis.queue_name;
        let mut write = redis::cmd("SET");
        write.arg(format!("{queue}:job:{job}")).arg(record);
        Ok(write.exec_async(&mut self.redis.clone()).await?)
    }

    /// Removes all that its queue has in Redis, as a power cut of a Redis without a log does.
    pub(crate) async fn lose_queue(&self) -> Result<()> {
        let keys = self.keys().await?;
        if !keys.is_empty() {
            redis::cmd("UNLINK").arg(keys).exec_async(&mut self.redis.clone()).await?;
        }
        Ok(())
    }

    /// Does what `worker jobs` does with a job.
    pub(crate) async fn jobs(&self, what: &str, job: &str) -> Result<()> {
        let urls = ["--database-url", "-", "--redis-url", "-"];
        let arguments = [&["worker"], &urls[..], &["jobs", what, job]].concat();
        let Some(CliCommand::Jobs { command }) = Cli::try_parse_from(arguments)?.command else {
            anyhow::bail!("no such command")
        };
        worker::cli::jobs::run(command, &self.worker_settings).await
    }

    /// Waits until no worker has to do with a task any more, and says whether it was given up.
    pub(crate) async fn until_left(&self, task: &str) -> Result<bool> {
        let queue = &self.worker_settings.redis.queue_name;
        e2e::eventually("the task is left", WORKED_OFF_WITHIN, async || {
            let (is_dead, is_there): (bool, bool) = redis::pipe()
                .sismember(format!("{queue}:dead"), task)
                .hexists(format!("{queue}:data"), task)
                .query_async(&mut self.redis.clone())
                .await?;
            Ok((is_dead || !is_there).then_some(is_dead))
        })
        .await
    }

    /// The key that signs jobs of this installation.
    pub(crate) async fn job_key(&self) -> Result<domain::JobKey> {
        let stored = store::job_keys::read(self.database.store()).await?;
        Ok(stored.keys.signing_at(stored.now).clone())
    }

    /// The names of the keys of its queue in Redis.
    async fn keys(&self) -> Result<Vec<String>> {
        let pattern = format!("{}:*", self.worker_settings.redis.queue_name);
        let mut redis = self.redis.clone();
        Ok(redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await?)
    }

    /// How many keys its queue has in Redis.
    pub(crate) async fn key_count(&self) -> Result<usize> {
        Ok(self.keys().await?.len())
    }

    /// Waits until its queue has more keys than it had: for a stack at rest, a sign that a
    /// submission was admitted.
    pub(crate) async fn wait_for_more_keys_than(&self, count: usize) -> Result<()> {
        e2e::eventually_true("the queue has more keys", ADMITTED_WITHIN, async || {
            Ok(self.key_count().await? > count)
        })
        .await
    }

    /// The test has said all: the invariants must hold, no job may be left if there is a worker,
    /// and whatever still runs must stop by itself, with success.
    pub(crate) async fn done(mut self) -> Result<()> {
        check_invariants(&self).await?;
        if self.workers.iter().any(Worker::is_running) {
            self.wait_for_an_empty_queue().await?;
        }
        for worker in &mut self.workers {
            worker.stop().await?;
        }
        self.apis.iter().for_each(Api::stop);
        ensure!(panics::seen() == self.panics, "something panicked");
        let keys = self.keys().await?;
        if !keys.is_empty() {
            redis::cmd("UNLINK").arg(keys).exec_async(&mut self.redis).await?;
        }
        self.pool.close().await;
        Ok(())
    }

    async fn wait_for_an_empty_queue(&self) -> Result<()> {
        eventually("no job is left behind", WORKED_OFF_WITHIN, async || {
            let stats = self.queue.stats().await?;
            ensure!(stats.queued + stats.running + stats.retrying == 0, "{stats:?}");
            Ok(Some(()))
        })
        .await
    }
}

impl WithDatabase for Stack {
    fn db(&self) -> &PgPool {
        &self.pool
    }
}
