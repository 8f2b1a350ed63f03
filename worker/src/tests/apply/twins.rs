//! Batches of several workers that contain the same job, or want the same thing.

use super::sample::{applied, apply, attempt, batch, insist, statuses};
use crate::apply::NumberedAttempt;
use domain::{Command, LogEntry};
use store::StoreError;
use support::Database;
use support::commands::{create_user, give, redeem, renew, subscribe};
use support::rows::users;
use tokio::task::JoinSet;

/// Applies each batch by a worker of its own, all at once.
async fn at_once(database: &Database, batches: Vec<Vec<NumberedAttempt>>) -> Vec<Vec<LogEntry>> {
    let mut workers = JoinSet::new();
    for batch in batches {
        let store = database.store_of(1);
        workers.spawn(async move { insist(&store, &batch).await });
    }
    workers.join_all().await
}

/// A batch of each of four workers with a twin of one job among jobs of its own.
fn with_twin(round: u32, twin: &Command) -> Vec<Vec<NumberedAttempt>> {
    let worker = |n| {
        let own = |what| attempt(&format!("{round}/{n}/{what}"), renew(99, 1));
        vec![own("before"), attempt(&format!("{round}/twin"), twin.clone()), own("after")]
    };
    (0..4).map(worker).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_job_of_four_workers_is_decided_once() {
    let database = Database::create().await;
    users(&database, 10).await;
    for round in 1..=10 {
        // Held apart by the lock of a user; by nothing but the command log; by an email and the
        // command log.
        for (offset, twin) in [
            (100, subscribe(round.into())),
            (200, subscribe(77)),
            (300, create_user(&format!("new{round}@a.org"))),
        ] {
            let outcomes = at_once(&database, with_twin(offset + round, &twin)).await;
            let twins: Vec<&LogEntry> = outcomes.iter().map(|entries| &entries[1]).collect();
            assert!(twins.iter().all(|entry| *entry == twins[0]), "{twins:?}");
        }
    }
    for (query, expected) in [
        ("SELECT count(*) FROM transactions WHERE idempotency_key LIKE '%/twin'", 30),
        ("SELECT count(*) FROM transactions", 30 + 30 * 8),
        ("SELECT count(*) FROM subscriptions", 10),
        ("SELECT count(*) FROM users", 20),
    ] {
        assert_eq!(database.value::<i64>(query).await, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_four_workers_one_gives_a_user_its_subscription() {
    let database = Database::create().await;
    users(&database, 10).await;
    for user in 1..=10 {
        let batches =
            (0..4).map(|n| vec![attempt(&format!("{user}/{n}"), subscribe(user))]).collect();
        let mut outcomes: Vec<_> =
            at_once(&database, batches).await.iter().flat_map(|e| statuses(e)).collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes, [201, 409, 409, 409]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_four_workers_one_redeems_a_gift() {
    let database = Database::create().await;
    users(&database, 1).await;
    applied(&database, &batch((0..10).map(|_| give(1, "user1@a.org")))).await;
    for gift in 1..=10 {
        let batches =
            (0..4).map(|n| vec![attempt(&format!("{gift}/{n}"), redeem(gift, 1))]).collect();
        let mut outcomes: Vec<_> =
            at_once(&database, batches).await.iter().flat_map(|e| statuses(e)).collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes, [200, 409, 409, 409]);
    }
    assert_eq!(database.value::<i32>("SELECT months FROM subscriptions").await, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_four_workers_one_makes_the_user_of_an_email() {
    let database = Database::create().await;
    for round in 0..10 {
        let email =
            |n| if n % 2 == 0 { format!("u{round}@a.org") } else { format!("U{round}@A.ORG") };
        let batches = (0..4)
            .map(|n| vec![attempt(&format!("{round}/{n}"), create_user(&email(n)))])
            .collect();
        let mut outcomes: Vec<_> =
            at_once(&database, batches).await.iter().flat_map(|e| statuses(e)).collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes, [201, 409, 409, 409]);
    }
}

/// Two workers apply these batches at once, forty times; returns the first deadlock.
async fn deadlock(batches: impl Fn(u32) -> [Vec<NumberedAttempt>; 2]) -> Option<StoreError> {
    let database = Database::create().await;
    let stores = [database.store_of(1), database.store_of(1)];
    for round in 0..40 {
        let mut workers = JoinSet::new();
        for (batch, store) in batches(round).into_iter().zip(stores.clone()) {
            workers.spawn(async move { apply(&store, &batch).await.err() });
        }
        let mut errors = workers.join_all().await.into_iter().flatten();
        let found = errors.find(|error| format!("{error:?}").contains("40P01"));
        if found.is_some() {
            return found;
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_make_the_same_users_in_other_orders_do_not_deadlock() {
    let names = |round, order: &mut dyn Iterator<Item = u32>, who| {
        let make =
            |n| attempt(&format!("{who}/{round}/{n}"), create_user(&format!("u{round}.{n}@a.org")));
        order.map(make).collect::<Vec<_>>()
    };
    let found = deadlock(|round| {
        [names(round, &mut (0..100), 'a'), names(round, &mut (0..100).rev(), 'b')]
    })
    .await;
    assert!(found.is_none(), "{found:?}");
}
