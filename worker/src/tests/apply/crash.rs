//! A worker or a Postgres that goes away before the commit leaves nothing; after it, everything.

use super::sample::{applied, apply, batch, statuses};
use crate::apply::NumberedAttempt;
use crate::fault::{Fault, Recovery};
use domain::LogEntry;
use store::StoreError;
use support::Database;
use support::commands::{create_user, renew, subscribe};
use support::rows::users;
use tokio::task::JoinHandle;

const STATE: &str = "SELECT concat_ws(' ', (SELECT count(*) FROM users),
    (SELECT count(*) FROM subscriptions), (SELECT count(*) FROM transactions))";

fn attempts() -> Vec<NumberedAttempt> {
    batch([create_user("new@a.org"), subscribe(1), renew(99, 1)])
}

/// Starts to apply the batch as another worker would.
fn start(database: store::Database) -> JoinHandle<Result<Vec<LogEntry>, StoreError>> {
    tokio::spawn(async move { apply(&database, &attempts()).await })
}

#[tokio::test]
async fn a_connection_that_ends_before_the_commit_leaves_nothing() {
    let database = Database::create().await;
    users(&database, 1).await;
    // The batch has written all but its entries of the command log when it is held up.
    let holder = database.begun("LOCK TABLE transactions IN SHARE MODE").await;
    let worker = start(database.store_of(1));
    database.until_blocked(1).await;
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(database.value::<i64>(end).await, 1);

    let error = worker.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(Fault::from(error).recovery(), Recovery::Wait);
    holder.rollback().await.unwrap();
    assert_eq!(database.value::<String>(STATE).await, "1 0 0");

    assert_eq!(statuses(&applied(&database, &attempts()).await), [201, 201, 404]);
    assert_eq!(database.value::<String>(STATE).await, "2 1 3");
}

#[tokio::test]
async fn a_worker_that_gives_up_waiting_leaves_nothing_and_no_lock() {
    let database = Database::create().await;
    users(&database, 1).await;
    let holder = database.begun("SELECT id FROM users FOR NO KEY UPDATE").await;
    let store = database.store_of(1);
    let worker = start(store.clone());
    database.until_blocked(1).await;
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    holder.rollback().await.unwrap();

    // The one connection that this worker may have is free for the next try.
    let entries = apply(&store, &attempts()).await.unwrap();
    assert_eq!(statuses(&entries), [201, 201, 404]);
    assert_eq!(database.value::<String>(STATE).await, "2 1 3");
}

#[tokio::test]
async fn a_worker_that_dies_after_the_commit_has_done_it_once() {
    let database = Database::create().await;
    users(&database, 1).await;
    let lost = applied(&database, &attempts()).await;
    let again: Vec<_> =
        attempts().into_iter().map(|attempt| NumberedAttempt { number: 2, ..attempt }).collect();
    assert_eq!(applied(&database, &again).await, lost);
    assert_eq!(database.value::<String>(STATE).await, "2 1 3");
}
