//! Rows to begin with.

use crate::database::Database;
use chrono::{TimeDelta, TimeZone, Utc};
use shared::domain::{
    Answer, ClientId, Email, Fingerprint, Gift, GiftId, GiftStatus, IdempotencyKey, Instant,
    Operation, Subscription, SubscriptionId, SubscriptionStatus, User, UserId, idempotency,
};
use shared::store::ledger::Entry;
use shared::store::line::Line;
use shared::store::reads::{self, Page, PageOf};

/// A client beside the built-in ones; [`other_client`] makes it.
pub(crate) const OTHER: ClientId = ClientId(100);

/// Makes [`OTHER`].
pub(crate) async fn other_client(database: &Database) {
    database.run("INSERT INTO clients (id, name) VALUES (100, 'other')").await;
}

/// A user of the local client.
pub(crate) async fn user(database: &Database, email: &str) -> UserId {
    user_of(database, ClientId::LOCAL, email).await
}

/// A user of that client.
pub(crate) async fn user_of(database: &Database, client: ClientId, email: &str) -> UserId {
    let insert = format!(
        "INSERT INTO users (client_id, email, created_at) VALUES ({}, '{email}', now())
         RETURNING id",
        client.0
    );
    UserId(database.value(&insert).await)
}

/// A subscription that ends that interval from now: `1 month`, `-1 hour`.
pub(crate) async fn subscription(
    database: &Database,
    user: UserId,
    status: &str,
    ends_in: &str,
) -> SubscriptionId {
    let insert = format!(
        "INSERT INTO subscriptions (user_id, plan, status, months, start_date, end_date,
                                    cancelled_at, created_at, updated_at)
         VALUES ({}, 'monthly', '{status}', 1, now() - interval '10 years',
                 now() + interval '{ends_in}', CASE '{status}' WHEN 'cancelled' THEN now() END,
                 now() - interval '10 years', now() - interval '10 years')
         RETURNING id",
        user.0
    );
    SubscriptionId(database.value(&insert).await)
}

/// A pending gift that expires that interval from now.
pub(crate) async fn gift(
    database: &Database,
    gifter: UserId,
    recipient: &str,
    expires_in: &str,
) -> GiftId {
    let insert = format!(
        "INSERT INTO gifts (gifter_id, recipient_email, status, months, expires_at, created_at)
         VALUES ({}, '{recipient}', 'pending', 3, now() + interval '{expires_in}', now())
         RETURNING id",
        gifter.0
    );
    GiftId(database.value(&insert).await)
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
    User { id: UserId(id), client: ClientId::LOCAL, email, created_at: day(0) }
}

/// A subscription that is not stored yet.
pub(crate) fn new_subscription(id: i64, user: UserId) -> Subscription {
    Subscription {
        id: SubscriptionId(id),
        user,
        client: ClientId::LOCAL,
        plan: "monthly".to_owned(),
        status: SubscriptionStatus::Active,
        months: 1,
        start_date: day(0),
        end_date: day(31),
        cancelled_at: None,
        created_at: day(0),
        updated_at: day(0),
    }
}

/// A gift that is not stored yet.
pub(crate) fn new_gift(id: i64, gifter: UserId) -> Gift {
    Gift {
        id: GiftId(id),
        gifter,
        client: ClientId::LOCAL,
        recipient_email: Email::parse("bea@example.com").unwrap(),
        recipient: None,
        status: GiftStatus::Pending,
        months: 3,
        expires_at: day(30),
        redeemed_at: None,
        created_at: day(0),
    }
}

/// A row of the ledger that is not stored yet.
pub(crate) fn entry(client: ClientId, key: &str) -> Entry {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    Entry {
        job: idempotency::job_id(client, &key),
        client,
        fingerprint: Fingerprint::of_request("POST", "/users", key.as_str().as_bytes()),
        key,
        operation: Operation::CreateUser,
        entity: Some(7),
        answer: Answer { status: 201, body: r#"{"id":7}"#.to_owned() },
        attempts: 1,
        submitted_at: day(0),
        finished_at: day(1),
    }
}

/// The newest subscriptions of a user, for that client.
pub(crate) async fn newest(
    database: &Database,
    client: ClientId,
    user: UserId,
    limit: u32,
) -> Option<Page> {
    page(database, PageOf { client, user, before: None, limit }).await
}

/// A page, asked for alone.
pub(crate) async fn page(database: &Database, page: PageOf) -> Option<Page> {
    reads::subscriptions(&Line::new(database.pool.clone()), &[page]).await.unwrap().remove(0)
}
