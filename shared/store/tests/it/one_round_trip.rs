//! A batch that is written and committed by one text: all of it or nothing, whatever becomes of the
//! connection and of the tables.

use crate::sample::entry;
use domain::{Changes, ClientId, Needs};
use store::{Batch, StoreError};
use support::Database;

async fn commit(database: &Database, key: &str) -> Result<(), StoreError> {
    let (batch, ..) = Batch::begin(database.store(), &Needs::default(), &[]).await.unwrap();
    batch.commit(&Changes::default(), &[entry(ClientId::LOCAL, key)]).await
}

async fn entries(database: &Database) -> i64 {
    database.value("SELECT count(*) FROM transactions").await
}

#[tokio::test]
async fn a_write_that_fails_commits_nothing_and_the_next_one_is_written() {
    let database = Database::create().await;
    commit(&database, "first").await.unwrap();
    // On a connection that has the statement, and then on one that has not.
    for _ in 0..2 {
        let again = commit(&database, "first").await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    }
    commit(&database, "second").await.unwrap();
    commit(&database, "third").await.unwrap();
    assert_eq!(entries(&database).await, 3);
}

#[tokio::test]
async fn a_table_that_was_changed_meanwhile_is_written() {
    let database = Database::create().await;
    commit(&database, "before").await.unwrap();
    database.run("ALTER TABLE transactions ADD COLUMN noted text DEFAULT 'nothing'").await;
    commit(&database, "after").await.unwrap();
    assert_eq!(entries(&database).await, 2);
}
