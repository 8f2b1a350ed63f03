//! Jobs and bounds to test with.

use domain::{
    Answer, Answered, ClientId, Command, Fingerprint, IdempotencyKey, Instant, JobKey, LogEntry,
    Origin, PlanCode, RateLimit, Subscribe, UserId,
};
use queue::QueuedJob;

/// More jobs than any test has.
pub(crate) const DEPTH_MAX: u64 = 1_000_000;

/// So many tokens in so many seconds.
pub(crate) fn limited(requests: u64, seconds: u64) -> RateLimit {
    RateLimit::new(requests, seconds).unwrap()
}

/// A submission with that key.
pub(crate) fn job(key: &str) -> QueuedJob {
    job_for(key, "/subscribe", 1)
}

/// The same key for something else.
pub(crate) fn other_request(key: &str) -> QueuedJob {
    job_for(key, "/cancel", 1)
}

/// The same submission, a second later.
pub(crate) fn later(key: &str) -> QueuedJob {
    job_for(key, "/subscribe", 1_000_001)
}

fn job_for(key: &str, path: &str, submitted_us: i64) -> QueuedJob {
    QueuedJob::new(
        ClientId::LOCAL,
        IdempotencyKey::parse(key.as_bytes()).unwrap(),
        Fingerprint::of_request("POST", path, b"{}"),
        Instant::from_timestamp_micros(1_700_000_000_000_000 + submitted_us).unwrap(),
        Command::Subscribe(Subscribe {
            trial: None,
            user_id: Some(UserId::new(7)),
            external_id: None,
            plan: PlanCode::parse("monthly").unwrap(),
            duration_months: Some(3),
            auto_renew: false,
        }),
    )
}

/// The key of that name, made when the samples are submitted.
pub(crate) fn job_key(kid: &str) -> JobKey {
    let made = job("a").submitted_at;
    JobKey::new(kid.to_owned(), kid.as_bytes(), made, false).unwrap()
}

/// The answer that jobs get when they are done.
pub(crate) fn answer() -> Answer {
    Answer { status: 201, body: r#"{"id":1}"#.to_owned() }
}

/// The answer that jobs get when they are given up.
pub(crate) fn given_up() -> Answer {
    Answer { status: 503, body: "{}".to_owned() }
}

/// The entry of the command log for a job that is done.
pub(crate) fn entry(job: &QueuedJob) -> LogEntry {
    LogEntry {
        job: job.id(),
        client: job.client,
        origin: Origin::Client,
        key: job.key.clone(),
        fingerprint: job.fingerprint,
        operation: job.command.operation(),
        input: None,
        user: Some(UserId::new(7)),
        entity: Some(1),
        answered: Some(Answered {
            answer: answer(),
            at: Instant::from_timestamp_micros(1_700_000_001_000_001).unwrap(),
        }),
        attempts: 1,
        submitted_at: job.submitted_at,
        decided_at: Instant::from_timestamp_micros(1_700_000_001_000_000).unwrap(),
    }
}
