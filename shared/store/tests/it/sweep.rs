//! Sweeps mark what is due, and nothing else, and leave an entry in the command log for each.

use chrono::TimeDelta;
use contract::view::{GiftView, SubscriptionView, timestamp};
use domain::{ClientId, Fingerprint, IdempotencyKey, LogEntry, Operation, UserId, job_id};
use store::sweep::{Step, expire_gifts, expire_subscriptions};
use store::{command_log, reads};
use support::Database;
use support::rows::{self, OTHER};

const NOTHING: Step = Step { expired: 0, lag: TimeDelta::zero() };
const ROWS: &str = "SELECT count(*) FROM transactions";

/// Users, each with one active subscription and one pending gift that end in that interval.
async fn users(database: &Database, count: u32, ends_in: &str) -> Vec<UserId> {
    let mut users = Vec::new();
    for n in 0..count {
        let tag = ends_in.replace(' ', "_");
        let user = rows::user(database, &format!("user{n}.{tag}@a.org")).await;
        rows::subscription(database, user, "active", ends_in).await;
        rows::gift(database, user, "bea@a.org", ends_in).await;
        users.push(user);
    }
    users
}

async fn entry_of(database: &Database, key: &str) -> Option<LogEntry> {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    let job = job_id(ClientId::SYSTEM, &key);
    command_log::find_job(database.store(), ClientId::SYSTEM, job).await.unwrap()
}

#[tokio::test]
async fn nothing_due_is_nothing_done() {
    let database = Database::create().await;
    users(&database, 2, "1 minute").await;
    let ann = rows::user(&database, "ann@a.org").await;
    rows::subscription(&database, ann, "cancelled", "-1 hour").await;
    rows::subscription(&database, ann, "expired", "-1 hour").await;
    database
        .run(
            "INSERT INTO gifts (gifter_id, recipient_email, recipient_id, status, months,
                                expires_at, redeemed_at, created_at)
             VALUES (1, 'bea@a.org', 1, 'redeemed', 1, now() - interval '1 hour', now(), now())",
        )
        .await;
    assert_eq!(expire_subscriptions(database.store(), 10).await.unwrap(), NOTHING);
    assert_eq!(expire_gifts(database.store(), 10).await.unwrap(), NOTHING);
    assert_eq!(database.value::<i64>(ROWS).await, 0);
}

#[tokio::test]
async fn what_is_due_is_marked_in_bounded_steps_oldest_first() {
    let database = Database::create().await;
    users(&database, 4, "-1 hour").await;
    let oldest = users(&database, 3, "-2 hours").await;
    users(&database, 2, "1 hour").await;

    let first = expire_subscriptions(database.store(), 3).await.unwrap();
    assert_eq!(first.expired, 3);
    let marked = "SELECT array_agg(user_id ORDER BY user_id) FROM subscriptions
                  WHERE status = 'expired'";
    let marked: Vec<i64> = database.value(marked).await;
    assert_eq!(marked, oldest.iter().map(|user| user.get()).collect::<Vec<_>>());
    for expected in [3, 1, 0] {
        let step = expire_subscriptions(database.store(), 3).await.unwrap();
        assert_eq!(step.expired, expected);
    }
    for expected in [3, 3, 1, 0] {
        let step = expire_gifts(database.store(), 3).await.unwrap();
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
        expire_subscriptions(database.store(), 10).await.unwrap(),
        expire_gifts(database.store(), 10).await.unwrap(),
    ] {
        assert_eq!(step.expired, 3);
        assert!(step.lag >= month && step.lag < month + TimeDelta::minutes(1), "{}", step.lag);
    }
}

#[tokio::test]
async fn an_expired_subscription_leaves_one_entry_that_tells_it_all() {
    let database = Database::create().await;
    rows::other_client(&database).await;
    let ann = rows::user_of(&database, OTHER, "ann@a.org").await;
    let id = rows::subscription(&database, ann, "active", "-1 hour").await;
    expire_subscriptions(database.store(), 10).await.unwrap();
    expire_subscriptions(database.store(), 10).await.unwrap();

    assert_eq!(database.value::<i64>(ROWS).await, 1);
    let page = rows::newest(&database, OTHER, ann, 1).await.unwrap();
    let stored = &page.subscriptions[0];
    assert_eq!(stored.state.status().as_str(), "expired");
    let key = format!("expire:subscription:{}:{}", id.get(), timestamp(stored.end_date));
    let entry = entry_of(&database, &key).await.expect(&key);
    assert_eq!((entry.operation, entry.entity), (Operation::ExpireSubscription, Some(id.get())));
    assert_eq!((entry.answer.status, entry.attempts), (200, 1));
    assert_eq!((entry.submitted_at, entry.finished_at), (stored.updated_at, stored.updated_at));
    assert_eq!(entry.fingerprint, Fingerprint::of_request("SWEEP", &key, b""));
    let view = serde_json::to_string(&SubscriptionView::at(stored, page.now)).unwrap();
    assert_eq!(entry.answer.body, view);
    // Who it belongs to did not change hands, and its end did not move.
    assert!(command_log::find_job(database.store(), OTHER, entry.job).await.unwrap().is_none());
}

#[tokio::test]
async fn an_expired_gift_leaves_one_entry_that_tells_it_all() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let id = rows::gift(&database, ann, "bea@a.org", "-1 hour").await;
    expire_gifts(database.store(), 10).await.unwrap();
    expire_gifts(database.store(), 10).await.unwrap();

    assert_eq!(database.value::<i64>(ROWS).await, 1);
    let key = format!("expire:gift:{}", id.get());
    let entry = entry_of(&database, &key).await.expect(&key);
    assert_eq!((entry.operation, entry.entity), (Operation::ExpireGift, Some(id.get())));
    let (gift, now) = reads::gift(database.store(), ClientId::LOCAL, id).await.unwrap().unwrap();
    assert_eq!(gift.state.status().as_str(), "expired");
    assert_eq!(entry.answer.body, serde_json::to_string(&GiftView::at(&gift, now)).unwrap());
    assert!(entry.finished_at > gift.expires_at);
}

#[tokio::test]
async fn a_subscription_that_was_swept_makes_room_for_another() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    for _ in 0..3 {
        rows::subscription(&database, ann, "active", "-1 hour").await;
        assert_eq!(expire_subscriptions(database.store(), 10).await.unwrap().expired, 1);
    }
    assert_eq!(database.value::<i64>(ROWS).await, 3);
}
