//! Loading locks: users, then gifts, then subscriptions, ids ascending; until the commit.

use crate::sample::{begin, end, local};
use domain::{GiftId, Needs, UserId, WorkingSet};
use sqlx::{AssertSqlSafe, query_scalar};
use store::{Batch, StoreError};
use support::Database;
use tokio::task::JoinHandle;

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

/// Loads in a batch of its own, which ends at once.
pub(crate) fn load(
    database: &Database,
    needs: &Needs,
) -> JoinHandle<Result<WorkingSet, StoreError>> {
    let (store, needs) = (database.store().clone(), needs.clone());
    tokio::spawn(async move {
        let (batch, working_set, _) = Batch::begin(&store, &needs, &[]).await?;
        end(batch).await;
        Ok(working_set)
    })
}

/// The ids of the rows that nobody has locked.
async fn free(database: &Database, table: &str) -> Vec<i64> {
    let query = format!("SELECT id FROM {table} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED");
    query_scalar(AssertSqlSafe(query)).fetch_all(database.pool()).await.unwrap()
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

        assert_eq!(free(&database, "users").await, free_users, "{held}");
        assert_eq!(free(&database, "subscriptions").await, free_subscriptions, "{held}");
        assert_eq!(free(&database, "gifts").await, free_gifts, "{held}");

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
async fn waiting_too_long_for_a_lock_is_a_conflict() {
    let database = Database::create().await;
    let needs = three_of_each(&database).await;
    let (first, ..) = begin(&database, &needs).await;
    // As long as the product waits, which is five seconds.
    let error = load(&database, &needs).await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    end(first).await;
}

#[tokio::test]
async fn a_pool_bounds_what_a_process_waits_for() {
    let database = Database::create().await;
    for (setting, value) in [
        ("lock_timeout", "5s"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("TimeZone", "UTC"),
    ] {
        let stored: String = database.value(&format!("SHOW {setting}")).await;
        assert_eq!(stored, value, "{setting}");
    }
}
