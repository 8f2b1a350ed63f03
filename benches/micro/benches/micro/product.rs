//! The product as it is measured here: all that is taken from its crates, and samples of usual
//! size.

pub(crate) use domain::{
    Answer, Answered, Cancel, Change, ClientId, Command, Context, Email, Fingerprint,
    IdempotencyKey, Instant, JobId, JobKey, JobKeys, LogEntry, Metadata, NewIds, Origin, PlanCode,
    RateLimit, Renew, Sold, Subscribe, Subscription, SubscriptionId, User, UserId, WorkingSet,
    decide, job_id,
};
pub(crate) use queue::{DecidedJob, Queue, QueuedJob, Verdict, authenticate};

use chrono::TimeDelta;
use queue::{Provenance, QueueSettings};
use uuid::Uuid;

pub(crate) const SHOP: ClientId = ClientId::new(100);
/// Has the subscription [`HELD`]; all others have none.
pub(crate) const ALICE: UserId = UserId::new(1);
pub(crate) const HELD: SubscriptionId = SubscriptionId::new(10);
const GIFT_TTL: TimeDelta = TimeDelta::days(30);

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn now() -> Instant {
    at("2026-06-15T12:00:00.123456Z")
}

pub(crate) fn subscribe(user_id: UserId) -> Command {
    let plan = PlanCode::parse("monthly").unwrap();
    let (user_id, external_id, duration_months) = (Some(user_id), None, Some(1));
    Subscribe { user_id, external_id, plan, duration_months, auto_renew: false }.into()
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

/// So many users, the first of whom is Alice.
pub(crate) fn working_set(users: i64) -> WorkingSet {
    let mut working_set = WorkingSet::default();
    let created_at = at("2026-01-01T00:00:00Z");
    for id in (1..=users).map(UserId::new) {
        let email = Email::parse(&format!("user-{}@example.com", id.get())).unwrap();
        let (external_id, metadata) = (None, Metadata::default());
        let user = User { id, client: SHOP, email, external_id, metadata, created_at };
        working_set.apply(Change::User(user));
    }
    let start = at("2026-05-31T00:00:00Z");
    let sold = Sold { plan: "monthly", version: 1, grace_days: 7, auto_renew: false };
    let held = Subscription::start(HELD, (ALICE, SHOP), sold, 1, start).unwrap();
    working_set.apply(Change::Subscription(held));
    working_set
}

pub(crate) fn context(job: &QueuedJob) -> Context {
    Context { now: now(), client: SHOP, job: job.id(), gift_ttl: GIFT_TTL }
}

/// Ids for so many new subscriptions.
pub(crate) fn new_ids(subscriptions: i64) -> NewIds {
    NewIds::new(vec![], vec![], (1000..1000 + subscriptions).collect())
}

/// The answer to the second user's subscribe.
pub(crate) fn answer() -> Answer {
    let job = job(0, subscribe(UserId::new(2)));
    let decision = decide(&working_set(2), &context(&job), &job.command, &mut new_ids(1));
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
