//! Sweeps mark what is due, and nothing else, and leave a row of the ledger for each.

use crate::database::Database;
use crate::sample::{self, OTHER};
use chrono::TimeDelta;
use shared::domain::view::{GiftView, SubscriptionView, timestamp};
use shared::domain::{ClientId, Fingerprint, IdempotencyKey, Operation, UserId, idempotency};
use shared::store::ledger::{self, Entry};
use shared::store::reads;
use shared::store::sweep::{Step, expire_gifts, expire_subscriptions};

const NOTHING: Step = Step { expired: 0, lag: TimeDelta::zero() };
const ROWS: &str = "SELECT count(*) FROM transactions";

/// Users, each with one active subscription and one pending gift that end in that interval.
async fn users(database: &Database, count: u32, ends_in: &str) -> Vec<UserId> {
    let mut users = Vec::new();
    for n in 0..count {
        let tag = ends_in.replace(' ', "_");
        let user = sample::user(database, &format!("user{n}.{tag}@a.org")).await;
        sample::subscription(database, user, "active", ends_in).await;
        sample::gift(database, user, "bea@a.org", ends_in).await;
        users.push(user);
    }
    users
}

async fn ledger_row(database: &Database, key: &str) -> Option<Entry> {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    let job = idempotency::job_id(ClientId::SYSTEM, &key);
    ledger::find_job(&database.pool, ClientId::SYSTEM, job).await.unwrap()
}

#[tokio::test]
async fn nothing_due_is_nothing_done() {
    let database = Database::create().await;
    users(&database, 2, "1 minute").await;
    let ann = sample::user(&database, "ann@a.org").await;
    sample::subscription(&database, ann, "cancelled", "-1 hour").await;
    sample::subscription(&database, ann, "expired", "-1 hour").await;
    database
        .run(
            "INSERT INTO gifts (gifter_id, recipient_email, recipient_id, status, months,
                                expires_at, redeemed_at, created_at)
             VALUES (1, 'bea@a.org', 1, 'redeemed', 1, now() - interval '1 hour', now(), now())",
        )
        .await;
    assert_eq!(expire_subscriptions(&database.pool, 10).await.unwrap(), NOTHING);
    assert_eq!(expire_gifts(&database.pool, 10).await.unwrap(), NOTHING);
    assert_eq!(database.value::<i64>(ROWS).await, 0);
}

#[tokio::test]
async fn what_is_due_is_marked_in_bounded_steps_oldest_first() {
    let database = Database::create().await;
    users(&database, 4, "-1 hour").await;
    let oldest = users(&database, 3, "-2 hours").await;
    users(&database, 2, "1 hour").await;

    let first = expire_subscriptions(&database.pool, 3).await.unwrap();
    assert_eq!(first.expired, 3);
    let marked = "SELECT array_agg(user_id ORDER BY user_id) FROM subscriptions
                  WHERE status = 'expired'";
    let marked: Vec<i64> = database.value(marked).await;
    assert_eq!(marked, oldest.iter().map(|user| user.0).collect::<Vec<_>>());
    for expected in [3, 1, 0] {
        let step = expire_subscriptions(&database.pool, 3).await.unwrap();
        assert_eq!(step.expired, expected);
    }
    for expected in [3, 3, 1, 0] {
        let step = expire_gifts(&database.pool, 3).await.unwrap();
        assert_eq!(step.expired, expected);
    }
    assert_eq!(database.value::<i64>(ROWS).await, 14);
}

#[tokio::test]
async fn lag_is_how_long_ago_the_first_was_due() {
    let database = Database::create().await;
    users(&database, 1, "-1 hour").await;
    users(&database, 1, "-30 days").await;
    users(&database, 1, "-1 second").await;
    let month = TimeDelta::days(30);
    for step in [
        expire_subscriptions(&database.pool, 10).await.unwrap(),
        expire_gifts(&database.pool, 10).await.unwrap(),
    ] {
        assert_eq!(step.expired, 3);
        assert!(step.lag >= month && step.lag < month + TimeDelta::minutes(1), "{}", step.lag);
    }
}

#[tokio::test]
async fn an_expired_subscription_leaves_one_ledger_row_that_tells_it_all() {
    let database = Database::create().await;
    sample::other_client(&database).await;
    let ann = sample::user_of(&database, OTHER, "ann@a.org").await;
    let id = sample::subscription(&database, ann, "active", "-1 hour").await;
    expire_subscriptions(&database.pool, 10).await.unwrap();
    expire_subscriptions(&database.pool, 10).await.unwrap();

    assert_eq!(database.value::<i64>(ROWS).await, 1);
    let page = sample::newest(&database, OTHER, ann, 1).await.unwrap();
    let stored = &page.subscriptions[0];
    assert_eq!(stored.status.as_str(), "expired");
    let key = format!("expire:subscription:{}:{}", id.0, timestamp(stored.end_date));
    let row = ledger_row(&database, &key).await.expect(&key);
    assert_eq!((row.operation, row.entity), (Operation::ExpireSubscription, Some(id.0)));
    assert_eq!((row.answer.status, row.attempts), (200, 1));
    assert_eq!((row.submitted_at, row.finished_at), (stored.updated_at, stored.updated_at));
    assert_eq!(row.fingerprint, Fingerprint::of_request("SWEEP", &key, b""));
    let view = serde_json::to_string(&SubscriptionView::at(stored, page.now)).unwrap();
    assert_eq!(row.answer.body, view);
    // Who it belongs to did not change hands, and its end did not move.
    assert!(ledger::find_job(&database.pool, OTHER, row.job).await.unwrap().is_none());
}

#[tokio::test]
async fn an_expired_gift_leaves_one_ledger_row_that_tells_it_all() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    let id = sample::gift(&database, ann, "bea@a.org", "-1 hour").await;
    expire_gifts(&database.pool, 10).await.unwrap();
    expire_gifts(&database.pool, 10).await.unwrap();

    assert_eq!(database.value::<i64>(ROWS).await, 1);
    let key = format!("expire:gift:{}", id.0);
    let row = ledger_row(&database, &key).await.expect(&key);
    assert_eq!((row.operation, row.entity), (Operation::ExpireGift, Some(id.0)));
    let (gift, now) = reads::gift(&database.pool, ClientId::LOCAL, id).await.unwrap().unwrap();
    assert_eq!(gift.status.as_str(), "expired");
    assert_eq!(row.answer.body, serde_json::to_string(&GiftView::at(&gift, now)).unwrap());
    assert!(row.finished_at > gift.expires_at);
}

#[tokio::test]
async fn a_subscription_that_was_swept_makes_room_for_another() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    for _ in 0..3 {
        sample::subscription(&database, ann, "active", "-1 hour").await;
        assert_eq!(expire_subscriptions(&database.pool, 10).await.unwrap().expired, 1);
    }
    assert_eq!(database.value::<i64>(ROWS).await, 3);
}
