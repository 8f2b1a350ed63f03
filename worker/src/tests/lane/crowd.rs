//! Many lanes at once, and lanes among the batches of clients.

use super::sample::{check_all_marked, due, lane};
use crate::tests::apply::sample::{attempt, insist};
use std::env;
use std::sync::Arc;
use std::time::Duration;
use support::commands::{cancel, give, redeem, renew, subscribe};
use support::{Database, rows};
use tokio::task::JoinSet;
use tokio::time::Instant;

#[tokio::test]
async fn lanes_of_many_workers_mark_each_row_once() {
    let database = Database::create().await;
    due(&database, 2_000).await;
    let mut lanes = JoinSet::new();
    for _ in 0..4 {
        let mut lane = lane(&database);
        lanes.spawn(async move { while lane.pass_all().await.is_some() {} });
    }
    lanes.join_all().await;
    check_all_marked(&database, 2_000).await;
}

/// Both lanes on the same few users. `LANES_SECONDS=3600` makes it an hour.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the length of a test is no setting of a program")]
async fn both_lanes_on_the_same_users_never_deadlock() {
    let seconds = env::var("LANES_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let (database, users) = (Arc::new(Database::create().await), 6);
    rows::users(&database, users).await;
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for worker in 0..2 {
        let (store, users) = (database.store_of(1), i64::from(users));
        tasks.spawn(async move {
            let mut n = 0;
            while Instant::now() < end {
                let commands = (0..8).map(|_| {
                    n += 1;
                    let (user, last) = (rand::random_range(1..=users), rand::random_range(1..=n));
                    let command = match n % 5 {
                        0 => renew(last, 1),
                        1 => subscribe(user),
                        2 => give(user, &format!("user{}@a.org", 1 + user % users)),
                        3 => redeem(last, user),
                        _ => cancel(last),
                    };
                    attempt(&format!("{worker}:{n}"), command)
                });
                let batch: Vec<_> = commands.collect();
                insist(&store, &batch).await;
            }
        });
        let mut lane = lane(&database);
        tasks.spawn(async move {
            while Instant::now() < end {
                lane.pass_all().await;
            }
        });
    }
    let ageing = database.clone();
    tasks.spawn(async move {
        while Instant::now() < end {
            let age = "UPDATE subscriptions SET end_date = end_date - interval '1 year',
                              start_date = start_date - interval '1 year',
                              due_at = due_at - interval '1 year'
                       WHERE id = (SELECT id FROM subscriptions WHERE status = 'active'
                                   ORDER BY random() LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)";
            ageing.run(age).await;
        }
    });
    tasks.join_all().await;
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(database.value::<i64>(deadlocks).await, 0);
    let marked = "SELECT count(*) > 0 FROM transactions WHERE origin = 'internal'";
    assert!(database.value::<bool>(marked).await, "the lane had nothing to do");
}
