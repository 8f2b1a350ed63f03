//! Many sweepers, and sweepers among commands: every due row once, none waited for.

use crate::sample::{begin, day, end};
use domain::{Change, Changes, ClientId, GiftId, Needs, Subscription, UserId};
use store::StoreError;
use store::sweep::{expire_gifts, expire_subscriptions};
use support::{Database, rows};
use tokio::task::JoinSet;

/// That many users with a subscription and a gift that ran out.
async fn due(database: &Database, count: u32) {
    database
        .run(&format!(
            "INSERT INTO users (client_id, email, created_at)
             SELECT 2, 'user' || n || '@a.org', now() FROM generate_series(1, {count}) AS n;
             INSERT INTO subscriptions (user_id, plan, status, months, start_date, end_date,
                                        created_at, updated_at)
             SELECT id, 'monthly', 'active', 1, now() - interval '1 year',
                    now() - id * interval '1 second', now(), now() FROM users;
             INSERT INTO gifts (gifter_id, recipient_email, status, months, expires_at, created_at)
             SELECT id, 'bea@a.org', 'pending', 1, now() - id * interval '1 second', now()
             FROM users;
             ANALYZE"
        ))
        .await;
}

/// Steps, as the worker does, until a short one. Returns how many rows were marked.
async fn sweep_all(store: &store::Database, limit: u32) -> Result<usize, StoreError> {
    let (mut marked, bound) = (0, limit as usize);
    loop {
        let step = expire_subscriptions(store, limit.into()).await?;
        marked += step.expired;
        if step.expired < bound {
            break;
        }
    }
    loop {
        let step = expire_gifts(store, limit.into()).await?;
        marked += step.expired;
        if step.expired < bound {
            return Ok(marked);
        }
    }
}

/// Each due row is marked, and has one entry in the command log.
async fn check(database: &Database, count: i64) {
    for (query, expected) in [
        ("SELECT count(*) FROM subscriptions WHERE status = 'expired'", count),
        ("SELECT count(*) FROM gifts WHERE status = 'expired'", count),
        ("SELECT count(*) FROM transactions WHERE client_id = 1", 2 * count),
        (
            "SELECT count(DISTINCT entity_id) FROM transactions
             WHERE operation = 'expire_subscription' AND idempotency_key LIKE
                 'expire:subscription:' || entity_id || ':%Z'",
            count,
        ),
        (
            "SELECT count(DISTINCT entity_id) FROM transactions
             WHERE operation = 'expire_gift' AND idempotency_key = 'expire:gift:' || entity_id",
            count,
        ),
    ] {
        assert_eq!(database.value::<i64>(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn ten_thousand_due_rows_are_swept_completely() {
    let database = Database::create().await;
    due(&database, 10_000).await;
    assert_eq!(sweep_all(database.store(), 500).await.unwrap(), 20_000);
    check(&database, 10_000).await;
    assert_eq!(sweep_all(database.store(), 500).await.unwrap(), 0);
}

#[tokio::test]
async fn concurrent_sweepers_mark_each_row_once() {
    let database = Database::create().await;
    due(&database, 2_000).await;
    let mut sweepers = JoinSet::new();
    for _ in 0..4 {
        let store = database.store_of(1);
        sweepers.spawn(async move { sweep_all(&store, 50).await });
    }
    let mut marked = 0;
    for swept in sweepers.join_all().await {
        marked += swept.unwrap();
    }
    // A sweeper that meets only rows of the others stops early: the next tick goes on.
    marked += sweep_all(database.store(), 50).await.unwrap();
    assert_eq!(marked, 4_000);
    check(&database, 2_000).await;
}

#[tokio::test]
async fn a_locked_row_is_skipped_and_found_later() {
    let database = Database::create().await;
    due(&database, 3).await;
    let held = Needs {
        users: [UserId::new(2)].into(),
        gifts: [GiftId::new(2)].into(),
        ..Needs::default()
    };
    let (holder, ..) = begin(&database, &held).await;

    assert_eq!(expire_subscriptions(database.store(), 10).await.unwrap().expired, 2);
    assert_eq!(expire_gifts(database.store(), 10).await.unwrap().expired, 2);
    assert_eq!(sweep_all(database.store(), 10).await.unwrap(), 0);
    end(holder).await;
    assert_eq!(sweep_all(database.store(), 10).await.unwrap(), 2);
    check(&database, 3).await;
}

#[tokio::test]
async fn what_a_command_prolonged_meanwhile_is_not_marked() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let id = rows::subscription(&database, ann, "active", "-1 hour").await;
    let needs = Needs { users: [ann].into(), ..Needs::default() };
    let (command, working_set, _) = begin(&database, &needs).await;
    let lapsed = working_set.subscription(ClientId::LOCAL, id).unwrap().clone();
    let prolonged = Subscription { months: 600, end_date: day(36_500), ..lapsed };
    let mut changes = Changes::default();
    changes.push(Change::Subscription(prolonged));

    assert_eq!(sweep_all(database.store(), 10).await.unwrap(), 0);
    command.commit(&changes, &[]).await.unwrap();
    assert_eq!(sweep_all(database.store(), 10).await.unwrap(), 0);
    let active = "SELECT count(*) FROM subscriptions WHERE status = 'active'";
    assert_eq!(database.value::<i64>(active).await, 1);
}

#[tokio::test]
async fn a_sweep_that_is_cut_off_leaves_nothing_half_done() {
    let database = Database::create().await;
    due(&database, 5).await;
    // The command log refuses: what was marked must not stay so.
    database
        .run("ALTER TABLE transactions ADD CONSTRAINT closed CHECK (client_id <> 1) NOT VALID")
        .await;
    for error in [
        expire_subscriptions(database.store(), 10).await.unwrap_err(),
        expire_gifts(database.store(), 10).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    }
    let marked = "SELECT (SELECT count(*) FROM subscriptions WHERE status <> 'active')
                       + (SELECT count(*) FROM gifts WHERE status <> 'pending')";
    assert_eq!(database.value::<i64>(marked).await, 0);

    database.run("ALTER TABLE transactions DROP CONSTRAINT closed").await;
    assert_eq!(sweep_all(database.store(), 10).await.unwrap(), 10);
    check(&database, 5).await;
}
