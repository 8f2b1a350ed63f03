//! What apis and workers do to jobs, one step at a time.

use crate::sample::{DEPTH_MAX, entry, given_up, job, job_key};
use domain::{JobStatus, LogEntry, RateLimit};
use queue::{
    Admission, ConnectError, DecidedJob, Provenance, Queue, QueueSettings, QueuedJob, Submission,
    Verdict,
};
use redis::aio::MultiplexedConnection;
use std::slice;
use support::{Proxy, RedisServer};

/// A Redis with nothing in it, and the queue in it, whose keys begin with `q`.
pub(crate) async fn started() -> (RedisServer, Queue) {
    let redis = RedisServer::start_temporary().await.unwrap();
    let queue = connect(&redis).await.unwrap();
    (redis, queue)
}

/// Opens the queue as another process does.
pub(crate) async fn connect(redis: &RedisServer) -> Result<Queue, ConnectError> {
    connect_to(&redis.url()).await
}

/// Opens the queue at that URL.
pub(crate) async fn connect_to(url: &str) -> Result<Queue, ConnectError> {
    Queue::connect(QueueSettings { url, name: "q", ttl_seconds: 86_400 }).await
}

/// A Redis with nothing in it, and the queue in it by way of a proxy.
pub(crate) async fn started_behind_proxy() -> (RedisServer, Proxy, Queue) {
    let redis = RedisServer::start_temporary().await.unwrap();
    let proxy = Proxy::start(redis.address()).await.unwrap();
    let queue = connect_to(&format!("redis://{}", proxy.address())).await.unwrap();
    (redis, proxy, queue)
}

/// What becomes of a job of a client without a limit.
pub(crate) async fn admit(queue: &Queue, job: &QueuedJob) -> Verdict {
    admit_one(queue, job, ("bucket", RateLimit::OFF)).await.verdict
}

/// What becomes of one that is submitted alone.
pub(crate) async fn admit_one(
    queue: &Queue,
    job: &QueuedJob,
    bucket: (&str, RateLimit),
) -> Admission {
    let mut admitted = admit_all(queue, slice::from_ref(job), bucket, DEPTH_MAX).await;
    assert_eq!(admitted.len(), 1);
    admitted.remove(0)
}

/// A signed submission.
pub(crate) fn submission(queue: &Queue, job: &QueuedJob, bucket: (&str, RateLimit)) -> Submission {
    queue.submission(job, bucket, &job_key("a1b2c3d4"))
}

/// What becomes of jobs that are submitted at once.
pub(crate) async fn admit_all(
    queue: &Queue,
    jobs: &[QueuedJob],
    bucket: (&str, RateLimit),
    depth_max: u64,
) -> Vec<Admission> {
    let submissions: Vec<_> = jobs.iter().map(|job| submission(queue, job, bucket)).collect();
    let admitted = queue.admit(&submissions, depth_max).await.unwrap();
    admitted.into_iter().map(Result::unwrap).collect()
}

/// What `worker` does to take the oldest task, as apalis does it.
pub(crate) async fn take(connection: &mut MultiplexedConnection, worker: &str) -> String {
    let task: String = redis::cmd("LPOP").arg("q:active").query_async(connection).await.unwrap();
    let mut hold = redis::cmd("SADD");
    hold.arg(format!("q:inflight:{worker}")).arg(&task);
    hold.query_async::<()>(connection).await.unwrap();
    task
}

/// Delivers the answers of jobs, as `worker` does after their commit.
pub(crate) async fn finish(queue: &Queue, worker: &str, jobs: &[QueuedJob]) {
    let entries: Vec<LogEntry> = jobs.iter().map(entry).collect();
    let decided: Vec<_> = entries.iter().map(decided).collect();
    queue.finish(worker, &decided).await.unwrap();
}

/// Lets go of jobs that are decided and wait for an effect, as `worker` does after their commit.
pub(crate) async fn let_go(queue: &Queue, worker: &str, jobs: &[QueuedJob]) {
    let pending = |job| LogEntry { answered: None, entity: None, ..entry(job) };
    let entries: Vec<LogEntry> = jobs.iter().map(pending).collect();
    let decided: Vec<_> = entries.iter().map(decided).collect();
    queue.finish(worker, &decided).await.unwrap();
}

fn decided(entry: &LogEntry) -> DecidedJob<'_> {
    DecidedJob { entry, admitted_at: entry.submitted_at, provenance: Provenance::Decided }
}

/// Gives up job `a`, as `worker` does.
pub(crate) async fn bury(queue: &Queue, worker: &str, cause: &str) {
    let (task, now) = (job("a").id().to_string(), job("a").submitted_at);
    queue.bury(worker, &task, given_up(), cause, now).await.unwrap();
}

/// The state of a job and its attempts, as readers see them.
pub(crate) async fn status(queue: &Queue, key: &str) -> (JobStatus, u32) {
    let record = queue.record(job(key).id()).await.unwrap().unwrap();
    (record.status, record.attempts)
}
