//! What Redis is asked to do, over one connection and without a disk: the way there and back, the
//! script, and what is written and read on this side.

use crate::product::{
    ALICE, Answer, JobId, Queue, QueuedJob, Verdict, answer, decided, entry, job, job_key, queue,
    rate_limit, subscribe,
};
use criterion::{BenchmarkId, Criterion, Throughput};
use redis::aio::MultiplexedConnection;
use std::cell::Cell;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use uuid::Uuid;

/// As many as are asked for at once, or as a worker takes.
const MANY: u64 = 64;

const DEPTH_MAX: u64 = 1_000_000_000;

const WORKER: &str = "w";
const PORT: &str = "31997";

/// It listens after less than this.
const LISTENS_WITHIN: Duration = Duration::from_millis(500);

pub(crate) fn measure(criterion: &mut Criterion) {
    let args = ["--bind", "127.0.0.1", "--port", PORT, "--save", "", "--appendonly", "no"];
    let server = Command::new("redis-server").args(args).stdout(Stdio::null()).spawn();
    let Ok(_server) = server.map(Server) else {
        eprintln!("skipped: the scripts, for there is no redis-server on the PATH");
        return;
    };
    std::thread::sleep(LISTENS_WITHIN);
    // One thread, so that no figure has the waking of another in it.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let stage = &runtime.block_on(Stage::set());
    let mut group = criterion.benchmark_group("scripts");
    for at_once in [1, MANY] {
        group.throughput(Throughput::Elements(at_once));
        group.bench_function(BenchmarkId::new("admit_new_key", at_once), |bencher| {
            let prepare = async || stage.fresh(at_once);
            let work = async |jobs: Vec<_>| {
                let verdicts = stage.admit(&jobs).await;
                assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Enqueued));
            };
            bencher.to_async(&runtime).iter_custom(|times| stage.timed(times, prepare, work));
        });
    }
    group.bench_function(BenchmarkId::new("begin", MANY), |bencher| {
        let prepare = async || stage.taken().await;
        let work = async |jobs: Vec<_>| stage.begin(&jobs).await;
        bencher.to_async(&runtime).iter_custom(|times| stage.timed(times, prepare, work));
    });
    group.bench_function(BenchmarkId::new("finish", MANY), |bencher| {
        let prepare = async || {
            let jobs = stage.taken().await;
            stage.begin(&jobs).await;
            jobs
        };
        let work = async |jobs: Vec<_>| stage.finish(&jobs).await;
        bencher.to_async(&runtime).iter_custom(|times| stage.timed(times, prepare, work));
    });
}

/// A Redis that is there for this alone.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A queue, and jobs on their way through it.
struct Stage {
    queue: Queue,
    /// To do what apalis does.
    connection: MultiplexedConnection,
    jobs_made: Cell<u64>,
    answer: Answer,
}

impl Stage {
    async fn set() -> Self {
        let url = format!("redis://127.0.0.1:{PORT}/0");
        let client = redis::Client::open(url.as_str()).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        Self { queue: queue(&url).await, connection, jobs_made: Cell::new(0), answer: answer() }
    }

    /// How long `work` takes, so many times, on what `prepare` makes for each. Redis is empty at
    /// first: what is left behind grows no further than within one sample.
    async fn timed<T>(
        &self,
        times: u64,
        prepare: impl AsyncFn() -> T,
        work: impl AsyncFn(T),
    ) -> Duration {
        redis::cmd("FLUSHALL").exec_async(&mut self.connection.clone()).await.unwrap();
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
    fn fresh(&self, count: u64) -> Vec<QueuedJob> {
        let made = self.jobs_made.replace(self.jobs_made.get() + count);
        (made..made + count).map(|number| job(number, subscribe(ALICE))).collect()
    }

    /// Submits them in one call.
    async fn admit(&self, jobs: &[QueuedJob]) -> Vec<Verdict> {
        let (key, bucket) = (job_key(), ("ip:127.0.0.1", rate_limit()));
        let submission = |job| self.queue.submission(job, bucket, &key);
        let submissions: Vec<_> = jobs.iter().map(submission).collect();
        let admitted = self.queue.admit(&submissions, DEPTH_MAX).await.unwrap();
        admitted.into_iter().map(|admission| admission.unwrap().verdict).collect()
    }

    /// Many jobs that the worker has taken.
    async fn taken(&self) -> Vec<QueuedJob> {
        let (jobs, mut connection) = (self.fresh(MANY), self.connection.clone());
        self.admit(&jobs).await;
        let mut take = redis::cmd("LPOP");
        let take = take.arg("q:active").arg(MANY);
        let tasks: Vec<String> = take.query_async(&mut connection).await.unwrap();
        assert_eq!(tasks.len(), jobs.len());
        let mut hold = redis::cmd("SADD");
        let hold = hold.arg(format!("q:inflight:{WORKER}")).arg(tasks);
        hold.exec_async(&mut connection).await.unwrap();
        jobs
    }

    async fn begin(&self, jobs: &[QueuedJob]) {
        let ids: Vec<JobId> = jobs.iter().map(QueuedJob::id).collect();
        let round = Uuid::from_u128(self.jobs_made.get().into());
        self.queue.begin(&ids, round).await.unwrap();
    }

    async fn finish(&self, jobs: &[QueuedJob]) {
        let entries: Vec<_> = jobs.iter().map(|job| entry(job, &self.answer)).collect();
        let decided: Vec<_> = entries.iter().map(decided).collect();
        self.queue.finish(WORKER, &decided).await.unwrap();
    }
}
