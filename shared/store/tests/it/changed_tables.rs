//! A table that is changed beside running processes. Their connections have plans for the table as
//! it was.

use crate::sample::local;
use domain::{ClientId, Needs};
use std::time::Duration;
use store::{Batch, reads};
use support::{Database, eventually_true, rows};

#[tokio::test]
async fn a_column_of_another_type_costs_no_answer() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let store = database.store_of(4);
    for column in ["varchar(254)", "text", "varchar(300)"] {
        // Each has a plan of its own.
        let read = async || reads::user(&store, ClientId::LOCAL, ann).await.unwrap().unwrap();
        tokio::join!(read(), read(), read(), read());
        database.run(&format!("ALTER TABLE users ALTER email TYPE {column}")).await;
        tokio::join!(read(), read(), read(), read());
    }
}

/// A snapshot from before the change would see no row at all.
#[tokio::test]
async fn a_table_that_is_rewritten_before_a_batch_has_its_rows_whatever_the_default_isolation() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    database
        .run(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = \
             serializable', current_database()); END $$",
        )
        .await;
    let holder = database.begun("SELECT FROM users FOR UPDATE").await;
    let (store, changes) = (database.store_of(1), database.pool().clone());
    let changing = tokio::spawn(async move {
        let change = "ALTER TABLE users ALTER email TYPE varchar(254)";
        sqlx::query(change).execute(&changes).await.unwrap();
    });
    database.until_blocked(1).await;
    let loading = tokio::spawn(async move {
        let needs = Needs { users: local([ann]), ..Needs::default() };
        let (_, working_set, _) = Batch::begin(&store, &needs, &[]).await.unwrap();
        working_set.user(ClientId::LOCAL, ann).is_some()
    });
    database.until_blocked(2).await;
    holder.rollback().await.unwrap();
    changing.await.unwrap();
    assert!(loading.await.unwrap());
}

#[tokio::test]
async fn a_table_that_is_locked_for_a_moment_costs_no_answer() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let store = database.store_of(1);
    let holder = database.begun("LOCK TABLE users").await;
    let reading = tokio::spawn(async move { reads::user(&store, ClientId::LOCAL, ann).await });
    database.until_blocked(1).await;
    holder.rollback().await.unwrap();
    assert!(reading.await.unwrap().unwrap().is_some());
    let free = async || Ok(database.store().takes_writes().await.is_ok());
    eventually_true("it answers", Duration::from_secs(5), free).await.unwrap();
}
