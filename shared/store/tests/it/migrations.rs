//! Any number of processes may start at once.

use std::fs;
use std::time::Duration;
use store::Finish;
use support::Database;
use tokio::task::JoinSet;
use tokio::time::sleep;

const DONE: &str = "SELECT count(*) FROM _sqlx_migrations WHERE success";

#[tokio::test]
async fn eight_processes_migrate_an_empty_database_at_once() {
    let database = Database::empty().await;
    let mut processes = JoinSet::new();
    for _ in 0..8 {
        let store = database.store_of(1);
        processes.spawn(async move { store.migrate(Finish::WhenAlone).await });
    }
    for outcome in processes.join_all().await {
        outcome.unwrap();
    }
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations")).unwrap();
    assert_eq!(database.value::<i64>(DONE).await, i64::try_from(files.count()).unwrap());
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let database = Database::create().await;
    let before = database.value::<i64>(DONE).await;
    database.store().migrate(Finish::WhenAlone).await.unwrap();
    assert_eq!(database.value::<i64>(DONE).await, before);
    let clients = "SELECT string_agg(id || ' ' || name, ', ' ORDER BY id) FROM clients";
    assert_eq!(database.value::<String>(clients).await, "1 system, 2 local, 3 operator");
}

#[tokio::test]
async fn a_process_waits_for_long_migrations_of_another() {
    let database = Database::empty().await;
    let other = database.begun("SELECT pg_advisory_xact_lock(x'636f6d6d65726365'::bigint)").await;

    let store = database.store_of(1);
    let process = tokio::spawn(async move { store.migrate(Finish::WhenAlone).await });
    // Longer than any other connection of the product waits for a lock.
    sleep(Duration::from_millis(5500)).await;
    other.rollback().await.unwrap();

    process.await.unwrap().unwrap();
}
