//! A table that is changed beside running processes. Their connections have plans for the table as
//! it was.

use domain::ClientId;
use std::time::Duration;
use store::reads;
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
