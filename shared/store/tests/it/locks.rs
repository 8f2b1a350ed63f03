//! Loading locks: users, then gifts, then subscriptions, ids ascending; until the commit.

use crate::sample::{begin, end, local};
use domain::{Changes, GiftId, Needs, UserId, WorkingSet};
use sqlx::{AssertSqlSafe, query_scalar};
use std::time::Duration;
use store::{Batch, StoreError};
use support::{Database, eventually_true};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Users, subscriptions and gifts 3, 2 and 1, stored in that order.
async fn three_of_each(database: &Database) -> Needs {
    database
        .run(
            "INSERT INTO users (id, client_id, email, created_at)
             SELECT id, 2, 'user' || id || '@a.org', now() FROM generate_series(3, 1, -1) AS id;
             INSERT INTO subscriptions (client_id, livemode, id, user_id, plan, status, months,
                                        start_date, end_date, due_at, created_at, updated_at)
             SELECT 2, true, id, id, 'monthly', 'active', 1, now(), now() + interval '1 month',
                    now() + interval '1 month', now(), now()
             FROM generate_series(3, 1, -1) AS id;
             INSERT INTO gifts (client_id, livemode, id, gifter_id, recipient_email, status,
                                months, expires_at, due_at, created_at)
             SELECT 2, true, id, id, 'bea@a.org', 'pending', 1, now() + interval '1 month',
                    now() + interval '1 month', now()
             FROM generate_series(3, 1, -1) AS id",
        )
        .await;
    Needs {
        users: local([1, 2, 3].map(UserId::new)),
        gifts: local([1, 2, 3].map(GiftId::new)),
        ..Needs::default()
    }
}

/// Loads in a batch of its own, which ends at once. It tries again when it has waited too long.
pub(crate) fn load(
    database: &Database,
    needs: &Needs,
) -> JoinHandle<Result<WorkingSet, StoreError>> {
    let (store, needs) = (database.store().clone(), needs.clone());
    tokio::spawn(async move {
        loop {
            let (batch, working_set, _) = match Batch::begin(&store, &needs, &[]).await {
                Err(StoreError::Locked(_)) => continue,
                begun => begun?,
            };
            end(batch).await;
            return Ok(working_set);
        }
    })
}

/// Waits until these rows are those that nobody has locked.
async fn until_free(database: &Database, table: &str, expected: Vec<i64>) {
    let query = format!("SELECT id FROM {table} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED");
    let look = async || {
        let free: Vec<i64> =
            query_scalar(AssertSqlSafe(query.as_str())).fetch_all(database.pool()).await?;
        Ok(free == expected)
    };
    eventually_true(table, Duration::from_secs(10), look).await.unwrap();
}

#[tokio::test]
async fn locks_are_taken_table_by_table_in_ascending_ids() {
    let database = Database::create().await;
    let needs = three_of_each(&database).await;
    for (held, free_users, free_subscriptions, free_gifts) in [
        ("users", vec![3], vec![1, 2, 3], vec![1, 2, 3]),
        ("gifts", vec![], vec![1, 2, 3], vec![3]),
        ("subscriptions", vec![], vec![3], vec![]),
    ] {
        let lock = format!("SELECT id FROM {held} WHERE id = 2 FOR NO KEY UPDATE");
        let holder = database.begun(&lock).await;
        let loading = load(&database, &needs);
        database.until_blocked(1).await;

        until_free(&database, "users", free_users).await;
        until_free(&database, "subscriptions", free_subscriptions).await;
        until_free(&database, "gifts", free_gifts).await;

        holder.rollback().await.unwrap();
        loading.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn others_load_other_rows_meanwhile() {
    let database = Database::create().await;
    let needs = three_of_each(&database).await;
    let users = local([1, 3].map(UserId::new));
    let (first, ..) = begin(&database, &Needs { users, ..Needs::default() }).await;

    let second = Needs { users: local([UserId::new(2)]), ..needs };
    load(&database, &second).await.unwrap().unwrap();
    // And others may refer to the rows that are locked.
    database
        .run(
            "INSERT INTO gifts (client_id, livemode, id, gifter_id, recipient_email, status,
                                months, expires_at, due_at, created_at)
             VALUES (2, true, 4, 1, 'bea@a.org', 'pending', 1, now(), now(), now())",
        )
        .await;
    end(first).await;
}

#[tokio::test]
async fn whoever_holds_a_lock_for_long_is_not_waited_for() {
    let database = Database::create().await;
    let needs = three_of_each(&database).await;
    let _holder = database.begun("SELECT id FROM users WHERE id = 2 FOR NO KEY UPDATE").await;
    for store in [database.store().clone(), database.store().for_blocked()] {
        let begun = Instant::now();
        let error = Batch::begin(&store, &needs, &[]).await.err().unwrap();
        assert!(matches!(error, StoreError::Locked(_)), "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_process_that_stops_in_a_transaction_keeps_no_lock() {
    let database = Database::create().await;
    let needs = three_of_each(&database).await;
    let (stopped, ..) = begin(&database, &needs).await;
    load(&database, &needs).await.unwrap().unwrap();
    let error = stopped.commit(&Changes::default(), &[]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}
