//! A queue in a Redis that is there for it alone, and jobs on their way through it.

use crate::sample::{BOB, answer, job, now, subscribe};
use e2e::RedisServer;
use redis::aio::MultiplexedConnection;
use shared::config;
use shared::domain::rate_limit::Limit;
use shared::domain::{Answer, JobId};
use shared::queue::Queue;
use shared::queue::admission::{Bounds, Verdict};
use shared::queue::announcement::Origin;
use shared::queue::job::QueuedJob;
use shared::queue::settle::Settled;
use std::cell::Cell;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use uuid::Uuid;

const WORKER: &str = "w";

/// Fields are dropped in this order: the folder when nobody writes there any more.
pub(crate) struct Stage {
    queue: Queue,
    /// To do what apalis does.
    connection: MultiplexedConnection,
    redis: RedisServer,
    _folder: Folder,
    jobs_made: Cell<u64>,
    answer: Answer,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Stage {
    /// Starts a Redis that writes nothing to disk. `None` if there is no redis-server.
    pub(crate) async fn set() -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("micro-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let folder = Folder(folder);
        let redis = match RedisServer::start(folder.0.clone(), false).await {
            Err(error) if is_not_found(&error) => return None,
            started => started.unwrap(),
        };
        let settings = config::Redis {
            redis_url: redis.url().as_str().into(),
            queue_name: "q".to_owned(),
            idempotency_ttl_seconds: 86_400,
        };
        let queue = Queue::connect(&settings).await.unwrap();
        let connection = redis.connect().await.unwrap();
        Some(Self {
            queue,
            connection,
            redis,
            _folder: folder,
            jobs_made: Cell::new(0),
            answer: answer(),
        })
    }

    /// How long `work` takes, so many times, on what `prepare` makes for each. Redis is empty at
    /// first: what is left behind grows no further than within one sample.
    pub(crate) async fn timed<T>(
        &self,
        times: u64,
        prepare: impl AsyncFn() -> T,
        work: impl AsyncFn(T),
    ) -> Duration {
        self.redis.flush_all().await.unwrap();
        let mut spent = Duration::ZERO;
        for _ in 0..times {
            let prepared = prepare().await;
            let began = Instant::now();
            work(prepared).await;
            spent += began.elapsed();
        }
        spent
    }

    /// Jobs with keys that Redis has not seen.
    pub(crate) fn fresh(&self, count: u64) -> Vec<QueuedJob> {
        let made = self.jobs_made.get();
        self.jobs_made.set(made + count);
        (made..made + count).map(|number| job(number, subscribe(BOB))).collect()
    }

    /// Submits them in one call. There is a limit, as by default, which nobody reaches.
    pub(crate) async fn admit(&self, jobs: &[QueuedJob]) -> Vec<Verdict> {
        let limit = Limit::new(100_000_000, 60);
        let bounds = Bounds { limit, depth_max: 1_000_000_000 };
        let submission = |job| self.queue.submission(job, "ip:127.0.0.1");
        let submissions: Vec<_> = jobs.iter().map(submission).collect();
        let admitted = self.queue.admit(&submissions, bounds, None).await.unwrap();
        admitted.into_iter().map(|admission| admission.unwrap().verdict).collect()
    }

    /// Jobs that the worker has taken.
    pub(crate) async fn taken(&self, count: u64) -> Vec<QueuedJob> {
        let jobs = self.fresh(count);
        self.admit(&jobs).await;
        let mut connection = self.connection.clone();
        let mut take = redis::cmd("LPOP");
        let take = take.arg("q:active").arg(count);
        let tasks: Vec<String> = take.query_async(&mut connection).await.unwrap();
        let submitted: Vec<_> = jobs.iter().map(|job| job.id().to_string()).collect();
        assert_eq!(tasks, submitted);
        let mut hold = redis::cmd("SADD");
        let hold = hold.arg(format!("q:inflight:{WORKER}")).arg(tasks);
        hold.exec_async(&mut connection).await.unwrap();
        jobs
    }

    /// Jobs that the worker has begun.
    pub(crate) async fn begun(&self, count: u64) -> Vec<QueuedJob> {
        let jobs = self.taken(count).await;
        self.begin(&jobs).await;
        jobs
    }

    /// Jobs whose answers are known, and nothing else in Redis.
    pub(crate) async fn finished(&self, count: u64) -> Vec<QueuedJob> {
        self.redis.flush_all().await.unwrap();
        let jobs = self.begun(count).await;
        self.finish(&jobs).await;
        for job in &jobs {
            assert_eq!(self.queue.payload(job.id()).await.unwrap(), None, "it is let go of");
        }
        jobs
    }

    pub(crate) async fn begin(&self, jobs: &[QueuedJob]) {
        let ids: Vec<JobId> = jobs.iter().map(QueuedJob::id).collect();
        let round = Uuid::from_u128(self.jobs_made.get().into());
        self.queue.begin(&ids, round).await.unwrap();
    }

    pub(crate) async fn finish(&self, jobs: &[QueuedJob]) {
        let settled: Vec<_> = jobs.iter().map(|job| self.settled(job)).collect();
        self.queue.finish(WORKER, &settled).await.unwrap();
    }

    fn settled(&self, job: &QueuedJob) -> Settled<'_> {
        Settled {
            job: job.id(),
            client: job.client,
            operation: job.command.operation(),
            fingerprint: job.fingerprint,
            attempts: 1,
            submitted_at: job.submitted_at,
            admitted_at: job.submitted_at,
            finished_at: now(),
            origin: Origin::Decided,
            answer: &self.answer,
        }
    }
}

fn is_not_found(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == ErrorKind::NotFound)
}
