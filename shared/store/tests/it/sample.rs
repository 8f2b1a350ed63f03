//! Batches, and rows that are not stored yet.

use chrono::{TimeDelta, TimeZone, Utc};
use domain::{
    AcceptedJob, Answer, Answered, Changes, ClientId, Email, Fingerprint, Gift, GiftId, GiftState,
    IdempotencyKey, Instant, LogEntry, Metadata, Needs, Operation, Origin, Sold, Subscription,
    SubscriptionId, User, UserId, WorkingSet, job_id,
};
use std::collections::BTreeSet;
use store::{Batch, BatchContext};
use support::Database;

/// Begins a batch that nothing is in the way of.
pub(crate) async fn begin(database: &Database, needs: &Needs) -> (Batch, WorkingSet, BatchContext) {
    Batch::begin(database.store(), needs, &[]).await.unwrap()
}

/// Ends a batch that changes nothing. Its locks are free when this returns.
pub(crate) async fn end(batch: Batch) {
    batch.commit(&Changes::default(), &[]).await.unwrap();
}

/// Ids of rows of the local client.
pub(crate) fn local<Id: Ord>(ids: impl IntoIterator<Item = Id>) -> BTreeSet<(ClientId, Id)> {
    ids.into_iter().map(|id| (ClientId::LOCAL, id)).collect()
}

/// An instant that many days after the first of 2030, with microseconds.
pub(crate) fn day(n: i64) -> Instant {
    Utc.with_ymd_and_hms(2030, 1, 1, 12, 0, 0).unwrap()
        + TimeDelta::days(n)
        + TimeDelta::microseconds(123_456)
}

/// A user that is not stored yet.
pub(crate) fn new_user(id: i64, email: &str) -> User {
    let email = Email::parse(email).unwrap();
    User {
        id: UserId::new(id),
        client: ClientId::LOCAL,
        email,
        external_id: None,
        metadata: Metadata::default(),
        currency: None,
        credit: 0,
        default_method: None,
        created_at: day(0),
    }
}

/// A subscription that is not stored yet.
pub(crate) fn new_subscription(id: i64, user: UserId) -> Subscription {
    let owner = (user, ClientId::LOCAL);
    let sold = Sold { plan: "monthly", version: 1, grace_days: 7, auto_renew: false };
    Subscription::start(SubscriptionId::new(id), owner, sold, 1, day(0)).unwrap()
}

/// A gift that is not stored yet.
pub(crate) fn new_gift(id: i64, gifter: UserId) -> Gift {
    Gift {
        id: GiftId::new(id),
        gifter,
        client: ClientId::LOCAL,
        recipient_email: Email::parse("bea@example.com").unwrap(),
        state: GiftState::Pending,
        plan: "monthly".to_owned(),
        plan_version: 1,
        grace_days: 7,
        months: 3,
        value: 0,
        currency: None,
        payment: None,
        expires_at: day(30),
        created_at: day(0),
    }
}

/// A job whose 202 was sent.
pub(crate) fn accepted(client: ClientId, key: &str) -> AcceptedJob {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    AcceptedJob {
        client,
        job: job_id(client, &key),
        fingerprint: Fingerprint::of_request("POST", "/users", key.as_str().as_bytes()),
        submitted_at: day(0),
        payload: r#"{"key":"it's \u0000"}"#.to_owned(),
        ended_at: None,
    }
}

/// An entry of the command log that is not stored yet.
pub(crate) fn entry(client: ClientId, key: &str) -> LogEntry {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    LogEntry {
        job: job_id(client, &key),
        client,
        origin: Origin::Client,
        fingerprint: Fingerprint::of_request("POST", "/users", key.as_str().as_bytes()),
        key,
        operation: Operation::CreateUser,
        input: None,
        user: Some(UserId::new(7)),
        entity: Some(7),
        answered: Some(Answered {
            answer: Answer { status: 201, body: r#"{"id":7}"#.to_owned() },
            at: day(1),
        }),
        attempts: 1,
        submitted_at: day(0),
        decided_at: day(1),
    }
}
