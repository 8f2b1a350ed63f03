//! Jobs and bounds to test with.

use redis::aio::MultiplexedConnection;
use shared::domain::rate_limit::Limit;
use shared::domain::{
    Answer, ClientId, Command, Fingerprint, IdempotencyKey, Instant, PlanCode, UserId,
};
use shared::queue::Queue;
use shared::queue::admission::{Admission, Bounds, Verdict};
use shared::queue::announcement::Origin;
use shared::queue::job::QueuedJob;
use shared::queue::settle::Settled;

/// No limit of any kind.
pub(crate) const UNBOUNDED: Bounds = Bounds { limit: None, depth_max: 1_000_000 };

/// So many tokens in so many seconds.
pub(crate) fn limited(requests: u64, seconds: u64) -> Bounds {
    Bounds { limit: Some(Limit::new(requests, seconds).unwrap()), ..UNBOUNDED }
}

/// A submission with that key.
pub(crate) fn job(key: &str) -> QueuedJob {
    QueuedJob {
        client: ClientId::LOCAL,
        key: IdempotencyKey::parse(key.as_bytes()).unwrap(),
        fingerprint: Fingerprint::of_request("POST", "/subscribe", b"{}"),
        submitted_at: Instant::from_timestamp_micros(1_700_000_000_000_001).unwrap(),
        command: Command::Subscribe {
            user_id: UserId(7),
            plan: PlanCode::parse("monthly").unwrap(),
            duration_months: Some(3),
        },
    }
}

/// The same key for something else.
pub(crate) fn other_request(key: &str) -> QueuedJob {
    QueuedJob { fingerprint: Fingerprint::of_request("POST", "/cancel", b"{}"), ..job(key) }
}

/// What becomes of it without bounds.
pub(crate) async fn admit(queue: &Queue, job: &QueuedJob) -> Verdict {
    let submission = queue.submission(job, "bucket");
    let admitted = queue.admit(&[submission], UNBOUNDED, None).await.unwrap();
    let [Ok(admission)] = admitted.as_slice() else { panic!("{admitted:?}") };
    admission.verdict.clone()
}

/// What becomes of jobs that are submitted at once, a millisecond after the epoch.
pub(crate) async fn admit_all(
    queue: &Queue,
    jobs: &[QueuedJob],
    bucket: &str,
    bounds: Bounds,
) -> Vec<Admission> {
    let submissions: Vec<_> = jobs.iter().map(|job| queue.submission(job, bucket)).collect();
    let admitted = queue.admit(&submissions, bounds, Some(1_000)).await.unwrap();
    admitted.into_iter().map(Result::unwrap).collect()
}

/// What becomes of one that is submitted alone.
pub(crate) async fn admit_one(
    queue: &Queue,
    job: &QueuedJob,
    bucket: &str,
    bounds: Bounds,
) -> Admission {
    admit_all(queue, std::slice::from_ref(job), bucket, bounds).await.remove(0)
}

/// The answer that the samples get.
pub(crate) fn answer() -> Answer {
    Answer { status: 201, body: r#"{"id":1}"#.to_owned() }
}

/// A decided job.
pub(crate) fn settled<'a>(job: &QueuedJob, answer: &'a Answer) -> Settled<'a> {
    Settled {
        job: job.id(),
        client: job.client,
        operation: job.command.operation(),
        fingerprint: job.fingerprint,
        attempts: 1,
        submitted_at: job.submitted_at,
        admitted_at: job.submitted_at,
        finished_at: Instant::from_timestamp_micros(1_700_000_001_000_001).unwrap(),
        origin: Origin::Decided,
        answer,
    }
}

/// What `worker` does to take the oldest task, as apalis does it.
pub(crate) async fn take(connection: &mut MultiplexedConnection, worker: &str) -> String {
    let task: String = redis::cmd("LPOP").arg("q:active").query_async(connection).await.unwrap();
    let mut hold = redis::cmd("SADD");
    hold.arg(format!("q:inflight:{worker}")).arg(&task);
    hold.query_async::<()>(connection).await.unwrap();
    task
}
