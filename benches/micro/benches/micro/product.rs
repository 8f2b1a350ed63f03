//! The product as it is measured here: all that is taken from its crates, and samples of usual
//! size.

pub(crate) use domain::samples::{ALICE, HELD, SHOP, context, now};
pub(crate) use domain::{
    Answer, Answered, Cancel, Command, Fingerprint, IdempotencyKey, JobId, JobKey, JobKeys,
    LogEntry, NewIds, Origin, RateLimit, Renew, UserId, WorkingSet, decide, job_id,
};
pub(crate) use queue::{DecidedJob, Queue, QueuedJob, Verdict, authenticate};

use domain::samples::{Holding, holding, plan_of, user};
use domain::{Change, DrawnIds, samples};
use queue::{Provenance, QueueSettings};
use uuid::Uuid;

pub(crate) fn subscribe(user: UserId) -> Command {
    samples::subscribe(user, "monthly", Some(1)).into()
}

/// A key like those that most clients make: the text of a UUID.
pub(crate) fn key(number: u64) -> IdempotencyKey {
    IdempotencyKey::parse(Uuid::from_u128(number.into()).to_string().as_bytes()).unwrap()
}

/// A job of its own for each number.
pub(crate) fn job(number: u64, command: Command) -> QueuedJob {
    let fingerprint = Fingerprint::of_request("POST", "/subscribe", &number.to_be_bytes());
    QueuedJob::new(SHOP, key(number), fingerprint, now(), command)
}

/// A key that signs jobs.
pub(crate) fn job_key() -> JobKey {
    JobKey::new("a1b2c3d4".to_owned(), &[7; 32], now(), false).unwrap()
}

/// The only key of the installation.
pub(crate) fn job_keys() -> JobKeys {
    JobKeys::new(vec![job_key()]).unwrap()
}

/// So many users, the first of whom is Alice, who has the subscription [`HELD`].
pub(crate) fn working_set(users: i64) -> WorkingSet {
    let name = |id: UserId| format!("user-{}@example.com", id.get());
    let users = (1..=users).map(UserId::new).map(|id| Change::User(user(id, SHOP, &name(id))));
    let mut working_set = holding(Holding::Running, users);
    working_set.add_terms(HELD, plan_of("monthly").terms);
    working_set
}

/// Ids for so many new subscriptions.
pub(crate) fn new_ids(subscriptions: i64) -> NewIds {
    let ids = || (1000..1000 + subscriptions).collect();
    let (subscriptions, grants, payments) = (ids(), ids(), ids());
    NewIds::new(DrawnIds { subscriptions, grants, payments, ..DrawnIds::default() })
}

/// The answer to the second user's subscribe.
pub(crate) fn answer() -> Answer {
    let job = job(0, subscribe(UserId::new(2)));
    let decision = decide(&working_set(2), &context(now()), &job.command, &mut new_ids(1));
    contract::answered(job.id(), &decision.outcome, now()).unwrap().answer
}

/// A limit, as by default, which nobody reaches.
pub(crate) fn rate_limit() -> RateLimit {
    RateLimit::new(100_000_000, 60).unwrap()
}

pub(crate) async fn queue(url: &str) -> Queue {
    Queue::connect(QueueSettings { url, name: "q", ttl_seconds: 86_400 }).await.unwrap()
}

/// The entry of a decided job in the command log.
pub(crate) fn entry(job: &QueuedJob, answer: &Answer) -> LogEntry {
    LogEntry {
        job: job.id(),
        client: job.client,
        origin: Origin::Client,
        key: job.key.clone(),
        fingerprint: job.fingerprint,
        operation: job.command.operation(),
        input: None,
        user: None,
        entity: None,
        answered: Some(Answered { answer: answer.clone(), at: now() }),
        attempts: 1,
        submitted_at: job.submitted_at,
        decided_at: now(),
    }
}

/// A decided job as the worker hands it to the queue.
pub(crate) fn decided(entry: &LogEntry) -> DecidedJob<'_> {
    DecidedJob { entry, admitted_at: entry.submitted_at, provenance: Provenance::Decided }
}
